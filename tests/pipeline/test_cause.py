"""Why a URL can't be read is told, and not the URL once more: over HTTP on loopback."""

from __future__ import annotations

import gzip
import re
import socket
from collections.abc import Callable, Iterator

import pytest

from demo.serve import Answer, Asked, LoopbackWeb
from pipeline.archive.storage import Storage
from pipeline.cause import cause_of
from pipeline.errors import ArchiveBusy, ArchiveError, ArchiveRefused, UsageError
from pipeline.lists.text import lines, opened
from pipeline.webgraph import streams
from spiders.archive import storage as sources


def of_list(url: str) -> None:
    list(lines(opened(url).file, url))


def of_graph(url: str) -> None:
    fields = {"id": streams.NUMBER}
    list(streams.batches([url], fields, streams.Counted(), header=lambda _: ["id"]))


def of_archive(url: str) -> None:
    with sources.opened(url):
        pass


def of_kept(url: str) -> None:
    Storage(url).check()


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    def respond(asked: Asked) -> Answer:
        return Answer(int(asked.path[1:4]), gzip.compress(b"x"))

    with LoopbackWeb(respond) as found:
        yield f"http://127.0.0.1:{found.http_port}"


@pytest.fixture
def closed() -> str:
    """Where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://me:secret@127.0.0.1:{taken.getsockname()[1]}"


READ = [of_list, of_graph, of_archive, of_kept]


@pytest.mark.parametrize("read", READ)
def test_a_refused_connection_is_told(closed: str, read: Callable[[str], None]) -> None:
    with pytest.raises((UsageError, ArchiveBusy)) as told:
        read(f"{closed}/x.csv")
    assert "Connection refused" in str(told.value)
    assert "secret" not in str(told.value)
    assert str(told.value).count("http://") == 1


@pytest.mark.parametrize("read", [of_list, of_graph])
@pytest.mark.parametrize("status", [403, 404, 500])
def test_a_status_is_told(web: str, status: int, read: Callable[[str], None]) -> None:
    url = f"{web}/{status}.csv"
    with pytest.raises(UsageError, match=re.escape(f"can't read {url}: status {status}")):
        read(url)


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (403, ArchiveRefused, "status 403"),
        (404, ArchiveRefused, "there is no archive"),
        (500, ArchiveBusy, "status 500; run it again later"),
    ],
)
def test_an_archive_that_is_away_is_not_one_that_is_not_there(
    web: str, status: int, kind: type[ArchiveError], said: str
) -> None:
    with pytest.raises(kind, match=said):
        of_archive(f"{web}/{status}.warc")


def test_what_has_no_cause_is_told_as_it_is() -> None:
    assert cause_of(FileNotFoundError(2, "gone", "x.csv")) == "No such file or directory"
    assert cause_of(FileNotFoundError("memory://x")) == "there is nothing of this name"
    assert cause_of(ValueError("Protocol not\nknown: nope")) == "Protocol not known: nope"
    assert cause_of(TimeoutError()) == "no answer in time"
    assert cause_of(EOFError()) == "EOFError"
