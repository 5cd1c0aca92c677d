"""A tree of `<hostname>/<url path>` served by host name on loopback, http and https.

By hand: `python -m tests.support.web DIR [--http-port N --https-port N]`.
"""

from __future__ import annotations

import argparse
import hashlib
import mimetypes
import threading
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote, unquote

from demo.serve import ADDRESS, Answer, Asked, LoopbackWeb

HTML_SUFFIXES = frozenset({".html", ".htm", ".xhtml", ".php", ".asp", ".aspx", ".jsp", ".cgi", ""})
NOT_FOUND = (
    b"<!doctype html><html lang=en><title>Page not found</title>"
    b"<h1>Page not found</h1><p>There is no such page here."
)


class TreeWeb:
    """Answers from files: `root/<hostname>/<path>`, or that with `.html` or `/index.html`.

    A query that is part of a file's name is found; any other is ignored, as static servers do, or
    leads to a 404 with `strict_query`. A directory without its slash is redirected to it.
    """

    def __init__(self, root: Path | str, *, strict_query: bool = False) -> None:
        self.root = Path(root).resolve(strict=True)
        self.strict_query = strict_query

    def respond(self, asked: Asked) -> Answer:
        """The file, 304 where If-None-Match knows it, 301 to a directory, or 404."""
        host = self._host(asked.host)
        if host is None:
            return _not_found()
        path, _, query = asked.path.partition("?")
        found = self._find(host, path, query)
        if found is not None:
            return _file(found, asked.headers)
        if not path.endswith("/") and self._find(host, path + "/", "") is not None:
            to = path + "/" + (f"?{query}" if query else "")
            return Answer(301, headers=[("Location", f"{asked.scheme}://{asked.host}{to}")])
        return _not_found()

    def urls(self, scheme: str = "http") -> Iterator[str]:
        """Every HTML page of the tree as a URL that leads to it, by host and path."""
        for file in sorted(self.root.rglob("*")):
            if file.suffix.lower() not in (".html", ".htm") or not file.is_file():
                continue
            if file.resolve().is_relative_to(self.root):
                host, *parts = file.relative_to(self.root).parts
                if parts:
                    path = "/".join(parts)
                    if parts[-1] == "index.html":
                        path = path[: -len("index.html")]
                    yield f"{scheme}://{host}/{quote(path, safe=SAFE)}"

    def _host(self, name: str) -> Path | None:
        if not name or name in (".", "..") or "/" in name or "\0" in name:
            return None
        directory = self.root / name
        return directory if directory.is_dir() and not directory.is_symlink() else None

    def _find(self, host: Path, path: str, query: str) -> Path | None:
        names = [path]
        if query:
            names = [f"{path}?{query}"] if self.strict_query else [f"{path}?{query}", path]
        for name in names:
            for spelling in dict.fromkeys((unquote(name), name)):
                for file in _files(spelling.removeprefix("/")):
                    found = _within(host, file)
                    if found is not None:
                        return found
        return None


SAFE = "/:@!$&'()*+,;=~"  # what a path may hold as it is; "?" and "%" of a file name are encoded


def _files(name: str) -> list[str]:
    if not name or name.endswith("/"):
        return [name + "index.html"]
    return [name, name + ".html"]


def _within(host: Path, name: str) -> Path | None:
    """The file of that name if it is one and lies within the host, links resolved."""
    if "\0" in name or name.startswith("/") or ".." in name.split("/"):
        return None
    try:
        file = (host / name).resolve()
        if file.is_relative_to(host.resolve()) and file.is_file():
            return file
    except (OSError, ValueError, RuntimeError):  # a name too long, a loop of links
        return None
    return None


def _file(file: Path, headers: dict[str, str]) -> Answer:
    body = file.read_bytes()
    tag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
    sent = [
        ("Content-Type", content_type(file)),
        ("Last-Modified", formatdate(file.stat().st_mtime, usegmt=True)),
        ("ETag", tag),
    ]
    known = [
        item.strip().removeprefix("W/") for item in headers.get("if-none-match", "").split(",")
    ]
    if tag in known or "*" in known:
        return Answer(304, headers=sent)
    return Answer(200, body, sent)


def content_type(file: Path) -> str:
    """By the name's extension; without one, or with one that servers run, HTML. No charset: the
    page says its own."""
    suffix = file.suffix.lower()
    if suffix in HTML_SUFFIXES:
        return "text/html"
    guessed = mimetypes.guess_type(file.name)[0]
    return guessed or ("text/html" if _reads_as_html(file) else "application/octet-stream")


def _reads_as_html(file: Path) -> bool:
    with file.open("rb") as stream:
        head = stream.read(1024).lower()
    return b"\0" not in head and any(mark in head for mark in (b"<!doctype", b"<html", b"<body"))


def _not_found() -> Answer:
    return Answer(404, NOT_FOUND, [("Content-Type", "text/html; charset=utf-8")])


def how_to_crawl(web: LoopbackWeb, tree: TreeWeb) -> str:
    """What to type to crawl this web, with one of its hosts."""
    first = next(tree.urls(), "http://HOST/")
    hosts = sum(1 for entry in tree.root.iterdir() if entry.is_dir())
    return (
        f"{hosts} hosts of {tree.root} on {ADDRESS}, http {web.http_port}, https {web.https_port}\n"
        f"backlinks run {first} --connect-to {ADDRESS}:{web.http_port}:{web.https_port}"
    )


def main() -> None:
    """Serve a tree until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.web", description=__doc__)
    parser.add_argument("tree", metavar="DIR", type=Path, help="holds <hostname>/<url path>")
    parser.add_argument("--http-port", type=int, default=0, metavar="N", help="0: any free one")
    parser.add_argument("--https-port", type=int, default=0, metavar="N", help="0: any free one")
    parser.add_argument("--strict-query", action="store_true", help="unknown queries are 404")
    options = parser.parse_args()
    if not options.tree.is_dir():
        parser.error(f"{options.tree} is no directory")
    tree = TreeWeb(options.tree, strict_query=options.strict_query)
    ports = {"http_port": options.http_port, "https_port": options.https_port}
    with LoopbackWeb(tree.respond, **ports) as web:
        print(how_to_crawl(web, tree), flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print(f"{web.requests} requests answered")


if __name__ == "__main__":
    main()
