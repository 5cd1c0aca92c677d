"""Starts, kills and starts again: one broker, or three that make a cluster."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

POM = Path(__file__).with_name("pom.xml")
VERSION = "4.3.1"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "backlinks-tests"
_JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_START_S = 90


def jars() -> Path:
    """The directory with Kafka's jars, fetched once a machine. Skips where that can't be done."""
    for command, package in (("java", "a Java 17 runtime"), ("mvn", "Maven")):
        if shutil.which(command) is None:
            missing(f"{command} is not installed; the Kafka tests need {package}")
    found = CACHE / f"kafka-{VERSION}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (found / "ready").exists():
            done = subprocess.run(
                ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies",
                 f"-DoutputDirectory={found}"],
                capture_output=True, text=True, cwd=CACHE, check=False,
            )  # fmt: skip
            if done.returncode:
                missing(f"Maven could not fetch Kafka {VERSION}: {done.stdout[-500:]}")
            (found / "ready").touch()
    return found


def _classes() -> Path:
    """Kafka's classes as Java has loaded them once, kept for a machine: half of a broker's start.

    Java passes over an archive that it can't use, or that isn't there.
    """
    java = Path(shutil.which("java") or "").resolve()
    found = jars() / f"classes-{int(java.stat().st_mtime)}.jsa"
    with open(CACHE / "classes-lock", "w") as lock, tempfile.TemporaryDirectory() as made:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            written = Path(made) / "classes.jsa"
            Broker(Path(made), flags=[f"-XX:ArchiveClassesAtExit={written}"]).start().stop()
            if written.exists():  # or Java goes without
                shutil.move(written, found)
    return found


def missing(what: str) -> None:
    """A skip that says what to install; in CI nothing may be missing."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Broker:
    """One node, broker and controller in one. `extra`: lines of its server.properties.

    more: further listeners by name, as the protocol that each speaks; `at` tells their addresses.
    """

    def __init__(
        self,
        directory: Path,
        *,
        number: int = 1,
        port: int = 0,
        voters: Sequence[tuple[int, int]] = (),
        cluster: str = "",
        extra: str = "",
        more: Mapping[str, str] | None = None,
        replicas: int = 1,
        format_with: Sequence[str] = (),
        heap_mb: int = 320,
        flags: Sequence[str] = (),
    ) -> None:
        self.flags = [f"-Xmx{heap_mb}m", *_JVM, *(flags or [f"-XX:SharedArchiveFile={_classes()}"])]
        self.directory = directory
        self.port = port or free_port()
        speaks = {"PLAINTEXT": "PLAINTEXT", **(more or {})}
        self.ports = {name: free_port() for name in speaks} | {"PLAINTEXT": self.port}
        if not voters:
            voters = [(number, free_port())]
        controller = dict(voters)[number]
        self.jars = jars()
        directory.mkdir(parents=True, exist_ok=True)
        self.configuration = directory / "server.properties"
        listeners = ",".join(f"{name}://127.0.0.1:{at}" for name, at in self.ports.items())
        self.configuration.write_text(
            f"""process.roles=broker,controller
node.id={number}
listeners={listeners},CONTROLLER://127.0.0.1:{controller}
advertised.listeners={listeners}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,{",".join(map(":".join, speaks.items()))}
controller.quorum.voters={",".join(f"{n}@127.0.0.1:{p}" for n, p in voters)}
log.dirs={directory / "log"}
auto.create.topics.enable=false
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=3
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controlled.shutdown.enable=true
log.retention.check.interval.ms=500
log.segment.delete.delay.ms=200
{extra}
"""
        )
        self.process: subprocess.Popen[bytes] | None = None
        cluster = cluster or new_cluster()
        self.run(
            "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self.configuration),
            "--ignore-formatted", *format_with,
        )  # fmt: skip

    @property
    def address(self) -> str:
        return self.at("PLAINTEXT")

    def at(self, listener: str) -> str:
        return f"127.0.0.1:{self.ports[listener]}"

    def _command(self, *arguments: str) -> list[str]:
        return ["java", *self.flags, "-cp", f"{self.jars}/*", *arguments]

    def run(self, *arguments: str) -> None:
        """One of Kafka's own tools: its class, and what it is told."""
        done = subprocess.run(
            self._command(*arguments), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def start(self, *, wait: bool = True) -> Broker:
        with open(self.directory / "out", "ab") as out:
            self.process = subprocess.Popen(
                self._command("kafka.Kafka", str(self.configuration)), stdout=out, stderr=out
            )
        if wait:
            self.wait()
        return self

    def wait(self) -> None:
        """Until it answers."""
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1):
                    pass
                KafkaAdminClient(bootstrap_servers=self.address, bootstrap_timeout_ms=2000).close()
                return
            except (OSError, KafkaError):
                time.sleep(0.1)
        said = (self.directory / "out").read_text(errors="replace")[-2000:]
        raise AssertionError(f"the broker in {self.directory} did not start: {said}")

    def kill(self) -> None:
        """kill -9: nothing is written, nobody is told."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def freeze(self) -> None:
        """It holds its connections and says nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process = None


def new_cluster() -> str:
    # Fixed first letter: an id that begins with "-" is taken for an option by the storage tool.
    return "c" + urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]


def three(directory: Path) -> list[Broker]:
    """A cluster in which one may go. Not started: only two of them together answer."""
    cluster = new_cluster()
    voters = [(number, free_port()) for number in (1, 2, 3)]
    return [
        Broker(directory / str(number), number=number, voters=voters, cluster=cluster, replicas=3)
        for number, _ in voters
    ]
