"""When links got from one page to another, of what is known of where pages led."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.index.walks import HOPS, Fate, Past, Place, Span, Step, Turn, merged, past

KEPT = 8  # times of one end


def place(name: str) -> Place:
    return Place(name, name, "/")


def turn(since: int, to: str, not_before: int = 0, until: int = 0) -> Turn:
    step = Step(1, "redirect", f"https://{to}/", to) if to else None
    return Turn(since, not_before, until, step)


def known(*turns: Turn) -> Fate:
    return Fate(1, turns[-1].step, merged(turns), 7)


def spans(found: dict[Place, Past], name: str) -> list[tuple[int, ...]]:
    return [tuple(span) for span in found[place(name)].spans] if place(name) in found else []


def test_a_way_opens_and_closes_between_visits() -> None:
    page = known(turn(5, "b", 3, 8), turn(9, "", 8))
    assert spans(past(place("a"), {place("a"): page}), "b") == [(5, 3, 9, 8)]


def test_a_way_is_open_once_all_of_it_is_and_closes_with_the_first() -> None:
    fates = {
        place("a"): known(turn(5, "b", 3, 30), turn(40, "", 30)),
        place("b"): known(turn(2, "", 0, 7), turn(8, "c", 7, 15), turn(20, "d", 16)),
    }
    found = past(place("a"), fates)
    assert spans(found, "b") == [(5, 3, 8, 7)], "until b leads on"
    assert spans(found, "c") == [(8, 7, 20, 15)]
    assert spans(found, "d") == [(20, 16, 40, 30)]


def test_of_a_page_that_was_visited_later_it_is_not_known_until_when_it_was_the_end() -> None:
    fates = {place("a"): known(turn(5, "b")), place("b"): known(turn(9, "c"))}
    assert spans(past(place("a"), fates), "b") == [(5, 0, 9, 0)]


def test_what_makes_no_difference_to_where_it_leads_is_no_turn() -> None:
    gone_then_there = merged([turn(3, "", 2, 4), turn(6, "", 4, 7), turn(9, "b", 7)])
    assert [(one.since, one.not_before, one.until) for one in gone_then_there] == [
        (0, 0, 7),
        (9, 7, 0),
    ]
    assert merged([turn(3, "b", 2, 4), turn(6, "b", 4, 7)]) == [turn(3, "b", 2, 7)]


def test_a_loop_ends_nowhere_and_what_is_on_it_is_remembered() -> None:
    fates = {place("a"): known(turn(5, "b")), place("b"): known(turn(5, "a"))}
    assert past(place("a"), fates) == {place("b"): Past(0, [])}


def test_the_latest_times_alone_are_kept() -> None:
    turns = [turn(n, "b" if n % 2 else "c", n - 1, n) for n in range(1, 41)]
    found = past(place("a"), {place("a"): Fate(1, turns[-1].step, turns, 7)})
    assert len(spans(found, "b")) == len(spans(found, "c")) == KEPT
    assert spans(found, "c")[-1] == (40, 39, 0, 0)


ARROWS = st.dictionaries(
    st.sampled_from("abcdefg"),
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from(["", *"abcdefg"])), max_size=6),
)


# Each switched off and on twice: g is the end nine times.
ON_AND_OFF = {
    name: [(4 * i + 5 + j, "" if j % 2 == 0 else to) for j in range(4)] + [(i + 1, to)]
    for i, (name, to) in enumerate(pairwise("abcdg"))
}


@given(ARROWS)
@example(ON_AND_OFF)
def test_whatever_led_where_one_page_is_the_end_at_a_time(
    arrows: dict[str, list[tuple[int, str]]],
) -> None:
    fates = {}
    for name, led in arrows.items():
        times = dict(sorted(led))
        turns = [turn(at, to, at - 1, at) for at, to in times.items() if to != name]
        if turns:
            fates[place(name)] = known(*turns)
    for start in "abcdefg":
        found = past(place(start), fates)
        assert place(start) not in found
        open_at: dict[int, Place] = {}
        for end, then in found.items():
            assert then.spans == sorted(then.spans)
            for span in then.spans:
                assert span.opened_after < span.opened
                assert not span.closed or span.opened < span.closed > span.closed_after
                for at in range(span.opened, span.closed or 41):
                    assert open_at.setdefault(at, end) == end
        for at in range(1, 41):
            there = walked(place(start), fates, at)
            forgotten = there in found and at < latest(found[there].spans)
            assert open_at.get(at) == (None if forgotten else there)


def latest(spans: list[Span]) -> int:
    """Since when what is kept is all that was: 0 where that is all."""
    return spans[0].opened if len(spans) == KEPT else 0


def walked(page: Place, fates: dict[Place, Fate], at: int) -> Place | None:
    """Where a walk ends at that time, in the plainest words."""
    seen = [page]
    while True:
        then = [one for one in fates[page].turns if one.since <= at] if page in fates else []
        if not then or then[-1].step is None:
            return page if 1 < len(seen) <= HOPS + 1 else None
        page = then[-1].step.to
        if page in seen:
            return None
        seen.append(page)
