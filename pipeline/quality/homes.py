"""Which language each domain speaks and which country it is of, with what says so; and those of its
referring domains.

A country is told by the ending, but for those that are sold to everybody; else by what most of its
pages that name one say (hreflang of themselves, html lang); else, where a database of addresses is
given, by the address that served it: a guess at where a machine stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.errors import UsageError
from pipeline.graph.csr import Ids
from pipeline.places import country
from pipeline.quality.scored import Part, Scored, all_looked_up, column_of
from pipeline.store import sql

Located = Callable[[str], str]  # an address's country, '' where it is not known


class Home(NamedTuple):
    """country: '' where nothing says one, as then is evidence."""

    country: str = ""
    evidence: str = ""


def _add(scored: Scored) -> None:
    found = scored.store.query(sql("pipeline/quality/homes"), {"snapshot": scored.snapshot})
    names = scored.names
    with _located(scored.settings.geoip) as located:
        homes = _homes(found, located)
    texts = dict.fromkeys(("language", "country", "evidence"), pa.string())
    told = {name: pc.fill_null(c, "") for name, c in all_looked_up(names, homes, texts).items()}
    languages = told["language"]
    ending = _by_ending(names, scored.store.query(sql("pipeline/quality/endings")))
    countries = pc.coalesce(ending, told["country"])
    evidence = pc.if_else(pc.is_valid(ending), "its ending", told["evidence"])
    scored.columns |= {"language": languages, "country": countries, "country_evidence": evidence}
    source, target = scored.ends
    scored.columns["referrer_languages"] = _counted(languages, source, target)
    scored.columns["referrer_countries"] = _counted(countries, source, target)
    scored.manifest["geoip"] = Path(scored.settings.geoip).name or None


def _by_ending(names: pa.Array, endings: pa.Table) -> pa.Array:
    """The country that each one's top-level domain says; NULL where that says none."""
    top = pc.replace_substring_regex(names, r"^.*\.", "")
    return column_of(endings, "country").take(pc.index_in(top, column_of(endings, "ending")))


def _homes(found: pa.Table, located: Located) -> pa.Table:
    """What pages and addresses say of each domain, as a table: domain, country, evidence.

    Domains with the same words for everything have the same row: so Python sees few of them.
    """
    keys = ["by_pages", "pages_by", "saying", "of_all", "ip"]
    if not found.num_rows:
        return pa.table(
            {name: pa.array([], pa.string()) for name in ("domain", "country", "evidence")}
        )
    alike = found.select(keys).group_by(keys, use_threads=False).aggregate([])
    told = [home_of(row, located) for row in alike.to_pylist()]
    alike = alike.append_column("country", pa.array([each.country for each in told], pa.string()))
    alike = alike.append_column("evidence", pa.array([each.evidence for each in told], pa.string()))
    return found.join(alike, keys, join_type="left outer")


def home_of(row: dict[str, Any], located: Located) -> Home:
    """Of a domain whose ending says none. row: one of homes.sql."""
    saying, of_all = row["saying"], row["of_all"]
    if 2 * saying > of_all:
        pages = "page that names" if of_all == 1 else "pages that name"
        return Home(row["by_pages"], f"{saying:,} of {of_all:,} {pages} one, by {row['pages_by']}")
    if row["ip"] and (at := located(row["ip"])):
        return Home(at, f"its address {row['ip']}")
    return Home()


@contextmanager
def _located(database: str) -> Iterator[Located]:
    """What a MaxMind database says of addresses; nothing without one. Raises UsageError."""
    if not database:
        yield lambda address: ""
        return
    try:
        import maxminddb  # an extra: who gives no database needs none
    except ImportError:
        raise UsageError(
            "score.geoip needs the library maxminddb: pip install 'backlink-index[geoip]'"
        ) from None
    try:
        reader = maxminddb.open_database(database)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        raise UsageError(f"score.geoip: can't read {database}: {error}") from None
    with reader:
        yield lambda address: country_at(reader, address)


def country_at(reader: Any, address: str) -> str:
    """Of a record with a country, or the one where its network is registered."""
    try:
        found = reader.get(address)
    except ValueError:  # no address, or IPv6 asked of a database of IPv4
        return ""
    if not isinstance(found, dict):
        return ""
    for name in ("country", "registered_country"):
        told = found.get(name)
        code = told.get("iso_code") if isinstance(told, dict) else None
        if isinstance(code, str) and country(code):
            return country(code)
    return ""


def _counted(words: pa.Array, source: Ids, target: Ids) -> pa.Array:
    """map<string, uint32>[n]: of each domain, how many that link to it have each word but ''."""
    coded = words.dictionary_encode()
    code, known = coded.indices.to_numpy().astype(np.int64), coded.dictionary.to_pylist()
    kinds = max(1, len(known))
    said = np.array([bool(word) for word in known], np.bool_)[code[source]] if len(source) else []
    keys, counts = np.unique(
        target[said].astype(np.int64) * kinds + code[source[said]], return_counts=True
    )
    ends = np.searchsorted(keys, np.arange(len(words) + 1) * kinds).astype(np.int32)
    names = coded.dictionary.take(pa.array(keys % kinds))
    return pa.MapArray.from_arrays(pa.array(ends), names, pa.array(counts, pa.uint32()))


PART = Part("languages and countries", (), _add)
