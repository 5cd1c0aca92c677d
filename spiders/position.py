"""Where on its page a link stands: by landmark elements and roles, then by class names."""

from __future__ import annotations

import re
from functools import lru_cache

from selectolax.lexbor import LexborNode

from pipeline.page import Position

_LANDMARKS: dict[str, Position] = {
    "nav": "nav", "header": "header", "footer": "footer", "aside": "aside", "main": "main",
    "article": "main",
}  # fmt: skip
_ROLES: dict[str, Position] = {
    "navigation": "nav", "banner": "header", "contentinfo": "footer", "complementary": "aside",
    "main": "main", "article": "main", "menu": "nav", "menubar": "nav",
}  # fmt: skip
_CLASSES = re.compile(
    r"(?:^|[\s_-])(?:(comments?|commentlist|disqus|replies)|(nav|navbar|navigation|menu|breadcrumbs?"
    r"|pagination)|(footer|foot|colophon|copyright)|(sidebar|aside|widget|blogroll)"
    r"|(header|masthead|banner|topbar))(?:$|[\s_-])",
    re.IGNORECASE,
)
_CLASS_POSITIONS: tuple[Position, ...] = ("comment", "nav", "footer", "aside", "header")


def position_mark(node: LexborNode) -> Position | None:
    """The place an element stands for: by landmark or role, then by its class and id."""
    tag = node.tag or ""
    attributes = node.attributes
    role = attributes.get("role")
    if role:
        by_role = _ROLES.get(role.strip().lower())
        if by_role is not None:
            return by_role
    if tag in _LANDMARKS and tag != "header":
        return _LANDMARKS[tag]
    if tag not in ("html", "body", "main", "article"):
        names = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"[:300]
        if len(names) > 1 and (by_names := _by_names(names)) is not None:
            return by_names
    if tag == "header":
        return None if _within_content(node) else "header"
    return None


@lru_cache(maxsize=4096)  # at most 300 characters each; pages of a site repeat their classes
def _by_names(names: str) -> Position | None:
    match = _CLASSES.search(names)
    return None if match is None else _CLASS_POSITIONS[(match.lastindex or 0) - 1]


def _within_content(node: LexborNode) -> bool:
    """A header in an article or in main is content; the page's own is not."""
    current = node.parent
    for _ in range(32):
        if current is None:
            return False
        if current.tag in ("article", "main"):
            return True
        current = current.parent
    return False
