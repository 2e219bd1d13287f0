"""What people do in their CRMs, each as one edit that a state machine can choose."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.machine.choices import AMOUNTS, CRMS, JOINTS, NUMBERS, OURS, ROLES, STAGES
from tests.machine.office import Office, usd

VOTES = st.sampled_from(["APPROVE", "APPROVE", "REJECT", "RETURN"])
KINDS = st.sampled_from(["account", "opportunity", "registration", "attribution"])


class People:
    """Rows are named by a number: the n-th of those that are there."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def some(self, crm: str, kind: str, number: int) -> str | None:
        rows = self.office.rows(crm, kind)
        return rows[number % len(rows)].id if rows else None

    def edit(self, crm: str, kind: str, number: int, **values: Any) -> None:
        if own := self.some(crm, kind, number):
            self.office.put(crm, kind, own, **values)

    def deal(self, where: str, amount: str | None, stage: str) -> None:
        values: dict[str, Any] = {"name": f"Deal {where}", "stage": stage, "amount": amount and usd(amount)}
        own = None if where == "hs" else self.office.put("sf", "opportunity", **values)
        if where != "sf":
            self.office.put("hs", "opportunity", **values, **({"shared_id": own} if own else {}))

    def claim(self, crm: str, deal: int, partner: int, roles: list[str], joint: str | None, days: int) -> None:
        who, what = self.some(crm, "account", partner), self.some(crm, "opportunity", deal)
        filed = self.office.moment - timedelta(days=days)
        more = {"joint_key": joint, "joint_response": "ACCEPTED"} if joint else {}
        if who and what:
            values = {"partner": who, "opportunity": what, "roles": roles, "submitted_at": filed}
            self.office.put(crm, "registration", **values, **more)

    def vote(self, crm: str, claim: int, vote: str) -> None:
        self.edit(crm, "registration", claim, vote=vote, voter="jo", voted_at=self.office.moment)

    def answer(self, crm: str, claim: int, answer: str) -> None:
        self.edit(crm, "registration", claim, joint_key="K", joint_response=answer)

    def withdraw(self, crm: str, claim: int) -> None:
        self.edit(crm, "registration", claim, withdrawn=True)

    def move_claim(self, crm: str, claim: int, deal: int) -> None:
        self.edit(crm, "registration", claim, opportunity=self.some(crm, "opportunity", deal))

    def edit_deal(self, crm: str, deal: int, amount: str | None, stage: str) -> None:
        self.edit(crm, "opportunity", deal, amount=amount and usd(amount), stage=stage)

    def edit_partner(self, crm: str, partner: int, tier: str, still: bool) -> None:
        self.edit(crm, "account", partner, tier=tier, is_partner=still, name=f"Partner {tier}")

    def link_partner(self, partner: int) -> None:
        own = self.some("sf", "account", partner)
        self.office.put("hs", "account", name="Linked", is_partner=True, shared_id=own)

    def drop(self, crm: str, kind: str, row: int) -> None:
        if own := self.some(crm, kind, row):
            self.office.drop(crm, kind, own)

    def merge(self, crm: str, kind: str, one: int, other: int) -> None:
        loser, winner = self.some(crm, kind, one), self.some(crm, kind, other)
        if loser and winner and loser != winner:
            self.office.merge(crm, kind, loser, winner)

    def drift(self, crm: str, ours: tuple[str, str, str, str], row: int) -> None:
        """Somebody edits a field of ours."""
        kind, path, *texts = ours
        if own := self.some(crm, kind, row):
            field, text = self.office.field(crm, kind, path), texts[crm == "hs"]
            self.office.crms[crm].put(self.office.field_map(crm, kind).object, {field: text}, own)

    def hide(self, crm: str, ours: tuple[str, str, str, str]) -> None:
        """An admin takes away our access to a field, or gives it back."""
        kind, path, *_ = ours
        place = (self.office.field_map(crm, kind).object, self.office.field(crm, kind, path))
        self.office.crms[crm].hidden ^= {place}

    def busy_day(self, amount: str) -> None:
        """Everything is voted for, and every deal has another amount: the next cycle has much to write."""
        for crm in self.office.crms:
            for number in range(len(self.office.rows(crm, "registration"))):
                self.vote(crm, number, "APPROVE")
            for number in range(len(self.office.rows(crm, "opportunity"))):
                self.edit(crm, "opportunity", number, amount=usd(amount))


def _edit(name: str, *choices: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(st.just(name), *choices)


EDITS = st.one_of(
    _edit("edit_deal", CRMS, NUMBERS, AMOUNTS, STAGES),
    _edit("deal", st.sampled_from(["sf", "hs", "both"]), AMOUNTS, STAGES),
    _edit("claim", CRMS, NUMBERS, NUMBERS, ROLES, JOINTS, NUMBERS),
    _edit("vote", CRMS, NUMBERS, VOTES),
    _edit("answer", CRMS, NUMBERS, st.sampled_from(["ACCEPTED", "DECLINED"])),
    _edit("withdraw", CRMS, NUMBERS),
    _edit("move_claim", CRMS, NUMBERS, NUMBERS),
    _edit("edit_partner", CRMS, NUMBERS, st.sampled_from(["SILVER", "GOLD"]), st.booleans()),
    _edit("link_partner", NUMBERS),
    _edit("drop", CRMS, KINDS, NUMBERS),
    _edit("merge", CRMS, st.sampled_from(["account", "opportunity"]), NUMBERS, NUMBERS),
    _edit("drift", CRMS, st.sampled_from(OURS), NUMBERS),
    _edit("hide", CRMS, st.sampled_from(OURS)),
)
"""One edit: the name of a method of `People`, and what it is called with."""
