"""The store that the settings name: ClickHouse where there are hosts, else chDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pipeline.errors import StoreMismatch
from pipeline.settings import Settings
from pipeline.store import Store
from pipeline.store.migrate import missing
from pipeline.store.remote import Server
from pipeline.store.spread import cluster_of
from pipeline.store.views import lacking as lacking_views

if TYPE_CHECKING:
    from pipeline.store.clickhouse import ClickHouseStore


def open_to_write(
    settings: Settings, command: str, *, serve: bool = False
) -> tuple[Store, Callable[[], None]]:
    """The store at this code's schema, and what to call at the end.

    Embedded, it is migrated, and with `serve` reading commands are answered by this process. A
    server's schema is only checked: its workers need no right to create anything.
    Raises StoreError.
    """
    if settings.store.hosts:
        return _server(settings)
    from pipeline.store import directory  # loads chDB

    store, held, close = directory.open_to_write(settings.data, command)
    if not serve:
        return store, close
    try:
        server = Server(store.read_only, store.insert)
        held.tell(str(server.path))
    except BaseException:
        close()
        raise

    def close_both() -> None:
        server.close()
        close()

    return store, close_both


def open_to_read(
    settings: Settings, command: str, limits: Mapping[str, int] | None = None
) -> tuple[Store, Callable[[], None]]:
    """The store for questions. Raises StoreError.

    limits: of each question, embedded; on a server those of the user's profile hold.
    """
    if not settings.store.hosts:
        from pipeline.store import directory

        return directory.open_to_read(settings.data, command, limits)
    return _server(settings, readonly=True)


def open_to_say(settings: Settings, command: str) -> tuple[Store, Callable[[], None]]:
    """The store to add what people say, though a run holds it. Raises StoreError."""
    if settings.store.hosts:
        return _server(settings)
    from pipeline.store import directory

    return directory.open_to_say(settings.data, command)


def open_to_migrate(settings: Settings, command: str) -> tuple[Store, Callable[[], None]]:
    """The store whatever its schema; on a server, its database is made where it is missing."""
    if not settings.store.hosts:
        return open_to_write(settings, command)
    from pipeline.store.clickhouse import ClickHouseStore

    store = ClickHouseStore(settings.store, create=True)
    return store, store.close


def open_to_check(settings: Settings, command: str) -> tuple[Store, Callable[[], None]]:
    """The store for questions, whatever its schema."""
    if not settings.store.hosts:
        return open_to_read(settings, command)
    from pipeline.store.clickhouse import ClickHouseStore

    store = ClickHouseStore(settings.store, readonly=True)
    return store, store.close


def _server(
    settings: Settings, *, readonly: bool = False
) -> tuple[ClickHouseStore, Callable[[], None]]:
    from pipeline.store.clickhouse import ClickHouseStore

    store = ClickHouseStore(settings.store, readonly=readonly)
    try:
        demand(store)
        cluster = cluster_of(store, settings.store)
        if cluster is not None:
            store.spread_by(cluster.altered)
        if readonly:
            demand_views(store)  # workers ask none, and need no right to see them
    except BaseException:
        store.close()
        raise
    return store, store.close


def demand(store: Store) -> None:
    """Raises StoreMismatch where the store is not at this code's schema."""
    _refuse(missing(store))


def demand_views(store: Store) -> None:
    """Raises StoreMismatch where a view is missing or older than this code's."""
    _refuse([f"view {view.name}" for view in lacking_views(store)])


def _refuse(lacking: list[str]) -> None:
    if lacking:
        raise StoreMismatch(
            f"the store lacks {', '.join(lacking)}; run `backlinks admin migrate` first"
        )
