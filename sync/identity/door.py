"""Records compared by JSON lines in and out: a line that cannot be read says why, and stops nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sync.identity.profile import Profile, profile
from sync.identity.score import Model
from sync.identity.verdict import Judgement, Likeness, Outcome, liken

_DECISIONS = {Outcome.SAME: "match", Outcome.RELATED: "review", Outcome.ASK: "review", Outcome.NEW: "new"}


def parsed(line: bytes, number: int) -> Mapping[str, Any]:
    """One line as an object; ``error`` in it says why it is none."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"error": {"place": f"line {number}", "cause": str(error), "fix": "write one JSON object a line"}}
    if not isinstance(said, dict):
        cause = f"it is {type(said).__name__}, not an object"
        return {"error": {"place": f"line {number}", "cause": cause, "fix": "write one JSON object a line"}}
    return said


def lacking(ident: object, number: int, names: Iterable[str]) -> dict[str, Any]:
    """The answer to a line without what it must have."""
    fix = f"give {' and '.join(names)}, each an object with any of name, country, city, website and so on"
    return {"id": ident, "error": {"place": f"line {number}", "cause": "there is nothing to compare", "fix": fix}}


def pairs(model: Model, lines: Iterable[bytes]) -> Iterator[str]:
    """``{"id", "left": {…}, "right": {…}}`` gives ``{"id", "score", "reasons"}``; unknown keys are ignored."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield json.dumps(_pair(model, parsed(line, number), number), ensure_ascii=False)


def _pair(model: Model, said: Mapping[str, Any], number: int) -> dict[str, Any]:
    if "error" in said:
        return dict(said)
    left, right = said.get("left"), said.get("right")
    if not isinstance(left, dict) or not isinstance(right, dict):
        return lacking(said.get("id"), number, ("left", "right"))
    one, other = profile(left), profile(right)
    found = liken(model, one, "", other)
    return {"id": said.get("id"), "score": found.score / 100, "reasons": _reasons(model, found, one, other)}


def answer(model: Model, ident: object, own: Profile, judged: Judgement, others: Mapping[str, Profile]) -> str:
    """A judgement as one line: ``{"id", "decision", "why", "matches"}``, each with id, score, related, reasons."""
    matches = [
        {
            "id": found.id,
            "score": found.score / 100,
            "related": bool(found.related),
            "reasons": _reasons(model, found, own, others[found.id]),
        }
        for found in judged.found
    ]
    line = {"id": ident, "decision": _DECISIONS[judged.outcome], "why": judged.why, "matches": matches}
    return json.dumps(line, ensure_ascii=False)


def _reasons(model: Model, found: Likeness, *beside: Profile) -> list[str]:
    remarks = [remark for own in beside if (remark := own.remarks)]
    said = [text for text in (found.veto, found.related) if text]
    return [*model.reasons(found.levels), *said, *remarks]
