"""Every setting, with its unit and the reason for its default. docs/settings.md is made from here.

Built once at the edge from the file, then the environment, then flags; unknown keys are errors.
"""

from __future__ import annotations

import ipaddress
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from pipeline.errors import BadSetting

DAY = 86_400
PREFIX = "BACKLINKS_"
_PLACES = ("main", "aside", "header", "nav", "comment", "footer", "other")
_LISTS = frozenset(
    {"allow_private", "brokers", "hosts", "ports"}
)  # with commas, in the environment


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Login(_Section):
    """A name, and a password from the environment or a file: never from the command line."""

    user: str = Field(default="", description="name to log in with")
    password: SecretStr = Field(
        default=SecretStr(""), description="to log in with; from the environment or password_file"
    )
    password_file: str = Field(default="", description="file that the password stands in")

    def secret(self) -> str:
        """The password. Raises BadSetting where its file can't be read."""
        if not self.password_file:
            return self.password.get_secret_value()
        try:
            return Path(self.password_file).read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            told = getattr(error, "strerror", None) or "it is not UTF-8"
            raise BadSetting(
                f"can't read the password in {self.password_file}: {told}; "
                "name a file that this user may read in password_file"
            ) from error


class CrawlSettings(_Section):
    """How pages are fetched."""

    contact: str = Field(
        default="",
        description="URL or address where site owners reach you; part of the user agent; needed beyond loopback",
    )
    delay_s: float = Field(
        default=1.0,
        ge=0,
        le=3600,
        description="between two requests to a host; robots.txt may ask for more",
    )
    longest_delay_s: float = Field(
        default=30.0, ge=0, description="a robots.txt that asks for more than this is given this"
    )
    timeout_s: float = Field(default=30.0, gt=0, le=600, description="of one request, whole")
    concurrency: int = Field(
        default=64, ge=1, le=1000, description="requests in flight, each to another host"
    )
    owner_concurrency: int = Field(
        default=4,
        ge=1,
        description="requests in flight to the hosts of one registered domain; to a hosting platform's, those of pipeline/platforms.txt",
    )
    address_concurrency: int = Field(
        default=16,
        ge=1,
        description="requests in flight to one server's address, of one spider; divide it by the number of spiders",
    )
    window: int = Field(
        default=10_000,
        ge=1,
        description="requests held in memory, 2 KB each; reading waits when it is full; 100 s of a spider's rate",
    )
    body_bytes: int = Field(
        default=5 << 20,
        ge=1024,
        le=5 << 20,
        description="of a page, decompressed; what is longer is cut and is no evidence of loss",
    )
    robots_ttl_s: int = Field(
        default=DAY,
        ge=60,
        le=DAY,
        description="for which a robots.txt is remembered (RFC 9309: a day at most); more than both delays",
    )
    allow_private: list[str] = Field(
        default=[],
        description="networks beyond the public internet that may be fetched, such as 127.0.0.0/8",
    )
    allow_ip: bool = Field(default=False, description="take URLs whose host is an IP address")
    ports: list[int] = Field(
        default=[80, 443],
        description="of servers that may be asked; links to others are kept and not followed",
    )
    connect_to: str = Field(
        default="",
        description="ADDRESS:HTTP_PORT:HTTPS_PORT to connect to instead of every host's own, for a web under test, whose certificates are not verified",
    )

    @model_validator(mode="after")
    def _remembers(self) -> CrawlSettings:
        # Or it would have been forgotten again whenever the page behind it may be asked for.
        if self.robots_ttl_s <= max(self.delay_s, self.longest_delay_s):
            raise ValueError("robots_ttl_s must be more than delay_s and longest_delay_s")
        return self

    @field_validator("allow_private")
    @classmethod
    def _networks(cls, networks: list[str]) -> list[str]:
        for network in networks:
            ipaddress.ip_network(network)
        return networks

    @field_validator("ports")
    @classmethod
    def _ports(cls, ports: list[int]) -> list[int]:
        if not ports or not all(0 < port < 65536 for port in ports):
            raise ValueError("give some ports from 1 to 65535")
        return ports

    @field_validator("connect_to")
    @classmethod
    def _address(cls, value: str) -> str:
        if value:
            address, http, https = ["", *value.rsplit(":", 2)][-3:]
            if not (address and http.isdecimal() and https.isdecimal()):
                raise ValueError("give ADDRESS:HTTP_PORT:HTTPS_PORT")
            ipaddress.ip_address(address)
            if not (0 < int(http) < 65536 and 0 < int(https) < 65536):
                raise ValueError("ports are from 1 to 65535")
        return value


class PlanSettings(_Section):
    """What is fetched."""

    scope: str = Field(
        default="site",
        pattern=r"^(site|open|hops:\d{1,4})$",
        description="site: the seeds' registered domains; hops:N: up to N links to other domains away; open: everything",
    )
    pages: int = Field(default=1_000, ge=1, description="fetched in one run")
    site_pages: int = Field(
        default=500,
        ge=1,
        description="URLs fetched of one registered domain at first; what a trap can cost. The flag is for all that follows: it sets most_site_pages and least_site_pages too",
    )
    most_site_pages: int = Field(
        default=50_000,
        ge=1,
        description="to which the budget of a site grows whose pages prove good",
    )
    least_site_pages: int = Field(
        default=20,
        ge=1,
        description="to which it shrinks where they are errors, empty, or copies, and no seed is of it; so many are seen before it is judged",
    )
    platform_pages: int = Field(
        default=1_000_000,
        ge=1,
        description="of all sites together on a platform of pipeline/platforms.txt",
    )
    owner_pages: int = Field(
        default=50_000,
        ge=1,
        description="of all sites together on the platform of any other owner",
    )
    revisit_share: float = Field(
        default=0.3,
        ge=0.01,
        le=0.98,
        description="share of a plan for pages that are due again; what it doesn't use goes to the others",
    )
    explore_share: float = Field(
        default=0.1,
        ge=0.01,
        le=0.98,
        description="share of a plan, and of the hosts of domains without authority, drawn each day by chance: or nobody unknown would ever be seen",
    )
    deadline_s: int = Field(
        default=180, ge=5, description="until a request that was not fetched is planned again"
    )
    interval_s: float = Field(default=1.0, gt=0, description="between two plans of a run")

    @model_validator(mode="after")
    def _shares(self) -> PlanSettings:
        if self.revisit_share + self.explore_share >= 1:
            raise ValueError(
                "revisit_share and explore_share together must leave a share for new URLs"
            )
        return self

    @property
    def max_hops(self) -> int:
        if self.scope.startswith("hops:"):
            return int(self.scope[5:])
        return 0 if self.scope == "site" else 0xFFFE


class RevisitSettings(_Section):
    """When a page is due again."""

    first_s: int = Field(
        default=7 * DAY, ge=0, description="until the second visit; then it adapts"
    )
    shortest_s: int = Field(default=3_600, ge=0, description="for pages whose links keep changing")
    longest_s: int = Field(default=90 * DAY, ge=1, description="for pages whose links never change")
    failed_s: int = Field(
        default=3_600, ge=0, description="after a failure; four times longer after each further one"
    )
    gone_s: int = Field(default=14 * DAY, ge=0, description="after a 404 or 410")
    confirm_s: int = Field(
        default=DAY, ge=0, description="until a page that lost a link is visited again, to be sure"
    )


class ConsumeSettings(_Section):
    """How the log is written to the store."""

    flush_rows: int = Field(
        default=100_000, ge=1, description="rows of one insert; few large inserts make few parts"
    )
    flush_age_s: float = Field(
        default=1.0,
        ge=0,
        description="after which a smaller batch is written; what a reader waits for a page",
    )
    poll_records: int = Field(default=1_000, ge=1, description="read at once")
    dead_letters: int = Field(
        default=100, ge=1, description="so many unreadable records in a row stop the worker"
    )
    retry_s: float = Field(
        default=0.5, gt=0, description="first pause where the store is busy; it doubles"
    )
    longest_retry_s: float = Field(default=30.0, gt=0, description="longest pause")
    stop_s: float = Field(
        default=20.0,
        ge=0,
        description="to finish in when told to stop; five seconds later it is ended",
    )
    durable: bool = Field(
        default=True,
        description="stop at the start where the server could lose in a power cut what it acknowledged",
    )
    lifecycle_s: float = Field(
        default=30.0,
        gt=0,
        description="between two runs of the job that tells which links were lost",
    )
    retention_s: int = Field(
        default=7 * DAY, ge=0, description="for which consumed records stay in the embedded log"
    )


class ArchiveSettings(_Section):
    """How pages are kept beyond the log's retention, so that an index can be rebuilt."""

    to: str = Field(
        default="",
        description="directory, or URL such as s3://bucket/path, of the archive; its keys come from where its client looks for them",
    )
    part_bytes: int = Field(
        default=64 << 20,
        ge=1 << 10,
        le=1 << 30,
        description="of a file before compression; and of all open files in memory, compressed",
    )
    part_age_s: float = Field(
        default=300.0,
        ge=0,
        description="after which a smaller file is written; the log must keep records for longer",
    )
    level: int = Field(
        default=6,
        ge=1,
        le=12,
        description="of zstandard; from 9 on each partition takes 15 MB of memory and more",
    )
    retry_s: float = Field(
        default=1.0, gt=0, description="first pause where the storage is away; it doubles"
    )
    longest_retry_s: float = Field(default=60.0, gt=0, description="longest pause")
    stop_s: float = Field(
        default=20.0,
        ge=0,
        description="to finish in when told to stop; five seconds later it is ended",
    )


class KafkaSettings(_Login):
    """The log in a cluster; without brokers it is an SQLite file in the data directory."""

    brokers: list[str] = Field(default=[], description="HOST:PORT of some brokers of the cluster")
    prefix: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9._-]{0,60}$",
        description="before the names of topics and groups, where the cluster is shared",
    )
    tls: bool = Field(default=False, description="speak TLS to the brokers")
    tls_ca: str = Field(
        default="", description="file of the authorities trusted; empty: the system's"
    )
    tls_cert: str = Field(
        default="", description="file of our certificate, where brokers ask for one"
    )
    tls_key: str = Field(default="", description="file of our certificate's key")
    sasl: Literal["none", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="none", description="how to log in to the brokers"
    )
    compression: Literal["lz4", "zstd", "gzip", "none"] = Field(
        default="lz4", description="of records; lz4 costs least time, zstd least room"
    )
    linger_ms: int = Field(
        default=20, ge=0, le=10_000, description="to wait for more records for a batch"
    )
    batch_bytes: int = Field(
        default=512 << 10, ge=1024, description="of a batch of one partition, before compression"
    )
    record_bytes: int = Field(
        default=1_000_000,
        ge=100_000,
        description="largest record that topics take; pages beyond it are split by links",
    )
    in_flight_bytes: int = Field(
        default=64 << 20,
        ge=1 << 20,
        description="sent and not acknowledged, of one process; who would send more waits",
    )
    delivery_s: float = Field(
        default=120.0, gt=0, description="after which a record that no broker takes is an error"
    )
    member: str = Field(
        default="",
        pattern=r"^[a-zA-Z0-9._-]{0,200}$",
        description="name of this worker, kept over restarts: it gets its own partitions back without a rebalance; empty: a new member each time",
    )
    session_s: float = Field(
        default=30.0,
        ge=6,
        le=1800,
        description="without a sign of life, after which a worker's partitions go to others",
    )


class StoreSettings(_Login):
    """The store on a server; without hosts it is chDB in the data directory."""

    hosts: list[str] = Field(
        default=[], description="HOST:PORT of ClickHouse's native protocol; the first that answers"
    )
    database: str = Field(
        default="backlinks", pattern=r"^[a-z_][a-z0-9_]{0,60}$", description="with our tables"
    )
    cluster: str = Field(
        default="",
        pattern=r"^[A-Za-z_0-9][\w.-]{0,60}$|^$",
        description="of the servers' remote_servers, over which `admin migrate` spreads the tables; "
        "empty: they are one server's. Afterwards the store itself says it",
    )
    hot_domains: list[str] = Field(
        default=[],
        description="domains with so many backlinks that one shard should not have them all: their "
        "links are spread by the domain that links; `admin migrate` puts another list into force",
    )
    user: str = Field(default="default", description="name to log in with")
    tls: bool = Field(default=False, description="speak TLS to the server")
    tls_ca: str = Field(
        default="", description="file of the authorities trusted; empty: the system's"
    )
    compression: Literal["lz4", "none"] = Field(
        default="lz4", description="of blocks on their way; none where the network is the machine's"
    )
    connect_s: float = Field(default=5.0, gt=0, description="for a host to answer at all")
    timeout_s: float = Field(
        default=300.0, gt=0, description="for the next part of an answer, and of an insert"
    )


class SqlSettings(_Section):
    """What a question of `backlinks sql` may take, embedded; on a server its users' profiles say.

    A query's own SETTINGS go before these: they guard against slips, not against anybody.
    """

    time_s: int = Field(default=600, ge=0, description="before it is stopped; 0: never")
    memory_bytes: int = Field(
        default=4_000_000_000,
        ge=0,
        description="before it is stopped; sorting and grouping go to the disk at half of it; 0: "
        "all there is",
    )
    threads: int = Field(
        default=0, ge=0, description="that it works with; 0: one for each of the machine's cores"
    )
    rows: int = Field(
        default=0, ge=0, description="of an answer; 0: any number, since answers are streamed"
    )

    def limits(self) -> dict[str, int]:
        """By the names of ClickHouse's settings; what is not limited is left out."""
        spill = self.memory_bytes // 2
        found = {
            "max_execution_time": self.time_s,
            "max_memory_usage": self.memory_bytes,
            "max_bytes_before_external_group_by": spill,
            "max_bytes_before_external_sort": spill,
            "max_threads": self.threads,
            "max_result_rows": self.rows,
        }
        return {name: value for name, value in found.items() if value}


class MetricsSettings(_Section):
    """What is told to those who watch."""

    port: int = Field(
        default=0,
        ge=0,
        le=65_535,
        description="of /metrics and /healthz of a worker; 0: none is opened",
    )
    address: str = Field(default="127.0.0.1", description="that the port is opened on")
    stuck_s: float = Field(
        default=120.0, gt=0, description="without a turn of its loop a worker is called stuck"
    )


def weights_by_place(told: str) -> dict[str, float]:
    """`score.weights` by place, `other` among them. Raises ValueError with what is wrong."""
    found: dict[str, float] = {}
    for part in told.split(","):
        place, _, weight = part.strip().partition(" ")
        if place not in _PLACES:
            raise ValueError(
                f"{place[:40]!r} is no place of a link; there are {', '.join(_PLACES)}"
            )
        try:
            found[place] = float(weight)
        except ValueError:
            raise ValueError(f"{weight[:40]!r} is no weight of {place}") from None
        if not 0 <= found[place] <= 1000:
            raise ValueError(f"the weight of {place} must be from 0 to 1000")
    if "other" not in found:
        raise ValueError("the weight of other is missing")
    return found


class ScoreSettings(_Section):
    """What goes into a snapshot."""

    seeds: str = Field(
        default="",
        description="file of trusted domains, one a line; without it trust and authority are unknown",
    )
    nofollow: bool = Field(default=False, description="count links with rel=nofollow as edges")
    spam: str = Field(
        default="",
        description="file of domains known as spam, one a line; without it anti-trust is unknown",
    )
    sources: int = Field(
        default=5_000,
        ge=1,
        description="searches that authority is estimated from above 20,000 domains, drawn by trust; below, it is exact",
    )
    registers: int = Field(
        default=8,
        ge=5,
        le=16,
        description="above 20,000 domains, harmonic centrality is estimated from 2 to the power of this registers a domain: 8 errs by 6.5% and takes 512 bytes, each more errs 0.7 times as much and takes twice that",
    )
    damping: float = Field(default=0.85, gt=0, lt=1, description="of PageRank and trust")
    weights: str = Field(
        default="main 1, aside 0.5, header 0.4, nav 0.4, comment 0.3, footer 0.2, other 0.5",
        description="what a link weighs by its place, to three digits; places that are not named weigh as other",
    )
    memory_mb: int = Field(
        default=0,
        ge=0,
        description="a score that would take more is refused before it begins; links are packed where that makes it fit; 0: what the machine has free",
    )
    beside: str = Field(
        default="",
        description="directory for what a score in the making has done, from which it goes on when it was killed; by default `score` in the data directory; with a server none, unless it is named",
    )
    geoip: str = Field(
        default="",
        description="MaxMind database file of addresses, which tells the country of domains that say none themselves; needs the extra geoip",
    )
    formula: str = Field(
        default="2",
        description="what spam risk is scored by: a version that comes with the program, which never changes, or a file",
    )

    @field_validator("weights")
    @classmethod
    def _are_weights(cls, told: str) -> str:
        weights_by_place(told)
        return told


class LogSettings(_Section):
    """How the program speaks of itself."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning", description="of the log on stderr"
    )
    json_lines: bool = Field(
        default=False, description="each line a JSON object, for machines that collect them"
    )


class Settings(BaseSettings):
    """All sections. File `backlinks.toml`, environment `BACKLINKS_<SECTION>__<NAME>`, flags."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        hide_input_in_errors=True,  # passwords are among it
    )

    data: Path = Field(
        default=Path("backlinks-data"), description="directory of the log and the store"
    )
    crawl: CrawlSettings = CrawlSettings()
    plan: PlanSettings = PlanSettings()
    revisit: RevisitSettings = RevisitSettings()
    consume: ConsumeSettings = ConsumeSettings()
    archive: ArchiveSettings = ArchiveSettings()
    score: ScoreSettings = ScoreSettings()
    kafka: KafkaSettings = KafkaSettings()
    store: StoreSettings = StoreSettings()
    sql: SqlSettings = SqlSettings()
    metrics: MetricsSettings = MetricsSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def load(file: Path | None, environment: dict[str, str], flags: dict[str, Any]) -> Settings:
    """Settings from all three places; the later wins. `flags`: nested, like the file.

    Raises BadSetting that names the setting, where it came from, and what it takes.
    """
    written = _read(file) if file is not None else {}
    found = _from_environment(environment)
    merged: dict[str, Any] = {}
    for source in (written, found, flags):
        _merge(merged, source)
    try:
        return Settings(**merged)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        origin = "in the environment" if _has(found, first["loc"]) else f"in {file}"
        if _has(flags, first["loc"]):
            origin = "in the flags"
        if first["type"] == "extra_forbidden":
            known = ", ".join(_names_beside(first["loc"]))
            raise BadSetting(f"unknown setting {name!r} {origin}; known here: {known}") from error
        given = "what it is" if _is_secret(first["loc"]) else repr(first.get("input"))
        raise BadSetting(
            f"setting {name!r} {origin} can't be {given}: {first['msg']}; see docs/settings.md"
        ) from error


def _is_secret(location: tuple[int | str, ...]) -> bool:
    """A secret, or a section that has one in it: neither is ever written out."""
    section = Settings.model_fields[str(location[0])].annotation
    if not (isinstance(section, type) and issubclass(section, _Login)):
        return False
    return len(location) == 1 or section.model_fields[str(location[1])].annotation is SecretStr


def _has(source: dict[str, Any], location: tuple[int | str, ...]) -> bool:
    """Does the setting at fault come from here?"""
    at: Any = source
    for part in location:
        if not isinstance(at, dict):
            return True
        if part not in at:
            return False
        at = at[part]
    return True


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except OSError as error:
        raise BadSetting(f"can't read the configuration {file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"the configuration {file} is not TOML: {error}") from error


def _from_environment(environment: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, text in environment.items():
        if not name.startswith(PREFIX) or name.startswith((PREFIX + "TEST_", PREFIX + "CORPUS")):
            continue
        section, _, key = name[len(PREFIX) :].lower().partition("__")
        if section == "config" and not key:
            continue
        if key:
            value: Any = [p.strip() for p in text.split(",")] if key in _LISTS else text
            found.setdefault(section, {})[key] = value
        else:
            found[section] = text
    return found


def _merge(into: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict):
            inner = into.get(name)
            into[name] = dict(inner) if isinstance(inner, dict) else {}
            _merge(into[name], value)
        else:
            into[name] = value


def _names_beside(location: tuple[int | str, ...]) -> list[str]:
    section = Settings.model_fields.get(str(location[0])) if len(location) > 1 else None
    kind = section.annotation if section is not None else None
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return sorted(kind.model_fields)
    return sorted(Settings.model_fields)
