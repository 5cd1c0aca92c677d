"""A score that was killed goes on from its last whole step, and comes to the same."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest

from pipeline.errors import BacklinksError, ScoreBusy, StoreFull
from pipeline.quality import score as scoring
from pipeline.quality.memory import free_mb, peak_mb, reset_peak
from pipeline.quality.scored import Part, Scored
from pipeline.quality.steps import Steps, beside_of, steps_of
from pipeline.quality.taken import mapped
from pipeline.settings import ScoreSettings, Settings
from pipeline.store import Store, rows
from pipeline.store.chdb import ChdbStore
from tests.pipeline.quality.test_score import chain, quality
from tests.support.records import DAY, START, TODAY, page, write

pytestmark = pytest.mark.long

WENT_IN = {"links": 1}
FORMULA = Path(scoring.__file__).parent / "formulas" / "1.json"
OF_A_RUN = ("steps",)  # what the manifest tells of times


class Killed(BaseException):
    """What no `except Exception` sees, as a signal is."""


def parts_that_die_before(name: str, said: list[str]) -> tuple[Part, ...]:
    """PARTS that say when each is run; `name` dies of it once."""

    def watched(part: Part) -> Part:
        def add(scored: Scored) -> None:
            if part.says == name and part.says not in said:
                said.append(part.says)
                raise Killed
            said.append(part.says)
            part.add(scored)

        return part._replace(add=add)

    return tuple(watched(part) for part in scoring.PARTS)


def scores(store: Store, beside: Path | None, **more: Any) -> scoring.Snapshot:
    made = scoring.score(store, ScoreSettings(**more), seeds=["a.org", "b.org"], beside=beside)
    assert made is not None
    return made


@pytest.mark.embedded
@pytest.mark.parametrize("dies", [part.says for part in scoring.PARTS][::3])
def test_a_score_that_was_killed_goes_on_and_comes_to_the_same(
    store: ChdbStore, tmp_path: Path, dies: str
) -> None:
    chain(store)
    uncut = scores(store, None)
    whole = quality(store)
    said: list[str] = []
    store.execute("TRUNCATE TABLE domain_quality")
    with patch.object(scoring, "PARTS", parts_that_die_before(dies, said)):
        with pytest.raises(Killed):
            scores(store, tmp_path)
        assert quality(store) == {}
        before = said.copy()
        with patch.object(scoring, "take", lambda *_: pytest.fail("links are read again")):
            again = scores(store, tmp_path)
    assert said[len(before) :] == [p.says for p in scoring.PARTS][len(before) - 1 :]
    assert quality(store) == whole
    told = {name: again.manifest[name] for name in uncut.manifest if name not in OF_A_RUN}
    assert told == {name: uncut.manifest[name] for name in told}
    assert [step["step"] for step in again.manifest["steps"]] == [
        "reading links", "building the graph", *[p.says for p in scoring.PARTS],
        "reading links to pages", "authority of pages", "writing the snapshot",
    ]  # fmt: skip
    assert all(step["peak_mb"] > 0 for step in again.manifest["steps"])
    assert [entry.name for entry in tmp_path.iterdir()] == ["lock"], "what is done is not kept"


@pytest.mark.embedded
def test_steps_of_other_links_settings_or_seeds_are_not_gone_on_from(
    store: ChdbStore, tmp_path: Path
) -> None:
    chain(store)

    def killed(act: Callable[[], Any]) -> str:
        dying = patch.object(scoring, "PARTS", parts_that_die_before("known spam", []))
        with dying, pytest.raises(Killed):
            act()
        (place,) = (entry.name for entry in tmp_path.iterdir() if entry.is_dir())
        return place

    first = killed(lambda: scores(store, tmp_path))
    assert killed(lambda: scores(store, tmp_path, memory_mb=100_000)) == first
    others = [
        killed(lambda: scores(store, tmp_path, damping=0.8)),
        killed(lambda: scoring.score(store, ScoreSettings(), seeds=["b.org"], beside=tmp_path)),
        killed(lambda: scoring.score(store, ScoreSettings(), spam=["b.org"], beside=tmp_path)),
        killed(lambda: scoring.score(store, ScoreSettings(), beside=tmp_path)),
    ]
    write(store, [page("https://d.org/", START + DAY, ["https://c.org/"])], TODAY + 1)
    others.append(killed(lambda: scores(store, tmp_path)))
    rules = tmp_path / "rules.json"
    for end in ("", "\n"):
        rules.write_text(FORMULA.read_text() + end)
        others.append(killed(lambda: scores(store, tmp_path, formula=str(rules))))
    assert len({first, *others}) == 8
    told = rows(store.query("SELECT count() AS n FROM snapshots"))
    assert told == [{"n": 0}]


def test_a_step_that_was_not_whole_is_made_again(tmp_path: Path) -> None:
    def make(steps: Steps, value: int, *, dies: bool) -> dict[str, Any]:
        steps.keep("a", {"x": pa.array([value])})
        if dies:
            raise Killed
        return {"value": value}

    killed = Steps(tmp_path)
    with pytest.raises(Killed):
        killed.once("a", lambda: make(killed, 1, dies=True))
    again = Steps(tmp_path)
    assert again.once("a", lambda: make(again, 2, dies=False)) == {"value": 2}
    assert again.kept("a")["x"].to_pylist() == [2]
    assert again.kept("b") == {}


def test_what_is_brought_to_an_end_leaves_nothing_and_what_is_not_stays(tmp_path: Path) -> None:
    with pytest.raises(Killed), steps_of(tmp_path, WENT_IN) as steps:
        raise Killed
    assert steps.directory.exists()
    with steps_of(tmp_path, WENT_IN) as again:
        assert again.directory == steps.directory
    assert not steps.directory.exists()


def test_what_a_step_told_comes_back_as_it_was(tmp_path: Path) -> None:
    told = {"n": 3, "share": 0.1, "how": None, "list": [1, "two"]}
    steps = Steps(tmp_path)
    assert steps.once("one / two", lambda: told) == told
    later = Steps(tmp_path)
    assert later.once("one / two", lambda: pytest.fail("done before")) == told
    assert later.done == steps.done
    assert json.loads(next(tmp_path.iterdir()).read_text())["step"]["step"] == "one / two"


def test_two_processes_do_not_keep_steps_in_one_place(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        refused = pytest.raises(ScoreBusy, match=r"name another directory in score\.beside")
        with refused, steps_of(tmp_path, WENT_IN):
            pass


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = pytest.raises(StoreFull, match=r"file/deeper.*score\.beside")
    with refused, steps_of(tmp_path / "file" / "deeper", WENT_IN):
        pass


def test_steps_are_kept_in_the_data_directory_or_where_a_setting_says() -> None:
    assert beside_of(Settings(data=Path("d"))) == Path("d/score")
    assert beside_of(Settings(score=ScoreSettings(beside="/else"))) == Path("/else")


def test_peak_memory_is_that_since_it_was_last_asked_to_begin() -> None:
    large = bytearray(200 << 20)
    large[::4096] = b"x" * len(large[::4096])
    reset_peak()
    high = peak_mb()
    del large
    reset_peak()
    assert peak_mb() < high - 150
    free = free_mb()
    assert free is None or free > 0


KILLED_AND_AGAIN = """
import json, os, signal, sys
from pathlib import Path
from pipeline.quality import score as scoring
from pipeline.settings import ScoreSettings
from pipeline.store.chdb import ChdbStore
from pipeline.store.migrate import migrate
from tests.pipeline.quality.test_score import chain

data, dies = Path(sys.argv[1]), sys.argv[2] == "dies"
store = ChdbStore(data / "store")
if dies:
    migrate(store)
    chain(store)
    kill = lambda scored: os.kill(os.getpid(), signal.SIGKILL)
    scoring.PARTS = tuple(p._replace(add=kill) if p.says == "trust" else p for p in scoring.PARTS)
else:
    scoring.take = None  # links are not read again
    scoring.PARTS[0].add.__code__ = (lambda scored: 1 / 0).__code__  # nor PageRank found again
made = scoring.score(store, ScoreSettings(), seeds=["a.org"], beside=data / "score")
print(made.domains, len(made.manifest["steps"]))
"""


def test_a_process_that_was_killed_leaves_its_steps_to_the_next(tmp_path: Path) -> None:
    def go(how: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", KILLED_AND_AGAIN, str(tmp_path), how]
        return subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)

    assert go("dies").returncode == -signal.SIGKILL
    again = go("goes on")
    assert again.returncode == 0, again.stderr
    assert again.stdout.split() == ["4", str(len(scoring.PARTS) + 5)]


def test_what_a_part_tells_as_unknown_is_told_again() -> None:
    assert scoring._new({"a": None, "b": 1}, {"b": 1}) == {"a": None}


def test_a_step_is_noted_once_what_it_keeps_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def synced(number: int) -> None:
        done.append(Path(os.readlink(f"/proc/self/fd/{number}")).name)
        assert os.fstat(number).st_size > 0

    def replaced(old: Path, new: Path) -> None:
        done.append(f"{old.name} to {new.name}")
        old.rename(new)

    monkeypatch.setattr("pipeline.quality.steps.os.fsync", synced)
    monkeypatch.setattr("pipeline.quality.steps.os.replace", replaced)
    steps = Steps(tmp_path)
    steps.once("a", lambda: {"kept": len(steps.keep("a", {"x": pa.array([1])}))})
    (tmp_path / "raw").write_bytes(b"x")
    steps.once("b", dict)
    assert done[:3] == ["a.arrow", "a.new", "a.new to a.json"]
    assert sorted(done[3:5]) == ["a.arrow", "raw"]
    assert done[5:] == ["b.new", "b.new to b.json"]


def test_in_a_directory_of_others_nothing_but_steps_is_removed(tmp_path: Path) -> None:
    (tmp_path / "photos" / "2020").mkdir(parents=True)
    (tmp_path / "0123456789abcdef").mkdir()
    (tmp_path / "score-0123456789abcdef").mkdir()
    with steps_of(tmp_path, WENT_IN):
        pass
    left = {each.name for each in tmp_path.iterdir()}
    assert left == {"photos", "0123456789abcdef", "lock"}


def test_a_file_of_a_step_that_is_not_what_was_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "links").write_bytes(b"")
    with pytest.raises(BacklinksError, match=r"links is not what was written; remove"):
        mapped(tmp_path / "links", np.uint32, 3)
    assert (tmp_path / "links").stat().st_size == 0
