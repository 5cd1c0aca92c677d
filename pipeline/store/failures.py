"""ClickHouse's failures as what the caller does next; names that are safe in a statement."""

from __future__ import annotations

import re

from pipeline.errors import StoreBusy, StoreError, StoreFull, StoreRefused

_CODE = re.compile(r"Code: (\d+)")
_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")
_FULL = frozenset({243})  # NOT_ENOUGH_SPACE
_NO_RIGHT = 497  # ACCESS_DENIED
_BUSY = frozenset(
    {
        159,  # TIMEOUT_EXCEEDED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        241,  # MEMORY_LIMIT_EXCEEDED
        252,  # TOO_MANY_PARTS
        # The rest come from servers only.
        3,  # UNEXPECTED_END_OF_FILE: the connection ended in a block
        32,  # ATTEMPT_TO_READ_AFTER_EOF: the same
        33,  # CANNOT_READ_ALL_DATA: the same
        95,  # CANNOT_READ_FROM_SOCKET
        96,  # CANNOT_WRITE_TO_SOCKET
        99,  # UNKNOWN_PACKET_FROM_CLIENT: after a cut
        100,  # UNKNOWN_PACKET_FROM_SERVER
        101,  # UNEXPECTED_PACKET_FROM_CLIENT
        102,  # UNEXPECTED_PACKET_FROM_SERVER
        198,  # DNS_ERROR
        203,  # NO_FREE_CONNECTION
        225,  # NO_ZOOKEEPER
        236,  # ABORTED: the server is shutting down
        242,  # TABLE_IS_READ_ONLY: the replica has lost its keeper
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        319,  # UNKNOWN_STATUS_OF_INSERT
        394,  # QUERY_WAS_CANCELLED
        425,  # SYSTEM_ERROR
        473,  # DEADLOCK_AVOIDED
        745,  # SERVER_OVERLOADED
        999,  # KEEPER_EXCEPTION
    }
)


def translate(message: str) -> StoreError:
    """ClickHouse's message as busy, full or refused."""
    match = _CODE.search(message)
    code = int(match[1]) if match else 0
    line = " ".join(message.split())[:500]
    if code in _FULL or "No space left on device" in message:
        return StoreFull(f"no room left on the store's disk; free some, then run again ({line})")
    if code == _NO_RIGHT:
        return StoreRefused(f"{line}; grant it, as docs/cluster.md lists for each worker")
    return StoreBusy(line) if code in _BUSY else StoreRefused(line)


def safe(name: str) -> str:
    """The name of a table or column as it may stand in a statement. Raises StoreRefused."""
    if not _NAME.match(name):
        raise StoreRefused(f"{name!r} is not a table's or column's name")
    return name
