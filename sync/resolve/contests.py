"""How disputes between claims end: duplicates, exclusive roles, lines, places, merged deals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from sync.claim import Claim, joint, meet_in_scope, values_differ
from sync.conflicts.finding import Finding
from sync.ladder import climb
from sync.model.registration import State
from sync.model.ruling import Resolution, Step
from sync.resolve.losing import Loss, lose, merged, without_lines
from sync.resolve.people import held
from sync.resolve.ruling import Effect, Ruling, decided, note, wait


def all_on_the_survivor(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """Every registration counts on the surviving deal, and is judged there with the others."""
    approved = [claim for claim in involved if claim.state is State.APPROVED]
    if any(_clash(one, other) for one, other in combinations(approved, 2)):
        return wait(finding.kind, "Both deals had a partner approved for the same exclusive role.")
    return note(finding.kind, "All registrations stand on the surviving deal.")


def _clash(one: Claim, other: Claim) -> bool:
    apart = one.partner.id != other.partner.id and not joint(one, other)
    return apart and any(role in other.roles and meet_in_scope(one, other, role) for role in one.roles)


def one_survivor(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """The earliest of a partner's own duplicates keeps what both ask for, with the evidence of both."""
    one, other = involved
    if values_differ(one, other, one.policy.conflicts.duplicate_values_within):
        return wait(finding.kind, "The declared values differ too much to be a simple duplicate.")
    if held(one) and held(other):
        return wait(finding.kind, "Both are approved already.")
    kept, late = (other, one) if held(other) else (one, other)
    effect = merged(late, kept)
    return decided(finding, Resolution.SUPERSEDED, effect.text, effect, winner=kept.id)


def award_one(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """One partner keeps the exclusive role: the first rung of the ladder that separates them decides."""
    one, other = involved
    steps, winner = climb(one, other)
    if winner is None:
        return Ruling(None, steps)
    if step := _too_large(one, winner):
        return Ruling(None, (*steps, step))
    loser = other if winner is one else one
    return Ruling(Resolution.AWARD_ONE, steps, (lose(loser, winner, finding),), winner.id)


def _too_large(senior: Claim, winner: Claim) -> Step | None:
    """Why a person decides about an award of this worth; a worth in another currency is not compared."""
    rules, value = senior.policy.conflicts, winner.value
    if rules.person_above is None or value is None:
        return None
    limit = f"{rules.person_above} {rules.person_currency}"
    if value.currency != rules.person_currency:
        return Step("person", "hit", f"The deal is worth {value}, not comparable with {limit}: a person decides.")
    if value.major >= rules.person_above:
        return Step("person", "hit", f"The deal is worth {value}: from {limit} up a person decides.")
    return None


def undisputed_lines(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """Both go on with the lines that only they claim; without such lines a person divides them."""
    lines = ", ".join(sorted(finding.lines))
    text = f"Approved without {lines}, which another partner claims too."
    effects: list[Effect] = []
    for claim in involved:
        effect = without_lines(claim, finding.lines, Loss("LINE_IN_DISPUTE", text, text))
        if effect is None:
            return wait(finding.kind, f"{claim.partner.name} claims nothing but what is in dispute.")
        if effect.line_ids != claim.line_ids:
            effects.append(effect)
    step = Step(finding.kind, "decisive", "Each partner goes on with its undisputed lines.")
    return Ruling(Resolution.REASSIGN_SCOPE, (step,), tuple(effects))


def waiting_list(finding: Finding, involved: Sequence[Claim]) -> Ruling:
    """The first by the ladder have the places; the others wait, and may be let in by a person."""
    by_partner = {claim.partner.id: claim for claim in reversed(involved)}
    wins = dict.fromkeys(by_partner, 0)
    for one, other in combinations(by_partner.values(), 2):
        _, winner = climb(one, other)
        if winner:
            wins[winner.partner.id] += 1
    ranked = sorted(by_partner.values(), key=lambda claim: (-wins[claim.partner.id], claim.partner.name))
    order = ", ".join(claim.partner.name for claim in ranked)
    return wait(finding.kind, f"In the order of the ladder: {order}.")
