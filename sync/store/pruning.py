"""Old events of registrations and cases replaced by snapshots: the store stays small, and the chains still hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, delete, func, select

from sync.audit import Event, Kind, Link, Snapshot, checkpoint, left_by
from sync.model.problem import BadInput, Problem
from sync.store import audit as chains
from sync.store.rows import chunks, moment_text
from sync.store.tables import audit, decision
from sync.store.tables import checkpoint as checkpoints

_PAGE: Final = 500
_PRUNED: Final = (Kind.DECISION, Kind.STANDING, Kind.CASE, Kind.SNAPSHOT)
"""What people said and every version of a split stay: decisions and the ledger rest on them."""


def prune(connection: Connection, before: datetime, now: datetime) -> dict[str, int]:
    """Replace the events of before ``before`` by one snapshot a chain; the last decision on each subject stays.

    Everything is verified first, and sealed anew after, onto the last checkpoint. Returns how many events went and
    from how many chains. Raises BadInput when a chain is broken: pruning would hide where.
    """
    fault = next(chains.verify(connection), None)
    if fault:
        what = f"event {fault.seq}: {fault.what}"
        raise BadInput(
            [Problem(f"audit: {fault.chain}", what, "find out who changed the store before you prune it")]
        )
    gone: list[int] = []
    for page in _candidates(connection, before):
        gone += filter(None, [_prune_chain(connection, chain, before, now) for chain in page])
    if gone:
        _seal_anew(connection, now)
    return {"events": sum(gone), "chains": len(gone)}


def _candidates(connection: Connection, before: datetime) -> Iterator[Sequence[str]]:
    """Chains with more than one old event, a page in memory."""
    old = select(audit.c.chain).where(audit.c.at < moment_text(before), audit.c.kind.in_(_PRUNED))
    query = old.group_by(audit.c.chain).having(func.count() > 1).order_by(audit.c.chain).limit(_PAGE)
    after = ""
    while page := list(connection.scalars(query.where(audit.c.chain > after))):
        yield page
        after = page[-1]


def _prune_chain(connection: Connection, chain: str, before: datetime, now: datetime) -> int:
    own = list(chains.links(connection, [chain]))
    old = own[: _first_kept(own, moment_text(before))]
    if len(old) < 2:
        return 0
    kind, state = next(left for link in reversed(own) if (left := left_by(link.event))[0] is not Kind.DECISION)
    body = msgspec.json.encode(Snapshot(_standing_for(old), kind, state or "")).decode()
    chains.seal_events(connection, [Event(chain, Kind.SNAPSHOT, old[-1].hash, moment_text(now), body)])
    decided = [link.event.ref for link in old if link.event.kind is Kind.DECISION]
    for chunk in chunks(decided):
        connection.execute(delete(decision).where(decision.c.id.in_(chunk)))
    for some in chunks([link.seq for link in old]):
        connection.execute(delete(audit).where(audit.c.seq.in_(some)))
    return len(old)


def _first_kept(own: Sequence[Link], before: str) -> int:
    """The place of the first event that stays: the first that is not old, or the last decision."""
    young = (place for place, link in enumerate(own) if link.event.at >= before)
    decisions = [place for place, link in enumerate(own) if link.event.kind is Kind.DECISION]
    return min(next(young, len(own)), decisions[-1] if decisions else len(own))


def _standing_for(old: Sequence[Link]) -> int:
    """How many events these are, with those that earlier snapshots among them stand for."""
    snapshots = [link.event.body or "" for link in old if link.event.kind is Kind.SNAPSHOT]
    return len(old) + sum(msgspec.json.decode(body, type=Snapshot).events - 1 for body in snapshots)


def _seal_anew(connection: Connection, now: datetime) -> None:
    prev = chains.head(connection)
    found = checkpoint("prune", moment_text(now), 0, prev, chains.hashes(connection, 0))
    assert found is not None
    last = connection.scalar(select(func.max(checkpoints.c.seq))) or 0
    chains.keep_checkpoint(connection, found)
    connection.execute(delete(checkpoints).where(checkpoints.c.seq <= last))
