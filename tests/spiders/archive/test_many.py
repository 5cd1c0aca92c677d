"""Many files: how far they are, and how long it will take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.settings import Settings
from spiders.archive import many as module
from spiders.archive.many import Importing, Wanted, _span, log_name
from tests.support.warcs import gzipped, response


def importing(directory: Path, count: int = 4) -> Importing:
    sources = []
    for number in range(count):
        file = directory / f"{number}.warc.gz"
        file.write_bytes(gzipped([response(f"https://from{number}.example/", b"<p>x")]))
        sources.append(str(file))
    return Importing(Settings(data=directory), Wanted(sources))


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(name)


def test_progress_tells_files_pages_and_the_time_that_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    work = importing(tmp_path)
    assert work.describe() == "0.0%  0 of 4 files, 0 pages"
    ended = work.run()
    next(ended)
    clock.now = 60.0
    assert work.describe() == "25.0%  1 of 4 files, 1 pages, 3 min left"
    work.shares["another"] = 0.5
    assert work.describe() == "37.5%  1 of 4 files, 1 pages, 1 min left"
    ended.close()


def test_files_that_were_done_before_tell_nothing_of_the_time_that_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(list(importing(tmp_path, 2).run())) == 2
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    work = importing(tmp_path, 4)
    ended = work.run()
    assert [next(ended).was_done for _ in range(3)] == [True, True, False]
    clock.now = 60.0
    assert work.describe() == "75.0%  3 of 4 files, 3 pages, 60 s left"
    ended.close()


def test_what_is_stopped_begins_no_other_file(tmp_path: Path) -> None:
    work = importing(tmp_path)
    ended = work.run()
    next(ended)
    work.stop()
    assert list(ended) == []


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(5, "5 s"), (100, "1 min"), (4_000, "66 min"), (7_260, "2 h 01 min"), (200_000, "2 days")],
)
def test_spans_are_said_in_two_figures(seconds: float, said: str) -> None:
    assert _span(seconds) == said


def test_notes_are_of_a_log(tmp_path: Path) -> None:
    embedded = Settings(data=tmp_path)
    kafka = {"brokers": ["b:9092", "a:9092"], "prefix": "p."}
    clustered = Settings(data=tmp_path, kafka=kafka)  # type: ignore[arg-type]
    assert (log_name(embedded), log_name(clustered)) == ("", "a:9092 b:9092 p.")
