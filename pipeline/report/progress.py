"""How long work is going: one line on stderr, and only on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType

from rich.console import Console
from rich.live import Live
from rich.text import Text


class Progress:
    """Shows what `describe` says, twice a second; nothing where there is no terminal."""

    def __init__(self, describe: Callable[[], str] | None = None) -> None:
        self._describe = describe
        self._console = Console(file=sys.stderr)
        self._live: Live | None = None
        self._step = ""
        self._started = time.monotonic()

    def __enter__(self) -> Progress:
        if self._console.is_terminal:
            self._live = Live(
                get_renderable=self._line,
                console=self._console,
                refresh_per_second=2,
                transient=True,
            )
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def describe(self, describe: Callable[[], str]) -> None:
        """What tells from now on how far it is."""
        self._describe = describe

    def step(self, name: str) -> None:
        """What is being done now, where it is not `describe` that tells."""
        self._step = name

    def _line(self) -> Text:
        seconds = int(time.monotonic() - self._started)
        told = self._step or (self._describe() if self._describe is not None else "")
        return Text(f"{seconds // 60}:{seconds % 60:02d}  {told}", style="cyan")
