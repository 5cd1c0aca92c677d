"""Members of a group: who has which partition, and what a commit may move."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import NotOwner
from pipeline.log import PAGES, REQUESTS, Committed, Message, Partition
from pipeline.log.sqlite import SqliteLog, SqliteReader, connect

ALL = {Partition(PAGES, number) for number in range(4)}


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path, clock: Clock) -> Iterator[SqliteLog]:
    opened = SqliteLog(
        tmp_path / "log.sqlite", clock=clock, session_timeout_s=30, heartbeat_s=0, partitions=4
    )
    for i in range(40):
        opened.append(PAGES, [Message(b"%d" % i, b"%d" % i)]).result()
    yield opened
    opened.close()


def beat(*readers: SqliteReader) -> None:
    """Enough polls of paused readers for partitions to be given and taken."""
    for _ in range(2):
        for reader in readers:
            reader.pause(ALL)
            reader.poll(timeout_s=0)
            reader.resume(ALL)


def test_one_member_has_every_partition(log: SqliteLog) -> None:
    reader = log.reader("g", [PAGES])
    assert reader.assigned() == ALL
    assert reader.revoked() == set()
    reader.close()


def test_two_members_share_the_partitions(log: SqliteLog) -> None:
    one, two = log.reader("g", [PAGES], member="1"), log.reader("g", [PAGES], member="2")
    assert two.assigned() == set(), "nothing is taken before it is given"
    beat(one, two)
    assert one.assigned() | two.assigned() == ALL
    assert not one.assigned() & two.assigned()
    assert len(one.assigned()) == len(two.assigned()) == 2
    assert one.revoked() == two.assigned(), "the loser is told"
    assert one.revoked() == set(), "once"
    one.close()
    two.close()


def test_a_member_that_leaves_hands_over_at_once(log: SqliteLog) -> None:
    one, two = log.reader("g", [PAGES], member="1"), log.reader("g", [PAGES], member="2")
    beat(one, two)
    one.close()
    beat(two)
    assert two.assigned() == ALL
    two.close()


def test_more_members_than_partitions_leave_some_idle(log: SqliteLog) -> None:
    readers = [log.reader("g", [PAGES], member=str(i)) for i in range(6)]
    for _ in range(3):
        beat(*readers)
    assert sorted(len(reader.assigned()) for reader in readers) == [0, 0, 1, 1, 1, 1]
    assert set().union(*(reader.assigned() for reader in readers)) == ALL
    for reader in readers:
        reader.close()


def test_groups_do_not_share(log: SqliteLog) -> None:
    one, two = log.reader("g", [PAGES]), log.reader("h", [PAGES])
    beat(one, two)
    assert one.assigned() == two.assigned() == ALL
    one.close()
    two.close()


def test_members_with_other_topics_do_not_take_a_share(log: SqliteLog) -> None:
    pages, requests = log.reader("g", [PAGES]), log.reader("g", [REQUESTS])
    both = log.reader("g", [PAGES, REQUESTS])
    for _ in range(2):
        beat(pages, requests, both)
    assert {partition.topic for partition in pages.assigned()} == {PAGES}
    assert {partition.topic for partition in requests.assigned()} == {REQUESTS}
    assert pages.assigned() | {p for p in both.assigned() if p.topic == PAGES} == ALL
    assert len(pages.assigned()) == len(requests.assigned()) == 2
    for reader in (pages, requests, both):
        reader.close()


def test_the_next_owner_goes_on_where_the_last_committed(log: SqliteLog) -> None:
    one = log.reader("g", [PAGES], member="1")
    ends = one.end_offsets(ALL)
    one.commit({partition: Committed(end - 1) for partition, end in ends.items()})
    two = log.reader("g", [PAGES], member="2")
    one.pause(ALL)
    one.poll(timeout_s=0)
    found = two.poll(timeout_s=0)
    assert {r.partition: r.offset for r in found} == {p: ends[p] - 1 for p in two.assigned()}
    assert found
    one.close()
    two.close()


def test_a_commit_by_the_loser_is_refused_and_commits_nothing(log: SqliteLog) -> None:
    one, two = log.reader("g", [PAGES], member="1"), log.reader("g", [PAGES], member="2")
    beat(one, two)
    lost, kept = min(two.assigned()), min(one.assigned())
    for order in ([kept, lost], [lost, kept]):
        with pytest.raises(NotOwner) as raised:
            one.commit({partition: Committed(3) for partition in order})
        assert (raised.value.topic, raised.value.partition) == lost
    assert one.committed(kept) == one.committed(lost) == Committed(0)
    one.commit({kept: Committed(3)})
    assert two.committed(kept) == Committed(3)
    one.close()
    two.close()


def test_a_member_that_was_silent_too_long_is_dropped(log: SqliteLog, clock: Clock) -> None:
    silent = log.reader("g", [PAGES], member="silent")
    clock.now += 31
    other = log.reader("g", [PAGES], member="other")
    assert other.assigned() == ALL
    with pytest.raises(NotOwner):
        silent.commit({min(ALL): Committed(1)})
    silent.pause(ALL)
    silent.poll(timeout_s=0)
    assert silent.revoked() == ALL, "it is told when it polls again"
    assert silent.assigned() == set()
    other.close()
    silent.close()


def test_a_member_that_polls_is_not_dropped(log: SqliteLog, clock: Clock) -> None:
    one = log.reader("g", [PAGES], member="1")
    two = log.reader("g", [PAGES], member="2")
    for _ in range(4):
        clock.now += 20
        beat(one, two)
    assert one.assigned() | two.assigned() == ALL
    assert len(one.assigned()) == 2
    one.close()
    two.close()


def test_partitions_that_came_back_were_lost_in_between(log: SqliteLog, clock: Clock) -> None:
    """Another member may have read and committed: what is held of them must be forgotten."""
    one = log.reader("g", [PAGES], member="1")
    assert one.poll(timeout_s=0)
    clock.now += 31
    two = log.reader("g", [PAGES], member="2")
    ends = two.end_offsets(ALL)
    two.commit({partition: Committed(end) for partition, end in ends.items()})
    two.close()
    assert one.poll(timeout_s=0) == []
    assert one.revoked() == ALL
    assert one.assigned() == ALL
    one.close()


def test_a_member_of_the_same_name_takes_everything_over(log: SqliteLog) -> None:
    old = log.reader("g", [PAGES], member="run")
    new = log.reader("g", [PAGES], member="run")
    assert new.assigned() == ALL, "at once: a name belongs to one"
    with pytest.raises(NotOwner):
        old.commit({min(ALL): Committed(1)})
    old.poll(timeout_s=0)
    assert old.revoked() == ALL
    assert old.assigned() == set()
    assert new.committed(min(ALL)) == Committed(0)
    new.commit({min(ALL): Committed(1)})
    old.close()
    beat(new)
    assert new.assigned() == ALL
    assert new.revoked() == set(), "the old one's leaving takes nothing away"
    new.close()


def test_a_dead_process_loses_its_partitions_at_once(log: SqliteLog) -> None:
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from pipeline.log import PAGES\n"
        "from pipeline.log.sqlite import SqliteLog\n"
        "log = SqliteLog(Path(sys.argv[1]), clock=lambda: 1000.0)\n"
        "reader = log.reader('g', [PAGES], member='theirs')\n"
        "print(len(reader.assigned()), flush=True)\n"
        "os._exit(1)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(log.path)],
        stdout=subprocess.PIPE,
        check=False,
        cwd=Path(__file__).resolve().parents[3],
    )
    assert ran.stdout.strip() == b"4"
    ours = log.reader("g", [PAGES], member="ours")
    assert ours.assigned() == ALL
    ours.close()


def test_a_living_process_keeps_its_partitions(log: SqliteLog) -> None:
    theirs = log.reader("g", [PAGES], member="theirs")
    connection = connect(log.path)
    connection.execute("UPDATE members SET pid = ?", (os.getppid(),))
    ours = log.reader("g", [PAGES], member="ours")
    beat(ours)
    assert ours.assigned() == set()
    connection.close()
    ours.close()
    theirs.close()


def test_a_paused_partition_that_was_lost_is_not_paused_when_it_comes_back(
    log: SqliteLog, clock: Clock
) -> None:
    one = log.reader("g", [PAGES], member="1")
    one.pause(ALL)
    clock.now += 31
    log.reader("g", [PAGES], member="2").close()
    assert one.poll(timeout_s=0) != []
    one.close()


def test_closing_twice_or_late_takes_nothing_from_others(log: SqliteLog, clock: Clock) -> None:
    dropped = log.reader("g", [PAGES], member="1")
    clock.now += 31
    other = log.reader("g", [PAGES], member="2")
    dropped.close()
    beat(other)
    assert other.assigned() == ALL
    other.close()
