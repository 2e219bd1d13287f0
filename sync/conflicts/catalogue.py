"""The catalogue: every kind of conflict, in the order in which they are asked.

First what the records say (merged, doubled, over, about whom), then what the partner may have at all, then what
partners want from each other, then what is only worth knowing. So a claim that is out, or narrowed, clashes with
nobody over what it no longer asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from sync.conflicts import entitlement, incumbents, records, rivals, timing
from sync.conflicts.finding import Finding
from sync.conflicts.situation import Situation
from sync.model.ruling import Severity


@dataclass(frozen=True, slots=True)
class Detector:
    """One row: its code and title, its usual severity, when a person decides, and what the partner reads meanwhile.

    The docstring of ``find`` is its sentence. ``at_most``: what no policy can raise it above.
    """

    kind: str
    title: str
    severity: Severity
    find: Callable[[Situation], Iterator[Finding]]
    person: str
    held: str = "Your registration is in review together with another one."
    at_most: Severity = Severity.BLOCK

    @property
    def sentence(self) -> str:
        return (self.find.__doc__ or "").strip()


_CUSTOMER: Final = "It has to be made sure which customer your registration is about."
_VENDOR: Final = "Your registration is in review."
INFO, WARN, BLOCK = Severity.INFO, Severity.WARN, Severity.BLOCK

CATALOGUE: Final = (
    Detector(
        "C14",
        "Merged deals",
        WARN,
        records.merged_deals,
        person="both deals had a partner approved for the same exclusive role",
    ),
    Detector(
        "C01",
        "Duplicate, same partner",
        WARN,
        rivals.same_partner_twice,
        person="the declared values differ too much, or both are approved",
    ),
    Detector(
        "C07",
        "Closed opportunity",
        BLOCK,
        timing.closed_deal,
        person="verified work is older than the close, and the claim came soon after it",
        held="The deal is closed; somebody looks at the work you have proven.",
    ),
    Detector(
        "C12",
        "Unclear customer",
        BLOCK,
        records.unclear_customer,
        person="always: nothing is merged by a guess",
        held=_CUSTOMER,
    ),
    Detector(
        "C11",
        "Agreement missing or ending",
        BLOCK,
        entitlement.no_agreement,
        person="there is no new agreement, or a protection was cut short",
        held="Your partner agreement does not cover this registration; it goes on when it does.",
    ),
    Detector(
        "C19",
        "Public tender",
        BLOCK,
        entitlement.public_tender,
        person="the programme says `ask`",
        held="This is a public tender; somebody looks at which rules apply.",
    ),
    Detector(
        "C08",
        "Named account",
        BLOCK,
        entitlement.named_account,
        person="the customer chose the partner in writing",
        held=_VENDOR,
    ),
    Detector(
        "C10",
        "Tier or certificate missing",
        BLOCK,
        entitlement.not_certified,
        person="an exception is wanted: dismiss the case before the role is dropped, or register again",
        held=_VENDOR,
    ),
    Detector(
        "C09",
        "Foreign territory",
        WARN,
        entitlement.foreign_territory,
        person="always: the region may be served on request, or belong to a global account",
        held="A region you registered lies outside your agreement; somebody looks at it.",
    ),
    Detector(
        "C04",
        "Direct pursuit",
        BLOCK,
        timing.direct_sales_first,
        person="the partner proves work that is older than direct sales' own",
        held="Somebody looks at who worked on this deal first.",
    ),
    Detector(
        "C06",
        "Late registration",
        WARN,
        timing.late_registration,
        person="the deal is committed already",
    ),
    Detector(
        "C16",
        "Renewal of another partner's sale",
        BLOCK,
        incumbents.renewal_of_another,
        person="the customer chose the new partner in writing, or the old one is no longer active",
        held="Somebody looks at who renews what this customer has.",
    ),
    Detector(
        "C21", "Gap claim", INFO, rivals.filed_in_a_gap, person="never: a request made in time keeps its protection"
    ),
    Detector(
        "C02",
        "Exclusive-role clash",
        BLOCK,
        rivals.exclusive_role_twice,
        person="no rung separates them, the winner's gain would take back an approval, or the deal is large",
    ),
    Detector(
        "C13",
        "Line claimed twice",
        BLOCK,
        rivals.same_line_twice,
        person="one of them claims nothing else",
    ),
    Detector(
        "C24",
        "Customer objection",
        BLOCK,
        entitlement.customer_objects,
        person="the partner is approved, or has verified work whose worth must be said",
        held="The customer's word about this deal is being looked at.",
    ),
    Detector(
        "C26",
        "Approver with an interest",
        WARN,
        entitlement.interested_approver,
        person="always: somebody without an interest votes",
        held=_VENDOR,
    ),
    Detector(
        "C03",
        "Role without a free place",
        WARN,
        rivals.too_many_in_a_role,
        person="always: who is on the waiting list, and who is let in besides",
    ),
    Detector(
        "C17",
        "One deal in two CRMs",
        WARN,
        records.one_deal_in_two_crms,
        person="always, by linking them or by saying that they are two; no credit moves meanwhile",
    ),
    Detector(
        "C18",
        "Unusable shares",
        WARN,
        records.unusable_shares,
        person="the members do not agree; the split is not locked meanwhile",
    ),
    Detector(
        "C20",
        "Stale, squatting or backdated",
        WARN,
        timing.stale_or_squatting,
        person="always: it may be revoked, or acknowledged",
        at_most=WARN,
    ),
    Detector(
        "C22",
        "Outside the catalogue",
        WARN,
        entitlement.beyond_the_catalogue,
        person="always: somebody leaves, or the programme gets the role",
    ),
    Detector(
        "C23",
        "Parent and subsidiary",
        WARN,
        rivals.related_customers,
        person="always: they buy separately, or register jointly for the whole",
    ),
    Detector(
        "C05",
        "Incumbent partner",
        WARN,
        incumbents.incumbent_partner,
        person="the incumbent objects; its silence lets the new one go on",
    ),
    Detector(
        "C15", "Currencies differ", INFO, records.currencies_differ, person="never: the currency of the deal counts"
    ),
    Detector(
        "C25", "Values differ", INFO, records.values_differ_much, person="never: the amount that the CRM has counts"
    ),
)

KINDS: Final[Mapping[str, Detector]] = {row.kind: row for row in CATALOGUE}
_RANK: Final = list(Severity)


def detect(kind: Detector, situation: Situation) -> list[Finding]:
    """What one detector finds, in an order that does not depend on that of the claims.

    The policy of the senior claim says how severe it is, and may have switched it off.
    """
    found = []
    for finding in kind.find(situation):
        rules = situation.senior(finding.claims).policy.conflicts
        if kind.kind not in rules.off:
            found.append(replace(finding, severity=_severity(kind, finding, rules.severity.get(kind.kind))))
    return sorted(found, key=lambda finding: (finding.claims, finding.about))


def _severity(kind: Detector, finding: Finding, wished: Severity | None) -> Severity:
    """A policy sets the usual severity of a kind; what a detector found to be less, or more, it can only lower."""
    usual = finding.severity is kind.severity
    asked = [finding.severity] if wished is None else [wished] if usual else [wished, finding.severity]
    return min(*asked, kind.at_most, key=_RANK.index)
