"""Fits the weights and chooses the cuts, on the part of the labelled companies that is for that and on no other."""

from __future__ import annotations

import json
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import product
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

from sync.identity.fit import fit
from sync.identity.profile import Profile
from sync.identity.score import Cuts, Model
from sync.identity.verdict import Judgement, Outcome, decided, judge
from sync.store import neighbours
from sync.store.opening import open_store
from tests.bench._labelled import RAREST, ROOT, Labelled, Pair

WEIGHTS = ROOT / "sync" / "identity" / "weights.json"
VERSION = "2"
STATED = {"ids": {"same": 1200, "differ": -600}}
"""Registration numbers are not in the data: their weights are said, not fitted."""
FOLDS = 5
STRICT, APART, ORPHANS, REVIEWED = 0.985, 0.990, 0.019, 0.178
"""What the cuts must hold: precision with and without relatives, new ones linked, the share that people see."""
SURE = 2.33
"""So many standard errors inside each bound: what is chosen on one part should hold on another, 99 times in 100."""
NO_CUTS = {"same": 0, "margin": 0, "apart": 0}


class Shares(NamedTuple):
    """What a choice of cuts comes to, each a share of one."""

    strict: float
    apart: float
    recall: float
    orphans: float
    review: float
    found: float


def fitted(known: Labelled, say: Callable[[str], None]) -> Mapping[str, Any]:
    """Weights and cuts, as they are kept. The held-out part is not looked at."""
    frame = {"version": VERSION, "rarest": RAREST, "cuts": NO_CUTS, "stated": STATED, "words": known.words()}
    pairs = [pair for pair in known.pairs() if pair.part == "fit"]
    judged = list(_crosswise(known, frame, pairs))
    cuts = chosen(known, judged)
    say(f"cuts chosen on {len(judged)} records of the fitted part, in {FOLDS} folds: {cuts}")
    say(f"  there: {shares(known, judged, cuts)}")
    return {**frame, **_weighed(frame, pairs), "cuts": cuts._asdict()}


def _weighed(frame: Mapping[str, Any], pairs: Sequence[Pair]) -> dict[str, Any]:
    draft = Model({**frame, "bias": 0, "weights": {}})
    bias, weights = fit((draft.levels(pair.left, pair.right), pair.label) for pair in pairs)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for level, weight in sorted(weights.items()):
        feature, _, value = level.partition("=")
        found[feature][value] = weight
    return {"bias": bias, "weights": found}


def _crosswise(known: Labelled, frame: Mapping[str, Any], pairs: Sequence[Pair]) -> Iterator[tuple[str, Judgement]]:
    """Each record of the fitted part judged by weights that no company of its fold had a part in."""
    asked = known.asked(fitted=True)
    accounts = list(known.accounts(held=False))
    with tempfile.TemporaryDirectory() as place, closing(open_store("sqlite:///fit.db", Path(place))) as store:
        index = Model({**frame, "bias": 0, "weights": {}})
        with store.write() as connection:
            neighbours.fill(connection, index, accounts)
        for fold in range(FOLDS):
            rest = [pair for pair in pairs if fold not in {known.fold(who, FOLDS) for who in pair.companies}]
            model = Model({**frame, **_weighed(frame, rest)})
            own = [entry for entry in asked if known.fold(entry[0], FOLDS) == fold]
            with store.read() as connection:
                yield from ((answer, _judged(connection, model, record)) for answer, record in own)


def _judged(connection: Any, model: Model, own: Profile) -> Judgement:
    return judge(model, own, neighbours.near(connection, model, own))


def chosen(known: Labelled, judged: Sequence[tuple[str, Judgement]]) -> Cuts:
    """First the cuts that link most within the bounds, then the lowest below which nothing is shown."""
    best, most = Cuts(0, 0, 0), -1.0
    for same, margin in product(range(100, 500, 10), range(0, 320, 20)):
        cuts = Cuts(same, margin, same)
        found = shares(known, judged, cuts)
        if found.recall > most and _safe(found, judged, known):
            best, most = cuts, found.recall
    for apart in range(best.same, -400, -10):
        cuts = best._replace(apart=apart)
        share = shares(known, judged, cuts).review
        if share + SURE * _error(share, len(judged)) > REVIEWED:
            break
        best = cuts
    return best


def _safe(found: Shares, judged: Sequence[tuple[str, Judgement]], known: Labelled) -> bool:
    have = len(known.answerable(answer for answer, _ in judged))
    linked = max(1, round(found.recall * have / max(found.strict, 1e-9)))
    alone = found.orphans + SURE * _error(found.orphans, len(judged) - have)
    return (
        found.strict - SURE * _error(found.strict, linked) >= STRICT
        and found.apart - SURE * _error(found.apart, linked) >= APART
        and alone < ORPHANS
    )


def _error(share: float, count: int) -> float:
    return sqrt(max(share * (1 - share), 1e-9) / max(1, count))


def shares(known: Labelled, judged: Sequence[tuple[str, Judgement]], cuts: Cuts) -> Shares:
    """What some judgements come to under other cuts."""
    there = known.indexed
    right = kin = linked = alone = review = shown = have = 0
    for answer, before in judged:
        verdict = decided(cuts, before.found)
        have += answer in there
        if verdict.outcome is Outcome.SAME:
            best = known.company(verdict.found[0].id)
            linked += 1
            right += best == answer
            kin += best in known.related.get(answer, ())
            alone += answer not in there
        elif verdict.outcome is not Outcome.NEW:
            review += 1
            shown += answer in there and answer in {known.company(found.id) for found in verdict.found[:5]}
    return Shares(
        right / max(1, linked),
        right / max(1, linked - kin),
        right / have,
        alone / (len(judged) - have),
        review / len(judged),
        (right + shown) / have,
    )


def keep(weights: Mapping[str, Any]) -> None:
    """Write the weights where the program reads them: a line for each feature, and for the words of each rarity."""
    lines = []
    for name, value in sorted(weights.items()):
        if isinstance(value, dict) and name != "cuts":
            inner = ",\n".join(f"  {_json(key)}: {_json(entry)}" for key, entry in value.items())
            lines.append(f"{_json(name)}: {{\n{inner}\n}}")
        else:
            lines.append(f"{_json(name)}: {_json(value)}")
    WEIGHTS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
