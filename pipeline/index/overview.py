"""What `show` asks: how many backlinks, how good, from where, what came and what was lost."""

from __future__ import annotations

import time
from typing import Any

from pipeline.index.alone import Alone
from pipeline.index.backlinks import Links
from pipeline.index.question import Question
from pipeline.index.target import Mode, Target, target_of
from pipeline.labels import label_of
from pipeline.quality.verdict import told, verdict
from pipeline.store import Store

NEW_MS = 30 * 86_400_000  # what `show` calls new
COUNTED = 200_000  # links that are looked at one by one; of more, their referring domains tell


def overview_questions(target: str, mode: Mode | None = None) -> dict[str, Question]:
    """By the name of the answer. `rolled` is asked of many links, `counts` of few."""
    found = target_of(target, mode)
    under = found.parameters()
    since = int(time.time() * 1000) - NEW_MS
    trend = Question("trend", {**under, "since": since})
    if found.is_whole:
        trend = Question("trend_rolled", {"domain": found.domain, "since": since})
    return {
        "known": Question("known", {"domain": found.domain}),
        "rolled": Question("overview_rolled", {"domain": found.domain}),
        "counts": Alone("overview", {**under, "below": found.below, "since": since}),
        "trend": trend,
        "quality": Question("quality", {"domain": found.domain}),
        "label": Question("label", {"domain": found.domain}),
        "strongest": Links(target, mode, limit=8),
        "lost": Links(target, mode, state="lost", per="link", limit=5),
    }


def overview(store: Store, target: str, mode: Mode | None = None) -> dict[str, Any]:
    """The answers, and what was asked about."""
    found = target_of(target, mode)
    questions = overview_questions(target, mode)
    counts = _counts(store, found, questions)
    answers: dict[str, Any] = {
        name: question.rows(store)
        for name, question in questions.items()
        if name not in ("rolled", "counts")
    }
    for single in ("known", "quality", "label"):
        answers[single] = answers[single][0] if answers[single] else None
    said = label_of(answers["label"]) if answers["label"] else None
    judged = verdict(answers["quality"], said)
    answers["verdict"] = {
        "flagged": judged.flagged, "measured": judged.measured,
        "by": said.said if said else "its figures", "told": told(judged),
    }  # fmt: skip
    return {
        "target": target.strip(), "mode": found.mode, "domain": found.domain, "counts": counts,
        **answers,
    }  # fmt: skip


def _counts(store: Store, target: Target, questions: dict[str, Question]) -> dict[str, Any]:
    if target.is_whole:
        rolled = questions["rolled"].rows(store)[0]
        if rolled["live"] + rolled["lost"] + rolled["unverified"] > COUNTED:
            return rolled
    return questions["counts"].rows(store)[0]
