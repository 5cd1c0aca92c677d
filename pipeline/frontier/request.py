"""One URL handed to a spider, with a deadline: what travels on the topic `requests`."""

from __future__ import annotations

import msgspec

from pipeline.errors import PoisonRecord
from pipeline.page import Address, Millis, Request

# So much of a carried delay does a spider keep that was given a partition; a host that asks for a
# longer rest is left out of plans until it is over.
KEPT_S = 60.0


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    url: Address
    deadline: Millis
    carried: Request = Request()


_decoder = msgspec.json.Decoder(Wanted)


def encode(wanted: Wanted) -> bytes:
    return msgspec.json.encode(wanted)


def decode(data: bytes | None) -> Wanted:
    """Raises PoisonRecord."""
    if not data:  # null too: a tombstone
        raise PoisonRecord("empty")
    try:
        return _decoder.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PoisonRecord("request", str(error)[:200]) from error
