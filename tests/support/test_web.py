from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.serve import ADDRESS, Answer, Asked, LoopbackWeb
from pipeline.errors import UsageError
from tests.support.web import TreeWeb, how_to_crawl


class Got:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()


def connect(web: LoopbackWeb, scheme: str) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(ADDRESS, web.http_port, timeout=10)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(ADDRESS, web.https_port, timeout=10, context=context)


def ask(
    web: LoopbackWeb, host: str, path: str, *, scheme: str = "http", method: str = "GET",
    **headers: str,
) -> Got:  # fmt: skip
    connection = connect(web, scheme)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.putrequest(method, path, skip_host=True)
        for name, value in {"Host": host, **named}.items():
            connection.putheader(name, value)
        connection.endheaders()
        return Got(connection.getresponse())
    finally:
        connection.close()


def raw(web: LoopbackWeb, data: bytes) -> bytes:
    with socket.create_connection((ADDRESS, web.http_port), timeout=10) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := client.recv(65536):
            received += chunk
        return received


def echo(asked: Asked) -> Answer:
    return Answer(200, f"{asked.scheme} {asked.host} {asked.path}".encode(), [("X-Made", "yes")])


@pytest.fixture
def echoing() -> Iterator[LoopbackWeb]:
    with LoopbackWeb(echo) as web:
        yield web


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_any_host_is_served_on_either_scheme(echoing: LoopbackWeb, scheme: str) -> None:
    got = ask(echoing, "Any.Name.example:8080", "/a/b?c=d", scheme=scheme)
    assert (got.status, got.headers["x-made"]) == (200, "yes")
    assert got.body.decode() == f"{scheme} any.name.example /a/b?c=d"


def test_a_connection_is_kept_for_many_requests(echoing: LoopbackWeb) -> None:
    connection = connect(echoing, "https")
    connection.connect()
    first = connection.sock
    for number in range(50):
        connection.request("GET", f"/{number}", headers={"Host": "h.example"})
        assert connection.getresponse().read().decode() == f"https h.example /{number}"
    assert connection.sock is first
    connection.close()
    assert echoing.requests == 50
    assert [entry.path for entry in echoing.log][:2] == ["/0", "/1"]


def test_head_has_the_length_and_no_body(echoing: LoopbackWeb) -> None:
    got = ask(echoing, "h.example", "/", method="HEAD")
    assert (got.status, got.body) == (200, b"")
    assert got.headers["content-length"] == str(len("http h.example /"))


def test_other_methods_are_refused_and_their_body_is_passed_over(echoing: LoopbackWeb) -> None:
    data = (
        b"POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello"
        b"GET /next HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n"
    )
    received = raw(echoing, data)
    assert received.startswith(b"HTTP/1.1 405 ")
    assert received.endswith(b"http a.example /next")


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"\x00\xff\xfe garbage\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a.example\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a.example\r\nContent-Length: -1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"GET nowhere HTTP/1.1\r\nHost: a.example\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a.exa", 400),
        (b"GET / HTTP/1.1\r\nHost: a.example\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", 431),
        (b"y" * 200_000, 431),
        (b"GET http://other.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n", 200),
        (b"GET / HTTP/1.0\r\nHost: a.example\r\n\r\n", 200),
    ],
)
def test_bad_requests_are_answered_and_the_server_stays(
    echoing: LoopbackWeb, data: bytes, status: int
) -> None:
    assert raw(echoing, data).startswith(f"HTTP/1.1 {status} ".encode())
    assert ask(echoing, "a.example", "/").status == 200


def test_garbage_on_the_tls_port_harms_nobody(echoing: LoopbackWeb) -> None:
    with socket.create_connection((ADDRESS, echoing.https_port), timeout=10) as client:
        client.sendall(b"GET / HTTP/1.1\r\n\r\n")
        client.recv(100)
    assert ask(echoing, "a.example", "/", scheme="https").status == 200


def test_an_answer_that_raises_is_a_500() -> None:
    def fail(asked: Asked) -> Answer:
        raise RuntimeError(asked.path)

    with LoopbackWeb(fail) as web:
        assert ask(web, "a.example", "/x").status == 500
        assert ask(web, "a.example", "/y").status == 500


def test_the_web_can_be_changed_while_it_serves(echoing: LoopbackWeb) -> None:
    assert ask(echoing, "a.example", "/").status == 200
    echoing.respond = lambda asked: Answer(410)
    assert ask(echoing, "a.example", "/").status == 410


def test_a_slow_answer_holds_up_no_other(echoing: LoopbackWeb) -> None:
    echoing.respond = lambda asked: Answer(delay_s=30.0 if asked.path == "/slow" else 0.0)
    slow = connect(echoing, "http")
    slow.request("GET", "/slow", headers={"Host": "a.example"})
    assert ask(echoing, "a.example", "/fast").status == 200
    slow.close()


def test_a_header_cannot_be_split(echoing: LoopbackWeb) -> None:
    echoing.respond = lambda asked: Answer(302, headers=[("Location", "/a\r\nX-Evil: 1")])
    assert "x-evil" not in ask(echoing, "a.example", "/").headers


def test_a_taken_port_is_named_in_the_error(echoing: LoopbackWeb) -> None:
    with pytest.raises(UsageError, match=f"{echoing.http_port} for http "):
        LoopbackWeb(echo, http_port=echoing.http_port).start()
    with pytest.raises(UsageError, match=f"{echoing.https_port} for https "):
        LoopbackWeb(echo, https_port=echoing.https_port).start()


def test_stopping_twice_is_once_and_closes_the_port() -> None:
    web = LoopbackWeb(echo).start()
    kept = connect(web, "http")
    kept.request("GET", "/", headers={"Host": "a.example"})
    kept.getresponse().read()
    web.stop()
    web.stop()
    kept.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "loopback-web"]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS, web.http_port), timeout=2)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    files = {
        "a.example/index.html": b"<title>home</title>",
        "a.example/about.html": b"about",
        "a.example/plain": b"<p>no extension",
        "a.example/docs/index.html": b"docs",
        "a.example/empty/other.txt": b"text",
        "a.example/list?page=2": b"second",
        "a.example/wild.btq": b"<html>by its look",
        "a.example/blob.zzz": b"\0\1\2",
        "a.example/caf\u00e9 au lait.html": b"milk",
        "a.example/100%25.html": b"kept as it was sent",
        "a.example/robots.txt": b"User-agent: *\nDisallow: /x\n",
        "b.example/feed.xml": b"<rss/>",
        "b.example/style.css": b"p{}",
    }
    for name, body in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    (tmp_path / "secret.html").write_bytes(b"secret")
    (root / "a.example" / "out.html").symlink_to(tmp_path / "secret.html")
    os.utime(root / "a.example/index.html", (1_600_000_000, 1_600_000_000))
    return root


def answer(tree: Path, path: str, host: str = "a.example", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return TreeWeb(tree).respond(Asked("http", host, path, named))


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("/", b"<title>home</title>", "text/html"),
        ("/index.html", b"<title>home</title>", "text/html"),
        ("/?utm_source=x", b"<title>home</title>", "text/html"),
        ("/about", b"about", "text/html"),
        ("/about.html", b"about", "text/html"),
        ("/plain", b"<p>no extension", "text/html"),
        ("/docs/", b"docs", "text/html"),
        ("/list?page=2", b"second", "text/html"),
        ("/list%3Fpage=2", b"second", "text/html"),
        ("/wild.btq", b"<html>by its look", "text/html"),
        ("/blob.zzz", b"\0\1\2", "application/octet-stream"),
        ("/caf%C3%A9%20au%20lait", b"milk", "text/html"),
        ("/100%25.html", b"kept as it was sent", "text/html"),
        ("/robots.txt", b"User-agent: *\nDisallow: /x\n", "text/plain"),
    ],
)
def test_a_path_leads_to_its_file(tree: Path, path: str, body: bytes, kind: str) -> None:
    got = answer(tree, path)
    assert (got.status, got.body, dict(got.headers)["Content-Type"]) == (200, body, kind)


@pytest.mark.parametrize(
    "path",
    [
        "/nothing", "/empty", "/empty/", "/list?page=3", "/../../secret.html",
        "/..%2f..%2fsecret.html", "/%2e%2e/%2e%2e/secret", "//etc/passwd", "/%00", "/out.html",
        "/" + "x" * 5000, "/docs/../../b.example/feed.xml", "/%ff%fe",
    ],
)  # fmt: skip
def test_what_is_not_in_the_tree_is_a_404(tree: Path, path: str) -> None:
    assert answer(tree, path).status == 404


@pytest.mark.parametrize("host", ["c.example", "", "..", ".", "a.example/docs", "\0"])
def test_a_host_that_is_not_in_the_tree_is_a_404(tree: Path, host: str) -> None:
    assert answer(tree, "/", host).status == 404
    assert answer(tree, "/robots.txt", host).status == 404


def test_a_query_nobody_named_is_a_404_when_strict(tree: Path) -> None:
    web = TreeWeb(tree, strict_query=True)
    assert web.respond(Asked("http", "a.example", "/?x=1", {})).status == 404
    assert web.respond(Asked("http", "a.example", "/list?page=2", {})).status == 200


def test_a_directory_is_redirected_to_its_slash(tree: Path) -> None:
    got = answer(tree, "/docs?a=b")
    assert (got.status, got.headers) == (301, [("Location", "http://a.example/docs/?a=b")])


def test_validators_are_sent_and_honoured(tree: Path) -> None:
    first = answer(tree, "/")
    headers = dict(first.headers)
    assert headers["Last-Modified"] == "Sun, 13 Sep 2020 12:26:40 GMT"
    tag = headers["ETag"]
    for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        again = answer(tree, "/", if_none_match=known)
        assert (again.status, again.body) == (304, b"")
    assert answer(tree, "/", if_none_match='"other"').status == 200


def test_every_url_of_a_tree_leads_to_a_page(tree: Path) -> None:
    web = TreeWeb(tree)
    urls = list(web.urls())
    assert urls[:3] == [
        "http://a.example/100%2525.html",
        "http://a.example/about.html",
        "http://a.example/caf%C3%A9%20au%20lait.html",
    ]
    served = set()
    for url in urls:
        path = url.removeprefix("http://a.example")
        assert web.respond(Asked("http", "a.example", path, {})).status == 200
        served.add(path)
    assert {"/", "/docs/"} <= served


def test_a_tree_is_served_by_host_name_over_both_schemes(tree: Path) -> None:
    with LoopbackWeb(TreeWeb(tree).respond) as web:
        assert ask(web, "b.example", "/feed.xml", scheme="https").status == 200
        assert ask(web, "a.example", "/feed.xml").status == 404
        tag = ask(web, "a.example", "/").headers["etag"]
        got = ask(web, "a.example", "/", If_None_Match=tag)
        assert (got.status, got.body) == (304, b"")
        assert f"--connect-to 127.0.0.1:{web.http_port}:{web.https_port}" in how_to_crawl(
            web, TreeWeb(tree)
        )


def test_it_runs_by_hand(tree: Path) -> None:
    command = [sys.executable, "-m", "tests.support.web", str(tree)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline(), process.stdout.readline()]
        process.terminate()
    assert lines[0].startswith(f"2 hosts of {tree} on 127.0.0.1, http ")
    assert lines[1].startswith("backlinks run http://a.example/")
    missing = subprocess.run([*command[:-1], str(tree / "no")], capture_output=True, text=True)
    assert missing.returncode == 2
