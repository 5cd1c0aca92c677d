"""Is a visit complete: may a link that isn't on the page be taken for gone?

A page served as 200 may be no page at all. Each reason here stands for a family that was met on the
real web; a wrong "incomplete" only delays a loss, a wrong "complete" invents one, so where it is
close the visit is incomplete.
"""

from __future__ import annotations

import re

SHORT_TEXT = 1_500  # characters; walls and challenges are short
FEW_LINKS = 15

_CHALLENGE_TITLE = re.compile(
    r"just a moment|attention required|checking your browser|one moment, please|ddos-guard|"
    r"pardon our interruption|are you (?:a )?(?:human|robot)|human verification|security check|"
    r"bot verification|access denied|captcha|verify you are|un momento|einen moment",
    re.IGNORECASE,
)
_CHALLENGE_MARK = re.compile(
    r"/cdn-cgi/challenge-platform/|cf-browser-verification|_cf_chl_opt|_Incapsula_Resource|"
    r"px-captcha|awswaf|sgcaptcha|geo\.captcha-delivery\.com|/\.well-known/ddos-guard/|"
    r"class=\"(?:g-recaptcha|h-captcha)\"",
)
_CONSENT = re.compile(
    r"before you continue|bevor sie fortfahren|avant de continuer|consent\.google|"
    r"consent\.yahoo|cookie wall|we value your privacy|accept (?:all )?cookies to continue|"
    r"(?:please )?(?:verify|confirm) (?:that you are|your age)|are you (?:over|at least) (?:18|21)",
    re.IGNORECASE,
)
_PARKED = re.compile(
    r"(?:this |the )?domain(?: name)?(?: [\w.-]+)? (?:is|may be) (?:for sale|parked)|"
    r"buy this domain|domain parking|sedoparking|parkingcrew|bodis\.com|hugedomains\.com|"
    r"afternic\.com/forsale|dan\.com/buy-domain|diese domain (?:steht zum verkauf|kaufen)|"
    r"related searches:.{0,80}privacy policy",
    re.IGNORECASE,
)
# One of them stands in whatever the expression finds, and is found twenty times as fast. None has
# a letter (i, k, s) that, where case does not count, is also one outside of ASCII.
_PARKED_WORDS = ("doma", "edopar", "ngcrew", "bod", "aftern", "earche")
# The same of _NOT_FOUND.
_NOT_FOUND_WORDS = (
    "404", "found", "page ", "gefunden", "trouv", "encontrada", "trovata", "gevonden", "znalez",
    "най",
)  # fmt: skip
_NOT_FOUND = re.compile(
    r"\b(?:error )?404\b|(?:page|file|article|document|site) (?:was |is |could )?not (?:be )?found|"
    r"^not found|page (?:no longer|does not|doesn.t) exist|seite nicht gefunden|"
    r"page (?:introuvable|non trouvée)|página no encontrada|pagina non trovata|"
    r"página não encontrada|pagina niet gevonden|nie znaleziono strony|страница не найдена",
    re.IGNORECASE,
)
_SHELL = re.compile(
    r"<div[^>]{0,200} id=[\"']?(?:root|app|__next|___gatsby|svelte)[\"']?[^>]{0,200}>\s*</div>|"
    r"(?:enable|activate|requires?|turn on) javascript|javascript (?:is|to be) "
    r"(?:disabled|required|enabled)",
    re.IGNORECASE,
)


def why_incomplete(*, title: str, text: str, html: str, links: int, refresh: bool = False) -> str:
    """The reason why a 2xx HTML page is no evidence, '' where it is.

    Reasons: challenge, consent, parked, soft_404, refresh, shell, blank.
    text: what a reader sees. links: how many a and area elements have a target.
    refresh: a meta element leads to another page.
    """
    short = len(text) < SHORT_TEXT
    few = links < FEW_LINKS
    if _is_not_found(title[:300]):
        return "soft_404"
    if not short:
        return ""
    head = html[:100_000]
    if few and (_CHALLENGE_TITLE.search(title) or _CHALLENGE_MARK.search(head)):
        return "challenge"
    if _is_parked(title) or _is_parked(text):
        return "parked"
    if few and (_CONSENT.search(title) or _CONSENT.search(text)):
        return "consent"
    if links == 0 and _is_not_found(text[:400]):
        return "soft_404"
    if refresh and links < 3 and len(text) < 200:
        return "refresh"
    if links < 3 and len(text) < 400 and "<script" in head.lower() and _SHELL.search(head):
        return "shell"
    if links == 0 and not text.strip():
        return "blank"
    return ""


def _is_not_found(text: str) -> bool:
    return _has(text.lower(), _NOT_FOUND_WORDS) and _NOT_FOUND.search(text) is not None


def _is_parked(text: str) -> bool:
    return _has(text.lower(), _PARKED_WORDS) and _PARKED.search(text) is not None


def _has(text: str, words: tuple[str, ...]) -> bool:
    for word in words:  # noqa: SIM110 - any() takes twice as long, on every page
        if word in text:
            return True
    return False
