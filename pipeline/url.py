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
_CLEAN_QUERY = r"(\?[A-Za-z0-9_~!$()*,:@./;?=-]++(?:&[A-Za-z0-9_~!$()*,:@./;?=-]++)*+)?+\Z"
_CLEAN = re.compile(
    r"(https?)://((?>(?!xn--)[a-z0-9_-]++\.)++(?!xn--)[a-z]{2,}+)"
    r"(?:\Z|((?>/(?!\.)[A-Za-z0-9_~!$'()*,:@.-]*+)++" + _CLEAN_QUERY + "))"
)
# From the root or not: then no colon in its first segment, which would be a scheme.
_CLEAN_PATH = re.compile(
    r"(?:(?=/(?!/))|(?=[A-Za-z0-9._])((?:\.\./)*+)(?![^/?]*:)(?!\.))"
    r"(?:(?!\.)[A-Za-z0-9_~!$'()*,:@.-]++)?+(?>/(?!\.)[A-Za-z0-9_~!$'()*,:@.-]*+)*+" + _CLEAN_QUERY
)
_new = tuple.__new__  # Url(...) would take its time over the names of its parts


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
    match = _CLEAN.match(whole)
    if match is not None:
        scheme, host, path, query = match.groups()
        if len(host) <= MAX_HOST and len(whole) < MAX_URL and not (query and _has_dropped(query)):
            url = whole if path else whole + "/"
            return _new(Url, (url, scheme, host, path or "/", domains(host).registered))
    elif base is not None and len(whole) < MAX_URL and (directory := _directory(base)) is not None:
        found = _within(directory, whole)
        if found is not None:
            return found
    return _slow(href, base, allow_ip)


def _within(directory: Url, href: str) -> Url | None:
    """A clean path from the root, or from the directory on: most links on most pages."""
    match = _CLEAN_PATH.match(href)
    if match is None:
        return None
    up, query = match.groups()
    if query and _has_dropped(query):
        return None
    parent = directory.path
    if up is None:
        full = href
    else:
        for _ in range(up.count("../")):
            parent = parent[: parent.rindex("/", 0, -1) + 1] if parent != "/" else parent
        full = parent + href[len(up) :]
    url = directory.url + full
    if len(url) > MAX_URL:
        return None
    return _new(Url, (url, directory.scheme, directory.host, full, directory.domain))


@lru_cache(maxsize=256)
def _directory(base: str) -> Url | None:
    """Where a base lies that has a name for its host. `url`: without the path."""
    try:
        found = _slow(base, None, False)
    except Refused:
        return None
    path = found.path.partition("?")[0]
    root = found.url[: -len(found.path)]
    return found._replace(url=root, path=path[: path.rindex("/") + 1])


def _has_dropped(query: str) -> bool:
    return any(map(_is_tracking, query[1:].split("&")))


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
    if is_address(name):
        return Domains(name, name, False)
    found = _suffixes().extract_str(name)
    registered = _one_more_label(name, found.suffix)
    icann = _one_more_label(name, found.registry_suffix)
    return Domains(registered or name, icann or registered or name, registered is None)


def is_address(name: str) -> bool:
    """Whether a host, without its port, is an IP address."""
    return name.startswith("[") or _IPV4.fullmatch(name) is not None


def without_login(url: str) -> str:
    """For messages and notes: a URL as it was given, but for a user and password in it."""
    return re.sub(r"(?<=://)[^/@]*@", "", url)


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
