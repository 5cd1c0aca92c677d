"""Errors go between processes as they are."""

from __future__ import annotations

import pickle

import pytest

from pipeline.errors import (
    BacklinksError,
    BadSetting,
    LogDamaged,
    LogFull,
    OffsetLost,
    StoreLocked,
    TooLarge,
)


@pytest.mark.parametrize(
    "error",
    [
        BacklinksError("something"),
        BadSetting("no such setting"),
        LogFull("log.sqlite"),
        LogDamaged("log.sqlite", "its end is missing"),
        OffsetLost("pages", 1, 5, 7),
        StoreLocked("data", 7, "backlinks run", "noon"),
        TooLarge(1, 2, 3, 4, "do less"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_comes_out_of_another_process_as_it_went_in(error: BacklinksError) -> None:
    came = pickle.loads(pickle.dumps(error))
    assert (type(came), str(came), vars(came)) == (type(error), str(error), vars(error))
