"""Spellings of private addresses: none is a link's target, and none is connected to as a host."""

from __future__ import annotations

import pytest

from pipeline.url import Refused, canonical
from spiders.guard import Guard
from tests.support.hostile import ODD_ADDRESSES

PAGE = "http://a.example/"


@pytest.mark.parametrize("spelling", ODD_ADDRESSES)
def test_a_private_address_is_no_links_target_however_it_is_spelt(spelling: str) -> None:
    with pytest.raises(Refused) as refused:
        canonical(spelling, PAGE)
    assert refused.value.reason in ("ip", "invalid", "no_host")


@pytest.mark.parametrize("spelling", ODD_ADDRESSES)
def test_where_addresses_are_hosts_the_guard_knows_it(spelling: str) -> None:
    try:
        host = canonical(spelling, PAGE, allow_ip=True).host
    except Refused:
        return
    assert not Guard([]).permits(host.strip("[]"))


@pytest.mark.parametrize(
    ("spelling", "host"),
    [
        ("http://a.example./x", "a.example"),
        ("http://user:secret@b.example/x", "b.example"),
        ("http://b.example@a.example/x", "a.example"),
        ("http://a.example\\@b.example/x", "a.example"),
        ("http://ａ.ｅｘａｍｐｌｅ/x", "a.example"),
        ("http://a。example/x", "a.example"),
        ("http://A.EXAMPLE:80/x", "a.example"),
        ("http://%61.example/x", "a.example"),
        ("http://a.exa\tmple/x", "a.example"),
    ],
)
def test_a_name_is_one_however_it_is_spelt(spelling: str, host: str) -> None:
    assert canonical(spelling).host == host


@pytest.mark.parametrize(
    "spelling",
    ["http://a..example/", "http://a.example../", "http:///", "http://.a.example/",
     "http://a b.example/", "http://a.example:99999/", "http://[::1", "http://1.2.3.4.5/",
     "http://256.1.1.1/", "http://0x1ffffffff/", "http://a%00.example/"],
)  # fmt: skip
def test_what_is_no_host_is_refused(spelling: str) -> None:
    with pytest.raises(Refused):
        canonical(spelling)
