"""Why something could not be read, in a few words, wherever it lies.

What fsspec raises of a URL often is a FileNotFoundError that has the URL alone, whatever happened:
the reason stands in what it was raised from.
"""

from __future__ import annotations

import os

from pipeline.url import without_login

_LONGEST = 300  # characters


def cause_of(error: BaseException) -> str:
    """In one line: as the system says it, or the status of a server's answer."""
    root = root_of(error)
    status = status_of(root)
    if status:
        return f"status {status}"
    if isinstance(root, TimeoutError):
        return "no answer in time"
    if isinstance(root, FileNotFoundError) and not root.strerror:
        return "there is nothing of this name"
    said = ""
    if isinstance(root, OSError):
        # The errors of TLS and of names have numbers of their own.
        is_system = type(root).__module__ == "builtins" and bool(root.errno)
        said = os.strerror(root.errno or 0) if is_system else root.strerror or ""
    said = said or str(root) or type(root).__name__
    return without_login(" ".join(said.split()))[:_LONGEST]


def root_of(error: BaseException) -> BaseException:
    """What an error of reading was raised from, in the end; itself where from nothing."""
    while isinstance(error, OSError) and error.__cause__ is not None:
        error = error.__cause__
    return error


def status_of(root: BaseException) -> int:
    """Of the answer that an HTTP client's error tells; 0 where it tells of none."""
    status = getattr(root, "status", 0)
    return status if isinstance(status, int) else 0
