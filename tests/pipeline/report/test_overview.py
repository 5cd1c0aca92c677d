"""`show` on one screen: each line from made answers, and what it asks a person to look at."""

from __future__ import annotations

import copy
import datetime
import io
from typing import Any

import pytest

from pipeline.quality.marks import SMALL
from pipeline.report.overview import advice, day, write_overview

SEEN = datetime.datetime(2022, 3, 4, 5, 6, 7, tzinfo=datetime.UTC)
SNAPSHOT = 1_646_370_367_000

QUALITY: dict[str, Any] = {
    "snapshot": SNAPSHOT, "domains": 1_000, "authority": 61.5, "trusted_harmonic": 12.0,
    "trusted_harmonic_rank": 12.0, "trust": 0.01, "trust_rank": 10.0, "pagerank": 0.002,
    "pagerank_rank": 20.0, "harmonic": 300.0, "harmonic_rank": 15.0, "referring_domains": 3,
    "referring_domains_rank": 9.0, "referring_pages": 4, "links": 5, "follow_share": 0.8,
    "out_domains": 7, "reciprocal": 1, "pages": 20, "top_anchors": ["x"], "damping": 0.85,
    "confidence": "medium",
}  # fmt: skip
LINK = {
    "source_domain": "a.example", "source_url": "http://a.example/page", "target_url": "http://t/",
    "anchor": "the mill", "state": "live", "reason": "", "rel": "", "position": "main", "kind": "a",
    "authority": 40.0, "first_seen": SEEN, "not_before": None, "last_seen": SEEN, "lost_by": None,
    "indirect": 0,
}  # fmt: skip
LOST = {
    **LINK, "state": "lost", "reason": "removed", "source_url": "http://b.example/old",
    "lost_by": SEEN + datetime.timedelta(days=2),
}  # fmt: skip
FOUND: dict[str, Any] = {
    "domain": "mill.example", "target": "mill.example", "mode": "domain",
    "trend": [{"day": datetime.date(2022, 3, 4), "new": 3, "lost": 0},
              {"day": datetime.date(2022, 3, 6), "new": 1, "lost": 2}],
    "known": {"own_pages": 20, "own_unfetched": 3, "graph_domains": 0,
              "snapshot": SNAPSHOT, "domains": 1_000},
    "counts": {
        "live": 10, "lost": 1, "unverified": 2, "live_domains": 3, "lost_domains": 1,
        "unverified_domains": 1, "appeared": 4, "discovered": 6, "followed": 8, "ugc": 1,
        "sponsored": 1, "positions": {"main": 8, "footer": 2}, "reasons": {"removed": 1},
        "indirect": 0, "indirect_domains": 0,
    },
    "quality": QUALITY,
    "strongest": [LINK, {**LINK, "rel": "nofollow", "position": "footer", "authority": None}],
    "lost": [LOST],
    "verdict": {"flagged": False, "measured": False, "by": "its figures", "told": ""},
    "milliseconds": 12,
}  # fmt: skip


def changed(**sections: Any) -> dict[str, Any]:
    found = copy.deepcopy(FOUND)
    for name, value in sections.items():
        found[name] = {**found[name], **value} if isinstance(value, dict) else value
    return found


def shown(found: dict[str, Any], width: int = 120) -> str:
    to = io.StringIO()
    write_overview(found, to, width=width)
    return to.getvalue()


def test_one_screen_says_all_of_it() -> None:
    text = shown(FOUND)
    assert len(text.splitlines()) <= 24
    for part in (
        "mill.example · snapshot of 2022-03-04 05:06 of 1,000 domains",
        "20 of its pages crawled, 3 known and not fetched",
        "61.5", "rank 12 of 1,000, percentile 98.9",
        "3 live, 1 lost, 1 unverified",
        "10 live (4 appeared and 6 discovered in 30 days), 1 lost (1 removed), 2 unverified",
        "80% followed, 1 ugc, 1 sponsored; 8 main, 2 footer",
        "http://a.example/page", "the mill", "follow, main", "nofollow, footer",
        "removed", "between 2022-03-04 05:06:07 and 2022-03-06 05:06:07",
        "backlinks links mill.example --state lost", "(12 ms)",
        "30 days 4 domains new by any link, 2 lost new by day: █·▃",
    ):  # fmt: skip
        assert part in " ".join(text.split()), part


def test_lists_come_as_pairs_from_some_answers() -> None:
    pairs = changed(counts={"positions": [("footer", 2), ("main", 8)], "reasons": []})
    assert "8 main, 2 footer" in shown(pairs)


def test_a_part_of_a_domain_is_named_with_its_domain() -> None:
    part = changed(mode="prefix", target="mill.example/\x1b[2Jblog/*")
    assert "mill.example/[2Jblog/* (prefix of mill.example)" in shown(part)


def test_of_very_many_links_the_new_ones_are_not_counted_and_their_domains_are() -> None:
    many = changed(counts={"appeared": None, "discovered": None, "reasons": {}}, trend=[])
    assert "10 live, 1 lost, 2 unverified" in shown(many)
    assert "0 domains new by any link, 0 lost" in shown(many)


def test_no_snapshot_no_seeds_and_few_domains_give_no_number() -> None:
    assert "unknown: not in a snapshot; run `backlinks score`" in shown(changed(quality=None))
    assert "no snapshot yet of 0 domains" in shown(
        changed(known={"snapshot": 0, "domains": None}, quality=None)
    )
    unseeded = changed(quality={"authority": None, "trusted_harmonic_rank": None, "trust": None})
    assert "unknown without trusted seeds; harmonic centrality rank 15 of 1,000" in shown(unseeded)
    few = shown(changed(quality={"domains": SMALL - 1}))
    assert "too few domains for a number" in few
    assert "61.5" not in few


def test_a_domain_that_the_index_never_met_is_told_so_and_of_no_score() -> None:
    nothing = {"live": 0, "lost": 0, "unverified": 0}
    unmet = shown(changed(counts=nothing, known={"own_pages": 0}, quality=None))
    assert "unknown: the index has no link to this domain and no page of it" in unmet
    for known, counts in (
        ({"own_pages": 1}, {}),
        ({"own_pages": 0, "graph_domains": 1}, {}),
        ({"own_pages": 0}, {"lost": 1}),
    ):
        met = changed(counts={**nothing, **counts}, known=known, quality=None)
        assert "`backlinks score`" in shown(met)
    uncounted = changed(counts={**nothing, "indirect": None}, known={"own_pages": 0}, quality=None)
    assert shown(uncounted) == unmet
    part = changed(counts=nothing, known={"own_pages": 0}, quality=None, mode="host")
    assert "`backlinks score`" in shown(part)


@pytest.mark.parametrize("level", ["", "none", "low"], ids=["untold", "none", "low"])
def test_where_confidence_is_low_the_rank_alone_is_told(level: str) -> None:
    text = shown(changed(quality={"confidence": level, "trusted_harmonic_rank": 92.5}))
    assert "Authority     rank 92.5 of 1,000, percentile 90.8 (too little ground" in text
    assert "61.5" not in text


def test_a_rank_that_is_shared_is_told_as_it_is() -> None:
    tied = shown(changed(quality={"trusted_harmonic_rank": 92.5}))
    assert "Authority     61.5   rank 92.5 of 1,000, percentile 90.8" in tied
    unseeded = changed(quality={"authority": None, "harmonic_rank": 15.5})
    assert "harmonic centrality rank 15.5 of 1,000" in shown(unseeded)


def test_what_arrives_by_other_sites_is_told_where_there_is_some() -> None:
    text = shown(changed(counts={"indirect": 3, "indirect_domains": 2}))
    assert "3 more live links of 2 domains arrive by redirects" in text
    assert "Indirect" not in shown(FOUND)
    assert "Indirect" not in shown(changed(counts={"indirect": None, "indirect_domains": None}))


def test_who_has_links_by_other_sites_alone_is_not_told_that_there_are_none() -> None:
    assert "no live backlinks known" in shown(changed(counts={"live": 0}))
    assert "no live backlinks" not in shown(changed(counts={"live": 0, "indirect": 3}))


def test_what_is_unverified_is_not_said_to_be_of_a_list() -> None:
    text = " ".join(shown(changed(counts={"live": 0, "unverified": 1})).split())
    assert "1 unverified: `backlinks links mill.example --state unverified --all` says why" in text


def test_where_a_web_graph_alone_tells_of_domains_what_is_named_shows_them() -> None:
    text = shown(changed(counts={"live": 0, "unverified": 0}, known={"graph_domains": 2}))
    assert "`backlinks refs mill.example --state unverified` names them" in " ".join(text.split())


def test_of_lost_links_those_by_other_sites_are_told_apart() -> None:
    text = shown(changed(lost=[LOST, {**LOST, "indirect": 1}]))
    assert text.count("removed, indirect") == 1
    assert text.count("  removed ") == 1


def test_hostile_anchors_and_urls_reach_no_terminal() -> None:
    hostile = {**LINK, "anchor": "\x1b[2J\u202e\nevil", "source_url": "http://a.example/\x9b\u2066"}
    text = shown(changed(strongest=[hostile], lost=[{**hostile, "reason": "gone"}]))
    assert "evil" in text
    assert not set(text) & set("\x1b\x9b\u202e\u2066")


def test_markup_in_an_anchor_is_plain_text() -> None:
    assert "[bold]x[/bold]" in shown(changed(strongest=[{**LINK, "anchor": "[bold]x[/bold]"}]))


def test_long_addresses_are_cut_to_the_screen() -> None:
    long = {**LINK, "source_url": "http://a.example/" + "x" * 400, "anchor": "y" * 400}
    assert all(
        len(line) <= 80
        for line in shown(changed(strongest=[long], lost=[LOST]), width=80).splitlines()
    )


# --- what to look at ---


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"live": 0, "followed": 0, "positions": {}, "lost": 0}, "no live backlinks known"),
        ({"followed": 4}, "6 of 10 live links are nofollow"),
        ({"positions": {"main": 6, "footer": 4}}, "4 of 10 live links stand in footers"),
        ({"lost": 3}, "3 links lost beside 10 live"),
    ],
)
def test_a_count_that_a_person_would_look_at_is_said(counts: dict[str, Any], said: str) -> None:
    assert any(said in note for note in advice(changed(counts=counts)))


def test_where_nothing_is_live_it_is_said_what_would_show_whether_it_is() -> None:
    none = {"live": 0, "followed": 0, "lost": 0, "positions": {}, "unverified": 0}
    assert "scope hops:1 or open" in advice(changed(counts=none))[0]
    graphed = changed(counts=none, known={"graph_domains": 7})
    assert "7 domains that only a web graph tells of" in advice(graphed)[0]
    assert "0 live, 1 lost, 1 unverified, 7 more known by a web graph alone" in shown(
        changed(counts={"live_domains": 0}, known={"graph_domains": 7})
    )
    assert "web graph" not in shown(changed(known={"graph_domains": 7}, mode="host"))
    listed = changed(counts={**none, "unverified": 8})
    assert "8 unverified: `backlinks links mill.example --state unverified" in advice(listed)[0]
    assert "--state unverified --all" in shown(listed)


def test_nothing_to_look_at_is_said_of_an_honest_domain() -> None:
    assert advice(FOUND) == []


def test_a_day_is_told_in_utc() -> None:
    assert day(SNAPSHOT) == "2022-03-04 05:06"


RISKY = {
    "spam_risk": 73.0,
    "risk_points": 44,
    "risk_reasons": [
        {"measure": "ring", "value": 1.0, "points": 26},
        {"measure": "shells", "value": 0.953, "points": 18},
        {"measure": "name_marks", "value": 2.0, "points": 4},
        {"measure": "made_up", "value": 12345.678, "points": 1},
    ],
}


def test_risk_is_told_with_its_reasons_and_what_each_adds() -> None:
    text = " ".join(shown(changed(quality=RISKY), width=140).split())
    assert "Spam risk 73 of 100 (44 points) flagged" in text
    notes = advice(changed(quality=RISKY))
    assert notes[-4:-1] == [
        "100% of its referring domains are linked by one another and hardly anyone else (risk +26)",
        "95% of its referring domains are shells: hardly anyone else links to them (risk +18)",
        "its name bears 2 marks of a made-up name (risk +4)",
    ]
    assert "is 1.23e+04 (risk +1)" in notes[-1]


def test_risk_below_50_is_no_flag_and_unknown_risk_is_not_told() -> None:
    low = shown(changed(quality={**RISKY, "spam_risk": 49.0}))
    assert "Spam risk     49 of 100" in low
    assert "flagged" not in low
    assert "Spam risk" not in shown(FOUND)
    assert "Spam risk" not in shown(changed(quality={"spam_risk": None, "risk_reasons": []}))
