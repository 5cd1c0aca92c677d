"""Debian's clickhouse-server and the libraries that it lacks here, unpacked into a cache.

`python -m tests.support.clickhouse.fetch` prints where. Needs apt-get, dpkg and a package list that
knows clickhouse-server (bookworm does); nothing is installed, and nothing needs root.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGE = "clickhouse-server"


class Unavailable(Exception):
    """It can't be fetched here; the message says what to install."""


def fetch() -> Path:
    """The directory with `usr/bin/clickhouse` and its libraries. Raises Unavailable."""
    for tool in ("apt-get", "apt-cache", "dpkg", "dpkg-query"):
        if shutil.which(tool) is None:
            raise Unavailable(f"no {tool} here; the wire suite runs on Debian bookworm")
    version = _version()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "backlinks-tests"
    directory = cache / f"clickhouse-{re.sub(r'[^0-9A-Za-z.]+', '-', version)}"
    if not directory.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as made:
            _unpack(Path(made) / "root")
            try:
                (Path(made) / "root").rename(directory)
            except OSError:  # another worker was faster
                if not directory.is_dir():
                    raise
    return directory


def libraries(root: Path) -> str:
    """For LD_LIBRARY_PATH."""
    found = {path.parent for path in root.glob("**/lib*.so*")}
    return ":".join(sorted(str(path) for path in found))


def _version() -> str:
    match = re.search(r"Candidate: (\d\S*)", _run("apt-cache", "policy", PACKAGE))
    if match is None:
        raise Unavailable(
            f"apt knows no {PACKAGE}; run `apt-get update` on Debian bookworm, "
            f"or name a server in BACKLINKS_TEST_CLICKHOUSE for the other suites"
        )
    return match[1]


def _unpack(root: Path) -> None:
    root.mkdir()
    with tempfile.TemporaryDirectory() as downloads:
        _run("apt-get", "download", "-q", *_missing(), directory=downloads)
        for package in Path(downloads).glob("*.deb"):
            _run("dpkg", "-x", str(package), str(root))


def _missing() -> list[str]:
    """The server, and what it needs that is not installed."""
    found = _run(
        "apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
        "--no-breaks", "--no-replaces", "--no-enhances", PACKAGE,
    )  # fmt: skip
    needed = set(re.findall(r"^((?:lib|clickhouse)[\w.+-]+)$", found, re.MULTILINE))
    installed = set(_run("dpkg-query", "-W", "-f", "${Package}\n").split())
    return sorted(needed - installed | {PACKAGE, "clickhouse-common"})


def _run(*command: str, directory: str | None = None) -> str:
    try:
        done = subprocess.run(
            command, cwd=directory, capture_output=True, text=True, check=True, timeout=300
        )
    except (OSError, subprocess.SubprocessError) as error:
        told = (getattr(error, "stderr", "") or "").strip().splitlines()[-1:]
        raise Unavailable(f"{' '.join(command[:2])} failed: {(told or [error])[0]}") from error
    return done.stdout


if __name__ == "__main__":
    print(fetch())
