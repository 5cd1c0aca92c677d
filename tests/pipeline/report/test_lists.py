"""`import list` and `coverage` of files that hold nothing, as their user meets them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import backlinks  # noqa: F401 - adds the commands
from pipeline.report.commands import cli
from pipeline.report.lists import counted

HEAD = "Referring page title,Referring page URL,Target URL,Anchor,Last seen\n"


def ran(*arguments: object, data: Path) -> Result:
    return CliRunner().invoke(cli, ["--data", str(data), *map(str, arguments)])


def test_where_nothing_was_put_into_the_log_nothing_is_next(tmp_path: Path) -> None:
    (tmp_path / "head.csv").write_text(HEAD)
    found = ran("import", "list", tmp_path / "head.csv", data=tmp_path / "data")
    assert (found.exit_code, found.stdout) == (0, "0 records are in the log\n")
    assert "0 rows, 0 links on 0 pages" in found.stderr
    row = "t,https://a.example/,https://mine.example/,x,2024-05-17\n"
    (tmp_path / "one.csv").write_text(HEAD + row)
    found = ran("import", "list", tmp_path / "one.csv", data=tmp_path / "data")
    assert "1 records are in the log. Next: backlinks run" in found.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty; give a table"), (bytes(range(256)) * 9, "is no table of text; give CSV")],
    ids=["empty", "binary"],
)
@pytest.mark.parametrize("words", [("import", "list"), ("coverage", "--against")], ids=" ".join)
def test_what_is_no_list_is_told_in_one_line(
    tmp_path: Path, words: tuple[str, ...], content: bytes, said: str
) -> None:
    (tmp_path / "list.csv").write_bytes(content)
    found = ran(*words, tmp_path / "list.csv", data=tmp_path / "data")
    assert found.exit_code == 2
    assert f"list.csv {said}" in found.stderr
    assert found.stderr.count("\n") == 1


def test_the_counts_tell_of_pages_that_are_left_out_of_search() -> None:
    counts = Counter({("live", ""): 2, ("gone", ""): 1})
    assert counted(counts) == "3 links: 2 live, 1 gone"
    counts["live", "noindex"] = counts["nofollow", "noindex"] = counts["live", "canonicalised"] = 1
    assert counted(counts) == (
        "6 links: 4 live, 1 nofollow, 1 gone; "
        "on pages that are left out of search: 2 noindex, 1 canonicalised"
    )
    assert counted(Counter()) == "0 links: none"


@pytest.mark.parametrize(
    "words",
    [("import", "list"), ("coverage", "--against"),
     ("import", "graph", "--edges", "none", "--vertices")],
    ids=["list", "coverage", "graph"],
)  # fmt: skip
@pytest.mark.parametrize("suffix", ["com", "https://co.uk/", "github.io"])
def test_a_public_suffix_is_no_site(tmp_path: Path, words: tuple[str, ...], suffix: str) -> None:
    (tmp_path / "list.csv").write_text("https://a.example/\n")
    found = ran(*words, tmp_path / "list.csv", "--to", suffix, data=tmp_path / "data")
    assert found.exit_code == 2
    assert f"--to {suffix!r} is a public suffix, whose sites are many" in found.stderr
    assert not (tmp_path / "data").exists()
