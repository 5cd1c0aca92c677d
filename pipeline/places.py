"""Countries as they are written: ISO 3166, two capital letters."""

from __future__ import annotations

import re

COUNTRIES = frozenset(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ "
    "BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM "
    "DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS "
    "GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN "
    "KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ "
    "MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV "
    "SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI "
    "VN VU WF WS YE YT ZA ZM ZW".split()
)
_ALSO = {"UK": "GB"}  # as it is written by many, and reserved for it
# Language, perhaps a script, and a region: de-AT, zh-Hant-TW. What follows tells no country.
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?[-_]([A-Za-z]{2})(?:[-_.]|\Z)")


def country(code: str) -> str:
    """Of two letters; '' for what is none."""
    code = code.strip().upper()
    code = _ALSO.get(code, code)
    return code if code in COUNTRIES else ""


def country_of_locale(locale: str) -> str:
    """Of a language tag such as de-AT or zh-Hant-TW; '' where it names none."""
    match = _LOCALE.match(locale.strip())
    return country(match[1]) if match is not None else ""
