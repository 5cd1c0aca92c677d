"""Workers for a test, closed at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from pathlib import Path

import pytest

from tests.consumers.worker import Worker


@pytest.fixture
def new_worker(tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    made: list[Worker] = []

    def make(*, background: Executor | None = None, **settings: float) -> Worker:
        made.append(Worker(tmp_path / f"{len(made)}.sqlite", background=background, **settings))
        return made[-1]

    yield make
    for worker in made:
        worker.log.close()
        worker.reader._connection.close()
