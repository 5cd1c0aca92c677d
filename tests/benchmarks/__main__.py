"""`make bench`: every figure, each in a process of its own, as ratios of one run.

make bench ARGS="extract url"    some of them
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

from tests.benchmarks.measure import Row

NAMES = (
    "extract",
    "url",
    "manners",
    "log",
    "consume",
    "index",
    "kafka",
    "archive",
    "warc",
    "crawl",
    "scheduler",
    "plan",
    "handover",
    "handover_kafka",
    "crawl_memory",
    "revisit",
    "pagerank",
    "graph",
    "hyperball",
    "attacks",
    "score",
    "bought",
    "relevance",
    "seeds",
    "risk",
    "stability",
    "owners",
)


def main(arguments: list[str]) -> int:
    """Runs the named benchmarks and prints a table in Markdown."""
    if arguments[:1] == ["--one"]:
        print(json.dumps(importlib.import_module(f"tests.benchmarks.bench_{arguments[1]}").run()))
        return 0
    unknown = set(arguments) - set(NAMES)
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
        return 2
    print(machine() + "\n")
    print("| what | figure | | note |\n|---|---:|---|---|")
    failed = 0
    for name in arguments or NAMES:
        run = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks", "--one", name],
            stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        failed |= run.returncode
        for row in json.loads(run.stdout) if not run.returncode else []:
            print(line(row), flush=True)
    return failed


def line(row: Row) -> str:
    value = row["value"]
    shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"| {row['name']} | {shown} | {row['unit']} | {row['note']} |"


def machine() -> str:
    """What it was measured on."""
    model = "unknown processor"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [text for text in info.read_text().splitlines() if text.startswith("model name")]
        model = names[0].partition(": ")[2] if names else model
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True, check=False
    ).stdout.strip()
    day = time.strftime("%Y-%m-%d")
    return f"{day}, commit {commit}, {os.cpu_count()} x {model}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
