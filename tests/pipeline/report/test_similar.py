"""The command `similar`, as a terminal and a pipe show it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from pipeline.quality.score import score
from pipeline.report import commands
from pipeline.report.prospects import similar
from pipeline.settings import ScoreSettings, Settings
from pipeline.store import Store
from tests.support.records import START, TODAY, page, write
from tests.support.stores import AnyStore

TERMS = ["\x1b[31mbread", "=flour", "oven", "dough", "yeast"]


def test_similar_tells_why_in_every_form_and_no_hostile_text(
    store: AnyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, [page(f"https://{n}.org/", START, terms=TERMS) for n in ("a", "b")], TODAY)
    assert score(store, ScoreSettings()) is not None

    @contextmanager
    def reading(_: Settings) -> Iterator[Store]:
        yield store

    monkeypatch.setattr(commands, "reading", reading)
    found = {
        form: CliRunner().invoke(similar, ["a.org", form], obj={"config": None, "data": None})
        for form in ("--table", "--csv")
    }
    assert {result.exit_code for result in found.values()} == {0}
    assert "\x1b" not in found["--table"].stdout
    assert "place" not in found["--table"].stdout.splitlines()[0]
    (row,) = csv.DictReader(io.StringIO(found["--csv"].stdout))
    assert row["domain"] == "b.org"
    assert "oven" in row["shared_terms"]
