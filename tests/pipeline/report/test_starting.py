from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.errors import BacklinksError, LogBusy, StoreBusy, StoreRefused
from pipeline.report.starting import Start
from pipeline.settings import ConsumeSettings, KafkaSettings, Settings, StoreSettings

CLUSTER = Settings(
    store=StoreSettings(hosts=["clickhouse1:9000"]),
    consume=ConsumeSettings(retry_s=1, longest_retry_s=3),
)


def raises(errors: Iterator[BacklinksError]) -> str:
    for error in errors:
        raise error
    return "there"


def test_what_is_away_is_waited_for_longer_and_longer() -> None:
    errors = iter([StoreBusy("a"), LogBusy("b"), StoreBusy("c"), StoreBusy("d")])
    slept: list[float] = []
    assert Start(CLUSTER, sleep=slept.append).patiently(lambda: raises(errors)) == "there"
    assert slept == [1, 2, 3, 3]


def test_brokers_alone_are_a_cluster_too() -> None:
    settings = Settings(kafka=KafkaSettings(brokers=["kafka1:9092"]))
    errors = iter([LogBusy("away")])
    assert Start(settings, sleep=lambda _: None).patiently(lambda: raises(errors)) == "there"


@pytest.mark.parametrize("error", [StoreBusy("full"), LogBusy("full")])
def test_embedded_nobody_else_would_mend_it(error: BacklinksError) -> None:
    with pytest.raises(type(error)):
        Start(Settings()).patiently(lambda: raises(iter([error])))


def test_what_a_next_try_can_t_mend_is_told_at_once() -> None:
    with pytest.raises(StoreRefused):
        Start(CLUSTER).patiently(lambda: raises(iter([StoreRefused("no")])))


@pytest.mark.parametrize("error", [StoreBusy("away"), LogBusy("away")])
def test_who_does_it_once_is_told_at_once(error: BacklinksError) -> None:
    with pytest.raises(type(error)):
        Start(CLUSTER, once=True).patiently(lambda: raises(iter([error])))
