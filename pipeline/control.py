"""What operators say: leave a host alone, pause, forget what somebody wants forgotten.

It stands in the log's topic `control`, one record a statement: the key is "<verb> <name>", the
value JSON, and the newest record of a key counts. All workers follow it (pipeline/follow.py);
whoever writes the store mirrors it there (pipeline/mirror.py), for SQL.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

import msgspec

from pipeline.errors import UsageError
from pipeline.log import Message, Record
from pipeline.url import Refused, Url, canonical, domains

Verb = Literal[
    "block",  # 1: no request goes there; 0 lifts
    "delay",  # seconds between two requests at least; -1 lifts
    "budget",  # pages of a registered domain at most; -1 lifts
    "priority",  # -10 to 10: planned later or sooner than others; 0 lifts
    "pause",  # 1: nothing is planned or fetched at all; 0 lifts; its name is ''
    "suppress",  # 1: erased, and never planned, consumed, imported or scored again; 0 lifts
    "requeue",  # once: all URLs known there are wanted again, as of the record's time
    "purge",  # once: the frontier forgets all URLs known there
]
VERBS: tuple[str, ...] = get_args(Verb)
ONCE = ("requeue", "purge")
LIFTED = {
    "block": 0.0,
    "delay": -1.0,
    "budget": -1.0,
    "priority": 0.0,
    "pause": 0.0,
    "suppress": 0.0,
}
LEAST = {"block": 0, "delay": 0, "budget": 0, "priority": -10, "pause": 0, "suppress": 0}
MOST = {"block": 1, "delay": 86_400, "budget": 10**9, "priority": 10, "pause": 1, "suppress": 1}

_MAX_NAME, _MAX_NOTE, _MAX_WHO = 2_000, 500, 100


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The value of a record; fields of a later version are passed over."""

    value: float = 0.0
    note: str = ""  # why
    who: str = ""  # USER at MACHINE, as that machine says


class Control(NamedTuple):
    """One statement in force. `at`: when the log took it, ms since 1970."""

    verb: str
    name: str
    value: float
    at: int
    note: str
    who: str

    @property
    def is_lifted(self) -> bool:
        return self.value == LIFTED.get(self.verb)


class Rule(NamedTuple):
    """For the requests to one host."""

    blocked: bool = False
    delay_s: float = 0.0  # between two of them, at least


_FREE = Rule()
_AFTER_HOST = re.compile(r"[^:]*://[/\\]*[^/\\?#]*")  # what comes before a path
_decoder = msgspec.json.Decoder(Said)


def message(verb: str, name: str, said: Said) -> Message:
    """As it is appended to the log. Raises UsageError for a value that the verb can't take."""
    if not takes(verb, said.value):
        least, most = LEAST.get(verb, 0), MOST.get(verb, 0)
        raise UsageError(f"{verb} takes a number from {least} to {most:,}")
    cut = Said(value=said.value, note=said.note[:_MAX_NOTE], who=said.who[:_MAX_WHO])
    return Message(f"{verb} {name}".encode(), msgspec.json.encode(cut))


def takes(verb: str, value: float) -> bool:
    if verb in ONCE or not math.isfinite(value):
        return value == 0
    whole = verb == "delay" or value == int(value)
    return value == LIFTED[verb] or (whole and LEAST[verb] <= value <= MOST[verb])


def name_of(text: str, *, path: bool = False) -> str:
    """A host or registered domain, or with `path` also a host and the beginning of paths.

    Lower case, punycode, without a default port; as the index writes it. Of a URL its host is
    taken where nothing is lost: of a page no more than is named may be erased. Raises UsageError
    with what to give instead.
    """
    bare = text.strip()
    if "://" not in bare:
        if "@" in bare.partition("/")[0]:
            raise UsageError(f"{text[:200]!r} has an @ in its host; give one like www.example.org")
        # Neither scheme's port is part of a name.
        bare = f"{'https' if bare.endswith(':443') else 'http'}://{bare}"
    try:
        url = canonical(bare, allow_ip=True)
    except Refused as refusal:
        raise UsageError(
            f"{text[:200]!r} is no host ({refusal.reason}); give one like www.example.org"
        ) from None
    if "," in url.host:
        raise UsageError(f"{text[:200]!r} has a comma in its host; names are set apart by spaces")
    if "*" in url.host:
        raise UsageError(
            f"{text[:200]!r} has a * in its host; a registered domain stands for all hosts below it"
        )
    if url.path != "/" and not path:
        raise UsageError(f"{text[:200]!r} is a page; only a host can be named here: {url.host}")
    _demand_whole(text, bare, url)
    name = url.host if url.path == "/" else url.host + url.path
    if len(name) > _MAX_NAME:
        raise UsageError(f"{text[:100]!r}... is longer than {_MAX_NAME:,} characters")
    return name


def _demand_whole(text: str, given: str, url: Url) -> None:
    """Refuses an address whose canonical form would stand for more than was given."""
    rest = _AFTER_HOST.sub("", given, count=1)
    lost = "#" in rest or any(rest.count(mark) > url.path.count(mark) for mark in "?&;")
    if url.path == "/" and (lost or rest not in ("", "/")):
        raise UsageError(
            f"{text[:200]!r} is a page, and what tells it from others is not part of an address "
            f"here (#..., tracking parameters); name host {url.host} if all of it is meant"
        )
    if lost:
        raise UsageError(
            f"{text[:200]!r} has what is not part of an address here (#..., tracking and session "
            f"parameters); name {url.host}{url.path} if all that begins so is meant"
        )


def covers(name: str) -> str:
    """What a name stands for, in words."""
    host, slash, path = name.partition("/")
    if slash:
        return f"pages of {host} whose path begins with /{path}"
    if domains(host).is_suffix:
        return f"host {host} alone, which is a public suffix"
    if domains(host).registered == host:
        return f"{host} and all hosts below it"
    return f"host {host}" if ":" in host else f"host {host} at any port"


def registered(name: str) -> str:
    """The registered domain that a name belongs to, or is."""
    return domains(name.partition("/")[0]).registered


def names_of(host: str, domain: str) -> tuple[str, ...]:
    """What may be said of a host: of its registered domain, of it, of it at any port."""
    return tuple(dict.fromkeys((domain, host, _without_port(host))))


def _without_port(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if name and port.isdecimal() else host


class Controls:
    """All that is in force, from records in any order, however often each comes.

    Of two records of a key the one with the greater offset counts: both are in one partition.
    Written by one thread, read by any.
    """

    def __init__(self) -> None:
        self._newest: dict[tuple[str, str], tuple[int, Control]] = {}
        self._rules: dict[str, Rule] = {}
        self._suppressed: frozenset[str] = frozenset()
        self._prefixes: dict[str, tuple[str, ...]] = {}
        self.pause: Control | None = None  # while all is paused
        self.unreadable = 0
        self.version = 0  # grows with each change

    def take(self, records: Iterable[Record], *, anew: bool = False) -> None:
        """anew: the topic was made anew, and all that was said before is forgotten."""
        newest = {} if anew else self._newest
        changed = set(self._newest) if anew else set()
        for record in records:
            found = read(record)
            if found is None:
                self.unreadable += 1
                continue
            key = (found.verb, found.name)
            known = newest.get(key)
            if known is None or known[0] < record.offset:
                newest[key] = (record.offset, found)
                changed.add(key)
        self._newest = newest
        if changed:
            self._apply(changed)
            self.version += 1

    @property
    def paused(self) -> bool:
        return self.pause is not None

    def said(self) -> list[Control]:
        """The newest statement of each verb and name, lifted ones too, in order of these."""
        return sorted(control for _, control in list(self._newest.values()))

    def once(self, verb: str) -> list[Control]:
        """Names to requeue or to purge, each with its time."""
        return [control for control in self.said() if control.verb == verb]

    def rule(self, host: str, domain: str) -> Rule:
        """The strictest of what is said of the host and of its domain; suppressed is blocked."""
        if not self._rules:
            return _FREE
        found = [self._rules.get(name, _FREE) for name in names_of(host, domain)]
        return Rule(any(rule.blocked for rule in found), max(rule.delay_s for rule in found))

    def bars(self, host: str, path: str, domain: str) -> bool:
        """May this page not be asked for?"""
        return self.rule(host, domain).blocked or self.suppressed(host, path, domain)

    @property
    def suppresses(self) -> bool:
        """Is anything suppressed at all?"""
        return bool(self._suppressed or self._prefixes)

    def suppressed(self, host: str, path: str, domain: str) -> bool:
        """Is this page to be forgotten: by its domain, its host, or how its path begins?"""
        if not self.suppresses:
            return False
        of_host = {host, _without_port(host)}
        if domain in self._suppressed or not of_host.isdisjoint(self._suppressed):
            return True
        return any(path.startswith(self._prefixes.get(name, ())) for name in of_host)

    def _apply(self, changed: set[tuple[str, str]]) -> None:
        pause = self._newest.get(("pause", ""))
        self.pause = pause[1] if pause is not None and not pause[1].is_lifted else None
        if any(verb == "suppress" for verb, _ in changed):
            self._suppress()
        for name in {name for verb, name in changed if verb in ("block", "delay", "suppress")}:
            delay = self._newest.get(("delay", name))
            rule = Rule(
                self._in_force("block", name) or name in self._suppressed,
                max(0.0, delay[1].value) if delay is not None else 0.0,
            )
            self._rules[name] = rule
            if rule == _FREE:
                del self._rules[name]

    def _in_force(self, verb: str, name: str) -> bool:
        known = self._newest.get((verb, name))
        return known is not None and not known[1].is_lifted

    def _suppress(self) -> None:
        """Whole values are swapped in: whoever reads meanwhile sees the old or the new."""
        names = sorted(
            name
            for (verb, name), (_, control) in self._newest.items()
            if verb == "suppress" and not control.is_lifted
        )
        prefixes: dict[str, list[str]] = {}
        for name in names:
            host, slash, path = name.partition("/")
            if slash:
                prefixes.setdefault(host, []).append("/" + path)
        self._prefixes = {host: tuple(paths) for host, paths in prefixes.items()}
        self._suppressed = frozenset(name for name in names if "/" not in name)


def read(record: Record) -> Control | None:
    """What a record says; None where it can't be read. A null lifts what was said."""
    try:
        verb, _, name = (record.key or b"").decode().partition(" ")
        said = _decoder.decode(record.value) if record.value else None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if verb not in VERBS or not _is_name(verb, name):
        return None
    if said is None:
        said = Said(value=LIFTED.get(verb, 0.0))
    if not takes(verb, said.value):
        return None
    note, who = said.note[:_MAX_NOTE], said.who[:_MAX_WHO]
    return Control(verb, name, said.value, record.timestamp_ms, note, who)


def _is_name(verb: str, name: str) -> bool:
    if verb == "pause":
        return name == ""
    try:
        return name_of(name, path=verb == "suppress") == name
    except UsageError:
        return False
