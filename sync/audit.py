"""The chain that makes an edit of the past visible: whatever was decided or said is sealed onto what came before.

One chain a subject (a registration, a case, a deal, and what people said about each), not one a group: groups merge
and divide as links change, while a subject is the same for ever. Checkpoints seal the order among all subjects.

A hash is the SHA-256 of six netstrings (``4:text,``): previous hash, chain, kind, ref, at, the SHA-256 of the body.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from itertools import groupby

import msgspec


class Kind(StrEnum):
    """What was sealed."""

    DECISION = "decision"  # ref: its id
    DIRECTIVE = "directive"  # ref: its id; in the chain ``said SUBJECT``
    STANDING = "standing"  # where a registration stands after it
    CASE = "case"  # how a case stands after it
    SPLIT = "split"  # ref: its version
    ENTRY = "entry"  # of the ledger; ref: its id; in the chain ``ledger DEAL``
    ENDED = "ended"  # nobody is in the split any more
    SNAPSHOT = "snapshot"  # stands for everything up to the hash ``ref``, which was pruned


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as text. ``body`` is ``None`` when what was sealed is not in the store any more."""

    chain: str
    kind: Kind
    ref: str
    at: str
    body: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """One sealed event. ``stored`` is the state of its subject as the store has it now (standings and cases)."""

    event: Event
    prev: str
    hash: str
    seq: int = 0
    stored: str | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """The first broken link of a chain, and what is wrong with it."""

    chain: str
    seq: int
    what: str


def seal(prev: str, *parts: str) -> str:
    """The SHA-256 of some texts, unambiguous about where each ends, in hexadecimal."""
    found = sha256()
    for part in (prev, *parts):
        encoded = part.encode()
        found.update(b"%d:%s," % (len(encoded), encoded))
    return found.hexdigest()


def sealed(event: Event, prev: str) -> str:
    """The hash of ``event`` behind ``prev``."""
    body = sha256((event.body or "").encode()).hexdigest()
    return seal(prev, event.chain, event.kind, event.ref, event.at, body)


def linked(events: Iterable[Event], heads: Mapping[str, str]) -> Iterator[Link]:
    """``events`` onto their chains; ``heads`` has the last hash of each chain that there is."""
    ends = dict(heads)
    for event in events:
        prev = ends.get(event.chain, "")
        ends[event.chain] = sealed(event, prev)
        yield Link(event, prev, ends[event.chain])


def faults(links: Iterable[Link]) -> Iterator[Fault]:
    """The first fault of every broken chain. ``links`` come chain by chain, each in its order; nothing is kept."""
    for chain, own in groupby(links, key=lambda link: link.event.chain):
        fault = _first_fault(chain, own)
        if fault:
            yield fault


def _first_fault(chain: str, own: Iterable[Link]) -> Fault | None:
    head: str | None = None
    owed, seq, state, stored = "", 0, None, None
    for link in own:
        what = _broken(link, head)
        if what:
            return Fault(chain, link.seq, what)
        if head is None:
            owed, seq = link.prev, link.seq
        if link.event.kind is Kind.SNAPSHOT and link.event.ref == owed:
            owed = ""
        kind, left = left_by(link.event)
        state = left if kind in (Kind.STANDING, Kind.CASE) else state
        head, stored = link.hash, link.stored
    if owed:
        return Fault(chain, seq, "the events before this one were removed, and no snapshot stands for them")
    if stored != state:
        return Fault(chain, seq, "the store says something else than its events: it was changed past them")
    return None


def _broken(link: Link, head: str | None) -> str | None:
    if head is not None and link.prev != head:
        return "an event before this one was removed, put in or moved"
    if link.event.body is None:
        return f"what it seals ({link.event.kind} {link.event.ref}) was removed"
    if sealed(link.event, link.prev) != link.hash:
        return "it was changed after it was sealed"
    return None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What stands for events that were pruned: how many they were, and the state when it was taken."""

    events: int
    kind: Kind
    state: str


def left_by(event: Event) -> tuple[Kind, str | None]:
    """The kind of state that an event leaves behind, and its text; a decision alone leaves none."""
    if event.kind is Kind.SNAPSHOT and event.body:
        kept = msgspec.json.decode(event.body, type=Snapshot)
        return kept.kind, kept.state
    if event.kind is Kind.ENDED:
        return Kind.SPLIT, None
    return event.kind, event.body


@dataclass(frozen=True, slots=True)
class States:
    """Texts by subject, as the store keeps them."""

    standings: dict[str, str] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)
    splits: dict[str, str] = field(default_factory=dict)


def rebuild(events: Iterable[Event]) -> States:
    """Every state, from nothing but the events, each chain in its order."""
    found = States()
    places = {Kind.STANDING: found.standings, Kind.CASE: found.cases, Kind.SPLIT: found.splits}
    for event in events:
        kind, state = left_by(event)
        if kind in places and state:
            places[kind][event.chain] = state
        elif kind in places:
            places[kind].pop(event.chain, None)
    return found


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Seals every event after ``since`` up to ``upto`` (places in the audit table) onto the checkpoint before.

    The first one begins at 0; so does the one that pruning leaves, which still names the hash before it.
    """

    run_id: str
    at: str
    since: int
    upto: int
    prev: str
    hash: str


def checkpoint(run_id: str, at: str, since: int, prev: str, links: Iterable[tuple[int, str]]) -> Checkpoint | None:
    """The seal on some events, each its place and hash, in their order; ``None`` when there are none."""
    content, upto = sha256(), 0
    for upto, each in links:  # noqa: B007 the last place is wanted
        content.update(each.encode())
    if not upto:
        return None
    return Checkpoint(
        run_id, at, since, upto, prev, seal(prev, run_id, at, str(since), str(upto), content.hexdigest())
    )


def checkpoint_fault(
    before: Checkpoint | None, found: Checkpoint, links: Iterable[tuple[int, str]]
) -> Fault | None:
    """What is wrong with one checkpoint, by the one before it and the events that it should seal."""
    if found.since != (before.upto if before else 0) or (before and found.prev != before.hash):
        return Fault(
            "checkpoints", found.upto, f"the checkpoint before that of {found.run_id} was removed or changed"
        )
    if checkpoint(found.run_id, found.at, found.since, found.prev, links) != found:
        what = f"between {found.since} and here an event was removed, put in or moved since {found.run_id}"
        return Fault("checkpoints", found.upto, what)
    return None
