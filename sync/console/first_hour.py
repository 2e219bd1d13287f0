"""What no table of the product says: the words of operations, and what whoever is new does first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sync.model.user import UserRole

SEVERITIES: Final[Mapping[str, str]] = {
    "BLOCK": "Nothing is approved before it is settled.",
    "WARN": "Somebody should look, and nothing passes by itself meanwhile.",
    "INFO": "Noted; it holds nothing up.",
}

WRITES: Final[Mapping[str, str]] = {
    "todo": "Decided, and not sent yet.",
    "sending": "Sent, and no answer came: the next run reads it back before it writes anything.",
    "done": "The CRM says so.",
    "stale": "Somebody changed the row since it was planned: it is decided anew.",
    "failed": "The CRM refused it: correct the record, the rule or the mapping, or retry.",
    "again": "The CRM could not take it just now: the next run tries it again.",
}

OPERATIONS: Final[Mapping[str, str]] = {
    "last green": "The latest run that left nothing over.",
    "calls left": "Calls that dealsync may still make to this CRM today: its part of the day, less what was made.",
    "lag": "How long the oldest deal has been waiting to be decided.",
    "parked": "Rows that are not written to until a person lets them go on.",
    "held": "Writes that wait for a person, because somebody else owns what is there.",
    "due": "Groups of deals that the next run decides.",
    "paused": "Nothing is read from or written to it until somebody resumes it.",
    "brakes": "A run that would change more than the limits waits for a person who applies the saved plan.",
}

_CHANNEL: Final = (
    "Rehearse first: `dealsync init try --sandbox` says how to start two stand-in CRMs; then run once.",
    "Open Decide: cases stand first, the next clock on top. Every dotted word explains itself when you press it.",
    "Open a case. Read the claims side by side, then what each rule said; the rule that decided, or why none did.",
    "Compare the rulings: who moves where, and what becomes of the money. Nothing is recorded by looking.",
    "Rule with a reason. It stands before every rule; the next run tells both CRMs.",
    "Open the deal from the search: the split with its arithmetic, and what would have changed it.",
    "Approve the easy registrations together: tick them, approve. What is refused says why.",
)

STEPS: Final[Mapping[UserRole, tuple[str, ...]]] = {
    UserRole.PARTNER: (
        "Your registrations are in the portal: where each stands, what is missing, how long you are protected.",
        "File one for a customer you work with: your role, what you did, when you expect the close.",
        "Working with another partner on it? File it jointly: each accepts, and you agree on the shares.",
        "A conflict is ruled on within days; you read the reason, and what else is open to you.",
        "When the deal is won, your part is in your statement, to the cent.",
    ),
    UserRole.SALES: (
        "Search for a deal: who is in it, in which role, and until when they are protected.",
        "A case on it means partners want the same role; a channel manager rules, and you see the outcome here.",
        "You own a deal? Then you do not rule on it: dealsync refuses, and says so.",
    ),
    UserRole.CHANNEL_MANAGER: _CHANNEL,
    UserRole.FINANCE: (
        "Search for a won deal: its split is locked, with the arithmetic behind every part.",
        "Below it, the ledger: every change after the close is an entry of its own, and nothing is ever edited.",
        "The last line of the page says whether the sealed past is whole.",
        "For statements: dealsync statement --period 2026Q4, as CSV, JSON or PDF.",
    ),
    UserRole.ADMIN: (
        "Operations shows one row a connection; a red one says the one thing to do.",
        "Open the latest run: what was read, decided and written, and what went wrong, by cause.",
        "The stop button works within one batch, in every process: pause a connection, or everything.",
        "Let people in: dealsync user add LOGIN --role ROLE prints a link that works once.",
        *_CHANNEL[1:3],
    ),
}
