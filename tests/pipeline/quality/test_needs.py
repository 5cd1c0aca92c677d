"""What a score takes is told before it begins, and decides how its links are held."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pipeline.errors import TooLarge
from pipeline.quality import needs as needing
from pipeline.quality import score as scoring
from pipeline.quality.needs import Size, chosen, needs
from pipeline.settings import ScoreSettings
from pipeline.store import rows
from pipeline.store.chdb import ChdbStore
from tests.pipeline.quality.test_score import a_web, edges, quality
from tests.support.records import TODAY, write

LARGE = Size(10_000_000, 200_000_000)
SPARSE = Size(10_000_000, 40_000_000)  # registers take most of it
COMMON_CRAWL = Size(121_000_000, 3_900_000_000)
SETTINGS = ScoreSettings()


def allowed(mb: int, registers: int = 8) -> ScoreSettings:
    return ScoreSettings(memory_mb=mb, registers=registers)


def test_ten_million_domains_fit_into_sixteen_gigabytes_plain() -> None:
    need = chosen(LARGE, allowed(16_000))
    assert not need.packed
    assert 8_000 < need.mb < 16_000


def test_a_first_crawl_fits_where_little_is_free() -> None:
    assert chosen(Size(1_000, 5_000), allowed(1_200)).mb < 1_100
    assert chosen(Size(0, 0), allowed(1_200)).mb < 1_100


def test_links_are_packed_where_plain_ones_do_not_fit() -> None:
    plain, packed = (needs(LARGE, SETTINGS, packed=p) for p in (False, True))
    assert packed.mb < plain.mb
    assert chosen(LARGE, allowed(plain.mb)) == plain
    assert chosen(LARGE, allowed(plain.mb - 1)) == packed
    assert chosen(LARGE, allowed(packed.mb)) == packed


def test_where_not_even_packed_links_fit_it_says_what_would() -> None:
    packed = needs(SPARSE, SETTINGS, packed=True).mb
    with pytest.raises(TooLarge) as found:
        chosen(SPARSE, allowed(packed - 1))
    assert (found.value.needed_mb, found.value.limit_mb) == (packed, packed - 1)
    assert "10,000,000 domains and 40,000,000 edges" in str(found.value)
    assert "set score.registers to 7, which fits" in str(found.value)
    assert found.value.exit_code == 2
    chosen(SPARSE, allowed(packed - 1, registers=7))
    with pytest.raises(TooLarge, match="on a machine with more memory"):
        chosen(SPARSE, allowed(100))


def test_registers_are_all_of_what_the_issue_says_they_take() -> None:
    # 15.5 GB at log2m 6 and 62 GB at 8, in two buffers; beside them 34 bytes a domain.
    for log2m, gb in ((6, 15.5), (8, 62.0)):
        need = needs(COMMON_CRAWL, ScoreSettings(registers=log2m), packed=True)
        rows_of_balls = need.registers - 34 * COMMON_CRAWL.domains
        assert rows_of_balls / 1e9 == pytest.approx(gb, rel=0.01)


def test_without_a_limit_it_is_what_the_machine_has_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needing, "free_mb", lambda: 16_000)
    assert not chosen(LARGE, SETTINGS).packed
    monkeypatch.setattr(needing, "free_mb", lambda: 12_000)
    assert chosen(LARGE, SETTINGS).packed
    monkeypatch.setattr(needing, "free_mb", lambda: None)
    assert not chosen(COMMON_CRAWL, SETTINGS).packed


@pytest.mark.embedded
def test_a_score_that_would_not_fit_reads_no_link(store: ChdbStore, tmp_path: Path) -> None:
    write(store, a_web(random.Random(3)), TODAY)
    with pytest.raises(TooLarge):
        scoring.score(store, allowed(1), beside=tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert rows(store.query("SELECT count() AS n FROM snapshots")) == [{"n": 0}]


@pytest.mark.embedded
def test_packed_links_make_the_same_snapshot(
    store: ChdbStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(store, a_web(random.Random(5)), TODAY)
    made = []
    for packed in (False, True):
        need = needs(Size(12, 60), SETTINGS, packed=packed)
        monkeypatch.setattr(needing, "chosen", lambda *_, need=need: need)
        snapshot = scoring.score(store, SETTINGS, seeds=["s0.org", "s1.org"], spam=["s5.org"])
        assert snapshot is not None
        assert snapshot.manifest["links"] == ("packed" if packed else "plain")
        made.append((quality(store), edges(store)))
    assert made[0] == made[1]
