"""What waits for a group is what it has not settled, wherever the lowest of it stands."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from pipeline.log import CRAWL, REQUESTS, Committed, Message, Partition
from pipeline.log.settled import pack, unsettled
from pipeline.log.sqlite import SqliteLog

ONE = Partition(REQUESTS, 0)


def test_what_is_settled_above_the_lowest_does_not_wait(tmp_path: Path) -> None:
    with closing(SqliteLog(tmp_path / "log.sqlite", partitions=1)) as log:
        log.append(REQUESTS, [Message(b"k", b"%d" % i) for i in range(10)]).result()
        assert unsettled(log, CRAWL, REQUESTS) == 10, "before anyone has read"
        with closing(log.reader(CRAWL, [REQUESTS])) as reader:
            reader.poll(timeout_s=0)
            reader.commit({ONE: Committed(2, pack(2, {4, 5, 8}))})
            assert log.lag(CRAWL)[CRAWL, ONE] == 8
            assert unsettled(log, CRAWL, REQUESTS) == 5
            reader.commit({ONE: Committed(10, "what is no bitmap")})
        assert unsettled(log, CRAWL, REQUESTS) == 0
        log.append(REQUESTS, [Message(b"k", b"more")]).result()
        log.trim(REQUESTS, older_than_ms=1 << 50)
        assert unsettled(log, CRAWL, REQUESTS) == 1
