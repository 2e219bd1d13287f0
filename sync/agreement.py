"""Observe mode: what the rules would have said, beside what people did, registration by registration.

Pure. The rules judge blind: without votes and without what people said, with every deal as open as it was when they
filed; so the comparison is about the rules, not about whether a vote was read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sync.adopt import Adoption
from sync.decide import decide
from sync.model.deal import Opportunity, Stage
from sync.model.directive import Directive
from sync.model.facts import Facts, History, Verdict
from sync.model.money import Money
from sync.model.registration import Registration, State, Vote
from sync.model.ruling import Case
from sync.model.split import Portion, Split
from sync.policy import Policies


class Word(StrEnum):
    """What one comparison says."""

    AGREE = "agree"
    DIFFER = "differ"
    ASK = "ask"  # the rules would have asked a person


@dataclass(frozen=True, slots=True)
class Compared:
    """One registration or split: what people did, what the rules say, and why they say it."""

    subject: str
    title: str
    theirs: str
    ours: str
    word: Word
    rule: str = ""  # the event, case or rung that decided
    why: str = ""
    moved: Money | None = None  # of a split: what the rules would give to somebody else


@dataclass(slots=True)
class Agreement:
    """Many comparisons, counted; ``differing`` are the ones worth reading, at most ``most`` of them."""

    registrations: Counter[Word] = field(default_factory=Counter)
    splits: Counter[Word] = field(default_factory=Counter)
    rules: dict[str, Counter[Word]] = field(default_factory=dict)
    moved: Counter[str] = field(default_factory=Counter)  # minor units by currency
    differing: list[Compared] = field(default_factory=list)
    most: int = 1000

    def add(self, compared: Iterable[Compared]) -> None:
        for entry in compared:
            split = entry.theirs.endswith("%")
            (self.splits if split else self.registrations)[entry.word] += 1
            if entry.rule:
                self.rules.setdefault(entry.rule, Counter())[entry.word] += 1
            if entry.moved:
                self.moved[entry.moved.currency] += entry.moved.minor
            if entry.word is not Word.AGREE and len(self.differing) < self.most:
                self.differing.append(entry)


def compare(facts: Facts, held: Adoption, policies: Policies, now: datetime) -> list[Compared]:
    """Every registration and split of one group that people decided, beside what the rules say.

    ``held``: what the CRMs hold of people's decisions (`sync.adopt.adoption`); where they hold no status, a vote is
    what people did.
    """
    states = {said.subject: said.state for said in held.directives if said.state is not None}
    theirs = {entry.id: _VOTED[entry.vote] for entry in facts.registrations if entry.vote in _VOTED} | states
    if not theirs and not held.directives:
        return []
    blind = decide(_blind(facts), History(), policies, now)
    found = [
        compared
        for entry in facts.registrations
        if entry.id in theirs and (compared := _registration(entry, theirs[entry.id], facts, blind))
    ]
    standing = [replace(said, seq=1) for said in held.directives if said.state is not None]
    divided = decide(replace(facts, directives=tuple(standing)), History(), policies, now).splits
    return found + list(_splits(facts, held.directives, {split.opportunity_id: split for split in divided}))


_VOTED: Final[Mapping[Vote | None, State]] = {Vote.APPROVE: State.APPROVED, Vote.REJECT: State.REJECTED}


def _blind(facts: Facts) -> Facts:
    """As the rules would have met them: nobody's word, and no deal closed by what came after the filing."""
    claims = [replace(r, vote=None, voter=None, voted_at=None, vote_reason=None) for r in facts.registrations]
    deals = [_as_filed(deal, [r for r in claims if r.opportunity_id == deal.id]) for deal in facts.opportunities]
    return replace(facts, registrations=tuple(claims), opportunities=tuple(deals), directives=())


def _as_filed(deal: Opportunity, claims: Sequence[Registration]) -> Opportunity:
    filed = [(claim.submitted_at or claim.created_at).date() for claim in claims]
    if deal.stage.closed and deal.close_date and filed and min(filed) <= deal.close_date:
        return replace(deal, stage=Stage.COMMITTED, close_date=None)
    return deal


_YES: Final = frozenset({State.APPROVED, State.WON, State.LOST, State.EXPIRED})
_NO: Final = frozenset({State.REJECTED, State.SUPERSEDED, State.REVOKED})


def _registration(entry: Registration, theirs: State, facts: Facts, blind: Verdict) -> Compared | None:
    """``None`` where there is nothing to compare: people have not decided yet, or the partner withdrew."""
    standing = next((s for s in blind.standings if s.registration_id == entry.id), None)
    if theirs not in _YES | _NO or standing is None:
        return None
    partner = next(partner.name for partner in facts.partners if partner.id == entry.partner_id)
    title, case = _title(partner, entry, facts), _deciding(entry.id, blind.cases)
    if standing.state in _YES | _NO:
        word = Word.AGREE if (standing.state in _YES) == (theirs in _YES) else Word.DIFFER
        why = case.trace[-1].text if case and case.trace else standing.message
        return Compared(entry.id, title, theirs, standing.state, word, case.kind if case else "approval", why)
    if case and case.resolution is None:
        return Compared(entry.id, title, theirs, standing.state, Word.ASK, case.kind, case.trace[-1].text)
    return Compared(
        entry.id, title, theirs, standing.state, Word.ASK, "review", "No rule objects; a person approves."
    )


def _title(partner: str, entry: Registration, facts: Facts) -> str:
    deal = next((deal.name for deal in facts.opportunities if deal.id == entry.opportunity_id), None)
    return f"{partner} · {deal or entry.customer_name or entry.customer_domain or entry.ref.id}"


def _deciding(registration: str, cases: Iterable[Case]) -> Case | None:
    """The case that decided about a registration: one it lost, else one that still waits, else one it won."""
    own = [case for case in cases if registration in case.registrations]
    return min(own, key=lambda case: (case.winner == registration, case.resolution is None, case.id), default=None)


def _splits(facts: Facts, directives: Iterable[Directive], divided: Mapping[str, Split]) -> Iterator[Compared]:
    partners = {partner.id: partner.name for partner in facts.partners}
    deals = {deal.id: deal for deal in facts.opportunities}
    for said in directives:
        if said.state is not None:
            continue
        split, deal = divided.get(said.subject), deals[said.subject]
        ours = {portion.party: portion for portion in split.portions} if split else {}
        theirs = {part.party: _percent(part.weight) for part in said.parts}
        parties = sorted(theirs.keys() | ours.keys())
        gap = sum((abs(theirs.get(p, Decimal(0)) - _of(ours.get(p))) for p in parties), Decimal(0)) / 2
        same = gap <= Decimal("0.01") * max(1, len(parties))
        yield Compared(
            subject=said.subject,
            title=deal.name,
            theirs=_listed({party: theirs.get(party, Decimal(0)) for party in parties}, partners),
            ours=_listed({party: _of(ours.get(party)) for party in parties}, partners),
            word=Word.AGREE if same else Word.DIFFER,
            rule=split.model if split else "nobody is credited",
            why="" if same or not split else " ".join(split.arithmetic[-1:]),
            moved=None if same else _moved(deal.amount, gap),
        )


def _percent(weight: str) -> Decimal:
    top, _, bottom = weight.partition("/")
    return (Decimal(100) * Decimal(top) / Decimal(bottom or 1)).quantize(Decimal("0.01"))


def _of(portion: Portion | None) -> Decimal:
    return portion.percent if portion and portion.percent is not None else Decimal(0)


def _listed(shares: Mapping[str, Decimal], partners: Mapping[str, str]) -> str:
    return " / ".join(f"{partners.get(party, party)} {share:.2f}%" for party, share in shares.items())


def _moved(amount: Money | None, gap: Decimal) -> Money | None:
    return Money(abs(int(amount.minor * gap / 100)), amount.currency) if amount else None
