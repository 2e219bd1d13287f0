"""The chain in the store: written in the transaction of what it seals, read back in pages, sealed once a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, String, and_, cast, func, insert, literal, or_, select, tuple_, union_all

from sync import audit as chain_of
from sync.audit import Checkpoint, Event, Fault, Kind, Link
from sync.store.ledger import BOOKS, altered
from sync.store.rows import chunks, moment_text
from sync.store.tables import audit, case_file, checkpoint, decision, directive, ledger, split, standing

_OWN_TEXT: Final = frozenset({Kind.STANDING, Kind.CASE, Kind.ENDED, Kind.SNAPSHOT})
"""Kinds whose text is kept in the chain itself; that of the others lies in their append-only tables."""

_PAGE: Final = 1000


def seal_events(connection: Connection, events: Sequence[Event]) -> None:
    """Seal what this transaction wrote: one question for the ends of the chains, one insert."""
    if not events:
        return
    heads = _heads(connection, sorted({event.chain for event in events}))
    rows = [
        {
            "chain": link.event.chain,
            "kind": link.event.kind,
            "ref": link.event.ref,
            "at": link.event.at,
            "body": link.event.body if link.event.kind in _OWN_TEXT else None,
            "prev": link.prev,
            "hash": link.hash,
        }
        for link in chain_of.linked(events, heads)
    ]
    connection.execute(insert(audit), rows)


def _heads(connection: Connection, chains: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for chunk in chunks(chains):
        last = select(func.max(audit.c.seq)).where(audit.c.chain.in_(chunk)).group_by(audit.c.chain)
        query = select(audit.c.chain, audit.c.hash).where(audit.c.seq.in_(last))
        found.update({row.chain: row.hash for row in connection.execute(query)})
    return found


def seal_run(connection: Connection, run_id: str, now: datetime) -> Checkpoint | None:
    """A checkpoint over everything sealed since the last one; ``None`` when there is nothing."""
    last = connection.execute(select(checkpoint).order_by(checkpoint.c.seq.desc()).limit(1)).one_or_none()
    since, prev = (last.upto, last.hash) if last else (0, "")
    found = chain_of.checkpoint(run_id, moment_text(now), since, prev, hashes(connection, since))
    if found:
        keep_checkpoint(connection, found)
    return found


def keep_checkpoint(connection: Connection, found: Checkpoint) -> None:
    """Store one checkpoint."""
    names = ("run_id", "at", "since", "upto", "prev", "hash")
    connection.execute(insert(checkpoint), [{name: getattr(found, name) for name in names}])


def hashes(connection: Connection, since: int, upto: int | None = None) -> Iterator[tuple[int, str]]:
    """The place and hash of every event after ``since``, in the order in which they were sealed."""
    query = select(audit.c.seq, audit.c.hash).where(audit.c.seq > since).order_by(audit.c.seq)
    if upto is not None:
        query = query.where(audit.c.seq <= upto)
    for row in connection.execute(query.execution_options(yield_per=_PAGE)):
        yield row.seq, row.hash


def head(connection: Connection) -> str:
    """The hash of the last checkpoint: noted outside, it proves that nothing before it was changed."""
    query = select(checkpoint.c.hash).order_by(checkpoint.c.seq.desc()).limit(1)
    return connection.scalar(query) or ""


def known_head(connection: Connection, noted: str) -> bool:
    """Whether a hash that was noted outside is that of a checkpoint still here, or of the one before them."""
    query = select(checkpoint.c.seq).where(or_(checkpoint.c.hash == noted, checkpoint.c.prev == noted))
    return connection.scalar(query.limit(1)) is not None


def links(connection: Connection, chains: Sequence[str] | None = None) -> Iterator[Link]:
    """Every sealed event with its text, chain by chain, a page in memory; ``chains``: only these."""
    query = _with_texts().order_by(audit.c.chain, audit.c.seq).limit(_PAGE)
    if chains is not None:
        query = query.where(audit.c.chain.in_(chains))
    after = ("", 0)
    while rows := connection.execute(query.where(tuple_(audit.c.chain, audit.c.seq) > after)).all():
        yield from map(_link, rows)
        after = (rows[-1].chain, rows[-1].seq)


def _with_texts() -> Select[Any]:
    texts = func.coalesce(audit.c.body, decision.c.body, directive.c.body, split.c.body, ledger.c.body)
    stored = func.coalesce(standing.c.body, case_file.c.body)
    of_version = cast(split.c.version, String) == audit.c.ref
    of_split = and_(audit.c.kind == Kind.SPLIT, split.c.opportunity_id == audit.c.chain, of_version)
    return (
        select(audit, texts.label("text"), stored.label("stored"))
        .outerjoin(decision, and_(audit.c.kind == Kind.DECISION, decision.c.id == audit.c.ref))
        .outerjoin(directive, and_(audit.c.kind == Kind.DIRECTIVE, directive.c.id == audit.c.ref))
        .outerjoin(split, of_split)
        .outerjoin(ledger, and_(audit.c.kind == Kind.ENTRY, ledger.c.id == audit.c.ref))
        .outerjoin(standing, standing.c.id == audit.c.chain)
        .outerjoin(case_file, case_file.c.id == audit.c.chain)
    )


def _link(row: Any) -> Link:
    event = Event(row.chain, Kind(row.kind), row.ref, row.at, row.text)
    return Link(event, row.prev, row.hash, row.seq, row.stored)


def verify(connection: Connection) -> Iterator[Fault]:
    """The first fault of every chain, of every checkpoint, and whatever was put in beside the chains.

    Constant memory, however long the history is.
    """
    yield from chain_of.faults(links(connection))
    yield from _checkpoint_faults(connection)
    for row in connection.execute(_unsealed()):
        yield Fault(row.subject, 0, f"{row.kind} {row.ref} was put in without being sealed")
    yield from altered(connection)


def _checkpoint_faults(connection: Connection) -> Iterator[Fault]:
    before: Checkpoint | None = None
    place = 0
    query = select(checkpoint).order_by(checkpoint.c.seq).limit(_PAGE)
    while rows := connection.execute(query.where(checkpoint.c.seq > place)).all():
        for row in rows:
            found = Checkpoint(row.run_id, row.at, row.since, row.upto, row.prev, row.hash)
            fault = chain_of.checkpoint_fault(before, found, hashes(connection, found.since, found.upto))
            if fault:
                yield fault
            before, place = found, row.seq


def _unsealed() -> Select[Any]:
    """What lies in a table of its own and in no chain."""

    def beside(kind: Kind, subject: Any, ref: Any, chain: Any) -> Select[Any]:
        there = select(audit.c.seq).where(audit.c.kind == kind, audit.c.ref == ref, audit.c.chain == chain)
        return select(literal(kind.value).label("kind"), subject.label("subject"), ref.label("ref")).where(
            ~there.exists()
        )

    said = literal(SAID) + directive.c.subject
    books = literal(BOOKS) + ledger.c.opportunity_id
    known = select(audit.c.seq).where(audit.c.chain == standing.c.id)
    filed = select(audit.c.seq).where(audit.c.chain == case_file.c.id)
    return union_all(
        beside(Kind.DECISION, decision.c.subject, decision.c.id, decision.c.subject),
        beside(Kind.DIRECTIVE, directive.c.subject, directive.c.id, said),
        beside(Kind.SPLIT, split.c.opportunity_id, cast(split.c.version, audit.c.ref.type), split.c.opportunity_id),
        beside(Kind.ENTRY, ledger.c.opportunity_id, ledger.c.id, books),
        select(literal("standing"), standing.c.id, standing.c.id).where(~known.exists()),
        select(literal("case"), case_file.c.id, case_file.c.id).where(~filed.exists()),
    )  # type: ignore[return-value]


SAID: Final = "said "
"""What people said about a subject has a chain of its own, which is never pruned."""


def count_sealed(connection: Connection) -> dict[str, int]:
    """How many events, chains and checkpoints there are, and how many events came after the last checkpoint."""
    events, chains = connection.execute(select(func.count(), func.count(audit.c.chain.distinct()))).one()
    sealed = connection.scalar(select(func.max(checkpoint.c.upto))) or 0
    after = connection.scalar(select(func.count()).select_from(audit).where(audit.c.seq > sealed))
    runs = connection.scalar(select(func.count()).select_from(checkpoint))
    return {"events": events, "chains": chains, "checkpoints": runs or 0, "after_the_last_checkpoint": after or 0}
