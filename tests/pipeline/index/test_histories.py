"""Random histories in any order: the index says of every link what the plain rules say.

Hundreds of pages, each with a history of its own, come in one stream: shuffled, cut into batches,
delivered again, some with an arrival mark from before, with the job at any moment between.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from pipeline.index.lifecycle import Lifecycle
from pipeline.page import POSITIONS, Outcome, Page, Source
from pipeline.store import Store, rows
from tests.support.faults import Clock
from tests.support.link_life import (
    Change,
    Life,
    Look,
    changes,
    counted_until,
    lives,
    looked,
    visits,
)  # fmt: skip
from tests.support.longest import one_and_more
from tests.support.records import DAY, HOUR, START, TODAY, Link, page, write
from tests.support.stores import AnyStore

PAGES = 150
RELS = {"nofollow": 1, "ugc": 2, "sponsored": 4}
OUTCOMES: tuple[Outcome, ...] = (
    "ok", "ok", "ok", "ok", "ok", "not_modified", "not_modified", "gone", "gone", "redirect",
    "error", "timeout", "robots", "blocked", "refused", "skipped",
)  # fmt: skip
SOURCES: tuple[Source, ...] = ("crawl", "crawl", "crawl", "crawl", "warc", "wat", "list")


def looking(link: Link, dice: random.Random) -> Link:
    """Most often as ever."""
    if dice.random() < 0.6:
        return link
    return link._replace(
        anchor=dice.choice(["anchor", "other", "ändern"]),
        position=dice.choice(POSITIONS),  # type: ignore[arg-type]
        rel=dice.randrange(8),
    )


def history(number: int, dice: random.Random) -> list[Page]:
    """Every part of every visit of one page, by time."""
    url = f"https://source{number}.org/"
    targets = [Link(f"https://target{number}-{i}.org/x?y={i}") for i in range(3)]
    targets.append(targets[0]._replace(kind="iframe"))
    found: list[Page] = []
    at = START
    simple = dice.random() < 0.4  # crawls alone, as most pages are
    for _ in range(dice.randrange(1, 9)):
        at += dice.randrange(1, 40) * HOUR
        outcome = dice.choice(OUTCOMES)
        source: Source = "crawl" if simple or outcome != "ok" else dice.choice(SOURCES)
        parts = 2 if outcome == "ok" and dice.random() < 0.2 else 1
        noindex, extractor = dice.random() < 0.1, dice.choice([1, 1, 1, 2])
        # Another page of its own, another domain's, itself, or another spelling of itself.
        named = dice.choice(
            [*[""] * 12, f"{url}x", "https://else.org/", url, url.replace("//", "//www.")]
        )
        visit = [
            page(
                url,
                at,
                [looking(t, dice) for t in targets if dice.random() < 0.5]
                if outcome == "ok"
                else [],
                outcome=outcome,
                status=dice.choice([301, 302, 307, 308]) if outcome == "redirect" else None,
                complete=outcome == "ok" and source != "list" and dice.random() < 0.85,
                source=source,
                noindex=noindex,
                canonical=named if outcome == "ok" else "",
                extractor=1 if simple else extractor,
                part=part + 1,
                parts=parts,
            )
            for part in range(parts)
        ]
        found += visit if dice.random() < 0.9 else visit[:1]
        if source in ("warc", "wat") and dice.random() < 0.5:  # some of its links, imported alone
            only = [t for t in targets[:2] if dice.random() < 0.7]
            found += [
                page(
                    url,
                    at,
                    only,
                    source=source,
                    complete=False,
                    incomplete="filtered",
                    noindex=noindex,
                    canonical=visit[0].canonical,
                    extractor=visit[0].extractor,
                    part=dice.choice([1_000, 40_000]),
                    parts=0xFFFF,
                )
            ]
            if dice.random() < 0.5:
                found = [one for one in found if one.fetched_at < at or one.parts == 0xFFFF]
        if source == "warc" and dice.random() < 0.5:  # an archive's WAT of the same visit
            found += [page(url, at, [], source="wat", complete=dice.random() < 0.8)]
    return found


def deliver(store: Store, histories: list[list[Page]], dice: random.Random) -> None:
    records = [record for found in histories for record in found]
    again = dice.sample(records, len(records) // 4)
    order = records + again
    if dice.random() < 0.7:
        dice.shuffle(order)
    clock = Clock(TODAY / 1000)
    at_once = random.Random(len(records)).choice([30, 150, 100_000])
    job = Lifecycle(store, 60, clock=clock, at_once=at_once)
    while order:
        size = dice.randrange(1, 400)
        batch, order = order[:size], order[size:]
        clock.now += dice.randrange(1, 50)
        late = dice.choice([0, 0, 1, 30_000])
        write(store, batch, int(clock.now * 1000) - late)
        if dice.random() < 0.7:
            job.run()
            if dice.random() < 0.2:
                job = Lifecycle(store, 60, clock=clock, at_once=at_once)
    job.run()


@pytest.mark.parametrize("seed", one_and_more(range(4)))
def test_the_index_says_what_the_rules_say(store: AnyStore, seed: int) -> None:
    dice = random.Random(seed)
    histories = [history(number, dice) for number in range(PAGES)]
    deliver(store, histories, dice)
    expected: dict[tuple[str, str, str], tuple[Life, int]] = {}
    for found in histories:
        for (target, kind), life in lives(found).items():
            until = counted_until(visits(found), (target, kind))
            expected[found[0].url, target, kind] = life, until
    states = rows(
        store.query(
            "SELECT source_url, target_url, kind, state, reason, first_seen, not_before, "
            "last_seen, lost_by, counted_until FROM link_states"
        )
    )
    told = {
        (row.pop("source_url"), row.pop("target_url"), row.pop("kind")): (
            row.pop("counted_until"),
            Life(**row),
        )[::-1]
        for row in states
    }
    wrong = {key: (told.get(key), life) for key, life in expected.items() if told.get(key) != life}
    assert wrong == {}
    assert told.keys() == expected.keys()
    reasons = {(life.state, life.reason) for life, _ in told.values()}
    assert len(reasons) > 8, "the schedules meet most of the rules"
    assert changed(store, histories) > 5


def changed(store: Store, histories: list[list[Page]]) -> int:
    """Of pages that were visited most, whether changes are told, and how many there were."""
    count = 0
    for found in sorted(histories, key=len)[-15:]:
        told: dict[tuple[str, str], list[Change]] = {}
        for domain in sorted({domain for one in found for domain in one.external.domain}):
            for row in rows(store.query(CHANGES, {"domain": domain})):
                told.setdefault((row["target_url"], row["kind"]), []).append(change(row))
        history = visits(found)
        links = {link for visit in history for link in visit.links}
        model = {link: changes(history, link) for link in links}
        assert told == {link: one for link, one in model.items() if one}
        for link, ones in told.items():
            seen = looked(history, link)
            assert all((one.after, one.before) in seen for one in ones)
            assert all((one.by, one.then) in seen for one in ones)
        count += sum(map(len, told.values()))
    return count


CHANGES = """
SELECT
    *,
    toUnixTimestamp64Milli(changed_after) AS after,
    toUnixTimestamp64Milli(changed_by) AS by
FROM link_changes(domain = {domain:String})
ORDER BY by
"""


def change(row: dict[str, Any]) -> Change:
    looks = [
        Look(
            row[f"anchor_{when}"],
            row[f"position_{when}"],
            sum(RELS[name] for name in row[f"rel_{when}"].split()),
        )
        for when in ("before", "after")
    ]
    return Change(looks[0], looks[1], row["after"], row["by"])


def test_every_rule_is_met_by_some_schedule() -> None:
    """So that the test above can't pass by looking at nothing but live links."""
    met = set()
    confirmed = known_before = 0
    for seed in range(4):
        dice = random.Random(seed)
        for number in range(PAGES):
            for life in lives(history(number, dice)).values():
                met.add((life.state, life.reason))
                confirmed += life.last_seen % DAY != 0 and life.state == "live"
                known_before += life.not_before > 0
    assert {reason for state, reason in met if state == "lost"} == {
        "removed", "gone", "redirected", "noindex", "canonicalised",
    }  # fmt: skip
    assert {reason for state, reason in met if state == "unverified"} == {
        "incomplete", "error", "timeout", "robots", "blocked", "refused", "list",
    }  # fmt: skip
    assert confirmed > 50
    assert known_before > 50
