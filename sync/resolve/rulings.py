"""The table of rulings: how each kind of conflict ends, one row for each row of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sync.claim import Claim
from sync.conflicts.finding import Finding
from sync.resolve import contests, entitlements
from sync.resolve.ruling import Ruler, Ruling, wait


def _ask(sentence: str) -> Ruler:
    """A kind that no rule ends; ``sentence`` says what becomes of it."""

    def ask(finding: Finding, _involved: Sequence[Claim]) -> Ruling:
        return wait(finding.kind, "")

    ask.__doc__ = sentence
    return ask


RULINGS: Final[Mapping[str, Ruler]] = {
    "C14": contests.all_on_the_survivor,
    "C01": contests.one_survivor,
    "C07": entitlements.too_late,
    "C12": _ask("Nothing is merged by itself: the case ends when the records say who the customer is."),
    "C11": _ask("The claim waits until an agreement covers it; an approved one keeps what its agreement allows."),
    "C19": entitlements.no_tender,
    "C08": entitlements.closed_customer,
    "C10": entitlements.uncertified_roles,
    "C09": _ask("The claim waits where another partner has the territory exclusively, else it is only shown."),
    "C04": entitlements.direct_first,
    "C06": entitlements.late_counts_less,
    "C16": entitlements.base_stays,
    "C21": _ask("Whoever filed in the gap ranks first, because the old protection does not revive."),
    "C02": contests.award_one,
    "C13": contests.undisputed_lines,
    "C24": entitlements.customer_refused,
    "C26": _ask("The vote does not count; the case ends when somebody without an interest votes."),
    "C03": contests.waiting_list,
    "C17": _ask("Nothing is linked by itself: credit on both deals stays as it was until a person says."),
    "C18": _ask("A sum within one percent of the whole is scaled to it; anything else goes back to the members."),
    "C20": _ask("It is only shown: nobody loses protection by silence alone."),
    "C22": _ask("It is only shown, and nobody new is let in."),
    "C23": _ask("It is only shown: two customers that buy separately are two customers."),
    "C05": _ask("The incumbent may answer for some days; its silence ends the case."),
    "C15": _ask("The currency of the deal is the base; another one is only shown."),
    "C25": _ask("The amount of the CRM is the base; a declared value is only shown."),
}
