"""Pages of an answer: each row once, whatever comes in between; and no place but the right one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import StoreBusy, UsageError
from pipeline.index.answer import Answer
from pipeline.index.paging import Cursor, cursor_of
from pipeline.index.questions import Index, domains
from pipeline.index.referrers import RANKED, RANKING
from pipeline.store import Store
from pipeline.store.marks import move
from tests.pipeline.index.small_web import SmallWeb
from tests.support.records import START
from tests.support.stores import AnyStore

pytestmark = pytest.mark.long

_seeds = itertools.count(100)
Asked = Callable[..., Answer[Any]]


def nothing() -> None:
    """Comes in."""


def key(row: Any) -> tuple[str, ...]:
    return tuple(getattr(row, name, "") for name in ("source_url", "source_domain", "target_url",
                                                     "kind"))  # fmt: skip


def paged(asked: Asked, sizes: list[int], between: Callable[[], object]) -> list[Any]:
    """All rows, page by page, of these sizes in turn."""
    found: list[Any] = []
    after = None
    for size in itertools.cycle(sizes):
        answer = asked(limit=size, after=after)
        page = answer.rows()
        assert len(page) <= size
        found += page
        after = answer.next
        if after is None:
            return found
        assert len(page) == size
        between()
    raise AssertionError


@pytest.mark.engine
@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    per=st.sampled_from(["domain", "page", "link"]),
    sizes=st.lists(st.integers(1, 9), min_size=1, max_size=3),
)
def test_links_are_told_once_each_while_others_come_in(
    shared_store: AnyStore, per: str, sizes: list[int]
) -> None:
    web = SmallWeb(shared_store, next(_seeds), sources=5)
    index = Index(shared_store)
    coming = iter([web.more] * 3)

    def asked(**page: Any) -> Answer[Any]:
        return index.links(web.target, per=per, state="all", **page)

    before = [key(row) for row in asked(limit=10_000)]
    rows = paged(asked, sizes, lambda: next(coming, nothing)())
    told = [key(row) for row in rows]
    assert len(told) == len(set(told)), "none twice"
    if per == "link":
        assert set(before) <= set(told), "none left out"
    else:
        assert {row[1] for row in before} <= {row[1] for row in told}
    after = [key(row) for row in asked(limit=10_000)]
    places = {row: place for place, row in enumerate(after)}
    order = [places[row] for row in told if row in places]
    assert order == sorted(order), "in order"


@pytest.mark.engine
def test_referring_domains_are_told_once_each_while_others_come_in(shared_store: AnyStore) -> None:
    web = SmallWeb(shared_store, next(_seeds), sources=7)
    index = Index(shared_store)

    def asked(**page: Any) -> Answer[Any]:
        return index.refs(web.target, state="all", **page)

    before = {row.source_domain for row in asked(limit=100)}
    coming = iter([web.more] * 3)
    rows = paged(asked, [2, 1], lambda: next(coming, nothing)())
    told = [row.source_domain for row in rows]
    assert len(told) == len(set(told))
    assert before <= set(told)


@pytest.fixture(scope="module")
def web(shared_store: Store) -> SmallWeb:
    return SmallWeb(shared_store, 99)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("name", "options"),
    [("links", {}), ("links", {"per": "page"}), ("links", {"per": "link", "rel": "followed"}),
     ("refs", {}), ("anchors", {}), ("terms", {}), ("pages", {})],
)  # fmt: skip
def test_pages_of_any_size_come_to_the_whole(
    web: SmallWeb, name: str, options: dict[str, str]
) -> None:
    def asked(**page: Any) -> Answer[Any]:
        ask = getattr(Index(web.store), name)
        return ask(web.target, **page, **options)  # type: ignore[no-any-return]

    whole = asked(limit=1000).rows()
    assert len(whole) > 5
    assert paged(asked, [7, 3, 9], nothing) == whole
    exactly = asked(limit=len(whole))
    assert exactly.rows() == whole
    assert exactly.next is None, "nothing is left"


@pytest.mark.engine
def test_domains_of_a_snapshot_are_paged(empty_store: AnyStore, store: AnyStore) -> None:
    names = [f"d{n}.example" for n in range(7)]
    store.insert(
        "domain_quality",
        pa.table(
            {
                "snapshot": pa.array([START] * 7, pa.uint64()),
                "domain": names,
                "harmonic_rank": [1.0, 2.5, 2.5, 4.0, 5.0, 6.0, 7.0],
                "trusted_harmonic_rank": [3.0, None, 1.0, 2.0, None, 1.0, 9.0],
            }
        ),
    )
    one = pa.array([START], pa.uint64())
    store.insert("snapshots", pa.table({"snapshot": one, "written": one}))
    whole = [row["domain"] for row in domains().rows(store)]
    assert len(whole) == 7
    found, after = [], None
    while True:
        question = domains(limit=2, after=after)
        found += [row["domain"] for row in question.rows(store)]
        after = question.next
        if after is None:
            break
    assert found == whole


# --- no place but the right one ---


def place(web: SmallWeb, **options: Any) -> str:
    answer = Index(web.store).links(web.target, limit=2, **options)
    answer.rows()
    assert answer.next is not None
    return answer.next


@pytest.mark.engine
def test_a_place_of_another_question_is_refused(web: SmallWeb) -> None:
    index = Index(web.store)
    for other in ({"state": "all"}, {"per": "page"}, {"rel": "followed"}, {"context": True}):
        with pytest.raises(UsageError, match="belongs to another question"):
            index.links(web.target, after=place(web), **other)
    with pytest.raises(UsageError, match="belongs to another question"):
        index.refs(web.target, after=place(web))
    with pytest.raises(UsageError, match="belongs to another question"):
        index.links("www." + web.target, after=place(web))
    assert index.links(web.target, after=place(web), limit=7).rows(), "another size is no other"


@pytest.mark.engine
def test_a_place_of_a_snapshot_since_replaced_is_refused(store: AnyStore) -> None:
    web = SmallWeb(store, next(_seeds), sources=5)
    after = place(web)
    later = pa.array([START + 1], pa.uint64())
    store.insert("snapshots", pa.table({"snapshot": later, "written": later}))
    with pytest.raises(UsageError, match="`backlinks score` has replaced"):
        Index(store).links(web.target, after=after).rows()


@pytest.mark.engine
def test_while_score_changes_the_order_no_place_is_taken_or_given(store: AnyStore) -> None:
    web = SmallWeb(store, next(_seeds), sources=5)
    after = place(web)
    move(store, RANKED, RANKING, START)
    with pytest.raises(UsageError, match="is changing the order of rows"):
        Index(store).links(web.target, after=after).rows()
    between = place(web)
    with pytest.raises(UsageError, match="is changing the order of rows"):
        Index(store).links(web.target, after=between).rows()
    move(store, RANKED, START, START + 1)
    assert Index(store).links(web.target, after=after).rows(), "it is as it was"
    with pytest.raises(UsageError, match="has replaced"):
        Index(store).links(web.target, after=between).rows()


@pytest.mark.embedded
@pytest.mark.parametrize("per", ["domain", "link"])
def test_an_answer_whose_order_changes_while_it_is_read_ends_with_an_error(
    store: AnyStore, per: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.index.backlinks._LIST", 2)
    monkeypatch.setattr("pipeline.index.backlinks._FIRST", 2)
    web = SmallWeb(store, next(_seeds), sources=8)
    batches = Index(store).links(web.target, per=per, limit=1000).batches()
    assert next(batches).num_rows
    store._session.query(f"INSERT INTO snapshots (snapshot, written) VALUES ({START + 1}, 1)")  # type: ignore[union-attr]
    with pytest.raises(StoreBusy, match="ask again"):
        list(batches)


@given(
    question=st.text(max_size=20),
    snapshot=st.integers(0, 1 << 44),
    keys=st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.text(), st.integers(0, 9)),
)
def test_a_place_outlives_its_token(
    question: str, snapshot: int, keys: tuple[float, str, int]
) -> None:
    made = Cursor(question, snapshot, list(keys))
    token = made.token()
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert cursor_of(token, question, (float, str, int)) == made
    with pytest.raises(UsageError):
        cursor_of(token, question, (str, str, int))
    with pytest.raises(UsageError):
        cursor_of(token, question, (float, str))


@given(st.text() | st.binary().map(lambda raw: raw.hex()))
def test_any_other_text_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        cursor_of(text, "question", (str,))
    assert len(str(raised.value).splitlines()) == 1
    assert str(raised.value).startswith("--after")
