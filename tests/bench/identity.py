"""How well customers are recognised, on companies that no weight was fitted on, beside simpler ways.

``--fit`` fits the weights and chooses the cuts first, on the other part, and writes sync/identity/weights.json. The
data: DEALSYNC_LABELS, or a
``data/matching`` beside the checkout.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from time import perf_counter

from rapidfuzz.distance import JaroWinkler

from sync.identity.fit import best_cut, recall_at
from sync.identity.score import Model
from sync.identity.verdict import Judgement, Outcome, judge
from sync.store import neighbours
from sync.store.opening import open_store
from tests.bench._fitting import WEIGHTS, fitted, keep
from tests.bench._labelled import Labelled, Pair, folder

Score = Callable[[Pair], int]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def exact(pair: Pair) -> int:
    """The plainest way: a domain, a telephone number or a name in common."""
    left, right = pair.left, pair.right
    facts = ((left.domain, right.domain), (left.phone, right.phone), (left.joined, right.joined))
    return sum(bool(one) and one == other for one, other in facts)


def names(pair: Pair) -> int:
    """Names alone, as they were written."""
    return int(JaroWinkler.similarity(*pair.names) * 1000)


def report_pairs(known: Labelled, model: Model) -> None:
    """F1 and recall at a precision of 0.99, each way at its own best cut on the fitted part."""
    pairs = [pair for pair in known.pairs() if pair.part]
    ways: Mapping[str, Score] = {
        "exact keys": exact,
        "names (Jaro-Winkler)": names,
        "dealsync": lambda pair: model.score(model.levels(pair.left, pair.right)),
    }
    say(
        "\npairs, held out              F1     precision recall  recall at P>=.99   companies: F1  recall at P>=.99"
    )
    for name, way in ways.items():
        scored = [(pair, way(pair)) for pair in pairs]
        cut = best_cut((score, pair.label) for pair, score in scored if pair.part == "fit")
        held = [(score, pair.label) for pair, score in scored if pair.part == "held"]
        companies = [(score, pair.label) for pair, score in scored if pair.part == "held" and pair.company]
        f1, precision, recall = quality(held, cut)
        figures = f"{f1:.3f}  {precision:.3f}     {recall:.3f}   {recall_at(held, 0.99):.3f}"
        business = f"{quality(companies, cut)[0]:.3f}          {recall_at(companies, 0.99):.3f}"
        say(f"{name:<28} {figures}              {business}")
    say("to beat (the study's best, on its own held-out part)")
    say(f"{'':<28} 0.912                     0.623              0.941          0.796")


def quality(scored: Sequence[tuple[int, bool]], cut: int) -> tuple[float, float, float]:
    """F1, precision and recall of everything from ``cut`` on."""
    taken = [label for score, label in scored if score >= cut]
    positives = sum(label for _, label in scored)
    precision, recall = sum(taken) / max(1, len(taken)), sum(taken) / positives
    return 2 * precision * recall / max(1e-9, precision + recall), precision, recall


def report_records(known: Labelled, model: Model) -> None:
    """New records against an index of all accounts: what is linked, shown to a person, and missed."""
    asked = known.asked(fitted=False)
    with tempfile.TemporaryDirectory() as place, closing(open_store("sqlite:///bench.db", Path(place))) as store:
        accounts = list(known.accounts())
        started = perf_counter()
        with store.write() as connection:
            neighbours.fill(connection, model, accounts)
        built = perf_counter() - started
        with store.read() as connection:
            judged, times = [], []
            for _, own in asked:
                started = perf_counter()
                judged.append(judge(model, own, neighbours.near(connection, model, own)))
                times.append(perf_counter() - started)
    there = {known.company(ident) for ident, _ in accounts}
    say(f"\nrecords, held out: {len(asked)} against {len(accounts)} accounts, built in {built:.0f} s")
    for line in record_lines(known, [answer for answer, _ in asked], judged, there):
        say(line)
    times.sort()
    say(f"look-up p50 {times[len(times) // 2] * 1000:.1f} ms, p99 {times[len(times) * 99 // 100] * 1000:.1f} ms")


def record_lines(
    known: Labelled, answers: Sequence[str], judged: Sequence[Judgement], there: set[str]
) -> Iterable[str]:
    """Each figure beside exact keys and what is to be beaten."""
    pairs = list(zip(answers, judged, strict=True))
    have = [entry for entry in pairs if entry[0] in there]
    orphans = [verdict for answer, verdict in pairs if answer not in there]
    linked = [
        (answer, known.company(verdict.found[0].id)) for answer, verdict in pairs if verdict.outcome is Outcome.SAME
    ]
    right = sum(answer == best for answer, best in linked)
    kin = sum(best in known.related.get(answer, ()) for answer, best in linked)
    asks = (Outcome.ASK, Outcome.RELATED)
    shown = sum(v.outcome in asks and answer in first(known, v, 5) for answer, v in have)
    top = sum(answer in first(known, v, 10) for answer, v in have)
    yield "                                         dealsync   exact keys  to beat"
    yield f"linked: precision without relatives      {right / (len(linked) - kin):.4f}     .985        >= .990"
    yield f"linked: strict precision                 {right / len(linked):.4f}     .910        >= .985"
    yield f"linked: recall                           {right / len(have):.4f}     .587        >  .650"
    yield f"found with review (first five)           {(right + shown) / len(have):.4f}     -           >  .796"
    review = sum(verdict.outcome in asks for verdict in judged) / len(judged)
    yield f"  at a review share of                   {review:.4f}     -           <= .178"
    alone = sum(verdict.outcome is Outcome.SAME for verdict in orphans) / len(orphans)
    yield f"new ones linked                          {alone:.4f}     -           <  .019"
    yield f"right one among the first ten            {top / len(have):.4f}     .608        >  .831"


def first(known: Labelled, judged: Judgement, most: int) -> set[str]:
    """The companies that come first."""
    return {known.company(found.id) for found in judged.found[:most]}


def main() -> int:
    where = folder()
    if where is None:
        say("no labelled companies: set DEALSYNC_LABELS to the folder with pairs.csv; nothing was measured")
        return 0
    known = Labelled(where)
    if "--fit" in sys.argv:
        keep(fitted(known, say))
    model = Model(json.loads(WEIGHTS.read_text("utf-8")))
    report_pairs(known, model)
    report_records(known, model)
    return 0


if __name__ == "__main__":
    sys.exit(main())
