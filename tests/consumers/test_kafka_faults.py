"""A consumer over a real Kafka meets what is wrong in the records: the tables equal the truth."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec
import pytest
from kafka import KafkaProducer

from pipeline.errors import TooManyDeadLetters
from pipeline.index.lifecycle import Lifecycle
from pipeline.log import DEAD_PAGES, PAGES, Message, Record
from pipeline.log.kafka import KafkaLog
from pipeline.log.letters import Letters
from pipeline.page import FUTURE_MS, MAX_RECORD, Page, decode, encode, split
from pipeline.settings import KafkaSettings
from pipeline.store import Store, rows
from tests.consumers.line import consume, consumer, hold_against_the_truth
from tests.consumers.truth import dead_letters
from tests.support.faults import Clock
from tests.support.kafka.fixtures import MakeTopics
from tests.support.link_life import Life
from tests.support.records import DAY, HOUR, Link, message, page
from tests.support.stores import AnyStore

pytestmark = pytest.mark.long

MINUTE = 60_000
URL, LINK, OTHER = "https://source.org/page", "https://target.org/", "https://other.org/"


class Cluster(NamedTuple):
    """Topics of its own, one partition each unless a test asks for more."""

    settings: KafkaSettings
    log: KafkaLog

    def send(self, pages: Sequence[Page]) -> None:
        self.log.append(PAGES, [message(one) for one in pages]).result()


@pytest.fixture
def cluster(kafka: MakeTopics) -> Iterator[Cluster]:
    settings = kafka(partitions=1)
    log = KafkaLog(settings)
    yield Cluster(settings, log)
    log.close()


def now_ms() -> int:
    return int(time.time() * 1000)


def life(store: Store, target: str = LINK) -> Life:
    states = store.query(
        "SELECT state, reason, first_seen, not_before, last_seen, lost_by FROM link_states "
        "WHERE target_url = {target:String}",
        {"target": target},
    )
    (row,) = rows(states)
    return Life(**row)


# --- poison ---


class Poison(NamedTuple):
    reason: str
    value: bytes | None


def every_poison() -> list[Poison]:
    whole = page(URL, now_ms(), [LINK])
    return [
        Poison("empty", b""),
        Poison("null", None),
        Poison("json", b'{"v": 2, "url": '),
        Poison("encoding", b"\xff\xfe{}"),
        Poison("type", b'{"v": 2}'),
        Poison("type", encode(whole).replace(b'"status":200', b'"status":"200"')),
        Poison("version", b'{"v": 99}'),
        Poison("version", encode(whole).replace(b'"v":3', b'"v":4,"news":[1]')),
        Poison("suffix_list", encode(whole).replace(b'list":"', b'list":"x')),
        Poison("arrays", encode(msgspec.structs.replace(whole, part=2))),
        Poison("arrays", encode(whole).replace(b'"rel":[0]', b'"rel":[]')),
    ]


def test_poison_of_every_kind_is_kept_with_its_reason_and_the_rest_goes_on(
    cluster: Cluster, store: AnyStore
) -> None:
    log = cluster.log
    poison = every_poison()
    producer = KafkaProducer(bootstrap_servers=cluster.settings.brokers)
    topic = cluster.settings.prefix + PAGES
    for number, each in enumerate(poison):
        good = message(page(f"https://source{number}.org/", now_ms(), [LINK]))
        producer.send(topic, key=good.key, value=good.value)
        key = b"k" if each.value is None else None  # the library sends no record without both
        producer.send(topic, key=key, value=each.value, headers=[("trace", b"\x00\xff")])
    producer.close()
    before = now_ms()
    loop = consumer(log, store)
    consume(loop, log)
    assert len(hold_against_the_truth(log, store)) == len(poison)
    origins = {record.offset: record for record in log.read_all(PAGES)}
    letters = sorted(log.read_all(DEAD_PAGES), key=lambda found: int(told(found)["offset"]))
    for each, record in zip(poison, letters, strict=True):
        headers = told(record)
        origin = origins[int(headers["offset"])]
        assert (headers["reason"].decode(), origin.value) == (each.reason, each.value)
        assert record.value == (each.value or b"")
        assert (headers["topic"], headers["partition"]) == (b"pages", b"0")
        assert int(headers["timestamp_ms"]) == origin.timestamp_ms
        assert headers["trace"] == b"\x00\xff", "its own headers are kept"
        assert record.timestamp_ms >= before - 2000
    assert sum(loop.dead_letters.counts.values()) == len(poison)


def told(record: Record) -> dict[str, bytes]:
    return dict(record.headers)


@pytest.mark.embedded
def test_poison_larger_than_any_dead_letter_is_kept_by_its_beginning(
    cluster: Cluster, store: AnyStore
) -> None:
    """What another's producer squeezed through the broker's limit holds nobody up."""
    producer = KafkaProducer(
        bootstrap_servers=cluster.settings.brokers,
        compression_type="lz4",
        max_request_size=4 * MAX_RECORD,
    )
    topic = cluster.settings.prefix + PAGES
    huge = b"{" + b" " * MAX_RECORD + b"}"
    producer.send(topic, key=b"k", value=huge).get(60)
    producer.send(topic, key=b"k", value=huge[:3_000_000]).get(60)
    producer.close()
    cluster.send([page(URL, now_ms(), [LINK])])
    consume(consumer(cluster.log, store), cluster.log)
    assert len(hold_against_the_truth(cluster.log, store)) == 1
    letters = [(told(record), record.value) for record in cluster.log.read_all(DEAD_PAGES)]
    assert [headers["reason"] for headers, _ in letters] == [b"huge", b"json"]
    for headers, value in letters:
        assert len(value) > 10_000
        assert value == huge[: len(value)]
        assert b"the first" in headers["detail"]
    assert b"of 16,777,218 bytes" in letters[0][0]["detail"]


@pytest.mark.embedded
def test_a_flood_of_poison_stops_the_worker_and_what_was_broken_is_replayed(
    cluster: Cluster, store: AnyStore
) -> None:
    log = cluster.log
    cluster.send([page(URL, now_ms(), [LINK])])
    mended = [page(f"https://mended{i}.org/", now_ms(), [OTHER]) for i in range(8)]
    log.append(PAGES, [Message(b"k", b"{%d" % i) for i in range(8)]).result()
    cluster.send(mended)
    loop = consumer(log, store, limit=5)
    with pytest.raises(TooManyDeadLetters, match=r"5 records in a row .*pages\[0\]@5"):
        loop.run()
    assert len(dead_letters(log)) == 5
    consume(consumer(log, store, limit=9), log)
    hold_against_the_truth(log, store)
    letters = Letters(log)
    waiting = list(letters.waiting())
    letters.close()
    assert {letter.record.value for letter in waiting} == {b"{%d" % i for i in range(8)}


# --- clocks ---


@pytest.mark.embedded
def test_spiders_with_skewed_clocks_are_told_by_the_records_own_times(
    cluster: Cluster, store: AnyStore
) -> None:
    """One is two hours behind, one four minutes ahead; both visit the same pages, by turns."""
    dice = random.Random(3)
    start = now_ms() - 6 * HOUR
    visits = []
    for turn in range(36):
        skew = dice.choice([0, -2 * HOUR, 4 * MINUTE])
        for number in range(6):
            both = [Link(LINK, anchor=f"as of {turn}"), Link(OTHER)]
            links = both[: dice.randrange(3)]
            url = f"https://source{number}.org/page"
            at = start + turn * 10 * MINUTE + skew
            visits.append(page(url, at, links, title=f"title {turn}", etag=f"etag {turn}"))
    late = visits[:60]
    dice.shuffle(late)
    cluster.send(visits[60:] + late)  # the oldest come last
    consume(consumer(cluster.log, store), cluster.log)
    pages = hold_against_the_truth(cluster.log, store)
    assert len(pages) == len(visits)
    states = rows(
        store.query("SELECT source_url, target_url, first_seen, last_seen FROM link_states")
    )
    assert len(states) == 12
    for row in states:
        seen = [
            p.fetched_at
            for p in pages
            if p.url == row["source_url"] and row["target_url"] in p.external.target
        ]
        assert (row["first_seen"], row["last_seen"]) == (min(seen), max(seen))


@pytest.mark.embedded
def test_what_is_over_five_minutes_ahead_of_the_broker_is_a_dead_letter(
    cluster: Cluster, store: AnyStore
) -> None:
    """The broker's time counts, whatever the producer and the consumer take for now."""
    log, now = cluster.log, now_ms()
    ahead = [now + FUTURE_MS + MINUTE, now + DAY, (1 << 43) - 1]
    fine = [now - DAY, now, now + FUTURE_MS - MINUTE]
    sent = [page(URL, at, [LINK], title=f"{at}") for at in [*ahead, *fine]]
    producer = KafkaProducer(bootstrap_servers=cluster.settings.brokers)
    for each in sent:
        producer.send(
            cluster.settings.prefix + PAGES,
            key=b"source.org",
            value=encode(each),
            timestamp_ms=each.fetched_at,  # LogAppendTime: the broker doesn't believe it
        )
    producer.close()
    wrong = Clock(time.time() + 400 * 86_400)
    consume(consumer(log, store, clock=wrong), log)
    hold_against_the_truth(log, store)
    letters = list(log.read_all(DEAD_PAGES))
    assert [decode(record.value).fetched_at for record in letters] == ahead
    assert {told(record)["reason"] for record in letters} == {b"future"}
    assert b"s after the log took it" in told(letters[0])["detail"]
    assert life(store)[:5] == ("live", "", fine[0], 0, fine[-1])


@pytest.mark.embedded
def test_a_consumer_whose_clock_is_moved_back_hides_no_loss(
    cluster: Cluster, store: AnyStore
) -> None:
    """The job of another machine looks only at what arrived lately: by the brokers' time then."""
    log, start = cluster.log, now_ms() - 3 * DAY
    clock = Clock(time.time())
    job = Lifecycle(store, 60, late_s=0)  # so that it does not look again at the first arrival
    cluster.send([page(URL, start, [LINK])])
    consume(consumer(log, store, clock=clock), log)
    job.run()
    clock.now -= 9 * 3600
    cluster.send([page(URL, start + day * DAY, [OTHER]) for day in (1, 2)])
    consume(consumer(log, store, clock=clock), log)
    hold_against_the_truth(log, store, job)
    assert life(store) == Life("lost", "removed", start, 0, start, start + DAY)


# --- parts, and visits that prove nothing ---


def parts_of(whole: Page) -> list[Page]:
    """As the spider splits it."""
    split_up = [decode(part) for part in split(whole, 1_700)]
    assert len(split_up) >= 4
    return split_up


@pytest.mark.embedded
def test_parts_late_twice_and_in_any_order_lose_no_link(cluster: Cluster, store: AnyStore) -> None:
    """And a part that is dead-lettered takes none of the others' links, and unseats nothing."""
    dice, start = random.Random(5), now_ms() - 9 * DAY
    targets = [f"https://target{i}.org/" for i in range(40)]
    sent: list[Message] = []
    for number in range(8):
        url = f"https://source{number}.org/"
        for day in range(3):
            # By turns whole, and with a quarter of its links gone for good.
            links = targets if day == 0 else targets[10:]
            parts = parts_of(page(url, start + day * DAY, links))
            made = [message(part) for part in parts]
            if number % 2 and day:
                spoilt = dice.randrange(len(made))
                made[spoilt] = made[spoilt]._replace(value=made[spoilt].value[:-9])
            sent += made + dice.sample(made, 2)
    dice.shuffle(sent)
    third = len(sent) // 3
    job = Lifecycle(store, 60)
    for batch in (sent[:third], sent[third : 2 * third], sent[2 * third :]):
        cluster.log.append(PAGES, batch).result()
        consume(consumer(cluster.log, store), cluster.log)
        job.run()  # between the parts of pages
    hold_against_the_truth(cluster.log, store, job)
    states = rows(
        store.query("SELECT source_url, state, reason, count() AS n FROM link_states GROUP BY ALL")
    )
    assert {(row["source_url"], row["state"]): row["n"] for row in states} == {
        **{(f"https://source{n}.org/", "live"): 40 if n % 2 else 30 for n in range(8)},
        **{(f"https://source{n}.org/", "lost"): 10 for n in range(0, 8, 2)},
    }


@pytest.mark.embedded
def test_visits_that_prove_nothing_lose_no_link_in_any_order(
    cluster: Cluster, store: AnyStore
) -> None:
    """A challenge served as 200, a 304, a capped page, a WAT: each twice after a crawl."""
    start = now_ms() - 9 * DAY
    nothing = {
        "challenge": {"complete": False, "incomplete": "challenge"},
        "capped": {"complete": False, "incomplete": "links", "dropped": 5},
        "unmodified": {"outcome": "not_modified"},
        "wat": {"source": "wat"},
    }
    sent = []
    for name, fields in nothing.items():
        sent.append(page(f"https://{name}.org/", start, [LINK]))
        for day in (1, 2):
            sent.append(page(f"https://{name}.org/", start + day * DAY, **fields))  # type: ignore[arg-type]
    sent.append(page("https://truly.org/", start, [LINK]))
    sent += [page("https://truly.org/", start + day * DAY) for day in (1, 2)]
    random.Random(1).shuffle(sent)
    cluster.send(sent)
    consume(consumer(cluster.log, store), cluster.log)
    hold_against_the_truth(cluster.log, store)
    question = "SELECT source_domain, state, reason, last_seen, lost_by FROM link_states"
    told = {
        row["source_domain"]: (row["state"], row["reason"], row["last_seen"], row["lost_by"])
        for row in rows(store.query(question))
    }
    assert told == {
        "challenge.org": ("unverified", "incomplete", start, 0),
        "capped.org": ("unverified", "incomplete", start, 0),
        "unmodified.org": ("live", "", start + 2 * DAY, 0),
        "wat.org": ("live", "", start, 0),
        "truly.org": ("lost", "removed", start, start + DAY),
    }
