"""What is remembered of robots.txt (RFC 9309, section 2.4), and what hostile ones may cost."""

from __future__ import annotations

import asyncio
import time
import tracemalloc

import pytest

from pipeline.settings import CrawlSettings
from spiders.robots import FAILED_S, LONGEST_FAILED_S, MEMORY, REMEMBERED, STALE_S, Robots, Rules
from tests.support.robots_answers import Answers, Clock, robots, rules

LISTED = b"".join(b"Sitemap: /%d/%s\n" % (number, b"a" * 500) for number in range(20))
RULED = b"User-agent: *\nDisallow: /a\n"
LONG = RULED + b"".join(b"Disallow: /%d/\nAllow: /*/%d\n" % (i, i) for i in range(50))


def remember(book: Robots, names: list[str]) -> None:
    async def each() -> None:
        for name in names:
            await book.rules("http", name)

    asyncio.run(each())


def test_2_4_a_file_is_remembered_until_it_expires() -> None:
    answers = Answers({"http://a.example/robots.txt": b"User-agent: *\nDisallow: /no"})
    clock = Clock()
    book = robots(answers, clock)
    first = asyncio.run(book.rules("http", "a.example"))
    clock.now += 3_599
    again = asyncio.run(book.rules("http", "a.example"))
    assert (first.fetched, again.fetched) == (True, False)
    assert len(answers.asked) == 1
    answers.table["http://a.example/robots.txt"] = b""
    assert not again.permits("http://a.example/no")
    clock.now += 2
    assert asyncio.run(book.rules("http", "a.example")).permits("http://a.example/no")
    assert len(answers.asked) == 2


def test_2_4_a_day_is_the_longest_that_can_be_set() -> None:
    with pytest.raises(ValueError):
        CrawlSettings(robots_ttl_s=86_401)


@pytest.mark.parametrize("delays", [{"delay_s": 60}, {"longest_delay_s": 60}])
def test_2_4_what_is_remembered_outlasts_the_delay_before_the_page(
    delays: dict[str, float],
) -> None:
    """Or robots.txt would be asked for whenever the page may be, and the page never."""
    with pytest.raises(ValueError, match="robots_ttl_s"):
        CrawlSettings.model_validate({"robots_ttl_s": 60, **delays})
    CrawlSettings.model_validate({"robots_ttl_s": 61, **delays})


def test_2_4_a_failure_is_asked_for_again_soon() -> None:
    answers = Answers({"http://a.example/robots.txt": 503})
    clock = Clock()
    book = robots(answers, clock)
    assert not asyncio.run(book.rules("http", "a.example")).permits("http://a.example/")
    answers.table["http://a.example/robots.txt"] = b""
    clock.now += FAILED_S + 1
    assert asyncio.run(book.rules("http", "a.example")).permits("http://a.example/")


def test_2_3_1_4_a_failure_is_asked_for_less_and_less_often() -> None:
    answers = Answers({"http://a.example/robots.txt": "!timeout"})
    clock = Clock()
    book = robots(answers, clock)
    waits = []
    for _ in range(9):
        found = asyncio.run(book.rules("http", "a.example"))
        waits.append(found.expires - clock.now)
        clock.now = found.expires
    assert waits[:3] == [FAILED_S, 2 * FAILED_S, 4 * FAILED_S]
    assert waits == sorted(waits)
    assert max(waits) == LONGEST_FAILED_S


def test_2_3_1_4_thirty_days_of_failures_open_nothing() -> None:
    """The RFC lets a crawler take it for unavailable then; what is closed stays closed here."""
    answers = Answers({"http://a.example/robots.txt": 500})
    clock = Clock()
    book = robots(answers, clock)
    for _ in range(4 * 40):
        found = asyncio.run(book.rules("http", "a.example"))
        assert not found.permits("http://a.example/")
        clock.now = found.expires
    assert clock.now > 31 * 86_400


def test_2_4_while_a_file_can_not_be_had_its_last_copy_holds_for_a_week() -> None:
    answers = Answers({"http://a.example/robots.txt": b"User-agent: *\nDisallow: /no"})
    clock = Clock()
    book = robots(answers, clock)
    read = asyncio.run(book.rules("http", "a.example"))
    answers.table["http://a.example/robots.txt"] = 503
    clock.now = read.expires
    while clock.now < 1_000 + STALE_S:
        found = asyncio.run(book.rules("http", "a.example"))
        assert found.permits("http://a.example/yes")
        assert not found.permits("http://a.example/no")
        clock.now = found.expires
    assert not asyncio.run(book.rules("http", "a.example")).permits("http://a.example/yes")
    answers.table["http://a.example/robots.txt"] = b""
    clock.now += LONGEST_FAILED_S
    found = asyncio.run(book.rules("http", "a.example"))
    assert (found.permits("http://a.example/no"), found.failures) == (True, 0)


def test_2_4_what_a_server_that_is_overloaded_asks_for_is_waited_for() -> None:
    answers = Answers({"http://a.example/robots.txt": 429})
    answers.more = {"retry-after": "1800"}
    found = asyncio.run(robots(answers).rules("http", "a.example"))
    assert found.expires == 1_000 + 1_800


@pytest.mark.parametrize("answer", [b"User-agent: *\nDisallow: /no", 503, "!timeout"])
def test_2_4_visits_at_the_same_time_ask_once(answer: bytes | int | str) -> None:
    answers = Answers({"http://a.example/robots.txt": answer}, waits=True)
    book = robots(answers)

    async def together() -> list[Rules]:
        asking = [asyncio.create_task(book.rules("http", "a.example")) for _ in range(50)]
        await asyncio.sleep(0)
        answers.go.set()
        return await asyncio.gather(*asking)

    found = asyncio.run(together())
    assert len(answers.asked) == 1
    assert all(rules_.fetched for rules_ in found)  # each waits a delay before its own request
    assert not any(rules_.permits("http://a.example/no") for rules_ in found)
    assert not book._asking


def test_2_4_where_the_visit_that_asks_is_cancelled_the_next_one_asks() -> None:
    answers = Answers({"http://a.example/robots.txt": b""}, waits=True)
    book = robots(answers)

    async def cancelled() -> Rules:
        first, second = [asyncio.create_task(book.rules("http", "a.example")) for _ in "12"]
        await asyncio.sleep(0)
        first.cancel()
        answers.go.set()
        return await second

    assert asyncio.run(cancelled()).permits("http://a.example/")
    assert len(answers.asked) == 2


def test_what_is_remembered_has_a_bound_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MEMORY == 64 << 20
    monkeypatch.setattr("spiders.robots.MEMORY", MEMORY // 100)
    body = b"User-agent: *\n" + b"".join(b"Disallow: /%d/\n" % i for i in range(300))
    names = [f"h{number}.example" for number in range(8)]
    book = robots(Answers({f"http://{name}/robots.txt": body for name in names}))
    remember(book, names)
    assert 1 < len(book._known) < len(names)
    assert book._weight <= MEMORY // 100
    assert book._weight == sum(
        rules_.weight + len(origin) for origin, rules_ in book._known.items()
    )


def test_of_hosts_without_a_file_so_many_are_remembered_that_bytes_decide() -> None:
    name = f"http://{'h' * 20}.example"
    a_host = rules(404).weight + len(name)
    assert 150_000 < MEMORY // a_host < REMEMBERED


@pytest.mark.parametrize(
    ("answer", "hosts"),
    # A table that has just grown is the largest for its entries: 10,923.
    [(404, 11_000), (503, 3_000), (b"", 3_000), (LISTED, 200), (RULED, 400), (LONG, 30)],
    ids=["none there", "can't be had", "empty", "sitemaps", "a rule", "many rules"],
)
def test_what_is_remembered_weighs_no_less_than_it_takes(answer: bytes | int, hosts: int) -> None:
    names = [f"host-{number:06d}.example" for number in range(hosts)]
    answers = Answers({f"http://{name}/robots.txt": answer for name in names})
    remember(robots(answers), names)  # what else is made and kept, such as the names' domains
    answers.asked.clear()
    book = robots(answers)
    tracemalloc.start()
    remember(book, names)
    answers.asked.clear()
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(book._known) == hosts
    assert taken <= book._weight


def test_what_is_remembered_has_a_bound_and_the_oldest_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("spiders.robots.REMEMBERED", 100)
    answers = Answers({})
    book = robots(answers)

    async def many() -> None:
        for number in range(110):
            await book.rules("http", f"h{number}.example")
            await book.rules("http", "kept.example")

    asyncio.run(many())
    assert list(book._known) == [
        *(f"http://h{number}.example" for number in range(11, 110)),
        "http://kept.example",
    ]
    assert answers.asked.count("http://kept.example/robots.txt") == 1


# --- Files that would cost more than they are worth ---


def test_ten_thousand_agents_before_ten_thousand_rules_take_no_time_and_no_memory() -> None:
    agents = b"".join(b"User-agent: b%d\n" % i for i in range(10_000))
    body = agents + b"User-agent: *\n" + b"".join(b"Disallow: /%d\n" % i for i in range(10_000))
    tracemalloc.start()
    started = time.process_time()
    found = rules(body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert not found.permits("http://a.example/9999")
    assert peak < 40 << 20
    assert time.process_time() - started < 5


def test_more_wildcards_than_can_be_matched_close_the_site() -> None:
    body = b"User-agent: *\n" + b"".join(b"Disallow: /*a%d\n" % i for i in range(2_001))
    found = rules(body)
    assert (found.permits("http://a.example/"), found.why) == (
        False, "robots.txt: too many wildcards",
    )  # fmt: skip
    assert found.expires == 1_000 + 3_600


def test_stars_count_and_not_the_rules_that_they_stand_in() -> None:
    """1,990 rules of 115 stars each would take 42 ms for every URL."""
    line = b"Disallow: /" + b"*a" * 20 + b"b\n"
    assert rules(b"User-agent: *\n" + line * 100).why == "robots.txt"
    assert rules(b"User-agent: *\n" + line * 101).why == "robots.txt: too many wildcards"


def test_a_pattern_of_nothing_but_stars_is_matched_in_no_time() -> None:
    pattern = "/" + "*a" * 1_990
    found = rules(f"User-agent: *\nDisallow: {pattern}b\nDisallow: /no".encode())
    started = time.process_time()
    assert found.permits("http://a.example/" + "a" * 2_000)
    assert time.process_time() - started < 1


def test_a_line_longer_than_any_url_is_no_rule() -> None:
    found = rules(b"User-agent: *\nDisallow: /" + b"a" * 400_000 + b"\nDisallow: /no\n")
    assert not found.permits("http://a.example/no")
    assert found.weight < 10_000
