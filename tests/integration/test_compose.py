"""What deploy/compose.yaml starts, started without containers: the same commands and variables.

Only addresses, the secret's file, ports and how long to wait are others.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest

from demo.serve import LoopbackWeb
from pipeline.settings import StoreSettings
from pipeline.store import rows
from pipeline.store.clickhouse import ClickHouseStore
from tests.integration.test_run import MANY, many, tables
from tests.support.command import at, backlinks, start
from tests.support.compose import Service, services
from tests.support.kafka.broker import Broker, free_port
from tests.support.native_bridge import NativeBridge
from tests.support.stores import Databases
from tests.support.waiting import PATIENCE_S

pytestmark = pytest.mark.long

SECRET = "a secret of the tests"
SEEDS = MANY[:2]
GIVEN = {"CONTACT": "https://example.org/bot", "SCOPE": "open", "PAGES": "1000"}
SCALE = {"crawl": 2, "consume": 2}
QUICK = {"plan": "1", "score": "4"}  # --every
PAGES = 6 * 21 + 2  # a seed is "/", and linked to as "/0"
_END_S = 280
_DONE = (
    "SELECT (SELECT uniq(host, path) FROM pages) AS pages, "
    "(SELECT max(domains) FROM snapshots) AS domains"
)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """As the file configures it, but for where it listens and writes, and how much it may use."""
    told = services(GIVEN)["kafka"].environment
    ours = ("LISTENER", "QUORUM", "LOG_DIRS", "HEAP", "NODE_ID", "PROCESS_ROLES")
    lines = [
        f"{name.removeprefix('KAFKA_').lower().replace('_', '.')}={value}"
        for name, value in told.items()
        if name.startswith("KAFKA_") and not any(part in name for part in ours)
    ]
    directory = tmp_path_factory.mktemp("compose")
    found = Broker(directory, cluster=told["CLUSTER_ID"], extra="\n".join(lines))
    try:
        yield found.start()
    finally:
        found.kill()


@pytest.fixture
def server(store_directory: Path) -> Iterator[NativeBridge]:
    with NativeBridge(store_directory, users={"backlinks": SECRET}) as found:
        yield found


def given(
    service: Service, broker: Broker, server: NativeBridge, database: str, secret: Path, port: int
) -> dict[str, str]:
    return service.environment | {
        "BACKLINKS_KAFKA__BROKERS": broker.address,
        "BACKLINKS_KAFKA__PREFIX": f"{database}.",
        "BACKLINKS_STORE__HOSTS": server.address,
        "BACKLINKS_STORE__DATABASE": database,
        "BACKLINKS_STORE__PASSWORD_FILE": str(secret),
        "BACKLINKS_METRICS__PORT": str(port),
        "BACKLINKS_CRAWL__DELAY_S": "0",
        "BACKLINKS_CONSUME__FLUSH_AGE_S": "0.2",
        "BACKLINKS_ARCHIVE__PART_AGE_S": "1",
    }


def test_the_same_processes_do_the_same_as_one(
    broker: Broker, server: NativeBridge, tmp_path: Path, store_directory: Path
) -> None:
    """The cluster's tables are those of `backlinks run` embedded, and of `run` over the cluster."""
    found = services(GIVEN)
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    name = f"compose_{os.getpid()}"
    ports: list[tuple[str, int]] = []
    running: list[tuple[Path, Popen[str]]] = []

    def environment(service: str, database: str = name, port: int = 0) -> dict[str, str]:
        return given(found[service], broker, server, database, secret, port)

    with LoopbackWeb(many) as web:

        def words(service: str) -> list[str]:
            command = list(found[service].command)
            if service in QUICK:
                command[command.index("--every") + 1] = QUICK[service]
            if service == "archive":
                command[command.index("--to") + 1] = str(tmp_path / "archive")
            return command + (at(web) if service == "crawl" else [])

        for database in (name, f"{name}_run"):
            for service in ("topics", "migrate"):
                done = backlinks(*words(service), environment=environment(service, database))
                assert done.code == 0, done.err
        seeded = backlinks("worker", "plan", *SEEDS, environment=environment("plan"))
        assert seeded.code == 0, seeded.err
        assert "2 requests" in seeded.err
        try:
            for service in ("plan", "crawl", "consume", "archive", "score"):
                for number in range(SCALE.get(service, 1)):
                    data = tmp_path / f"{service}{number}" / "data"
                    data.parent.mkdir()
                    ports.append((service, free_port()))
                    told = environment(service, port=ports[-1][1])
                    says = tmp_path / f"{service}{number}.txt"  # a pipe nobody reads would fill
                    process = start(*words(service), data=data, environment=told, says=says)
                    running.append((says, process))
            wait_for_all(server, name, environment("plan"), running)
            for service, port in ports:
                healthy(service, port)
            for _, process in running:
                process.send_signal(signal.SIGTERM)
            for says, process in running:
                assert process.wait(timeout=PATIENCE_S) == 0, f"{says.name}: {says.read_text()}"
        finally:
            for _, process in running:
                process.kill()
                process.wait()
        for left in tmp_path.glob("*/data"):
            raise AssertionError(f"a worker of a cluster wrote to {left}")
        data, says = tmp_path / "embedded", tmp_path / "embedded.txt"
        arguments = ["run", *SEEDS, "--scope", "open", "--no-score", *at(web)]
        with start(*arguments, "--delay", 0, data=data, says=says) as embedded:
            told = environment("plan", f"{name}_run")
            again = backlinks(*arguments, environment=told, cwd=tmp_path)
            assert again.code == 0, again.err
            assert embedded.wait(timeout=PATIENCE_S) == 0, says.read_text()
    truth = tables(data)
    assert len(truth["pages"]) == PAGES
    assert tables(environment=environment("plan")) == truth
    assert tables(environment=environment("plan", f"{name}_run")) == truth
    assert any((tmp_path / "archive").rglob("*.zst"))
    for database in (name, f"{name}_run"):
        forget(server, store_directory, database)


def wait_for_all(
    server: NativeBridge,
    database: str,
    environment: dict[str, str],
    running: list[tuple[Path, Popen[str]]],
) -> None:
    """Until every page is in the store, nobody is behind, and a snapshot of it is there."""
    until = time.monotonic() + _END_S
    settings = StoreSettings(
        hosts=[server.address],
        database=database,
        user="backlinks",
        password=SECRET,  # type: ignore[arg-type]
    )
    store = ClickHouseStore(settings)
    while time.monotonic() < until:
        for says, process in running:
            assert process.poll() is None, f"{says.name} ended: {says.read_text()}"
        told = rows(store.query(_DONE))[0]
        if told == {"pages": PAGES, "domains": 6}:
            store.close()
            status = backlinks("status", "--exit-when-healthy", "--timeout", 30,
                               environment=environment)  # fmt: skip
            assert status.code == 0, status.err
            return
        time.sleep(0.5)
    raise AssertionError(f"not done in {_END_S} s: {told}")


def healthy(service: str, port: int) -> None:
    """What the containers' health check asks for."""
    from urllib.request import urlopen

    with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
        assert json.load(answer)["state"] == "ok", service


def forget(server: NativeBridge, directory: Path, database: str) -> None:
    databases = Databases("chdb", directory, server)
    store = databases.new()
    store.execute(f"DROP DATABASE {database}")
    databases.drop(store)
    server.forget(database)
