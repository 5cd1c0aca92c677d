"""The shared corpus, read where it lies: it belongs to its owners and is never copied in here."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import zstandard

from pipeline.url import Url, canonical

_BESIDE = Path(__file__).resolve().parents[3] / "shared" / "corpus"


def corpus() -> Path | None:
    """Its directory: $BACKLINKS_CORPUS, else ../shared/corpus beside the repository, else None."""
    where = Path(os.environ.get("BACKLINKS_CORPUS") or _BESIDE)
    return where if where.is_dir() else None


needs_corpus = pytest.mark.skipif(
    corpus() is None,
    reason=f"no corpus: neither $BACKLINKS_CORPUS nor {_BESIDE} is a directory",
)


def part(name: str) -> Path:
    """One file of the corpus, like `suites/psl_tests.txt`. Skips the test where it is missing."""
    where = corpus()
    if where is None or not (where / name).is_file():
        pytest.skip(f"the corpus ({where or _BESIDE}) has no {name}")
    return where / name


def _files() -> Iterator[tuple[str, bytes]]:
    with (
        part("web/sites.tar.zst").open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as unpacked,
        tarfile.open(fileobj=unpacked, mode="r|") as tar,
    ):
        for member in tar:
            content = tar.extractfile(member) if member.isfile() else None
            if content is not None:
                yield member.name.removeprefix("./"), content.read()


def pages() -> Iterator[tuple[str, str, bytes]]:
    """Host, path without its first slash, and body of each of the 2,625 HTML pages."""
    for name, body in _files():
        host, _, path = name.partition("/")
        if path.endswith(".html"):
            yield host, path, body


def page_url(host: str, path: str) -> Url:
    """The address that a file of the corpus stands for."""
    return canonical(f"http://{host}/{quote(path)}")


def unpack(directory: Path) -> Path:
    """All 86 sites as `<hostname>/<path>` under `directory`, for a test's own temporary one."""
    root = directory.resolve()
    for name, body in _files():
        file = (root / name).resolve()
        if not file.is_relative_to(root):
            raise ValueError(f"{name} of sites.tar.zst points out of {root}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    return root
