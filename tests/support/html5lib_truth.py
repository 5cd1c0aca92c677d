"""What html5lib, a parser that shares no line with ours, finds on the corpus's pages.

`python -m tests.support.html5lib_truth` reads all of them (a minute or two of a core) and writes
tests/spiders/html5lib_targets.txt: hashes alone, no content. Run it again when a rule of
pipeline/url.py changes what a canonical URL is.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import html5lib

from pipeline.url import Refused, Url, canonical
from spiders.extract import decode
from tests.support.corpus import page_url, pages

TRUTH = Path(__file__).parents[1] / "spiders" / "html5lib_targets.txt"
XHTML = "{http://www.w3.org/1999/xhtml}"
SVG = "{http://www.w3.org/2000/svg}"


def parse(text: str) -> Any:
    """html5lib's tree (xml.etree) of a page, scripting off, as for a crawler."""
    return html5lib.parse(text, treebuilder="etree", namespaceHTMLElements=True)


def elements(tree: Any, *names: str) -> Iterator[Any]:
    """Elements of these qualified names in document order."""
    return (node for node in tree.iter() if node.tag in names)


def base_of(tree: Any, page: Url) -> str:
    """The first base element with an href, resolved against the page; else the page."""
    for node in elements(tree, XHTML + "base"):
        if "href" in node.attrib:
            try:
                return canonical(node.attrib["href"], page.url, allow_ip=True).url
            except Refused:
                return page.url
    return page.url


def resolve(hrefs: Iterable[str], base: str) -> set[str]:
    """Canonical targets of these hrefs; what is refused is none."""
    found = set()
    for href in hrefs:
        try:
            found.add(canonical(href, base).url)
        except Refused:
            continue
    return found


def targets(text: str, page: Url) -> set[str]:
    """Canonical targets of every a and area element of HTML that has an href."""
    tree = parse(text)
    links = elements(tree, XHTML + "a", XHTML + "area")
    return resolve((n.attrib["href"] for n in links if "href" in n.attrib), base_of(tree, page))


def page_key(host: str, path: str) -> str:
    """Sixteen hex digits for a page of the corpus."""
    return hashlib.sha256(f"{host}/{path}".encode()).hexdigest()[:16]


def set_key(found: set[str]) -> str:
    """Sixteen hex digits for a set of targets."""
    return hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()[:16]


def read_truth() -> dict[str, str]:
    """From page_key to set_key, as generated."""
    lines = TRUTH.read_text().splitlines()
    return dict(line.split() for line in lines if not line.startswith("#"))


def _line(page: tuple[str, str, bytes]) -> str:
    host, path, body = page
    found = targets(decode(body, "text/html"), page_url(host, path))
    return f"{page_key(host, path)} {set_key(found)}"


def main() -> None:
    """Writes TRUTH, with a line on stderr every 100 pages."""
    lines = []
    everything = list(pages())  # first, since a pool waits for ever on a source that raises
    with Pool(2) as pool:
        for line in pool.imap_unordered(_line, everything, chunksize=8):
            lines.append(line)
            if len(lines) % 100 == 0:
                print(f"{len(lines)} pages", file=sys.stderr, flush=True)
    head = "# page and set of targets as html5lib found it, by tests/support/html5lib_truth.py\n"
    TRUTH.write_text(head + "".join(f"{line}\n" for line in sorted(lines)))


if __name__ == "__main__":
    main()
