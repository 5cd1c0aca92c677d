"""Names of an archive's files, and the index that stands beside each."""

from __future__ import annotations

import datetime
import hashlib
import re

import msgspec

from pipeline.errors import DamagedPart

FORMAT = 1
MARKER = "archive.json"  # at the root: what this directory is
TOPIC = "pages"
DATA = ".jsonl.zst"
INDEX = ".json"
_INDEX_NAME = re.compile(
    rf"{TOPIC}/day=(\d{{4}}-\d\d-\d\d)/partition=(\d{{4,}})/(\d{{12,}}-\d{{12,}}-[0-9a-f]{{8}})\.json"
)
_DAY_MS = 86_400_000
_EPOCH = datetime.date(1970, 1, 1)
_FIRST, _LAST = (-719_162, 2_932_896)  # of datetime.date, in days from 1970


class Marker(msgspec.Struct, frozen=True):
    format: int = FORMAT
    topic: str = TOPIC


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of records, as its index tells. `offsets`: runs, first and last of each."""

    file: str  # from the root
    partition: int
    day: str  # UTC, of the timestamps
    offsets: list[tuple[int, int]]
    records: int
    bytes: int  # of the file
    plain_bytes: int  # of its lines
    min_timestamp_ms: int
    max_timestamp_ms: int
    sha256: str  # of the file
    check: str = ""  # of all this

    @property
    def first(self) -> int:
        return self.offsets[0][0]

    @property
    def last(self) -> int:
        return self.offsets[-1][1]

    @property
    def index(self) -> str:
        return self.file.removesuffix(DATA) + INDEX


def day_of(timestamp_ms: int) -> str:
    """The UTC day; a clock beyond the years 1 to 9999 is taken for one at their end."""
    days = min(max(timestamp_ms // _DAY_MS, _FIRST), _LAST)
    return (_EPOCH + datetime.timedelta(days=days)).isoformat()


def file_name(day: str, partition: int, first: int, last: int, digest: str) -> str:
    """digest: 8 hex digits of the file's lines."""
    return f"{directory(day)}partition={partition:04}/{first:012}-{last:012}-{digest}{DATA}"


def directory(day: str) -> str:
    return f"{TOPIC}/day={day}/"


def is_index(name: str) -> bool:
    """Does an index of ours have this name? Leftovers of a crash don't."""
    return _INDEX_NAME.fullmatch(name) is not None


def write_index(part: Part) -> bytes:
    checked = msgspec.structs.replace(part, check=_check(part))
    return msgspec.json.format(msgspec.json.encode(checked), indent=1) + b"\n"


def read_index(name: str, text: bytes) -> Part:
    """Raises DamagedPart where it is not what was written, or not written under this name."""
    try:
        part = _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DamagedPart(name, f"its index is not readable: {error}") from error
    if part.check != _check(part) or part.index != name:
        raise DamagedPart(name, "its index is not what was written")
    return part


_decoder = msgspec.json.Decoder(Part)


def _check(part: Part) -> str:
    whole = msgspec.json.encode(msgspec.structs.replace(part, check=""))
    return hashlib.blake2b(whole, digest_size=8).hexdigest()
