"""Spam risk is the sum of its reasons, moves with nobody's being there, and never falls as evidence
grows; over each store it is written with what it was made from."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import BadFormula
from pipeline.graph.csr import DomainGraph, from_names
from pipeline.graph.threads import at_most
from pipeline.quality.compared import compare, compared
from pipeline.quality.formula import Bin, Formula, Rule, Scorecard, Step, load
from pipeline.quality.marks import FLAGGED, is_flagged, marks
from pipeline.quality.risk import (
    AFTER,
    KNOWN,
    OWN,
    Rated,
    evidence,
    known_of,
    linked_risk,
    rated,
    reasons,
)
from pipeline.quality.score import PARTS, score
from pipeline.settings import ScoreSettings
from pipeline.store import Store, rows
from tests.pipeline.graph.corpus import power_law
from tests.pipeline.graph.test_ranks import graph_of
from tests.support.records import START, TODAY, page, write
from tests.support.stores import AnyStore

FORMULA, FIRST = load(known=KNOWN), load("1", KNOWN)
NOBODY = np.empty(0, np.int64)


def rated_of(graph: DomainGraph, seeds: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Rated:
    return rated(FORMULA, evidence(graph, seeds), graph)


def farm(size: int) -> DomainGraph:
    """A chain of trusted 0 to 3; a star from 5 on, whose target is 4."""
    star = [(u, 4) for u in range(5, 5 + size)]
    return graph_of((0, 1), (1, 2), (2, 3), (3, 0), *star)


def recomputed(row: dict[str, object]) -> tuple[int, float]:
    """Points and risk from the reasons of a row alone, by the formula's file."""
    told = row["risk_reasons"]
    assert isinstance(told, list)
    total = 0
    for reason in told:
        rule = FORMULA.risk.measures[reason["measure"]]
        points = int(rule.points(np.array([reason["value"]]))[0])
        assert points == reason["points"] > 0
        total += points
    return total, float(FORMULA.risk.score(np.array([total]))[0])


def test_a_farms_target_and_its_members_are_flagged_and_the_trusted_are_not() -> None:
    found = rated_of(farm(12), np.arange(4))
    assert found.risk[4] >= FLAGGED
    assert (found.risk[5:] >= FLAGGED).all(), "all their links lead to it"
    assert not (found.risk[:4] >= FLAGGED).any()


def test_what_nothing_is_known_of_has_no_risk() -> None:
    graph = graph_of((0, 1), n=3)
    found = rated_of(graph, NOBODY)
    assert np.isnan(found.risk[1]), "one domain links to it"
    assert np.isnan(found.risk[2])
    assert found.risk[0] == 0, "what it links to is known, and gives no points"
    assert found.total.tolist() == [0, 0, 0]


def test_a_name_without_marks_tells_nothing_and_one_with_marks_is_evidence() -> None:
    graph = graph_of((0, 1), n=4)
    for seeds in (NOBODY, np.array([0])):
        values = evidence(graph, seeds) | {"name_marks": np.array([0.0, 0.0, 1.0, 3.0])}
        found = rated(FORMULA, values, graph)
        assert found.risk[0] == 0, "what it links to is known"
        assert np.isnan(found.risk[1]), "one domain links to it"
        assert np.isnan(found.risk[2]), "one mark gives no points"
        assert found.risk[3] == FORMULA.risk.score(found.total)[3] > 0


def test_what_no_seed_leads_to_is_known_only_where_that_gives_points() -> None:
    graph = graph_of((0, 1), n=3)
    card = Scorecard({"unreached": Rule((Bin(1, 9),))}, (Step(0, 0), Step(9, 100)), 9)
    found = rated(Formula(3, "", card), evidence(graph, np.array([0])), graph)
    assert np.isnan(found.risk[:2]).all()
    assert found.risk[2] == 100


def test_reasons_stand_by_points_then_name_and_add_up() -> None:
    graph = farm(12)
    found = rated_of(graph, np.arange(4))
    told = reasons(found).to_pylist()
    assert [sum(one["points"] for one in each) for each in told] == found.total.tolist()
    for each in told:
        order = [(-one["points"], one["measure"]) for one in each]
        assert order == sorted(order)
    assert {one["measure"] for one in told[4]} == {
        "apart", "unlisted_undivided", "unlisted_shells", "untrusted_mass"
    }  # fmt: skip
    empty = Rated({}, {}, np.zeros(2, np.int64), np.full(2, np.nan))
    assert reasons(empty).to_pylist() == [[], []]


def test_without_seeds_nothing_is_said_of_trust() -> None:
    graph = farm(12)
    assert np.isnan(evidence(graph, NOBODY)["untrusted_mass"]).all()
    mass = evidence(graph, np.arange(4))["untrusted_mass"]
    assert mass[4] == 1
    assert np.isnan(mass[5]), "nobody links to it"
    everyone = evidence(graph, np.arange(graph.n))["untrusted_mass"]
    assert everyone[4] == 0


def test_untrusted_mass_by_hand() -> None:
    # 3 gets damped visits of 0 (trusted) and of 1 and 2; each sets out as often.
    graph = graph_of((0, 3), (1, 3), (2, 3))
    found = evidence(graph, np.array([0]))["untrusted_mass"]
    assert found[3] == pytest.approx(2 * 0.85 / (1 + 3 * 0.85), abs=1e-6)


def test_what_one_links_to_counts_by_its_mean() -> None:
    graph = graph_of((0, 1), (0, 2), (3, 1))
    found = linked_risk(graph, np.array([0, 40, 10, 0]))
    assert found[[0, 3]].tolist() == [25, 40]
    assert np.isnan(found[[1, 2]]).all()


def test_shares_of_few_referring_domains_are_unknown_whoever_measured_them() -> None:
    graph = farm(3)
    half = pa.array([0.5] * graph.n)
    found = known_of({"template_share": half, "name_marks": half, "authority": half}, graph)
    assert set(found) == {"template_share", "name_marks"}
    assert found["template_share"][4] == 0.5
    assert np.isnan(found["template_share"][:4]).all()
    assert (found["name_marks"] == 0.5).all(), "which are its own"


def test_every_measure_of_the_formula_is_measured_here_or_named_as_anothers() -> None:
    measured = {measure.name for part in PARTS for measure in part.measures}
    used = set(FORMULA.risk.measures) | set(FIRST.risk.measures) | {"unreached"}
    assert {*OWN, *AFTER} <= measured & used
    assert not {name for name in KNOWN if name.endswith("_rank")}


def test_more_domains_elsewhere_move_no_score() -> None:
    graph = power_law(300, 3000)
    named = [f"d{i:03}.org" for i in range(300)]
    sources = np.repeat(np.arange(300), graph.out_degree)

    def risks(extra: list[tuple[str, str]]) -> dict[str, tuple[int, list[object]]]:
        source = [*(named[u] for u in sources), *(u for u, _ in extra)]
        target = [*(named[t] for t in graph.out_targets), *(t for _, t in extra)]
        made = from_names(pa.array(source), pa.array(target), also=pa.array(named))
        names = made.names.to_pylist()
        found = rated_of(made, np.array([names.index(name) for name in named[:10]]))
        told = reasons(found).to_pylist()
        return {n: (int(found.total[i]), told[i]) for i, n in enumerate(names)}

    star = [(f"a{i}.org", "zz.org") for i in range(400)]
    before, after = risks([]), risks(star)
    assert {name: after[name] for name in named} == before
    assert after["zz.org"][0] > 36


def test_the_same_whatever_the_number_of_threads() -> None:
    graph = power_law(2000, 20_000)
    many = rated_of(graph, np.arange(10))
    with at_most(1):
        one = rated_of(graph, np.arange(10))
    assert reasons(many).equals(reasons(one))


MEASURED = sorted(set(OWN) & set(FORMULA.risk.measures))
SHARES = st.lists(st.floats(0, 1), min_size=4, max_size=4)


@settings(max_examples=50)
@given(st.dictionaries(st.sampled_from(MEASURED), SHARES, min_size=1))
def test_more_of_any_evidence_is_never_less_risk(values: dict[str, list[float]]) -> None:
    graph = graph_of(n=4)
    for name, ladder in values.items():
        others = {key: np.full(4, each[0]) for key, each in values.items()}
        risk = rated(FORMULA, others | {name: np.sort(ladder)}, graph).risk
        assert (np.diff(risk) >= 0).all()


def ringed(store: Store) -> None:
    """a, b, c and z link each other; six shells link around and to farm.org."""
    shells = [f"s{i}.org" for i in range(6)]
    farm = [
        page(f"https://{name}/", START, ["https://farm.org/", f"https://s{(i + 1) % 6}.org/"])
        for i, name in enumerate(shells)
    ]
    honest = ["a.org", "b.com", "c.org", "z.net"]  # by reversed names in another order
    links = [
        page(f"https://{name}/", START, [f"https://{other}/" for other in honest if other != name])
        for name in honest
    ]
    write(store, [*farm, *links], TODAY)


def test_a_snapshot_holds_every_reason_and_says_by_which_formula(store: AnyStore) -> None:
    ringed(store)
    made = score(store, ScoreSettings(), seeds=["a.org"])
    assert made is not None
    assert made.manifest["risk_formula"] == {"version": 2, "sha256": FORMULA.sha256}
    found = rows(store.query("SELECT * FROM domain_quality ORDER BY domain"))
    assert found
    for row in found:
        total, risk = recomputed(row)
        assert (row["risk_points"], row["spam_risk"] or 0.0) == (total, risk)
    by_name = {row["domain"]: row for row in found}
    assert [name for name, row in by_name.items() if is_flagged(row)] == ["farm.org"]
    assert marks(by_name["a.org"]) == [], "it is a trusted seed"
    assert [mark.name for mark in marks(by_name["b.com"])] == ["unlisted_undivided"]
    told = [mark.text for mark in marks(by_name["farm.org"])]
    assert told[0].startswith("its referring domains link to little else, and no list names them")


def test_a_snapshot_has_no_risk_of_whom_one_links_to_and_who_links_to_nobody(
    store: AnyStore,
) -> None:
    write(store, [page("https://a.org/", START, ["https://b.org/"])], TODAY)
    made = score(store, ScoreSettings(), seeds=["a.org"])
    assert made is not None
    assert made.manifest["known"]["spam_risk"] == 1
    found = rows(store.query("SELECT domain, spam_risk FROM domain_quality ORDER BY domain"))
    assert [row["spam_risk"] for row in found] == [0, None]


def test_a_seed_is_nobodys_and_half_a_member_is_who_a_seed_leads_to() -> None:
    graph = farm(12)
    assert np.isnan(evidence(graph, np.array([4]))["unlisted_shells"][4])
    far, near = rated_of(graph, np.arange(4)), rated_of(graph, np.arange(5, 10))
    assert far.values["serves"][5:].tolist() == [far.total[4]] * 12, "it is all that they link to"
    assert near.values["serves"][5] == near.total[4] / 2, "a seed itself"
    assert near.values["serves"][10] == near.total[4], "no seed leads to it"
    unseeded = rated_of(graph, NOBODY)
    assert unseeded.values["serves"][5] == unseeded.total[4]
    assert np.isnan(evidence(graph, NOBODY)["unreached"]).all()


def test_a_formula_that_can_not_score_stops_the_run_before_it_reads(store: AnyStore) -> None:
    with pytest.raises(BadFormula, match="can't be read"):
        score(store, ScoreSettings(formula="/no/such/file"))


def doubled() -> Formula:
    """The same, but that only shells count, twice as much."""
    rule = FORMULA.risk.measures["unlisted_shells"]
    more = tuple(each._replace(points=2 * each.points) for each in rule.bins)
    card = Scorecard({"unlisted_shells": type(rule)(more)}, (Step(0, 0), Step(36, 100)), 36)
    return Formula(2, "", card)


def test_two_formulas_are_compared_on_one_snapshot(store: AnyStore) -> None:
    ringed(store)
    score(store, ScoreSettings(), seeds=["a.org"])
    same = compare(store, FORMULA, FORMULA)
    assert (same.domains, same.moved) == (11, 0)
    assert same.correlation == pytest.approx(1)
    assert same.moves.num_rows == 0
    other = compare(store, FORMULA, doubled())
    assert other.flagged_before == 1
    moved = {row["domain"]: row for row in rows(other.moves)}
    assert other.moved == len(moved)
    farm = moved["farm.org"]
    (stored,) = rows(store.query("SELECT * FROM domain_quality WHERE domain = 'farm.org'"))
    assert farm["risk_before"] == stored["spam_risk"]
    assert farm["points_before"] == stored["risk_points"]
    shells = next(r["points"] for r in stored["risk_reasons"] if r["measure"] == "unlisted_shells")
    assert farm["points_after"] == 2 * shells
    assert "unlisted_ring -14" in farm["why"].split(", ")
    assert json.loads(json.dumps(farm)) == farm


def test_a_comparison_tells_the_largest_moves_and_no_correlation_of_what_is_all_alike() -> None:
    graph = from_names(pa.array(["a", "b", "c", "d"]), pa.array(["t", "t", "t", "t"]))
    values = evidence(graph, NOBODY)
    nothing = Formula(3, "", Scorecard({}, (Step(0, 0),), 1))
    found = compared(graph, values, FORMULA, nothing, limit=1)
    assert found.correlation is None
    assert found.moved == 5
    (row,) = rows(found.moves)
    assert row["domain"] == "t"
    assert row["risk_after"] is None
    assert row["why"].startswith("apart -26, unlisted_undivided -26")


def test_without_a_snapshot_there_is_nothing_to_compare(store: AnyStore) -> None:
    found = compare(store, FORMULA, FORMULA)
    assert (found.domains, found.correlation, found.moved) == (0, None, 0)
