"""A ClickHouse server as a process on loopback: started, killed, started again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.support.clickhouse.fetch import libraries

STARTS_S = 60
_CONFIG = """<yandex>
<logger><level>warning</level><log>{directory}/log</log><errorlog>{directory}/errors</errorlog></logger>
<listen_host>127.0.0.1</listen_host><tcp_port>{port}</tcp_port>
<path>{directory}/data/</path><tmp_path>{directory}/tmp/</tmp_path>
<users_config>users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>67108864</mark_cache_size><timezone>Europe/Berlin</timezone>
</yandex>"""
_USERS = """<yandex>
<profiles>
<default>
<allow_experimental_low_cardinality_type>1</allow_experimental_low_cardinality_type>
</default>
<tight><max_memory_usage>10000000</max_memory_usage></tight>
</profiles>
<quotas><default/></quotas>
<users>{users}</users>
</yandex>"""
_USER = """<{name}><password>{password}</password><networks><ip>127.0.0.1</ip></networks>
<profile>{profile}</profile><quota>default</quota></{name}>"""
PASSWORD = "s3cret-pass-word"


class RealServer:
    def __init__(self, root: Path, directory: Path) -> None:
        self.root, self.directory = root, directory
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("data", "tmp"):
            (directory / name).mkdir(parents=True)
        users = [("default", "", "default"), ("ann", PASSWORD, "default"), ("tight", "", "tight")]
        made = "".join(_USER.format(name=n, password=p, profile=f) for n, p, f in users)
        (directory / "users.xml").write_text(_USERS.format(users=made))
        (directory / "config.xml").write_text(_CONFIG.format(directory=directory, port=self.port))

    def start(self, disk_mb: int = 0) -> None:
        """`disk_mb`: of a disk of its own for its data, which is gone with it.

        Raises AssertionError with the end of its log where it does not come up.
        """
        mounted = f'mount -t tmpfs -o size={disk_mb}m none data && exec "$@"'
        alone = ["unshare", "--map-root-user", "--mount", "sh", "-c", mounted, "sh"]
        self._process = subprocess.Popen(
            [
                *(alone if disk_mb else []),
                self.root / "usr/sbin/clickhouse-server",
                "--config-file=config.xml",
            ],
            cwd=self.directory,
            env={"LD_LIBRARY_PATH": libraries(self.root), "PATH": os.environ["PATH"], "LANG": "C"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + STARTS_S
        while not self._answers():
            log = self.directory / "log"
            said = log.read_text(errors="replace")[-2000:] if log.exists() else "nothing"
            assert self._process.poll() is None, f"it ended: {said}"
            assert time.monotonic() < until, f"it does not come up: {said}"
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            return True
        return False

    def kill(self) -> None:
        """As a power cut would, but for what the system still holds in memory."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """It takes connections and says nothing, until `thaw`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
