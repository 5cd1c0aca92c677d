"""Which hosts share a bound on requests at once."""

from __future__ import annotations

import re

from pipeline.platforms import platforms
from pipeline.settings import CrawlSettings
from pipeline.url import domains
from spiders.owners import address, owners
from spiders.scheduler import Group

SETTINGS = CrawlSettings(owner_concurrency=3, address_concurrency=5)


def test_hosts_of_a_registered_domain_share_one_bound() -> None:
    assert owners("www.example.org", SETTINGS) == [Group("example.org", 3)]
    assert owners("blog.example.org:8080", SETTINGS) == owners("example.org", SETTINGS)


def test_a_site_on_a_platform_has_its_owner_s_bound_and_the_platform_s() -> None:
    assert owners("somebody.github.io", SETTINGS) == [
        Group("somebody.github.io", 3),
        Group("github.io", platforms()["github.io"]),
    ]
    assert owners("a.tumblr.com", SETTINGS) == [Group("tumblr.com", platforms()["tumblr.com"])]


def test_hosts_at_one_address_share_a_bound_unless_all_are_there() -> None:
    assert address("192.0.2.1", SETTINGS) == Group("address 192.0.2.1", 5)
    assert address("", SETTINGS) is None
    led = SETTINGS.model_copy(update={"connect_to": "127.0.0.1:80:443"})
    assert address("127.0.0.1", led) is None


def test_the_table_of_platforms_names_domains_with_a_bound_above_everyone_s() -> None:
    usual = CrawlSettings().owner_concurrency
    for name, limit in platforms().items():
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", name)
        assert domains(name).icann == name
        assert limit > usual
