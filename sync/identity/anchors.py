"""The anchors of a row: what it shares with every row that must be judged together with it.

Two rows with one anchor in common are in one connected group; nothing else connects. ``same`` anchors also say
that two rows of one kind are the same thing; the others (a parent, a joint key) only that they belong together.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Final, NamedTuple

from connector.record import Ref
from sync.domains import duns_number, tells_apart
from sync.model.row import Row

_OWN: Final = "id:"


class Anchors(NamedTuple):
    """``same``: this row is that thing. ``near``: this row belongs to that thing."""

    same: Set[str]
    near: Set[str]

    @property
    def all(self) -> frozenset[str]:
        return frozenset(self.same | self.near)


def anchors(row: Row) -> Anchors:
    """Every anchor of one row. Rows of kinds that are never judged have only their own."""
    same = {of_ref(row.ref)}
    near: Set[str] = frozenset()
    if row.merged_into:
        same.add(of_ref(Ref(row.ref.connection, row.ref.kind, row.merged_into)))
    for old in row.values.get("merged_ids") or ():
        same.add(of_ref(Ref(row.ref.connection, row.ref.kind, old)))
    match row.kind:
        case "account":
            same |= _account(row)
            near = _refs(row, "parent")
        case "opportunity":
            same |= _refs(row, "shared_id")
            near = _refs(row, "account", "renewal_of")
        case "line" | "attribution":
            near = _refs(row, "opportunity")
        case "external_approval":
            near = _refs(row, "registration")
        case "registration":
            near = _registration(row)
    return Anchors(same, near)


def of_ref(ref: Ref) -> str:
    """The anchor that is a row's own id."""
    return own_anchor(str(ref))


def own_anchor(key: str) -> str:
    """The same by the row's ``connection:object:id``."""
    return f"{_OWN}{key}"


def key_of(anchor: str) -> str | None:
    """The row whose own id an anchor is, if it is one."""
    return anchor.removeprefix(_OWN) if anchor.startswith(_OWN) else None


def _refs(row: Row, *paths: str) -> set[str]:
    told = map(row.values.get, paths)
    return {of_ref(ref) for ref in told if ref is not None}


def _account(row: Row) -> set[str]:
    found = _refs(row, "shared_id")
    if (domain := row.values.get("domain")) and tells_apart(domain):
        found.add(f"domain:{domain}")
    if duns := duns_number(row.values.get("duns")):
        found.add(f"duns:{duns}")
    return found


def _registration(row: Row) -> set[str]:
    found = _refs(row, "opportunity")
    if joint := row.values.get("joint_key"):
        found.add(f"joint:{joint}")
    if not found and (domain := row.values.get("customer_domain")) and tells_apart(domain):
        found.add(f"domain:{domain}")
    return found
