"""Marks of a name that was made for the words in it: a name alone proves nothing.

Drawn up from what is said of link farms' names in general, and from no list; ICANN's endings that
were given away for nothing are named by hand.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.quality.scored import Measure, Part, Scored
from pipeline.quality.words import money_words

# Given away for nothing, or sold for cents, in bulk: own list, from what registries offered.
CHEAP = (
    "tk", "ml", "ga", "cf", "gq", "top", "xyz", "icu", "buzz", "click", "loan", "win", "bid",
    "stream", "download", "racing", "review", "trade", "date", "party", "faith", "science",
    "cricket", "accountant", "men", "work", "gdn", "cyou", "sbs", "cfd", "rest", "monster", "quest",
)  # fmt: skip
LONGEST = 20  # characters of a name before its ending that people choose; longer are a phrase
WITHIN = 6  # letters: shorter words stand in honest names by chance


def _add(scored: Scored) -> None:
    names = scored.names
    found = _marks(names)
    has = np.column_stack([flags.to_numpy(zero_copy_only=False) for flags in found.values()])
    scored.columns["name_marks"] = pa.array(has.sum(axis=1), pa.uint8())
    offsets = np.append(0, np.cumsum(has.sum(axis=1))).astype(np.int32)
    said = pa.array(list(found)).take(pa.array(np.nonzero(has)[1]))
    scored.columns["name_evidence"] = pa.ListArray.from_arrays(offsets, said)


def _marks(names: pa.Array) -> dict[str, pa.Array]:
    """bool[n] by what each says. Addresses have none; a name in another script is looked at as it
    is written in DNS, and its own hyphens do not count."""
    label = pc.replace_substring_regex(names, r"\..*$", "")
    coded = pc.starts_with(label, "xn--")
    address = pc.match_substring_regex(names, r"^(\[|\d+\.\d+\.\d+\.\d+$)")
    plain = pc.invert(pc.or_(coded, address))
    tokens = sorted(word for word in money_words().tokens if word.isascii() and word.isalpha())
    long = [word for word in tokens if len(word) >= WITHIN]
    ending = pc.replace_substring_regex(names, r"^.*\.", "")
    found = {
        "two hyphens or more": pc.match_substring_regex(label, r"-.*-"),
        "three digits or more": pc.match_substring_regex(label, r"\d.*\d.*\d"),
        "a word of what is sold by links": pc.match_substring_regex(
            label, rf"(^|[-\d])({'|'.join(tokens)})($|[-\d])|{'|'.join(long)}"
        ),
        "a long name": pc.greater(pc.utf8_length(label), LONGEST),
        "letters that no word has": pc.match_substring_regex(label, r"[bcdfghjklmnpqrstvwxz]{6}"),
        "an ending given away": pc.is_in(ending, pa.array(CHEAP)),
    }
    always = {"an ending given away"}
    return {
        says: flags if says in always else pc.and_(flags, plain) for says, flags in found.items()
    }


PART = Part(
    "reading names",
    (Measure("name_marks", "marks", "of a name made for its words", "never", ranked=False),),
    _add,
)
