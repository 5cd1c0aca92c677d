"""What a question is about: a URL, the beginning of URLs, a host, or a registered domain.

Links are kept by the registered domain of their target. So every target comes to two texts: that
domain, and a LIKE pattern over the host and path of the links' targets.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, get_args

from pipeline.errors import UsageError
from pipeline.url import Refused, Url, canonical, domains

Mode = Literal["url", "prefix", "host", "domain"]
MODES: tuple[Mode, ...] = get_args(Mode)
ALL = "%"
_LIKE = re.compile(r"([\\%_])")
# One more letter, so that a prefix that ends in the middle of a path stays as it is: whether it is
# still there, and not left out with a parameter, tells another one in its place.
_MORE, _OTHER = "x", "y"


class Target(NamedTuple):
    """`under`: LIKE pattern over concat(target_host, target_path); ALL for the whole domain."""

    mode: Mode
    domain: str
    under: str

    @property
    def is_whole(self) -> bool:
        """All of a domain's links are asked for: rollups can answer."""
        return self.under == ALL

    @property
    def below(self) -> str:
        """With what hosts of the domain below it end; under a public suffix each is another one."""
        return "." if domains(self.domain).is_suffix else f".{self.domain}"

    def parameters(self) -> dict[str, str]:
        """As the questions' `.sql` files take it."""
        return {"domain": self.domain, "under": self.under}


def target_of(text: str, mode: Mode | None = None) -> Target:
    """What a text names. Without `mode` it is guessed:

    `example.org`, `https://example.org/`: domain · `www.example.org`, `example.org:8080`: host ·
    `example.org/page`: url · `example.org/blog/*`: prefix.
    Raises UsageError for what is no address.
    """
    if mode not in (None, *MODES):
        raise UsageError(f"mode can't be {str(mode)[:40]!r}; give one of {', '.join(MODES)}")
    text = text.strip()
    starred = text.endswith("*") and mode in (None, "prefix")
    address = text[:-1] if starred else text
    url = _canonical(address, text)
    mode = mode or _guessed(url, starred)
    if mode == "domain":
        return Target(mode, url.domain, ALL)
    if mode == "host":
        return Target(mode, url.domain, escaped(url.host + "/") + "%")
    if mode == "url":
        return Target(mode, url.domain, escaped(url.host + url.path))
    return Target(mode, url.domain, escaped(url.host + _beginning(address, url)) + "%")


def domain_of(text: str) -> str:
    """The registered domain of a domain, a host or a URL. Raises UsageError."""
    return target_of(text, "domain").domain


def site_of(text: str) -> str:
    """The registered domain that `--to` names, whose links are imported. Raises UsageError for a
    public suffix too: what is below it are others' sites, and nothing is kept for all of them."""
    domain = domain_of(text)
    if domains(domain).is_suffix:
        raise UsageError(
            f"--to {text[:200]!r} is a public suffix, whose sites are many; give a domain under it"
        )
    return domain


def escaped(text: str) -> str:
    """A text as a LIKE pattern that matches it alone."""
    return _LIKE.sub(r"\\\1", text)


def _guessed(url: Url, starred: bool) -> Mode:
    if starred:
        return "prefix"
    if url.path != "/":
        return "url"
    return "domain" if url.host == url.domain else "host"


def _beginning(address: str, url: Url) -> str:
    """The path that a prefix's links begin with: `/search?` and `/blo` are none of their own."""
    after = address.partition("://")[2] or address
    if not {"/", "?"} & set(after):
        return "/"
    try:
        ends = [_parsed(address.partition("#")[0] + more).path for more in (_MORE, _OTHER)]
    except Refused:
        return url.path
    beginning = ends[0].removesuffix(_MORE)
    return beginning if ends == [beginning + _MORE, beginning + _OTHER] else url.path


def _canonical(address: str, text: str) -> Url:
    try:
        url = _parsed(address)
    except Refused as refusal:
        raise UsageError(
            f"{text[:200]!r} is no domain, host or URL ({refusal.reason}); "
            "give one like example.org, www.example.org or example.org/page"
        ) from None
    if "*" in url.host:
        raise UsageError(
            f"{text[:200]!r}: a host can't hold a *; give the domain for all of its hosts"
        )
    return url


def _parsed(address: str) -> Url:
    if "://" in address:
        return canonical(address, allow_ip=True)
    if "@" in address.partition("/")[0]:
        raise Refused("mailto")  # and no user's name before a host
    return canonical(f"http://{address}", allow_ip=True)
