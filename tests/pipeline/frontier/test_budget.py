"""What a site may have: more the better it proves, never beyond its bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.frontier.budget import Yield, budget, first_budget, merit, owner_budget, owner_of
from pipeline.settings import PlanSettings

SETTINGS = PlanSettings()
START, LEAST, MOST = 500, 20, 50_000
GOOD = Yield(pages=400, complete=390, texts=380, linking=300, out_domains=150, authority=30)


def of(found: Yield) -> int:
    return budget(found, "example.org", SETTINGS)


yields = st.integers(1, 100_000).flatmap(
    lambda pages: st.integers(0, pages).flatmap(
        lambda complete: st.builds(
            Yield,
            pages=st.just(pages),
            complete=st.just(complete),
            texts=st.integers(0, complete),
            linking=st.integers(0, complete),
            out_domains=st.integers(0, 100_000),
            authority=st.none() | st.floats(0, 100),
        )
    )
)


def test_a_site_that_nobody_knows_has_the_first_budget() -> None:
    assert of(Yield(pages=0)) == of(Yield(pages=LEAST - 1)) == START


def test_a_good_site_grows_as_it_is_fetched_until_the_most() -> None:
    sizes = [100, 400, 1_000, 10_000, 40_000]
    grown = [
        of(Yield(pages=n, complete=n, texts=n, linking=n, out_domains=n, authority=50))
        for n in sizes
    ]
    assert grown == [START, 800, 2_000, 20_000, MOST]
    assert merit(GOOD) > 0.9


def test_a_trap_a_broken_and_an_empty_site_shrink_to_the_least() -> None:
    copies = Yield(pages=500, complete=500, texts=3, linking=500, out_domains=400, authority=80)
    broken = Yield(pages=500)
    empty = Yield(pages=500, complete=500, texts=1)
    assert [of(copies), of(broken), of(empty)] == [LEAST] * 3


def test_a_site_that_links_nowhere_is_no_trap() -> None:
    assert of(Yield(pages=141, complete=141, texts=141)) == START
    assert of(Yield(pages=500, complete=400, texts=125)) == START // 2


def test_what_a_person_named_keeps_its_first_budget() -> None:
    assert of(Yield(pages=500, complete=500, texts=3, seeded=True)) == START
    assert of(Yield(pages=500, seeded=True)) == START


def test_a_site_of_some_merit_keeps_some_of_its_first_budget() -> None:
    half = Yield(pages=400, complete=200, texts=120, linking=200, out_domains=10)
    assert LEAST < of(half) < START


@given(yields)
def test_budgets_keep_their_bounds(found: Yield) -> None:
    assert 0 <= merit(found) <= 1
    assert LEAST <= of(found) <= MOST


@given(yields, st.floats(0, 100), st.integers(0, 100_000))
def test_more_authority_and_more_domains_linked_are_never_less(
    found: Yield, authority: float, more: int
) -> None:
    better = Yield(
        pages=found.pages, complete=found.complete, texts=found.texts, linking=found.linking,
        out_domains=found.out_domains + more, authority=max(found.authority or 0.0, authority),
    )  # fmt: skip
    assert merit(better) >= merit(found)
    assert of(better) >= of(found)


def test_a_first_budget_beyond_the_bounds_moves_them() -> None:
    small = PlanSettings(site_pages=6)
    assert budget(Yield(pages=6), "example.org", small) == 6, "never more than it had at first"
    large = PlanSettings(site_pages=90_000)
    assert budget(GOOD, "example.org", large) == 90_000


def test_few_pages_of_each_site_are_not_few_of_all_of_an_owner() -> None:
    few = PlanSettings(site_pages=5, least_site_pages=5, most_site_pages=5)
    assert owner_budget("duckdns.org", few) == MOST
    assert first_budget("tumblr.com", few) == 5


def test_a_platform_has_more_whether_its_sites_are_domains_or_not() -> None:
    assert owner_of("someone.github.io") == "github.io"
    assert owner_budget("github.io", SETTINGS) == SETTINGS.platform_pages
    assert owner_budget("example.org", SETTINGS) == MOST
    assert first_budget("tumblr.com", SETTINGS) == 10 * first_budget("example.org", SETTINGS)
