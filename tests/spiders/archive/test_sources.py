"""What is named to the files that it stands for."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pipeline.errors import ArchiveRefused, UsageError
from spiders.archive import sources
from spiders.archive.sources import archives


def touch(directory: Path, *names: str) -> None:
    for name in names:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()


def test_a_directory_stands_for_its_archives(tmp_path: Path) -> None:
    touch(tmp_path, "b.warc.gz", "a/c.warc", "a.wat", "a.wet.gz", "notes.txt", "x.gz", "warc.gz")
    names = ["a.wat", "a.wet.gz", "a/c.warc", "b.warc.gz"]
    assert archives([str(tmp_path)]) == sorted(str(tmp_path / name) for name in names)


def test_a_file_and_a_url_stand_for_themselves_once() -> None:
    url = "https://archives.example/a.warc.gz?x=y"
    assert archives(["x.warc", url, "x.warc"]) == [str(Path("x.warc").absolute()), url]


def test_a_pattern_stands_for_what_it_matches(tmp_path: Path) -> None:
    touch(tmp_path, "a1.warc", "a2.warc", "b.warc")
    assert archives([f"{tmp_path}/a*.warc"]) == [f"{tmp_path}/a1.warc", f"{tmp_path}/a2.warc"]


@pytest.mark.parametrize("packed", [True, False])
def test_a_list_stands_for_its_lines_after_the_base(tmp_path: Path, packed: bool) -> None:
    text = b"crawl/1.warc.gz\n# a remark\n\n/crawl/2.warc.gz\r\ns3://other/3.warc.gz"
    path = tmp_path / ("warc.paths.gz" if packed else "warc.paths")
    path.write_bytes(gzip.compress(text[:20]) + gzip.compress(text[20:]) if packed else text)
    assert archives([str(path)], "https://archives.example/") == [
        "https://archives.example/crawl/1.warc.gz",
        "https://archives.example/crawl/2.warc.gz",
        "s3://other/3.warc.gz",
    ]


def test_without_a_base_a_list_names_what_lies_beside_it(tmp_path: Path) -> None:
    (tmp_path / "warc.paths").write_text("a/1.warc\n")
    assert archives([str(tmp_path / "warc.paths")]) == [str(tmp_path / "a/1.warc")]


@pytest.mark.parametrize("line", ["x" * 3_000, "a\x1b[2Jb.warc"])
def test_a_line_that_is_no_path_is_refused_with_its_number(tmp_path: Path, line: str) -> None:
    (tmp_path / "warc.paths").write_text("a.warc\n" + line + "\n")
    with pytest.raises(UsageError, match=r"line 2 of .*warc\.paths is no path"):
        archives([str(tmp_path / "warc.paths")])


def test_a_list_that_is_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "warc.paths.gz"
    path.write_bytes(gzip.compress(b"\0" * (1 << 20)))
    with pytest.raises(UsageError, match="is no list of paths"):
        archives([str(path)])
    monkeypatch.setattr(sources, "MAX_LIST", 1_000)
    path.write_bytes(gzip.compress(b"a.warc\n" * 1_000))
    with pytest.raises(UsageError, match="is no list of paths"):
        archives([str(path)])


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    (tmp_path / "warc.paths").write_text("a\nb\nc\n")
    with pytest.raises(UsageError, match="more than 2 archive files"):
        archives([str(tmp_path / "warc.paths")])


def test_a_list_that_is_not_there_or_not_packed_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match="there is no archive"):
        archives([str(tmp_path / "warc.paths")])
    (tmp_path / "warc.paths.gz").write_bytes(b"plain text\n")
    with pytest.raises(ArchiveRefused, match="not compressed with gzip"):
        archives([str(tmp_path / "warc.paths.gz")])


def test_a_directory_without_archives_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no archive in what was named"):
        archives([str(tmp_path)])
