"""Lists as tools export them, and as nobody should: every form to links, or told why not."""

from __future__ import annotations

import codecs
import contextlib
import csv
import gzip
import io
import os
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.lists import text as text_module
from pipeline.lists.read import Found, Listed, Options, delimiter_of, read
from pipeline.lists.rows import Rows
from tests.support.records import DAY, START

NOW = START + 400 * DAY
OURS = Options(clock=NOW, date=START)
AHREFS = (
    "Referring page title\tReferring page URL\tLanguage\tTarget URL\tLeft context\tAnchor\t"
    "Right context\tType\tNofollow\tUGC\tSponsored\tFirst seen\tLast seen\tLost"
)
MAJESTIC = (
    "Target URL,Source URL,Anchor Text,Source Crawl Date,Source First Found Date,FlagNoFollow,"
    "FlagImageLink,FlagRedirect,FlagFrame,SourceCitationFlow,SourceTrustFlow"
)
SEMRUSH = (
    "Page ascore,Source title,Source url,Target url,Anchor,External links,Internal links,Nofollow,"
    "Sponsored,Ugc,Text,Frame,Form,Image,Sitewide,First seen,Last seen,New link,Lost link"
)


def links(
    content: str | bytes, tmp_path: Path, options: Options = OURS, name: str = "list.csv"
) -> tuple[list[Listed], Found]:
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = Found()
    return list(read(str(file), options, found)), found


def one(content: str | bytes, tmp_path: Path, options: Options = OURS) -> Listed:
    (only,), _ = links(content, tmp_path, options)
    return only


def at(text: str) -> int:
    import datetime

    return int(datetime.datetime.fromisoformat(text + "+00:00").timestamp() * 1000)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig", "utf-8"])
def test_an_export_of_ahrefs_is_read(tmp_path: Path, encoding: str) -> None:
    row = (
        '"Mühlen"\t"https://blog.example/a"\t"de"\t"http://mine.example/x"\t"gut:"\t'
        '"Die ""Mühle"""\t"und mehr"\t"Image"\t"TRUE"\t"FALSE"\t"true"\t'
        '"2023-11-20 01:02:03"\t"2023-12-01"\t""'
    )
    found = one(f"{AHREFS}\r\n{row}\r\n".encode(encoding), tmp_path)
    assert (found.url, found.target) == ("https://blog.example/a", "http://mine.example/x")
    assert (found.anchor, found.before, found.after) == ('Die "Mühle"', "gut:", "und mehr")
    assert (found.kind, found.rel) == ("img-link", 1 | 4)
    assert found.first_seen == at("2023-11-20 01:02:03")
    assert found.last_seen == at("2023-12-01 00:00:00")


def test_an_export_of_majestic_is_read(tmp_path: Path) -> None:
    row = "http://mine.example/,http://b.example/p?a=1,Mine,2023-12-01,2023-11-20,1,0,0,0,12,10"
    found, about = links(gzip.compress(f"{MAJESTIC}\n{row}\n".encode()), tmp_path)
    (only,) = found
    assert (only.url, only.target) == ("http://b.example/p?a=1", "http://mine.example/")
    assert (only.rel, only.kind, only.anchor) == (1, "a", "Mine")
    assert (only.first_seen, only.last_seen) == (at("2023-11-20"), at("2023-12-01"))
    assert "as of Majestic" in about.told[0]


def test_an_export_of_semrush_is_read(tmp_path: Path) -> None:
    row = (
        '25,"A, title",https://c.example/,https://mine.example/,Mine,"1.234",5,False,False,true,'
        "true,False,False,False,False,2023-11-20,2023-12-01,False,False"
    )
    found, about = links(f"{SEMRUSH}\n{row}\n", tmp_path)
    assert (found[0].url, found[0].rel, found[0].kind) == ("https://c.example/", 2, "a")
    assert "as of Semrush" in about.told[0]


def test_an_export_of_moz_is_read(tmp_path: Path) -> None:
    head = "URL,Title,Anchor Text,Spam Score,PA,DA,Target URL,Link Type,First Seen\n"
    row = "d.example/page,Title,Mine,1%,20,30,mine.example/x,nofollow,2023-11-20\n"
    found, about = links(head + row, tmp_path)
    assert (found[0].url, found[0].target) == ("https://d.example/page", "https://mine.example/x")
    assert (found[0].rel, found[0].last_seen) == (1, START), "the list says it stands"
    assert "as of Moz" in about.told[0]


def test_an_export_of_search_console_links_to_some_page_of_the_site(tmp_path: Path) -> None:
    content = 'Linking page,Last crawled\n"https://b.example/a,b",2023-12-01\n'
    found = one(content, tmp_path, OURS._replace(to=("mine.example",)))
    assert (found.url, found.target) == ("https://b.example/a,b", "https://mine.example/*")
    assert not found.names_page
    with pytest.raises(UsageError, match="add --to YOUR-DOMAIN"):
        links(content, tmp_path)
    with pytest.raises(UsageError, match="give it alone, with one --to"):
        links(content, tmp_path, OURS._replace(to=("mine.example", "other.example")))


def test_the_old_search_console_says_page_for_what_is_linked(tmp_path: Path) -> None:
    content = 'Page,Link,Last found\nhttp://mine.example/a,http://b.example/,"Nov 18, 2023"\n'
    found = one(content, tmp_path)
    assert (found.url, found.target) == ("http://b.example/", "http://mine.example/a")
    assert found.last_seen == at("2023-11-18")


def test_what_stands_above_the_header_is_passed_over(tmp_path: Path) -> None:
    content = "Report for mine.example\nMade on;2023-12-02\n\nSource URL;Target URL\n"
    found = one(content + "https://b.example/;https://mine.example/\n", tmp_path)
    assert found.url == "https://b.example/"


def test_a_header_in_another_language_is_found_by_the_urls_below(tmp_path: Path) -> None:
    content = "Verweisende Seite,Zuletzt gecrawlt\nhttps://b.example/,2023-12-01\n"
    found = one(content, tmp_path, OURS._replace(to=("mine.example",)))
    assert (found.url, found.last_seen) == ("https://b.example/", START)


def test_of_two_columns_of_urls_ours_is_the_target(tmp_path: Path) -> None:
    content = (
        "https://mine.example/a\thttps://b.example/\nhttps://mine.example/b\thttps://c.example/\n"
    )
    found, _ = links(content, tmp_path, OURS._replace(to=("mine.example",)))
    assert [(each.url, each.target) for each in found] == [
        ("https://b.example/", "https://mine.example/a"),
        ("https://c.example/", "https://mine.example/b"),
    ]


@pytest.mark.parametrize(
    "content",
    ["https://b.example/a,b;c|d\nhttps://c.example/\n", "b.example\nc.example/x\n"],
)
def test_a_file_of_urls_is_a_list(tmp_path: Path, content: str) -> None:
    found, _ = links(content, tmp_path, OURS._replace(to=("mine.example",)))
    wanted = [f"https://{line.removeprefix('https://')}" for line in content.split()]
    assert [each.url.rstrip("/") for each in found] == [each.rstrip("/") for each in wanted]


def test_columns_may_be_named_by_header_or_number(tmp_path: Path) -> None:
    content = "id,where found,what\n1,https://b.example/,https://mine.example/\n"
    named = {"source": "Where Found", "target": "3"}
    found = one(content, tmp_path, OURS._replace(columns=named))
    assert (found.url, found.target) == ("https://b.example/", "https://mine.example/")
    with pytest.raises(UsageError, match="no column 'else'; there are: "):
        links(content, tmp_path, OURS._replace(columns={"source": "else"}))


def test_a_file_without_urls_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no column of URLs; name it with --source-column"):
        links("a,b\n1,2\n", tmp_path, OURS._replace(to=("mine.example",)))
    with pytest.raises(UsageError, match=r"can't read .*: No such file"):
        list(read(str(tmp_path / "none"), OURS, Found()))


@pytest.mark.parametrize(
    "content",
    [b"", b"\n \r\n", codecs.BOM_UTF8, gzip.compress(b"")],
    ids=["nothing", "blank", "mark", "packed"],
)
def test_an_empty_file_is_told(tmp_path: Path, content: bytes) -> None:
    for options in (OURS, OURS._replace(columns={"source": "1"})):
        with pytest.raises(UsageError, match="x is empty; give a table with a column of URLs"):
            links(content, tmp_path, options, name="x")


@pytest.mark.parametrize("seed", range(5))
def test_a_file_that_is_no_text_is_told(tmp_path: Path, seed: int) -> None:
    for size in (100, 10_000, 200_000):
        content = b"\x7fELF" + random.Random(seed).randbytes(size)
        with pytest.raises(UsageError, match="is no table of text; give CSV, or a file of URLs"):
            links(content, tmp_path)
    with pytest.raises(UsageError, match="has no column of URLs"):
        links("Schlüssel,Wert\nÄpfel,世界\t🙂\n".encode(), tmp_path)


def test_what_is_no_backlink_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = [
        "https://b.example/,https://mine.example/", ",https://mine.example/",
        "javascript:alert(1),https://mine.example/", "https://www.mine.example/,https://mine.example/",
        "https://b.example/,https://other.example/", "https://b.example/,", "https://10.0.0.1/,x",
    ]  # fmt: skip
    content = "source url,target url\n" + "\n".join(rows)
    found, about = links(content, tmp_path, OURS._replace(to=("mine.example",)))
    assert len(found) == about.links == 1
    assert about.rows == len(rows)
    assert about.left == {
        "no URL": 2, "within one site": 1, "to another domain": 1,
        "no URL that can be crawled (ip)": 1, "no URL that can be crawled (javascript)": 1,
    }  # fmt: skip


def test_a_date_in_the_future_is_now_and_one_that_is_none_is_the_lists(tmp_path: Path) -> None:
    content = (
        "source url,target url,first seen,last seen\n"
        "https://b.example/,https://mine.example/,2099-01-01,2099-01-01\n"
        "https://c.example/,https://mine.example/,soon,soon\n"
    )
    found, about = links(content, tmp_path)
    assert [(each.last_seen, each.first_seen) for each in found] == [(NOW, 0), (START, 0)]
    assert about.odd == {
        "dates in the future, taken for now": 2, "dates that could not be read": 2,
    }  # fmt: skip


def test_without_a_date_it_is_the_files_own(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("https://b.example/\thttps://mine.example/\n")
    os.utime(file, (START / 1000, START / 1000))
    (found,) = read(str(file), Options(clock=NOW), Found())
    assert found.last_seen == START


def test_a_lost_link_was_last_there_when_it_was_seen(tmp_path: Path) -> None:
    content = (
        "source url,target url,first seen,last seen,lost\n"
        "https://b.example/,https://mine.example/,2023-11-20,2023-12-01,2023-12-05\n"
        "https://c.example/,https://mine.example/,2023-11-20,,TRUE\n"
        "https://d.example/,https://mine.example/,,,TRUE\n"
        "https://e.example/,https://mine.example/,,,FALSE\n"
    )
    found, about = links(content, tmp_path)
    seen = {each.host: (each.last_seen, each.first_seen) for each in found}
    assert seen == {
        "b.example": (at("2023-12-01"), at("2023-11-20")),
        "c.example": (at("2023-11-20"), 0),
        "e.example": (START, 0),
    }
    assert about.left == {"lost, without a date": 1}


def test_the_list_shows_the_order_of_day_and_month(tmp_path: Path) -> None:
    head = "source url,target url,last seen\n"
    rows = [f"https://b.example/{n},https://mine.example/,{d}\n" for n, d in
            enumerate(["03/04/2023", "25/12/2023"])]  # fmt: skip
    found, _ = links(head + "".join(rows), tmp_path)
    assert found[0].last_seen == at("2023-04-03")
    found, about = links(head + rows[0], tmp_path)
    assert found[0].last_seen == at("2023-03-04")
    assert "say --dates dmy" in about.told[0]
    found, about = links(head + rows[0], tmp_path, OURS._replace(order="dmy"))
    assert found[0].last_seen == at("2023-04-03")
    assert "--dates" not in about.told[0]


def test_a_cell_may_have_line_breaks_and_quotes_may_never_end(tmp_path: Path) -> None:
    content = (
        "source url,target url,anchor\n"
        'https://b.example/,https://mine.example/,"two\nlines"\n'
        'https://c.example/,https://mine.example/,"never\n'
        "https://d.example/,https://mine.example/,ends\n" + "x,y,z\n" * 150
    )
    found, _ = links(content, tmp_path)
    assert {each.host: each.anchor for each in found if each.host[1:] == ".example"} == {
        "b.example": "two lines",
        "c.example": '"never',
        "d.example": "ends",
    }


def test_hostile_texts_are_cleaned_and_cut(tmp_path: Path) -> None:
    anchor = "evil\x1b[31m\u202e" + "x" * 1000
    found = one(
        f"source url\ttarget url\tanchor\nhttps://b.example/\thttps://mine.example/\t{anchor}",
        tmp_path,
    )
    assert found.anchor == "evil[31m" + "x" * 292


def test_a_line_without_end_is_left_out(tmp_path: Path) -> None:
    row = "https://b.example/{},https://mine.example/\n"
    content = "source url,target url\n" + row.format(1) + "y" * 300_000 + "\n" + row.format(2)
    found, about = links(content, tmp_path)
    assert [each.path for each in found] == ["/1", "/2"]
    assert about.left == {"a line too long": 1}


def test_a_bomb_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "_BOMB_BYTES", 1 << 20)
    packed = gzip.compress(b"source url,target url\n" + b"x\n" * (2 << 20))
    with pytest.raises(UsageError, match="unpacks to more than 200 times its size"):
        links(packed, tmp_path)


def test_blank_lines_are_passed_over_and_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader, read_by = csv.reader, list[Any]()

    def counted(lines: Any, **more: Any) -> Any:
        read_by.append(lines)
        return reader(lines, **more)

    monkeypatch.setattr(csv, "reader", counted)
    monkeypatch.setattr(text_module, "MOST_BLANK", 100)
    ours = OURS._replace(to=("mine.example",))
    row = "https://a.example/{}\n" + " \t \n" * 4 + "\n" * 5
    found, _ = links("\n" * 99 + "".join(map(row.format, range(50))), tmp_path, ours)
    assert [link.path for link in found] == [f"/{number}" for number in range(50)]
    assert len(read_by) < 400, "rows, those looked at for the delimiter, and no blank lines"
    for content in ("\n" * 200, "https://a.example/\n" + " \n" * 200):
        with pytest.raises(UsageError, match="has more than 100 blank lines"):
            links(content, tmp_path, ours)


def test_a_quote_may_have_blank_lines_in_it(tmp_path: Path) -> None:
    head = "Source URL,Target URL,Anchor\n"
    row = 'https://a.example/,https://mine.example/,"one\n\n \n\ntwo"\n'
    assert one(f"\n{head}\n\n{row}\n", tmp_path).anchor == "one two"


def test_a_zip_of_one_table_is_read_and_damage_is_told(tmp_path: Path) -> None:
    content = f"{MAJESTIC}\nhttp://mine.example/,http://b.example/,Mine,,,0,0,0,0,1,1\n"
    for names in (["export.csv", "readme.md"], ["a.csv", "b.csv"]):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name in names:
                archive.writestr(name, content)
        if names[0] == "a.csv":
            with pytest.raises(UsageError, match="holds 2 lists"):
                links(packed.getvalue(), tmp_path)
        else:
            assert one(packed.getvalue(), tmp_path).url == "http://b.example/"
    with pytest.raises(UsageError, match="can't be unpacked"):
        links(gzip.compress(content.encode() * 99)[:-20], tmp_path)


def test_a_list_by_url_is_read(tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("https://b.example/\thttps://mine.example/\n")
    (found,) = read(f"file://{file}", OURS, Found())
    assert found.url == "https://b.example/"
    with pytest.raises(UsageError, match="can't read nope://x: "):
        list(read("nope://u:secret@x", OURS, Found()))


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        (["source url;target url", "a,b;c,d"], ";"),
        (["source url|target url"], "|"),
        (["https://a.example/1,2", "https://a.example/"], ""),
        (["https://a.example/,x", "https://b.example/,y"], ","),
        ([], ""),
    ],
)
def test_what_sets_cells_apart(head: list[str], wanted: str) -> None:
    assert delimiter_of(head) == wanted


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0\x1f"), max_size=20)


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=4), max_size=8), st.sampled_from(",;\t|"))
def test_what_the_csv_module_writes_is_read_as_it_was(table: list[list[str]], mark: str) -> None:
    written = io.StringIO()
    csv.writer(written, delimiter=mark, lineterminator="\n").writerows(table)
    lines = written.getvalue().removesuffix("\n").split("\n")
    found = [row.cells for row in Rows(lines, mark)]
    assert found == [row for row in table if any(cell.strip() for cell in row)]


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", codecs.BOM_UTF16_LE, codecs.BOM_UTF8, b"\x1f\x8b", b"PK\x03\x04"]),
)
def test_no_bytes_are_more_than_an_error_for_their_user(
    tmp_path_factory: Any, content: bytes, start: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(start + content)
    for options in (OURS, OURS._replace(to=("mine.example",))):
        with contextlib.suppress(UsageError):
            for found in read(str(file), options, Found()):
                assert found.last_seen <= NOW
