"""Where on its page a link stands: by landmark elements and roles, then by class names."""

from __future__ import annotations

import re

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
        if len(names) > 1:
            match = _CLASSES.search(names)
            if match is not None and match.lastindex is not None:
                return _CLASS_POSITIONS[match.lastindex - 1]
    if tag == "header":
        return None if _within_content(node) else "header"
    return None


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
