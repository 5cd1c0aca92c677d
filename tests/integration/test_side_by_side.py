"""Two installations on one Kafka and one ClickHouse: a prefix and a database keep them apart."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest

from backlinks import consumer
from pipeline.frontier.plan import Planner
from pipeline.index.lifecycle import Lifecycle, job_of
from pipeline.index.questions import Index
from pipeline.log import CONSUME, DEAD_PAGES, PAGES, REQUESTS, Message
from pipeline.log.kafka import KafkaLog
from pipeline.log.letters import Letters
from pipeline.settings import KafkaSettings, Settings, StoreSettings
from pipeline.store import rows
from pipeline.store.clickhouse import ClickHouseStore
from pipeline.store.migrate import migrate
from pipeline.url import canonical
from tests.support.kafka.fixtures import with_topics
from tests.support.native_bridge import NativeBridge
from tests.support.records import TODAY, message, page

pytestmark = pytest.mark.long


class Installation(NamedTuple):
    """`name`: of the only domain that it was told of."""

    name: str
    log: KafkaLog
    store: ClickHouseStore

    def consume(self, count: int) -> None:
        settings = Settings()
        loop = consumer(self.store, self.log, settings)
        taken = 0
        for _ in range(300):
            taken += loop.turn()
            if taken >= count:
                break
        loop.flush()
        taken += loop.turn(timeout_s=1)  # nothing of the neighbour's comes after it
        loop.reader.close()
        assert taken == count
        job_of(self.store, settings).run()


@pytest.fixture
def both(brokers: str, bridge: NativeBridge) -> Iterator[list[Installation]]:
    """One's prefix begins with the other's, which is the most that names can be alike."""
    made = []
    for name, prefix in (("one", f"s{os.getpid()}."), ("two", f"s{os.getpid()}.pages.")):
        settings: KafkaSettings = with_topics(brokers, 2, more={"prefix": prefix})
        store = StoreSettings(
            hosts=[bridge.address], database=f"side_{os.getpid()}_{name}", timeout_s=60
        )
        made.append(Installation(name, KafkaLog(settings), ClickHouseStore(store, create=True)))
        migrate(made[-1].store)
    yield made
    for each in made:
        each.log.close()
        each.store.execute(f"DROP DATABASE {each.store.database}")
        each.store.close()
        bridge.forget(each.store.database)


def test_two_installations_do_not_see_each_other(both: list[Installation]) -> None:
    for number, each in enumerate(both, 1):
        here = f"https://{each.name}.example/"
        sent = [message(page(here, TODAY, [f"https://{each.name}-target.example/"]))]
        sent += [Message(b"bad", b"no page of " + each.name.encode())] * number
        each.log.append(PAGES, sent).result()
        lag = [other.log.lag(CONSUME) for other in both]
        behind = [sum(found.values()) for found in lag]
        assert behind[number - 1] == 1 + number, "its own"
        assert sum(behind) == 1 + number, "the neighbour has nothing to do with it"
        each.consume(1 + number)
        assert sum(each.log.lag(CONSUME).values()) == 0
        planner = Planner(each.store, each.log, Settings().plan, 1.0)
        planner.seed([canonical(here + "new")])
        assert planner.plan(10) == 1
    for number, each in enumerate(both, 1):
        assert each.log.count(PAGES) == 1 + number
        assert each.log.count(REQUESTS) == 1
        assert each.log.count(DEAD_PAGES) == number
        with closing(Letters(each.log)) as letters:
            values = {letter.record.value for letter in letters.waiting()}
        assert values == {b"no page of " + each.name.encode()}
        domains = rows(each.store.query("SELECT DISTINCT domain FROM pages"))
        assert [row["domain"] for row in domains] == [f"{each.name}.example"]
        Lifecycle(each.store, 0).run()
        for asked in both:
            found = Index(each.store).links(f"{asked.name}-target.example")
            assert len(found.rows()) == (1 if asked is each else 0)
