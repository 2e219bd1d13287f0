"""Who may use the console: people with a role; those of a partner see that partner's own and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class UserRole(StrEnum):
    """What a person may see and do in the console; the value is how `dealsync user add --role` spells it."""

    PARTNER = "partner"
    SALES = "sales"
    CHANNEL_MANAGER = "channel_manager"
    FINANCE = "finance"
    ADMIN = "admin"

    @property
    def sentence(self) -> str:
        """What the role is for."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    UserRole.PARTNER: "Sees and files its own partner's registrations, and nothing of anybody else.",
    UserRole.SALES: "Sees deals with their partners, roles, protection and conflicts.",
    UserRole.CHANNEL_MANAGER: "Sees everything about deals, and rules on registrations and cases.",
    UserRole.FINANCE: "Sees deals, locked splits and the ledger.",
    UserRole.ADMIN: "Sees everything, and runs the connections, mappings, policies and users.",
}

STAFF: Final = frozenset(UserRole) - {UserRole.PARTNER}


@dataclass(frozen=True, slots=True)
class User:
    """One person who may sign in. ``crm_ids``: what owner fields of the CRMs hold for this person; by them and by
    name and login a conflict of interest is found.

    ``partner``: our id of a partner, for its people only. Without a password: by links and single sign-on only.
    """

    id: str
    login: str
    name: str
    role: UserRole
    partner: str | None = None
    disabled: bool = False
    has_password: bool = False
    crm_ids: tuple[str, ...] = ()
    language: str = "en"  # of the letters to this person

    @property
    def other_names(self) -> tuple[str, ...]:
        """What else the records may know this person by."""
        return (self.login, *self.crm_ids)
