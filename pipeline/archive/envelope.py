"""One record as one line of JSON: for people to read, and exact for any bytes.

    {"partition":3,"offset":12,"timestamp_ms":1700000000000,"key":"example.org","value":{...}}

A value that is a JSON object stands in the line as it came, byte by byte, always last. A value that
is none stands in `value_bytes`: as text, or {"base64": "..."} where it is no UTF-8, or not at all
where it is null. A key and headers' values likewise.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.log import Headers, Partition, Record

_VALUE = b',"value":'  # outside of a string: within one, its quotes have backslashes
_OTHER = b',"value_bytes":'


class Base64(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    base64: bytes


Bytes = str | Base64 | None


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    partition: int
    offset: int
    timestamp_ms: int
    key: Bytes
    headers: list[tuple[str, Bytes]] = []
    value_bytes: Bytes = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Head)
_objects = msgspec.json.Decoder(dict[str, msgspec.Raw])


def line_of(record: Record) -> bytes:
    """The record as a line, without its end. Null values and keys are kept as such."""
    headers = [(name, _readable(data)) for name, data in record.headers]
    head = Head(
        record.partition.number, record.offset, record.timestamp_ms, _readable(record.key), headers
    )
    if _is_object(record.value):
        return _encoder.encode(head)[:-1] + _VALUE + record.value + b"}"
    return _encoder.encode(msgspec.structs.replace(head, value_bytes=_readable(record.value)))


def record_of(line: bytes, topic: str) -> Record:
    """The record of a line. Raises ValueError (msgspec's are) where it is none."""
    end = line.find(_VALUE)
    head = _decoder.decode(line if end < 0 else line[:end] + b"}")
    value = _exact(head.value_bytes) if end < 0 else line[end + len(_VALUE) : -1]
    headers: Headers = tuple((name, _exact(data)) for name, data in head.headers)
    partition = Partition(topic, head.partition)
    return Record(partition, head.offset, head.timestamp_ms, _exact(head.key), value, headers)


def _is_object(value: bytes | None) -> bool:
    """Can it stand in a line as it is? Only what is one line, and JSON for every reader."""
    if not value or value[:1] != b"{" or value[-1:] != b"}" or b"\n" in value or b"\r" in value:
        return False
    try:
        value.decode()
        _objects.decode(value)
    except (UnicodeDecodeError, msgspec.MsgspecError, RecursionError):
        return False
    return True


def _readable(data: bytes | None) -> Bytes:
    if data is None:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return Base64(data)


def _exact(data: Bytes) -> Any:
    """Bytes, or None: a Kafka record may have neither key nor value."""
    if isinstance(data, Base64):
        return data.base64
    return None if data is None else data.encode()
