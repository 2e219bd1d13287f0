"""The menu of each role: where its pages are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sync.model.user import STAFF, UserRole


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the menu, for some roles. It is the present one on its page and on all below it."""

    path: str
    title: str
    roles: frozenset[UserRole] = STAFF

    def holds(self, path: str) -> bool:
        """Whether ``path`` is this page or below it, and below no other entry that is nearer to it."""
        near = max((entry for entry in MENU if entry.above(path)), key=lambda entry: len(entry.path), default=None)
        return self is near

    def above(self, path: str) -> bool:
        """Whether ``path`` is this page or below it."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


OWN: Final = frozenset({UserRole.PARTNER})

MENU: Final = (
    Entry("/", "Operations"),
    Entry("/cases", "Decide"),
    Entry("/appeals", "Appeals"),
    Entry("/errors", "Errors", frozenset({UserRole.CHANNEL_MANAGER, UserRole.ADMIN})),
    Entry("/insight", "Insight"),
    Entry("/policies", "Policies", frozenset({UserRole.CHANNEL_MANAGER, UserRole.FINANCE, UserRole.ADMIN})),
    Entry("/portal", "Registrations", OWN),
    Entry("/portal/statement", "Statement", OWN),
    Entry("/mappings", "Mappings", frozenset({UserRole.ADMIN, UserRole.CHANNEL_MANAGER})),
    Entry("/help", "Help", frozenset(UserRole)),
)


def menu(role: UserRole) -> list[Entry]:
    """What this role finds in its menu, in order."""
    return [entry for entry in MENU if role in entry.roles]
