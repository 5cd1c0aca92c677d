"""What a person names is taken as named: its port and its kind of host too."""

from __future__ import annotations

import pytest

from pipeline.report.seeds import local_settings, seed_urls
from pipeline.settings import CrawlSettings, Settings

SETTINGS = Settings(crawl=CrawlSettings(contact="me@example.org", allow_private=["127.0.0.0/8"]))


@pytest.mark.parametrize(
    ("seed", "ports", "allow_ip"),
    [
        ("https://example.org/", [80, 443], False),
        ("example.org:8443/x", [80, 443, 8443], False),
        ("http://127.0.0.1:8080/", [80, 443, 8080], True),
        ("http://localhost:81/", [80, 443, 81], False),
    ],
)
def test_a_seed_opens_its_own_port_and_no_other(
    seed: str, ports: list[int], allow_ip: bool
) -> None:
    found = local_settings(SETTINGS, seed_urls((seed,), SETTINGS))
    assert (found.crawl.ports, found.crawl.allow_ip) == (ports, allow_ip)
    assert SETTINGS.crawl.ports == [80, 443]
