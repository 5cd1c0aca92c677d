"""The schedules of test_faults.py catch what they are there for: each mistake, made on purpose."""

from __future__ import annotations

import contextlib
from concurrent.futures import Executor
from pathlib import Path

import pyarrow as pa
import pytest

import pipeline.store.migrate as migrations_module
from consumers.batch import Batch
from consumers.loop import Loop
from consumers.pages import PageRows
from pipeline.errors import PoisonRecord, StoreBusy, StoreError, StoreRefused
from pipeline.index.lifecycle import Lifecycle
from pipeline.log import Committed, Partition, Record
from pipeline.log.deadletter import DeadLetters
from pipeline.page import Page
from pipeline.settings import ConsumeSettings
from pipeline.store import Store
from pipeline.store.migrate import Migration, migrate, migrations, split
from tests.consumers.truth import Rows, differences, found
from tests.consumers.world import MakeLoop, World, plain_loop
from tests.support.faults import Clock, FaultyReader
from tests.support.records import TODAY
from tests.support.stores import AnyStore

FEW = 6  # schedules before each look at the tables
MANY = 12
pytestmark = [pytest.mark.embedded, pytest.mark.long]  # it is the checker that is checked
MOST = 150  # a mistake that loses little shows late
LATE = 30  # and of one whose first traces are known to come later, none before is run


class CommitsFirst(Loop):
    def _begin(self) -> None:
        self._commit(self.batch.offsets())
        super()._begin()


class IgnoresRevocation(Loop):
    def _forget_revoked(self) -> None:
        self.reader.revoked()


class ForgetsRowsAlone(Loop):
    """The offsets of a lost partition are kept, its rows are not."""

    def _forget_revoked(self) -> None:
        for partition in self.reader.revoked():
            for batch in (self.batch, self._writing.batch if self._writing else self.batch):
                batch._rows.pop(partition, None)


class ForgetsOnlyWhatWaits(Loop):
    """What is on its way to the store is committed, though it was lost meanwhile."""

    def _forget_revoked(self) -> None:
        revoked = self.reader.revoked()
        if revoked:
            self.batch.forget(revoked)
            self.rows.forget()


class SwallowsBusy(Loop):
    def _insert(self, columns: pa.Table) -> float:
        with contextlib.suppress(StoreBusy):
            return super()._insert(columns)
        return 0.0


class SwallowsRefused(Loop):
    def _insert(self, columns: pa.Table) -> float:
        with contextlib.suppress(StoreRefused):
            return super()._insert(columns)
        return 0.0


class SwallowsAll(Loop):
    def _insert(self, columns: pa.Table) -> float:
        with contextlib.suppress(StoreError):
            return super()._insert(columns)
        return 0.0


class Shifted(Batch[Page]):
    by = 0

    def offsets(self) -> dict[Partition, Committed]:
        shifted = super().offsets().items()
        return {partition: Committed(max(0, at.offset + self.by)) for partition, at in shifted}


class OneTooFar(Shifted):
    by = 1


class OneTooNear(Shifted):
    by = -1


class CommitsTooFar(Loop):
    batch_type: type[Batch[Page]] = OneTooFar

    def turn(self, *, timeout_s: float = 0.2) -> int:
        if type(self.batch) is not self.batch_type:
            self.batch = self.batch_type()
        return super().turn(timeout_s=timeout_s)


class CommitsTooNear(CommitsTooFar):
    batch_type = OneTooNear


class KeepsNoPoison(Loop):
    """What can't decode is skipped without a dead letter."""

    def _take(self, record: Record) -> None:
        try:
            self.rows.decode(record)
        except PoisonRecord:
            self.batch.handled(record.partition, record.offset, self.clock())
            return
        super()._take(record)


def made_by(kind: type[Loop]) -> MakeLoop:
    def make(
        reader: FaultyReader,
        store: Store,
        rows: PageRows,
        dead: DeadLetters,
        settings: ConsumeSettings,
        background: Executor,
        clock: Clock,
    ) -> Loop:
        return kind(
            reader, store, rows, dead, settings,
            background=background, clock=clock, wall=clock, sleep=clock.sleep,
        )  # fmt: skip

    return make


def caught(
    store: AnyStore, tmp_path: Path, make: MakeLoop, many: int = MOST, first: int = 0
) -> list[str]:
    """What the checker says about the first schedules that show something."""
    clock = Clock(TODAY / 1000)
    truth: dict[str, Rows] = {}
    for number in range(first, first + many):
        world = World(number, store, tmp_path / f"{number}.sqlite", clock, make=make, rate=0.4)
        world.run()
        for name, expected in world.expected().items():
            truth.setdefault(name, {}).update(expected)
        said = world.wrongs
        if not said and number % FEW == FEW - 1:
            Lifecycle(store, 60, clock=clock).run()
            said = differences(truth, found(store))
        if said:
            return said
        clock.now += 100
    return []


@pytest.mark.parametrize(
    "kind",
    [
        CommitsFirst, IgnoresRevocation, ForgetsRowsAlone, ForgetsOnlyWhatWaits, 
        SwallowsBusy, SwallowsRefused, SwallowsAll, CommitsTooFar, CommitsTooNear, KeepsNoPoison,
    ],
)  # fmt: skip
def test_a_wrong_loop_is_caught(store: AnyStore, tmp_path: Path, kind: type[Loop]) -> None:
    first = LATE if kind is ForgetsOnlyWhatWaits else 0
    assert caught(store, tmp_path, made_by(kind), first=first) != []


ANY_LAST = {
    "look SimpleAggregateFunction(max,": "look SimpleAggregateFunction(anyLast,",
    "max(look)": "anyLast(look)",
}
SUM = {
    "first_seen SimpleAggregateFunction(min, UInt64)": "first_seen SimpleAggregateFunction(sum, "
    "UInt64)",
    "min(first_seen) AS first_seen": "sum(first_seen) AS first_seen",
}
SUM_OF_VISITS = {
    "fetched SimpleAggregateFunction(max, UInt64)": "fetched SimpleAggregateFunction(sum, UInt64)",
}
LAST_CONTEXT = {"ENGINE = ReplacingMergeTree(at)": "ENGINE = ReplacingMergeTree"}


@pytest.mark.parametrize("replaced", [ANY_LAST, SUM, SUM_OF_VISITS, LAST_CONTEXT])
def test_a_wrong_schema_is_caught(
    empty_store: AnyStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    replaced: dict[str, str],
) -> None:
    text = ";\n".join(statement for m in migrations() for statement in m.statements)
    for right, wrong in replaced.items():
        assert right in text
        text = text.replace(right, wrong)
    monkeypatch.setattr(
        migrations_module, "migrations", lambda: [Migration(1, "wrong", split(text + ";\n"), "")]
    )
    migrate(empty_store)
    assert caught(empty_store, tmp_path, plain_loop) != []


def test_the_right_loop_and_schema_are_not(store: AnyStore, tmp_path: Path) -> None:
    assert caught(store, tmp_path, plain_loop, MANY) == []
