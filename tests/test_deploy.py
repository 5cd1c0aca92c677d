"""What stands in deploy/ is true: each name that it uses exists, in us or in what it configures."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

from pipeline import metrics
from pipeline.log.topics import read_topics
from pipeline.settings import load
from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from tests.support import docs
from tests.support.compose import DEPLOY, compose, filled, services
from tests.test_docs import command_lines, wrong_command

REPOSITORY = DEPLOY.parent
GIVEN = {"CONTACT": "https://example.org/bot"}
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
# In a server's configuration, but no setting of its own in system.server_settings.
_SETTING = re.compile(r"(?<![/\w])(consume|kafka|store|metrics|log)\.(?!md\b)([a-z_]+)\b")
SECTIONS = {"merge_tree", "prometheus"}


def texts() -> dict[str, str]:
    files = (file for file in DEPLOY.rglob("*") if file.suffix not in (".py", ".pyc"))
    return {str(f.relative_to(DEPLOY)): f.read_text() for f in files if f.is_file()}


# --- us ---


@pytest.mark.parametrize("name", [s.name for s in services(GIVEN).values() if s.ours])
def test_a_service_s_command_and_settings_are_the_program_s(name: str) -> None:
    service = services(GIVEN)[name]
    assert wrong_command(" ".join(service.command)) == ""
    settings = load(None, service.environment, {})  # raises for one that is unknown or wrong
    assert settings.kafka.brokers == ["kafka:9092"]
    assert settings.store.hosts == ["clickhouse:9000"]
    assert settings.store.password_file == "/run/secrets/clickhouse_password"
    assert settings.crawl.contact == "https://example.org/bot"


def test_a_contact_must_be_named() -> None:
    with pytest.raises(KeyError, match="CONTACT"):
        compose({})
    assert filled("${A:-x} ${B:-y} $$(z)", {"A": "a"}) == "a y $(z)"


def test_every_setting_and_command_that_is_named_exists() -> None:
    known = {path for path, _ in docs.settings()}
    for file, text in texts().items():
        for name in re.findall(r"BACKLINKS_[A-Z_]+", text):
            path = name.removeprefix("BACKLINKS_").lower().replace("__", ".")
            assert path in known, f"{file}: {name}"
        for section, name in _SETTING.findall(text):
            assert f"{section}.{name}" in known, f"{file}: {section}.{name}"
        quoted = re.findall(r"backlinks ((?:admin|worker) [a-z ]+)", text)
        for line in [*quoted, *command_lines(text)]:
            assert wrong_command(line.strip()) == "", f"{file}: {line}"


def test_workers_get_longer_to_stop_than_they_take() -> None:
    for service in services(GIVEN).values():
        if service.ours:
            settings = load(None, service.environment, {})
            budget = max(settings.consume.stop_s, settings.archive.stop_s, settings.crawl.timeout_s)
            assert int(service.told["stop_grace_period"].removesuffix("s")) >= budget + 10


def test_what_a_service_leans_on_is_there() -> None:
    whole = compose(GIVEN)
    found = services(GIVEN)
    for service in found.values():
        assert set(service.waits_for()) <= set(found), service.name
        assert set(service.told.get("networks", [])) <= set(whole["networks"]), service.name
        assert set(service.told.get("secrets", [])) <= set(whole["secrets"]), service.name
        for volume in service.told.get("volumes", []):
            source = volume.partition(":")[0]
            if source.startswith("."):
                assert (DEPLOY / source).exists() or source == "./trusted", volume
            else:
                assert source in whole["volumes"], volume


def test_workers_wait_for_topics_and_schema_and_those_for_their_servers() -> None:
    found = services(GIVEN)
    once = {"topics": "kafka", "migrate": "clickhouse"}
    for service in found.values():
        if service.name in once:
            assert service.waits_for() == {once[service.name]: "service_healthy"}
        elif service.ours:
            assert service.waits_for() == dict.fromkeys(once, "service_completed_successfully")


def test_only_spiders_reach_the_web_and_only_loopback_is_published() -> None:
    networks = compose(GIVEN)["networks"]
    assert networks["inside"] == {"internal": True}
    closed = {"com.docker.network.bridge.enable_ip_masquerade": "false"}
    assert networks["asked"] == {"driver_opts": closed}
    assert set(networks) == {"inside", "asked", "outside"}
    for service in services(GIVEN).values():
        assert ("outside" in service.told["networks"]) == (service.name == "crawl")
        for port in service.told.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{service.name}: {port}"


def test_workers_run_as_nobody_special_on_a_disk_they_can_t_write() -> None:
    final = (DEPLOY / "Dockerfile").read_text().rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!0\b|root\b)\S+$", final, re.MULTILINE)
    for service in services(GIVEN).values():
        if service.ours:
            assert service.told["read_only"] is True, service.name
            assert service.told["cap_drop"] == ["ALL"], service.name


# --- the image ---


def copied() -> Iterator[str]:
    for line in re.findall(r"^COPY (?!--from)(.+)$", (DEPLOY / "Dockerfile").read_text(), re.M):
        yield from (source.removeprefix("./") for source in line.split()[:-1])


def test_the_image_is_built_from_what_is_let_through_to_it() -> None:
    ignored = (REPOSITORY / ".dockerignore").read_text().splitlines()
    let_through = {line[1:] for line in ignored if line.startswith("!")}
    assert set(copied()) == let_through
    assert "*" in ignored
    assert any(fnmatch("deploy/secrets", pattern) for pattern in ignored)


def test_the_image_s_package_has_every_file_that_the_program_reads(tmp_path: Path) -> None:
    """pip does what the image's last step does, with nothing but what is copied there."""
    source = tmp_path / "src"
    source.mkdir()
    wanted = set()
    for name in copied():
        path = REPOSITORY / name
        files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
        for file in files:
            if "__pycache__" in file.parts or "secrets" in file.parts:
                continue
            within = file.relative_to(REPOSITORY)
            (source / within).parent.mkdir(parents=True, exist_ok=True)
            (source / within).write_bytes(file.read_bytes())
            if file.suffix in (".py", ".sql", ".json", ".toml", ".txt") and len(within.parts) > 1:
                wanted.add(str(within))
    made = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
         "--no-index", "--wheel-dir", str(tmp_path), str(source)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    [wheel] = tmp_path.glob("*.whl")
    assert wanted - set(zipfile.ZipFile(wheel).namelist()) == set()
    assert wheel.name.startswith(f"backlink_index-{PROJECT['version']}-")
    assert services(GIVEN)["plan"].told["image"] == f"backlinks:{PROJECT['version']}"


# --- what is configured ---


def sections(file: str, path: str) -> dict[str, str]:
    found = ElementTree.parse(DEPLOY / "clickhouse" / file).getroot().find(path)
    assert found is not None
    return {child.tag: (child.text or "").strip() for child in found if child.get("remove") is None}


def known(store: ChdbStore, table: str) -> set[str]:
    return {row["name"] for row in rows(store.query(f"SELECT name FROM system.{table}"))}


def test_clickhouse_knows_every_setting_and_takes_its_value(store: ChdbStore) -> None:
    for file, profile in (("users.xml", "default"), ("analyst.xml", "analyst")):
        chosen = sections(file, f"profiles/{profile}")
        chosen.pop("constraints", "")
        assert set(chosen) <= known(store, "settings"), profile
        for name, value in chosen.items():
            store.query(f"SELECT 1 SETTINGS {name} = '{value}'")
    of_tables = sections("server.xml", "merge_tree")
    assert set(of_tables) <= known(store, "merge_tree_settings")
    assert of_tables["fsync_after_insert"] == of_tables["fsync_part_directory"] == "1"
    logs = {tag for tag in sections("server.xml", ".") if tag.endswith("_log")}
    others = set(sections("server.xml", ".")) - SECTIONS - logs
    assert others <= known(store, "server_settings")


def test_the_server_is_the_version_whose_engine_ran_every_query(store: ChdbStore) -> None:
    version = rows(store.query("SELECT version() AS version"))[0]["version"]
    image = services(GIVEN)["clickhouse"].told["image"]
    assert image == f"clickhouse/clickhouse-server:{'.'.join(version.split('.')[:2])}"


def test_the_broker_is_the_version_that_the_tests_run() -> None:
    from tests.support.kafka.broker import VERSION

    assert services(GIVEN)["kafka"].told["image"] == f"apache/kafka:{VERSION}"


def test_the_broker_s_limits_take_what_topics_and_spiders_need() -> None:
    from pipeline.log.settled import MAX_METADATA

    given = services(GIVEN)["kafka"].environment
    assert int(given["KAFKA_OFFSET_METADATA_MAX_BYTES"]) >= MAX_METADATA
    assert given["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert read_topics(None, replication=1)


def test_prometheus_asks_for_metrics_that_there_are() -> None:
    told = {}
    for metric in metrics.METRICS:
        suffixes = {"counter": ["_total"], "gauge": [""], "summary": ["_sum", "_count"]}
        told.update({metric.name + end: metric for end in suffixes[metric.kind]})
    assert len(rules()) > 4
    for alert, expression in rules().items():
        for name in re.findall(r"backlinks_\w+", expression):
            assert name in told, f"{alert}: {name}"


def test_a_worker_that_is_gone_is_missed() -> None:
    """Its name leads nowhere then, and there is no `up` that could be 0."""
    always = {
        service.name
        for service in services(GIVEN).values()
        if service.ours and "profiles" not in service.told
    } - {"topics", "migrate"}
    found = re.findall(r'absent\(up{job="backlinks", worker="(\w+)"}\)', rules()["WorkerIsDown"])
    assert set(found) == always


def test_workers_that_are_stopped_as_soon_as_they_start_are_noticed() -> None:
    """Half of the scrapes of one worker that stays."""
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    scraped_s = int(re.findall(r"scrape_interval: (\d+)s", text)[0])
    expression = rules()["WorkersDieAgainAndAgain"]
    minutes, least = re.findall(r"\[(\d+)m\]\)\) < (\d+)", expression)[0]
    assert int(least) * 2 == int(minutes) * 60 / scraped_s


def rules() -> dict[str, str]:
    alerts = YAML(typ="safe", pure=True).load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    return {rule["alert"]: rule["expr"] for group in alerts["groups"] for rule in group["rules"]}


def test_prometheus_scrapes_every_worker_where_it_listens() -> None:
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    [ours, clickhouse] = YAML(typ="safe", pure=True).load(text)["scrape_configs"]
    [found] = ours["dns_sd_configs"]
    workers = {s.name for s in services(GIVEN).values() if s.ours} - {"topics", "migrate"}
    assert set(found["names"]) == workers
    for name in workers:
        told = services(GIVEN)[name].environment
        assert load(None, told, {}).metrics.port == found["port"]
    [target] = clickhouse["static_configs"][0]["targets"]
    assert target == f"clickhouse:{sections('server.xml', 'prometheus')['port']}"
