"""Random schedules against a list: members come, go and fall silent; retention runs between."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pipeline.errors import NotOwner
from pipeline.log import PAGES, Committed, Message, Partition
from pipeline.log.sqlite import SqliteLog, SqliteReader

GROUPS = ("g", "h")


class Member:
    """A reader and what it should be given next."""

    def __init__(self, reader: SqliteReader) -> None:
        self.reader = reader
        self.expected: dict[Partition, int] = {}


class Schedule:
    """The log beside its model."""

    def __init__(self, path: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 1000.0
        self.log = SqliteLog(
            path,
            clock=lambda: self.now,
            heartbeat_s=0,
            session_timeout_s=30,
            partitions=self.random.randrange(1, 5),
        )
        self.partitions = [partition for partition in self.log.ids if partition.topic == PAGES]
        self.records: dict[Partition, list[tuple[int, bytes]]] = {p: [] for p in self.partitions}
        self.start = dict.fromkeys(self.partitions, 0)
        self.commits: dict[tuple[str, Partition], int] = {}
        self.members: list[Member] = []
        self.written = 0

    def step(self) -> None:
        steps = [self.append, self.poll, self.poll, self.poll, self.commit, self.commit]
        rare = [self.join, self.leave, self.fall_silent, self.trim, self.pause, self.wait]
        self.random.choice(steps if self.random.random() < 0.75 else rare)()

    def append(self) -> None:
        values = [b"%d" % (self.written + i) for i in range(self.random.randrange(1, 6))]
        self.written += len(values)
        messages = [Message(value, value) for value in values]
        offsets = self.log.append(PAGES, messages).result()
        after = {(r.partition, r.offset): r.value for r in self.log.read_all(PAGES)}
        for value, offset in zip(values, offsets, strict=True):
            (partition,) = (p for p in self.partitions if after.get((p, offset)) == value)
            assert offset == len(self.records[partition])
            self.records[partition].append((int(self.now * 1000), value))

    def join(self) -> None:
        if len(self.members) < 4:
            name = self.random.choice(["", "", "named"])
            reader = self.log.reader(self.random.choice(GROUPS), [PAGES], member=name)
            self.members.append(Member(reader))
            self.assigned(self.members[-1])

    def poll(self) -> None:
        if not self.members:
            return
        member = self.random.choice(self.members)
        reader = member.reader
        found = reader.poll(timeout_s=0, max_records=self.random.randrange(1, 8))
        self.assigned(member)
        for record in found:
            assert record.partition in reader.assigned()
            assert record.offset == member.expected[record.partition]
            assert record.value == self.records[record.partition][record.offset][1]
            member.expected[record.partition] = record.offset + 1

    def assigned(self, member: Member) -> None:
        """What was lost is forgotten, what is new starts where the group committed."""
        for partition in member.reader.revoked():
            del member.expected[partition]
        for partition in member.reader.assigned() - member.expected.keys():
            place = (member.reader.group, partition)
            member.expected[partition] = self.commits.setdefault(place, self.start[partition])
        assert member.expected.keys() == member.reader.assigned()

    def commit(self) -> None:
        """Succeeds for all of it or nothing; an owner's place never moves back."""
        if not self.members:
            return
        member = self.random.choice(self.members)
        chosen = {p: Committed(o) for p, o in member.expected.items() if self.random.random() < 0.7}
        group = member.reader.group
        before = {p: member.reader.committed(p) for p in self.partitions}
        try:
            member.reader.commit(chosen)
        except NotOwner as error:
            refused: NotOwner | None = error
        else:
            refused = None
        if refused is not None:
            assert Partition(refused.topic, refused.partition) in chosen
            assert {p: member.reader.committed(p) for p in self.partitions} == before
            return
        for partition, committed in chosen.items():
            assert committed.offset >= self.commits[group, partition]
            self.commits[group, partition] = committed.offset

    def leave(self) -> None:
        if self.members:
            self.members.pop(self.random.randrange(len(self.members))).reader.close()

    def fall_silent(self) -> None:
        """All of them, for longer than the group waits."""
        self.now += 31

    def wait(self) -> None:
        self.now += self.random.randrange(20)

    def pause(self) -> None:
        if self.members:
            reader = self.random.choice(self.members).reader
            self.random.choice([reader.pause, reader.resume])(reader.assigned())

    def trim(self) -> None:
        older = int((self.now - self.random.randrange(60)) * 1000)
        self.log.trim(PAGES, older_than_ms=older, limit=self.random.choice([2, 1000]))
        for partition in self.partitions:
            kept = [r.offset for r in self.log.read_all(PAGES) if r.partition == partition]
            start = kept[0] if kept else len(self.records[partition])
            places = [o for (_, p), o in self.commits.items() if p == partition]
            assert start == self.start[partition] or start <= min(places)
            assert all(
                at < older for at, _ in self.records[partition][self.start[partition] : start]
            )
            self.start[partition] = start

    def finish(self) -> None:
        """Whoever comes next reads all that was not committed, once."""
        for member in self.members:
            member.reader.close()
        for group in GROUPS:
            reader = self.log.reader(group, [PAGES])
            assert reader.assigned() == set(self.partitions)
            found: dict[Partition, list[bytes]] = {p: [] for p in self.partitions}
            while records := reader.poll(timeout_s=0):
                for record in records:
                    found[record.partition].append(record.value)
            for partition, values in found.items():
                start = self.commits.get((group, partition), self.start[partition])
                assert values == [value for _, value in self.records[partition][start:]]
            reader.close()
        self.log.close()


@pytest.mark.parametrize("seed", range(40))
def test_any_schedule_reads_what_a_list_would_give(tmp_path: Path, seed: int) -> None:
    schedule = Schedule(tmp_path / "log.sqlite", seed)
    for _ in range(80):
        schedule.step()
    schedule.finish()
