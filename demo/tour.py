"""The demo: a made web is crawled twice by `backlinks run`, scored, and judged."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from demo.judge import Verdict, judge
from demo.serve import Answer, Asked, LoopbackWeb
from demo.web import DemoWeb, Phase
from pipeline.errors import BacklinksError, UsageError
from pipeline.index.questions import Index
from pipeline.quality.marks import is_flagged
from pipeline.store.directory import open_to_read

MARK = ".backlinks-demo"
KILL_AFTER = 250  # requests
PAGES = 5_000
SITE_PAGES = 40  # what the trap can cost
DELAY_S = 0.02

Say = Callable[[str], None]


class Tour:
    """One demo in one directory."""

    def __init__(self, directory: Path, say: Say) -> None:
        self.directory, self.say = directory, say
        self.web = DemoWeb()
        self.phase: Phase = 1
        self.fetched: set[tuple[str, str]] = set()
        self.server = LoopbackWeb(self._respond)

    def _respond(self, asked: Asked) -> Answer:
        self.fetched.add((asked.host, asked.path))
        return self.web.respond(asked, self.phase)

    def run(self) -> bool:
        """Was everything found as it was planted?"""
        self._fresh()
        (self.directory / "trusted.txt").write_text("\n".join(self.web.trusted) + "\n")
        with self.server:
            self._crawl_and_kill()
            self._crawl("The killed worker's crawl goes on where it was")
            first = self._judge()
            self.phase = 2
            self._crawl("The web has changed; every page is visited again", "--again")
            second = self._judge()
        self._tell(first, second)
        return first.is_right and second.is_right

    def _fresh(self) -> None:
        """An empty directory; only a demo's own is ever removed."""
        if self.directory.exists():
            if not (self.directory / MARK).exists() and any(self.directory.iterdir()):
                raise UsageError(f"{self.directory} holds something else; name another with --keep")
            shutil.rmtree(self.directory)
        self.directory.mkdir(parents=True)
        (self.directory / MARK).touch()

    def _command(self, *more: str) -> list[str]:
        ports = f"127.0.0.1:{self.server.http_port}:{self.server.https_port}"
        return [
            sys.executable, "-m", "backlinks", "--data", str(self.directory), "run", *more,
            "--scope", "open", "--pages", str(PAGES), "--site-pages", str(SITE_PAGES),
            "--delay", str(DELAY_S), "--confirm", "0", "--connect-to", ports,
            "--seeds", str(self.directory / "trusted.txt"),
        ]  # fmt: skip

    def _crawl_and_kill(self) -> None:
        self.say(
            f"A made web of {len(self.web.hosts)} sites on this machine is crawled from "
            f"{len(self.web.seeds)} pages; half-way the process is killed (kill -9)."
        )
        process = subprocess.Popen(
            self._command(*self.web.seeds), stdout=subprocess.DEVNULL, env=_environment()
        )
        try:
            while process.poll() is None and self.server.requests < KILL_AFTER:
                time.sleep(0.02)
        finally:
            process.kill()  # half-way, or because the demo itself is to end
        if process.wait() not in (0, -signal.SIGKILL):
            raise BacklinksError(f"the demo's crawl ended with {process.returncode}")

    def _crawl(self, what: str, *more: str) -> None:
        started = time.monotonic()
        ended = subprocess.run(
            self._command(*more), stdout=subprocess.PIPE, text=True, check=False,
            env=_environment(),
        )  # fmt: skip
        if ended.returncode:
            raise BacklinksError(f"the demo's crawl ended with {ended.returncode}")
        told = ended.stdout.splitlines()[0] if ended.stdout else ""
        self.say(f"{what}: {told} ({time.monotonic() - started:.0f} s)")

    def _judge(self) -> Verdict:
        store, close = open_to_read(self.directory, "backlinks demo")
        try:
            self.quality = Index(store).quality()
            self.why = Index(store).why(self.web.trusted[0])
            return judge(store, self.web, self.phase, self.fetched)
        finally:
            close()

    def _tell(self, first: Verdict, second: Verdict) -> None:
        say = self.say
        say("\nWhat was found, held against what was planted")
        say("                                   first crawl   second crawl")
        for name, values in _rows(first, second):
            say(f"  {name:<32} {values[0]:>12} {values[1]:>14}")
        for verdict, number in ((first, 1), (second, 2)):
            for line in _faults(verdict):
                say(f"  crawl {number}: {line}")
        say(
            "\nWhere PageRank and authority part (place among all domains), "
            "and what backlinks are worth (0 to 100)"
        )
        for line in self._parting():
            say(f"  {line}")
        say(f"\nWhat {self.web.trusted[0]} would be without its strongest links, one at a time")
        for each in self.why["without"]:
            say(
                f"  without {each['source_domain']:<30} rank {each['rank']:,g} → {each['worst']:,g}"
            )
        command = "backlinks" if shutil.which("backlinks") else f"{sys.executable} -m backlinks"
        data = f"{command} --data {self.directory}"
        money, honest = self.web.truth(2).money, self.web.trusted[0]
        say("\nGo on:")
        for question in (
            f"show {honest} --why", f"show {money}", f"links {honest} --state lost --all",
            f"anchors {honest}", "domains --limit 20",
            'sql "SELECT state, count() FROM link_states GROUP BY state"',
        ):  # fmt: skip
            say(f"  {data} {question}")

    def _parting(self) -> list[str]:
        truth = self.web.truth(2)
        n = len(self.quality)
        by_gap = sorted(self.quality, key=lambda row: _gap(row), reverse=True)
        shown = [*by_gap[:4], *by_gap[-3:]]
        lines = [f"{'':<30} PageRank  authority  of {n}   portfolio"]
        for row in shown:
            what = "farm's target" if row["domain"] == truth.money else (
                "farm" if row["domain"] in truth.farm
                else "bought links" if row["domain"] in truth.bought else "honest"
            )  # fmt: skip
            flag = ", flagged" if is_flagged(row) else ""
            lines.append(
                f"{row['domain']:<30} {row['pagerank_rank']:>8,g} "
                f"{row['trusted_harmonic_rank']:>10,g} {row['portfolio']:>16.1f}  {what}{flag}"
            )
        return lines


def _gap(row: dict[str, Any]) -> float:
    return float(row["trusted_harmonic_rank"] or 0) - float(row["pagerank_rank"])


def _rows(first: Verdict, second: Verdict) -> list[tuple[str, tuple[str, str]]]:
    both = (first, second)

    def pair(values: list[str]) -> tuple[str, str]:
        return values[0], values[1]

    return [
        ("links planted", pair([f"{v.planted:,}" for v in both])),
        ("links found", pair([f"{v.found:,}" for v in both])),
        ("missed / invented", pair([f"{len(v.missed)} / {len(v.invented)}" for v in both])),
        ("lost, with the right reason", pair([f"{v.lost - len(v.wrong_reason):,}" for v in both])),
        ("lost wrongly / loss not seen", pair(
            [f"{len(v.lost_wrongly)} / {len(v.not_lost)}" for v in both])),
        ("lost with another reason", pair([f"{len(v.wrong_reason)}" for v in both])),
        ("out of sight, and kept", pair([f"{v.unharmed:,}" for v in both])),
        ("farm flagged", pair([f"{v.farm_flagged} of {v.farm}" for v in both])),
        ("honest sites flagged", pair([f"{len(v.honest_flagged)} of {v.honest}" for v in both])),
        ("forbidden pages fetched", pair([f"{len(v.forbidden)}" for v in both])),
    ]  # fmt: skip


def _faults(verdict: Verdict) -> list[str]:
    """What went wrong, by name, at most ten of each."""
    lines = []
    for name, links in (
        ("missed", verdict.missed), ("invented", verdict.invented),
        ("lost wrongly", verdict.lost_wrongly), ("loss not seen", verdict.not_lost),
    ):  # fmt: skip
        lines += [
            f"{name}: {link.host}{link.path} to {link.target} ({link.kind})"
            for link in sorted(links)[:10]
        ]
    lines += [
        f"reason {said!r} for {planted!r}: {link.host}{link.path} to {link.target}"
        for link, (said, planted) in sorted(verdict.wrong_reason.items())[:10]
    ]
    lines += [f"honest, flagged: {domain}" for domain in verdict.honest_flagged[:10]]
    return lines + [f"forbidden, fetched: {where}" for where in verdict.forbidden[:10]]


def _environment() -> dict[str, str]:
    """Ours, without settings that are meant for other crawls; nobody waits for a tiny web."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("BACKLINKS_")}
    return {**ours, "BACKLINKS_PLAN__INTERVAL_S": "0.3", "BACKLINKS_CONSUME__FLUSH_AGE_S": "0.2"}


def tour(directory: Path, say: Say) -> bool:
    """The whole demo; True where all was found as planted. Raises BacklinksError.

    On the main thread: who is told to end takes the crawl that it started with it.
    """
    signal.signal(signal.SIGTERM, _end)
    return Tour(directory, say).run()


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)
