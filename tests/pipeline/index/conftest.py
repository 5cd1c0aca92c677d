"""A page for a test."""

from __future__ import annotations

import pytest

from pipeline.store import Store
from tests.pipeline.index.site import Site


@pytest.fixture
def site(shared_store: Store) -> Site:
    return Site(shared_store)
