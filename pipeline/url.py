"""URLs: the canonical form, what can be a link's target, and the domains a host belongs to.

Parsing is the WHATWG's (ada). The rules on top of it, each with a golden test:

1. only http and https; anything else is refused with its reason
2. user name and password dropped, fragment dropped, a trailing dot of the host dropped
3. scheme and host in lower case, IDNA to ASCII, default ports dropped (WHATWG)
4. dot segments resolved (WHATWG); doubled slashes stay, servers may tell them apart
5. percent-encoding: hex digits in upper case, unreserved characters decoded, a bare % encoded
6. an empty query and empty parameters dropped; the order of parameters stays
7. tracking and session parameters dropped (TRACKING, TRACKING_PREFIXES, SESSION below)
8. `;jsessionid=` and the like dropped from the path

The result is idempotent: a canonical URL is its own canonical form.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache, lru_cache
from importlib import resources
from typing import NamedTuple

import tldextract
from ada_url import join_url, normalize_url

MAX_URL = 2048  # what servers and search engines reliably take
MAX_HOST = 253  # what DNS takes

TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "hsa_", "_hs", "vero_", "oly_")
TRACKING = frozenset(
    "gclid gclsrc dclid gbraid wbraid fbclid msclkid yclid twclid ttclid li_fat_id igshid "
    "mc_cid mc_eid mkt_tok _ga _gl _openstat wickedid s_kwcid ef_id rb_clickid spm "
    "ml_subscriber ml_subscriber_hash oft_id oft_k oft_lk oft_d oft_ck oft_ids oft_sk".split()
)
SESSION = frozenset(["phpsessid", "jsessionid", "cfid", "cftoken", "zenid"])
SESSION_PREFIXES = ("aspsessionid",)

_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})|%")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# Not after a lone `.` or `..`, which would become a dot segment.
_PATH_SESSION = re.compile(
    r"(?<!/\.)(?<!/\.\.);(?:jsessionid|phpsessid|sid)=[^/;?]*", re.IGNORECASE
)
_SCHEME = re.compile(r"[\x00-\x20]*([A-Za-z][A-Za-z0-9+.-]*):")
_IPV4 = re.compile(r"\d+(?:\.\d+){3}")
_NAMED_SCHEMES = frozenset("mailto javascript data tel sms ftp file about blob whatsapp".split())
# Already canonical, so that ada need not look: checked against the slow way by property tests.
_CLEAN_PATH = (
    r"(/(?!\.)(?>[A-Za-z0-9_~!$'()*,:@.-]++|/(?!\.))*+"
    r"(?:\?[A-Za-z0-9_~!$()*,:@./;?=-]++(?:&[A-Za-z0-9_~!$()*,:@./;?=-]++)*+)?+)\Z"
)
_CLEAN = re.compile(
    r"(https?)://((?>(?!xn--)[a-z0-9_-]++\.)++(?!xn--)[a-z]{2,}+)(?:\Z|" + _CLEAN_PATH + ")"
)
_CLEAN_ROOTED = re.compile(r"(?!//)" + _CLEAN_PATH)


class Refused(Exception):
    """Not a link's target. `reason` is one of a few words, for counting."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Url(NamedTuple):
    """A canonical URL and its parts. `path` has the query, `host` a port that is not default."""

    url: str
    scheme: str
    host: str
    path: str
    domain: str

    @property
    def page(self) -> tuple[str, str]:
        """What makes it this page and no other: the scheme is an attribute, not a key."""
        return self.host, self.path


class Domains(NamedTuple):
    """registered: by the whole suffix list. icann: by its ICANN part alone (platform owners)."""

    registered: str
    icann: str
    is_suffix: bool


def canonical(href: str, base: str | None = None, *, allow_ip: bool = False) -> Url:
    """The canonical form of `href`, resolved against `base`.

    Raises Refused: scheme names (mailto, javascript, ...), scheme, too_long, no_host, ip,
    invalid, empty. Never anything else, whatever the strings.
    """
    whole = href.partition("#")[0] if "#" in href else href
    if whole[:1] == "/":
        return _rooted(whole, base) or _slow(href, base, allow_ip)
    match = _CLEAN.match(whole)
    if match is not None and len(whole) < MAX_URL:
        scheme, host, path = match.groups()
        if len(host) <= MAX_HOST and not (path and _has_dropped_parameter(path)):
            domain = domains(host).registered
            return Url(whole if path else whole + "/", scheme, host, path or "/", domain)
    return _slow(href, base, allow_ip)


def _rooted(href: str, base: str | None) -> Url | None:
    if base is None or not _CLEAN_ROOTED.match(href) or _has_dropped_parameter(href):
        return None
    root = _root(base)
    if root is None or len(root.url) + len(href) > MAX_URL:
        return None
    return Url(root.url[:-1] + href, root.scheme, root.host, href, root.domain)


@lru_cache(maxsize=256)
def _root(base: str) -> Url | None:
    """The root of a base that has a name for its host."""
    try:
        return _slow("/", base, False)
    except Refused:
        return None


def _has_dropped_parameter(path: str) -> bool:
    return "?" in path and any(map(_is_tracking, path.partition("?")[2].split("&")))


def _slow(href: str, base: str | None, allow_ip: bool) -> Url:
    if len(href) > 8 * MAX_URL:
        raise Refused("too_long")
    _refuse_scheme(href)
    try:
        text = normalize_url(href) if base is None else join_url(base, href)
    except (ValueError, UnicodeEncodeError):
        raise Refused(_why_invalid(href)) from None
    scheme, separator, rest = text.partition("://")
    if not separator or scheme not in ("http", "https"):
        raise Refused("scheme")
    authority, slash, path = rest.partition("/")
    host = _host(authority, allow_ip)
    path = _path(slash + path)
    url = f"{scheme}://{host}{path}"
    if len(url) > MAX_URL:
        raise Refused("too_long")
    return Url(url, scheme, host, path, domains(host).registered)


def _refuse_scheme(href: str) -> None:
    match = _SCHEME.match(href)
    if match is None:
        return
    scheme = match[1].lower()
    if scheme not in ("http", "https"):
        raise Refused(scheme if scheme in _NAMED_SCHEMES else "scheme")


def _why_invalid(href: str) -> str:
    if not href.strip():
        return "empty"
    after = href.strip().partition(":")[2].lstrip("/\\")
    return "no_host" if href.lower().lstrip().startswith("http") and not after else "invalid"


def _host(authority: str, allow_ip: bool) -> str:
    host = authority.rpartition("@")[2]
    name, colon, port = host.partition(":")
    if host.startswith("[") or _IPV4.fullmatch(name):
        if not allow_ip:
            raise Refused("ip")
        return host
    if name.endswith("."):
        name = name[:-1]
        host = name + colon + port
    if not name or len(name) > MAX_HOST or name[0] == "." or ".." in name or name[-1] == ".":
        raise Refused("no_host")
    return host


def _path(text: str) -> str:
    text = text.partition("#")[0]
    if "%" in text:
        text = _PERCENT.sub(_percent, text)
    path, mark, query = text.partition("?")
    if ";" in path:
        path = _PATH_SESSION.sub("", path)
    if not mark:
        return path
    kept = [pair for pair in query.split("&") if pair and not _is_tracking(pair)]
    return f"{path}?{'&'.join(kept)}" if kept else path


def _percent(match: re.Match[str]) -> str:
    digits = match[1]
    if digits is None:
        return "%25"
    character = chr(int(digits, 16))
    return character if character in _UNRESERVED else "%" + digits.upper()


def _is_tracking(pair: str) -> bool:
    name = pair.partition("=")[0].lower()
    return (
        name in TRACKING
        or name in SESSION
        or name.startswith(TRACKING_PREFIXES)
        or name.startswith(SESSION_PREFIXES)
    )


@cache
def _suffixes() -> tldextract.TLDExtract:
    """The packaged list: no cache directory, no address to fetch from."""
    return tldextract.TLDExtract(
        cache_dir=None, suffix_list_urls=(), include_psl_private_domains=True
    )


@cache
def suffix_list_version() -> str:
    """Twelve hex digits that stand for the packaged public suffix list's content."""
    snapshot = resources.files("tldextract").joinpath(".tld_set_snapshot").read_bytes()
    return hashlib.sha256(snapshot).hexdigest()[:12]


@lru_cache(maxsize=1 << 17)
def domains(host: str) -> Domains:
    """The registered domain and the ICANN domain of a host (port ignored).

    A host that is itself a public suffix, or an IP address, stands for itself.
    """
    name = host if host.startswith("[") else host.partition(":")[0]
    if name.startswith("[") or _IPV4.fullmatch(name):
        return Domains(name, name, False)
    found = _suffixes().extract_str(name)
    registered = _one_more_label(name, found.suffix)
    icann = _one_more_label(name, found.registry_suffix)
    return Domains(registered or name, icann or registered or name, registered is None)


def registered_domain(host: str) -> str | None:
    """The public suffix list's answer: None for a host that is itself a public suffix."""
    found = domains(host)
    return None if found.is_suffix else found.registered


def _one_more_label(name: str, suffix: str) -> str | None:
    labels = name.split(".")
    # The list's own default: a top-level domain that it doesn't name is a suffix.
    size = suffix.count(".") + 1 if suffix else 1
    return None if len(labels) <= size else ".".join(labels[-size - 1 :])


def reversed_host(host: str) -> str:
    """`www.example.org` as `org.example.www`, so that sorting groups owners."""
    return ".".join(reversed(host.split(".")))
