"""Which fields of the CRMs each kind of conflict needs: where one is not mapped, that kind is not looked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

_CLAIM: Final = ("registration.partner", "registration.roles", "registration.submitted_at")
_WHAT: Final = ("registration.opportunity", "registration.customer_domain")

INPUTS: Final[Mapping[str, Sequence[str]]] = {
    "C14": ("opportunity.account", "registration.opportunity"),
    "C01": (*_CLAIM, *_WHAT, "registration.families", "registration.regions", "registration.declared_value"),
    "C07": ("opportunity.stage", "opportunity.close_date", "registration.evidence", "registration.vote"),
    "C12": (
        *("registration.customer_name", "registration.customer_domain", "registration.customer_country"),
        *("account.name", "account.domain", "account.country"),
    ),
    "C11": (
        *("account.partner_status", "account.agreement_start", "account.agreement_end"),
        "account.agreement_families",
    ),
    "C19": ("registration.tender_published_on", "registration.submitted_at"),
    "C08": ("account.named_list", "opportunity.account", "registration.roles"),
    "C10": ("account.tier", "account.certifications", "registration.expected_close"),
    "C09": ("account.agreement_regions", "account.agreement_exclusive", "registration.regions"),
    "C04": ("opportunity.direct_engaged_at", "registration.submitted_at", "registration.evidence"),
    "C06": ("opportunity.created_at", "opportunity.stage", "registration.submitted_at"),
    "C16": ("opportunity.type", "opportunity.renewal_of", "line.code", "line.family", "registration.lines"),
    "C21": ("registration.submitted_at", "registration.opportunity"),
    "C02": (*_CLAIM, *_WHAT, "registration.families", "registration.customer_choice", "registration.evidence"),
    "C13": (*_CLAIM, "registration.lines", "registration.opportunity"),
    "C24": ("registration.customer_choice",),
    "C26": ("opportunity.owner", "registration.vote", "registration.voter"),
    "C03": (*_CLAIM, *_WHAT),
    "C17": ("opportunity.account", "opportunity.name", "opportunity.amount", "opportunity.close_date"),
    "C18": ("registration.joint_key", "registration.joint_response", "registration.proposed_share"),
    "C20": ("registration.evidence", "registration.created_at", "registration.submitted_at"),
    "C22": ("registration.joint_key", "registration.joint_response", "registration.roles"),
    "C23": ("account.parent", "account.country", *_WHAT),
    "C05": ("opportunity.account", "opportunity.close_date", "registration.families"),
    "C15": ("registration.declared_value", "opportunity.amount"),
    "C25": ("registration.declared_value", "opportunity.amount"),
}
"""Kind to the canonical paths without which it would find nothing, or the wrong thing."""


SHARPER: Final[Mapping[str, tuple[str, str]]] = {
    "C06": ("stage_history", "lateness goes by dates alone: the stage of a deal on that day is not read"),
    "C26": ("person", "managers of a deal's owner may vote on it: who reports to whom is not read"),
}
"""What a kind sees more of where an object is read that is not needed: kind to that object, and what it misses."""


class MappedField(Protocol):
    """One field of a mapping, by its canonical path."""

    @property
    def path(self) -> str: ...


class MappedObject(Protocol):
    """One mapping: which of our objects it reads in which connection, and which fields of it."""

    @property
    def connection(self) -> str: ...
    @property
    def canonical(self) -> str: ...
    @property
    def rules(self) -> Sequence[MappedField]: ...


def unavailable(mappings: Iterable[MappedObject]) -> dict[str, str]:
    """The kinds that cannot be looked for, each with the reason in words: what is not mapped, and in which CRM.

    ``mappings`` are the active ones of an installation. A kind is looked for in the CRMs that have its fields: one
    that lacks some only keeps it from being found there.
    """
    mapped: dict[str, set[str]] = {}
    for mapping in mappings:
        paths = mapped.setdefault(mapping.connection, set())
        paths.update(f"{mapping.canonical}.{rule.path}" for rule in mapping.rules)
    found = {}
    for kind, paths_needed in INPUTS.items():
        lacking = {crm: sorted(set(paths_needed) - paths) for crm, paths in sorted(mapped.items())}
        if missing := [f"{crm} maps no {', '.join(paths)}" for crm, paths in lacking.items() if paths]:
            found[kind] = "; ".join(missing)
    return found


def blunt(mappings: Iterable[MappedObject]) -> dict[str, tuple[str, str]]:
    """The kinds that would see more if one more object were read: kind to that object, and what it misses."""
    read = {mapping.canonical for mapping in mappings}
    return {kind: more for kind, more in SHARPER.items() if more[0] not in read}
