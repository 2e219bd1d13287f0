"""What a sound policy may still get wrong for this programme: advice, never a refusal. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from sync.model.parties import Partner, PartnerStatus
from sync.model.problem import Problem
from sync.model.registration import Role
from sync.policy.policies import Policies
from sync.policy.policy import Policy

ENOUGH: Final = 30
"""Won deals below which a median says nothing (no verdict below n = 30)."""

SHARE: Final = Fraction(3, 4)
"""A protection window should last at least this part of the median sales cycle (published practice)."""


@dataclass(frozen=True, slots=True)
class Programme:
    """What is known of the programme that a policy is for: sales cycles of won deals in days, and the partners."""

    cycles: Sequence[int] = ()
    partners: Sequence[Partner] = ()

    @property
    def median_cycle(self) -> int | None:
        """Days from the start of a deal to its win; ``None`` where too few were won to say."""
        ordered = sorted(self.cycles)
        return ordered[len(ordered) // 2] if len(ordered) >= ENOUGH else None


def advise(policies: Policies, programme: Programme) -> Iterator[Problem]:
    """Everything worth a look in every policy, each with its key and what to do."""
    for policy in policies.all:
        for check in CHECKS:
            for key, what, fix in check(policy, programme):
                yield Problem(f"policy {policy.id}: {key}", what, fix)
    yield from _never_in_force(policies)


Advice = Iterator[tuple[str, str, str]]


def short_windows(policy: Policy, programme: Programme) -> Advice:
    """A protection window that ends before most deals do protects nobody."""
    median = programme.median_cycle
    if median is None:
        return
    least = -(-median * SHARE.numerator // SHARE.denominator)
    windows = policy.windows
    by_tier = [(f"protection_days.{tier}", days) for tier, days in windows.protection_days.items()]
    for key, days in [*by_tier, ("protection_default_days", windows.protection_default_days)]:
        if days < least:
            what = f"{days} days end before most deals do: half of the won ones took {median} days or more"
            yield f"windows.{key}", what, f"give at least {least} days, three quarters of that"


def unread_keys(policy: Policy, _programme: Programme) -> Advice:
    """A key that nothing reads in this policy says something that is not done."""
    attribution, conflicts = policy.attribution, policy.conflicts
    given = policy.attribution.model_fields_set
    if "half_life_days" in given and attribution.model != "time_decay":
        yield "attribution.half_life_days", f"the model {attribution.model} does not read it", "remove it"
    if attribution.late_factor != 1 and "C06" in conflicts.off:
        yield "attribution.late_factor", "C06 is off, so nobody is told that a claim is late", "switch C06 on"
    for kind, key, used in (
        ("C08", "named_roles", "named_roles" in conflicts.model_fields_set),
        ("C10", "requirements", bool(conflicts.requirements)),
        ("C19", "tender", "tender" in conflicts.model_fields_set),
        ("C20", "live_limit", "live_limit" in conflicts.model_fields_set),
    ):
        if used and kind in conflicts.off:
            yield f"conflicts.{key}", f"{kind} is off, so nothing reads it", f"remove it, or take {kind} out of off"
    if conflicts.verticals and "vertical" not in policy.ladder.rungs:
        yield (
            "conflicts.verticals",
            "the ladder has no rung vertical, so nothing reads it",
            "add the rung, or remove it",
        )


def unreachable_approvals(policy: Policy, _programme: Programme) -> Advice:
    """A row of the approval chain that no deal reaches."""
    rules = policy.approvals
    if rules.auto_below is not None and rules.auto_currency == rules.currency and "evidence" in rules.required:
        for row in rules.chain:
            if row.below is not None and row.below <= rules.auto_below:
                what = (
                    f"deals below {row.below} pass by themselves (auto_below {rules.auto_below}): nobody is asked"
                )
                yield "approvals.chain", what, "remove the row, or lower auto_below"


def interested_approvers(policy: Policy, _programme: Programme) -> Advice:
    """Somebody who decides and is paid by what is decided."""
    rules = policy.approvals
    for role, people in sorted(rules.people.items()):
        for person in sorted(set(people) & set(rules.paid)):
            yield (
                f"approvals.people.{role}",
                f"{person} is paid on the deals: such a vote does not count",
                "name another",
            )
    for entry in rules.delegations:
        if entry.to in rules.paid:
            what = f"{entry.to} decides for {entry.of} and is paid on the deals: such a vote does not count"
            yield "approvals.delegations", what, "delegate to somebody else"
    if rules.owner_may_decide:
        what = "whoever owns a deal may decide who is credited for it"
        yield "approvals.owner_may_decide", what, "set it to false where owners are paid by their deals"


def roles_nobody_can_hold(policy: Policy, programme: Programme) -> Advice:
    """A role whose requirements no active partner meets, and a pool that therefore nobody can fill."""
    active = [partner for partner in programme.partners if partner.status is PartnerStatus.ACTIVE]
    for role, needs in sorted(policy.conflicts.requirements.items()) if active else ():
        if not any(_meets(partner, role, policy) for partner in active):
            wants = " and ".join(
                filter(None, (needs.tier and f"tier {needs.tier}", ", ".join(needs.certifications)))
            )
            what = f"none of {len(active)} active partners has {wants}: nobody can hold {role}"
            yield f"conflicts.requirements.{role}", what, "lower the requirement, or certify somebody"


def _meets(partner: Partner, role: Role, policy: Policy) -> bool:
    needs = policy.conflicts.requirements[role]
    held = {code for code, _ in partner.certifications}
    high = needs.tier is None or (partner.tier is not None and partner.tier.rank >= needs.tier.rank)
    return high and held >= set(needs.certifications)


def lines_without_bundles(policy: Policy, _programme: Programme) -> Advice:
    """A role that is exclusive on a line, in a programme that does not divide by lines."""
    if policy.attribution.bundles == "off" and policy.attribution.model != "lines":
        for role, rules in policy.roles.items():
            if rules.exclusive == "line" and rules.pool == 0:
                what = (
                    f"{role} is held line by line, has no pool, and nothing is divided by lines: it earns nothing"
                )
                yield f"roles.{role}", what, 'give it a pool, or set attribution.bundles = "lines"'


CHECKS: Final[tuple[Callable[[Policy, Programme], Advice], ...]] = (
    short_windows,
    unread_keys,
    unreachable_approvals,
    interested_approvers,
    roles_nobody_can_hold,
    lines_without_bundles,
)
"""Each check's docstring is its sentence."""


def _never_in_force(policies: Policies) -> Iterator[Problem]:
    """A version that a later one of the same scope replaces on or before its first day."""
    for policy in policies.all:
        later = [
            other
            for other in policies.all
            if other is not policy and other.scope == policy.scope and other.name == policy.name
        ]
        if any(other.effective_from <= policy.effective_from and other.version > policy.version for other in later):
            what = "a later version takes effect on or before its first day: it never judges anything"
            yield Problem(f"policy {policy.id}: effective_from", what, "correct the date, or remove the version")
