"""Records to rows: which URLs are found for the frontier."""

from __future__ import annotations

from consumers.pages import PageRows
from pipeline import metrics
from pipeline.frontier.traps import REASONS
from pipeline.page import Request
from pipeline.settings import RevisitSettings
from tests.consumers.worker import MakeWorker
from tests.support.records import START, Link, page


def test_urls_found_again_are_not_written_again_unless_nearer(new_worker: MakeWorker) -> None:
    rows = new_worker().rows
    inner = ["https://s.org/x", "https://s.org/y"]

    far, near = (
        page("https://s.org/", START, inner=inner, request=Request(hops=hops)) for hops in (3, 1)
    )
    asked = [rows.columns([one], 0).column("found").to_pylist()[0] for one in (far, far, near, far)]
    assert asked == [inner, [], inner, []]
    rows.forget()
    assert rows.columns([far], 0).column("found").to_pylist() == [inner]


def test_links_that_are_not_to_be_followed_are_not_found(new_worker: MakeWorker) -> None:
    rows = new_worker().rows
    links = [
        Link("https://a.org/"),
        Link("https://b.org/", rel=1),
        Link("https://c.org/", rel=2),
        Link("https://d.org/", kind="iframe"),
        Link("https://e.org/", kind="redirect"),
        Link("https://f.org/", kind="form"),
    ]
    found = rows.columns([page("https://s.org/", START, links)], 0).to_pylist()[0]
    assert found["found"] == ["https://a.org/", "https://c.org/", "https://e.org/"]
    assert found["found_domains"] == ["a.org", "c.org", "e.org"]
    assert found["found_hops"] == [1, 1, 1]
    assert found["targets"] == [link.target for link in links], "but recorded they are"
    for more in ({"nofollow": True}, {"source": "warc"}, {"source": "list"}):
        assert (
            rows.columns([page("https://s.org/", START, links, **more)], 0).to_pylist()[0]["found"]
            == []
        )


def test_of_a_list_the_page_itself_is_found_and_asked_for_though_found_lately() -> None:
    rows = PageRows(RevisitSettings())
    own = "https://s.org/a"
    listed = page(own, START, ["https://a.org/"], source="list", inner=[own], complete=False)
    for _ in range(2):
        (row,) = rows.columns([listed], 0).to_pylist()
        assert (row["found"], row["found_domains"], row["found_hops"]) == ([own], ["s.org"], [0])


def test_a_trap_is_recorded_as_a_link_and_not_followed(new_worker: MakeWorker) -> None:
    worker = new_worker()
    rows = worker.rows
    inner = ["https://s.org/x", "https://s.org/p?replytocom=1", "https://s.org:8080/"]
    links = [Link("https://a.org:81/"), Link("https://a.org/a/b/a/b/"), Link("https://b.org/")]
    one = page("https://s.org/", START, links, inner=inner)
    row = rows.columns([one], 0).to_pylist()[0]
    assert row["found"] == ["https://s.org/x", "https://b.org/"]
    assert row["found_domains"] == ["s.org", "b.org"]
    assert row["targets"] == [link.target for link in links]
    assert row["internal"] == 3
    assert rows.left == {"view": 1, "port": 2, "repeats": 1}
    told = {
        sample.labels[0]: sample.value
        for sample in worker.loop.samples()
        if sample.metric is metrics.URLS_LEFT
    }
    assert told == dict.fromkeys(REASONS, 0) | rows.left
    rows.columns([one], 0)
    assert rows.left.total() == 4, "each counts once, as long as it is remembered"


def test_a_port_that_a_setting_names_is_followed() -> None:
    rows = PageRows(RevisitSettings(), [80, 443, 8080])
    one = page("https://s.org/", START, inner=["https://s.org:8080/", "https://s.org:81/"])
    assert rows.columns([one], 0).to_pylist()[0]["found"] == ["https://s.org:8080/"]


def test_sitemaps_that_robots_names_are_found_as_near_as_the_page(new_worker: MakeWorker) -> None:
    named = ["https://s.org/map.xml", "https://else.org/map.xml", "https://s.org/map.xml"]
    visit = page(
        "https://s.org/", START, ["https://a.org/"], nofollow=True, sitemaps=named,
        request=Request(hops=2),
    )  # fmt: skip
    found = new_worker().rows.columns([visit], 0).to_pylist()[0]
    assert found["found"] == named[:2], "and nothing else of a page that says nofollow"
    assert found["found_domains"] == ["s.org", "else.org"]
    assert found["found_hops"] == [2, 3]


def test_a_digest_of_the_text_that_is_none_counts_as_no_text(new_worker: MakeWorker) -> None:
    texts = ["00000000000000ff", "", "not hex", "f" * 17]
    pages = [page("https://s.org/", START, text=text) for text in texts]
    assert new_worker().rows.columns(pages, 0).column("text").to_pylist() == [255, 0, 0, 0]


def test_a_delay_no_store_could_keep_is_kept_within_a_day() -> None:
    rows = PageRows(RevisitSettings())
    visits = [
        page("https://s.org/", START, request=Request(delay_s=delay_s))
        for delay_s in (0.0, 1.5, -1.0, 1e300)
    ]
    assert rows.columns(visits, 0).column("delay_ms").to_pylist() == [0, 1_500, 0, 86_400_000]
