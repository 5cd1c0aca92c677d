"""A CSV of labels: what is read, what is refused with its line, and our own form read back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.labels import MOST_NOTE, TAKEN_BACK, WORDS, Label
from pipeline.labels.read import read
from pipeline.report.output import guarded

NOW = 1_795_000_000_000


def labels(tmp_path: Path, text: str | bytes) -> list[Label]:
    file = tmp_path / "labels.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return list(read(str(file), "me@here", NOW))


def test_two_columns_are_enough_and_the_rest_is_now_and_you(tmp_path: Path) -> None:
    assert labels(tmp_path, "domain,label\nwww.spam.example,BAD\nours.example, ours\n") == [
        Label("spam.example", "bad", "", "me@here", 0),
        Label("ours.example", "ours", "", "me@here", 0),
    ]


def test_who_and_when_are_taken_as_the_file_says(tmp_path: Path) -> None:
    text = (
        "at;who;note;label;domain\n"
        "2026-03-31T09:30:00.250+00:00;jo@desk;sells links;bad;spam.example\n"
        "2026-03-31;;;;a.example\n"
    )
    found = labels(tmp_path, text)
    assert found[0] == Label("spam.example", "bad", "sells links", "jo@desk", 1_774_949_400_250)
    assert found[1] == Label("a.example", TAKEN_BACK, "", "me@here", 1_774_915_200_000)


def test_what_a_spreadsheet_saves_can_be_read(tmp_path: Path) -> None:
    text = '"Domain","Label","Note"\r\n"xn--bcher-kva.example","ok","a, ""b""\r\nand c"\r\n'
    found = labels(tmp_path, b"\xef\xbb\xbf" + text.encode())
    assert found == [Label("xn--bcher-kva.example", "ok", 'a, "b"\nand c', "me@here", 0)]
    assert labels(tmp_path, "domain,label\nbücher.example,ok\n")[0].domain == found[0].domain


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no column domain and no column label"),
        ("domain,verdict\na.example,bad\n", "has no column label; its first line must name"),
        ("domain,label\na.example,bad\nb.example,good\n", "line 3: 'good' is no label; give ok, "),
        ("domain,label\n\n,bad\n", "line 3: there is no domain in ',bad'"),
        ("domain,label\nmailto:x,bad\n", "line 2: 'mailto:x' is no domain"),
        ("domain,label,at\na.example,bad,soon\n", "line 2: 'soon' is no time; give one like"),
        ("domain,label,at\na.example,bad,2030-01-01\n", "line 2: '2030-01-01' is not in the past"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        labels(tmp_path, text)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(UsageError, match=r"can't read nowhere\.csv"):
        list(read("nowhere.csv", "me", NOW))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a.example", "b.co.uk", "xn--bcher-kva.example", "c.github.io"]),
            st.sampled_from([*WORDS, TAKEN_BACK]),
            st.text(max_size=40).map(lambda text: " ".join(text.replace("\0", "").split())),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_what_our_csv_says_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, said: list[tuple[str, str, str]]
) -> None:
    said = [(d, w, n) for d, w, n in said if not n.startswith(("'=", "'+", "'-", "'@"))]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["domain", "label", "note"])
    writer.writerows([(d, w, guarded(n)) for d, w, n in said])
    found = labels(tmp_path_factory.mktemp("read"), out.getvalue())
    assert [(f.domain, f.label, f.note) for f in found] == [
        (d, w, n[:MOST_NOTE]) for d, w, n in said
    ]
