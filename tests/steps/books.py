"""One deal through time, from the decision to the books: for the tests of what is posted."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sync.decide import decide
from sync.model.deal import Line, Opportunity, Stage
from sync.model.directive import Act, Directive
from sync.model.facts import Facts, History, Verdict
from sync.model.ledger import Cause, LedgerEntry
from sync.model.money import Money
from sync.model.parties import Partner
from sync.model.rates import Rates
from sync.model.registration import Registration, Vote
from sync.model.split import Split
from sync.policy import Policies, Policy
from tests.steps import posting
from tests.steps.business import ACCOUNT, date_of, day, deal, partner, policy, registration

PARTNERS = tuple(partner(key) for key in ("alpha", "beta", "gamma", "delta"))
POOLS = {"SOURCE": 0, "RESELL": 45, "PRESALES": 0, "IMPLEMENT": 35, "ADVISE": 20, "SUPPORT": 0}
EX6 = policy(roles={role: {"pool": pool} for role, pool in POOLS.items()})


def approved(key: str, who: str, roles: str, **more: Any) -> Registration:
    return registration(key, who, roles, vote=Vote.APPROVE, voter="maria", voted_at=day(1), **more)


THREE = (approved("A", "alpha", "RESELL"), approved("B", "beta", "IMPLEMENT"), approved("C", "gamma", "ADVISE"))


@dataclass
class Books:
    """One deal through time: what the CRM says, what people said, what was decided and posted."""

    deal: Opportunity = field(default_factory=lambda: deal(amount="100000.01", stage=Stage.QUALIFIED))
    claims: tuple[Registration, ...] = THREE
    rules: Policy = EX6
    now: datetime = field(default_factory=lambda: day(2))
    said: list[Directive] = field(default_factory=list)
    partners: tuple[Partner, ...] = PARTNERS
    history: History = field(default_factory=History)
    entries: list[LedgerEntry] = field(default_factory=list)
    others: tuple[Opportunity, ...] = ()
    rates: Rates | None = None

    @property
    def facts(self) -> Facts:
        return Facts((ACCOUNT,), (self.deal, *self.others), self.claims, self.partners, directives=tuple(self.said))

    def decided(self) -> Verdict:
        return decide(self.facts, self.history, Policies((self.rules,), self.rates), self.now)

    def book(self) -> dict[str, str]:
        """Decide, remember, check what must always hold; what was posted, by party."""
        verdict = self.decided()
        self.history = History(
            standings={standing.registration_id: standing for standing in verdict.standings},
            cases={case.id: case for case in verdict.cases},
            joints={joint.id: joint for joint in verdict.joints},
            splits={**self.history.splits, **{split.opportunity_id: split for split in verdict.splits}},
            posted=posting.posted(self.history.posted, verdict.entries),
        )
        posting.holds(self.facts, verdict, self.history.posted)
        again = self.decided()
        assert (again.entries, again.splits) == ((), verdict.splits), "deciding again posted or changed something"
        self.entries += verdict.entries
        assert len({entry.id for entry in self.entries}) == len(self.entries)
        return {entry.party: str(entry.delta.major) for entry in verdict.entries}

    def then(self, days: int = 1, **on: Any) -> dict[str, str]:
        """Some days later the CRM says something else of the deal."""
        self.now += day(days) - day(0)
        if isinstance(on.get("amount"), str):
            on["amount"] = Money.parse(on["amount"], "EUR")
        self.deal = replace(self.deal, **on)
        return self.book()

    def say(self, act: Act, subject: str = "deal", **more: Any) -> dict[str, str]:
        seq = len(self.said) + 1
        self.said.append(Directive(f"said-{seq}", act, subject, "maria", self.now, "because", seq=seq, **more))
        return self.book()

    @property
    def split(self) -> Split:
        return self.history.splits["deal"]

    @property
    def causes(self) -> list[Cause]:
        """The causes in the order of posting, each posting once."""
        last = [entry.cause for entry in self.entries]
        return [cause for place, cause in enumerate(last) if place == 0 or last[place - 1] is not cause]


def won(**fields: Any) -> Books:
    """The books of EX6, just won."""
    books = Books(**fields)
    books.book()
    books.then(stage=Stage.WON, close_date=date_of(3))
    return books


def bundle(*lines: Line, amount: str) -> Books:
    books = Books(deal=deal(amount=amount, lines=lines))
    books.book()
    books.then(stage=Stage.WON, close_date=date_of(3))
    return books
