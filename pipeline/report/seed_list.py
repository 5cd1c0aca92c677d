"""The lines of a file of seeds, read as often as they are needed."""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import UsageError

_COMMENT = re.compile(r"(?:\A|\s)#.*", re.DOTALL)  # a fragment is none
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class SeedList:
    """Seeds, one a line; '#' begins a comment, '-' is stdin. Without a file there are none.

    What can be read only once, as a pipe, is kept in a temporary file until it is closed.
    """

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.name = "stdin" if str(file) == "-" else str(file)
        self._kept: BinaryIO | None = None

    def __enter__(self) -> SeedList:
        return self

    def __exit__(self, *_: object) -> None:
        if self._kept is not None:
            self._kept.close()

    def lines(self) -> Iterator[tuple[int, str]]:
        """Each seed with its line's number. Raises UsageError where there is none."""
        if self.file is None:
            return
        found = False
        try:
            for number, line in enumerate(self._open(self.file), 1):
                seed = _COMMENT.sub("", self._text(number, line)).strip()
                if seed:
                    found = True
                    yield number, seed
        except OSError as error:
            raise UsageError(
                f"can't read the seeds in {self.name}: {error.strerror or error}"
            ) from error
        if not found:
            raise UsageError(f"no seeds in {self.name}")

    def _open(self, file: Path) -> Iterator[bytes]:
        if self._kept is None and str(file) != "-" and file.is_file():
            with file.open("rb") as lines:
                yield from lines
            return
        if self._kept is None:
            self._kept = self._keep(file)
        self._kept.seek(0)
        yield from self._kept

    def _keep(self, file: Path) -> BinaryIO:
        kept: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this list
        if str(file) == "-":
            shutil.copyfileobj(sys.stdin.buffer, kept)
        else:
            with file.open("rb") as once:
                shutil.copyfileobj(once, kept)
        return kept

    def _text(self, number: int, line: bytes) -> str:
        try:
            return line.removeprefix(_BYTE_ORDER_MARK if number == 1 else b"").decode()
        except UnicodeDecodeError as error:
            raise UsageError(f"{self.name}, line {number}: it is no UTF-8 ({error})") from None
