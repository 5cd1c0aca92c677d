"""Where a test's command runs."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.support.command import backlinks


def test_settings_that_lie_about_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "backlinks.toml").write_text("[log]\nlevel = 'of somebody else'\n")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    ran = backlinks("status")
    assert "backlinks.toml" not in ran.err
    assert "there is no index" in ran.err
    assert list(tmp_path.glob("tmp*")) == [], "and its directory is gone"
