"""Some connected groups decided and planned together: read once, judged by pure functions, nothing written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from connector.record import Ref
from sync.counterfactual import with_true_offers
from sync.decide import decide
from sync.fx import missing_rates
from sync.identity.assemble import assemble
from sync.intend import intend
from sync.model.deal import Opportunity
from sync.model.facts import Facts, History, Verdict
from sync.model.plan import Held, Intent, Plan
from sync.model.row import Row
from sync.plan import Known, plan, without
from sync.policy import Policies
from sync.projection import Written, project
from sync.store import brakes
from sync.store.alike import with_alike
from sync.store.background import with_background
from sync.store.directives import with_directives
from sync.store.groups import Group, load_baselines, load_groups, load_projected
from sync.store.ledger import with_posted
from sync.store.load import with_load
from sync.store.persons import without_erased
from sync.store.rates import with_rates
from sync.store.verdicts import load_history
from sync.world import World


@dataclass(frozen=True, slots=True)
class Judged:
    """One group: what is, what was, what is decided, what is to be written, and when to look again."""

    group: Group
    facts: Facts
    history: History
    verdict: Verdict
    plan: Plan
    look_again: datetime | None

    @property
    def group_id(self) -> str:
        return self.group.id


@dataclass(frozen=True, slots=True)
class Gathered:
    """One group as it is read from the store: its rows, what they say together, and what was decided before."""

    group: Group
    facts: Facts
    history: History


def gather_page(world: World, ids: Sequence[str]) -> list[Gathered]:
    """Some groups, whole, in one consistent view."""
    with world.store.read() as connection:
        return _gathered(connection, world, ids)


def _gathered(connection: Any, world: World, ids: Sequence[str]) -> list[Gathered]:
    groups = load_groups(connection, ids, world.mappings)
    facts = [assemble(group.rows, group.partner_rows, world.record_of, group.said) for group in groups]
    histories = with_posted(connection, load_history(connection, facts), facts)
    facts = without_erased(connection, with_directives(connection, facts, histories))
    facts = with_background(connection, facts, world.mappings)
    facts = with_alike(connection, facts, world.mappings, world.record_of)
    facts = with_load(connection, facts, world.policies)
    return [Gathered(*parts) for parts in zip(groups, facts, histories, strict=True)]


def judge_page(world: World, ids: Sequence[str], now: datetime) -> list[Judged]:
    """Decide and plan some groups as of ``now``."""
    with world.store.read() as connection:
        page = _gathered(connection, world, ids)
        policies = with_rates(connection, world.policies, world.mappings)
        decided = [_decided(policies, known, now) for known in page]
        wanted = [_wanted(policies, known, verdict) for known, verdict in zip(page, decided, strict=True)]
        places = _places(world, page, (intent for intents, _ in wanted for intent in intents))
        ours = load_baselines(connection, places)
        lists = [(own.connection, own.object) for own in world.mappings.lists]
        written = load_projected(connection, lists, (row.ref for known in page for row in known.group.rows))
        parked = {place: str(why) for place, why in brakes.parked(connection).items()}
    return [
        _judged(world, known, verdict, (intents, held, ours, written, parked), now)
        for known, verdict, (intents, held) in zip(page, decided, wanted, strict=True)
    ]


def _decided(policies: Policies, known: Gathered, now: datetime) -> Verdict:
    verdict = decide(known.facts, known.history, policies, now)
    return with_true_offers(known.facts, verdict, policies, now)


def _judged(
    world: World,
    known: Gathered,
    verdict: Verdict,
    wanted: tuple[Sequence[Intent], Sequence[Held], Any, Written, Mapping[tuple[str, str, str], str]],
    now: datetime,
) -> Judged:
    group, facts = known.group, known.facts
    intents, held, ours, written, parked = wanted
    kept = _deals_kept(world, group, facts)
    verdict = _with_old_splits(verdict, known.history, kept)
    rows = _left_alone(group, facts, held) | {ref for deal in kept for ref in deal.members}
    planned = plan(
        [intent for intent in intents if not _about(intent, rows)], Known(group.rows, ours, rows), world.mappings
    )
    again = look_again(verdict, now)
    shown, refused = project(facts, verdict, world.mappings, written, rows)
    planned = replace(planned, changes=(*planned.changes, *shown))
    waiting = [*held, *refused, *_not_understood(facts)]
    return Judged(group, facts, known.history, verdict, _holding(without(planned, parked), waiting), again)


def _holding(planned: Plan, held: Sequence[Held]) -> Plan:
    return Plan(planned.changes, (*planned.held, *held), planned.agreed, planned.unchanged)


def _not_understood(facts: Facts) -> Iterator[Held]:
    """Rows that could not be judged at all: nobody's registration disappears without a word."""
    for problem in facts.problems:
        connection, obj, row_id = problem.where.split(":", 2)
        yield Held(connection, obj, row_id, "", f"{problem.what}: {problem.fix}")


def _wanted(policies: Policies, known: Gathered, verdict: Verdict) -> tuple[list[Intent], list[Held]]:
    """What the rows should say, and what is held; a deal without its exchange rate is written and said."""
    intents, held = intend(known.facts, verdict)
    for problem in missing_rates(known.facts, verdict.splits, policies.rates):
        connection, obj, row_id = problem.where.split(":", 2)
        held.append(Held(connection, obj, row_id, "amount", f"{problem.what}: {problem.fix}"))
    return intents, held


def _deals_kept(world: World, group: Group, facts: Facts) -> list[Opportunity]:
    """Deals with a registration that was judged before and is not understood now (its partner, say, is no longer
    marked as one): nobody gains by that, so their splits and rows stay as they are until a person mends it.
    Likewise deals of whose rows something is not read any more that a split is made of."""
    understood = {registration.ref for registration in facts.registrations}
    lost = {
        row.values.get("opportunity")
        for row in group.rows
        if row.kind == "registration" and not row.deleted and row.values.get("status") and row.ref not in understood
    }
    unread = any(_half_known(world, row) for row in group.rows)
    return [deal for deal in facts.opportunities if unread or lost.intersection(deal.members)]


SPLIT_BY: Final = frozenset(
    {"amount", "stage", "closed", "won", "account", "opportunity", "net", "quantity", "family"}
)
"""What of a deal and its lines a split is made of."""


def _half_known(world: World, row: Row) -> bool:
    field_map = world.mappings.of(row.ref.connection, row.ref.kind)
    return bool(row.kind in ("opportunity", "line") and field_map and field_map.unread & SPLIT_BY)


def _with_old_splits(verdict: Verdict, history: History, kept: Sequence[Opportunity]) -> Verdict:
    ids = {deal.id for deal in kept}
    old = (history.splits[deal_id] for deal_id in sorted(ids & history.splits.keys()))
    posted = ids | {other for deal in kept for other in deal.also}
    entries = tuple(entry for entry in verdict.entries if entry.opportunity_id not in posted)
    return replace(
        verdict, splits=(*(s for s in verdict.splits if s.opportunity_id not in ids), *old), entries=entries
    )


def _about(intent: Intent, rows: frozenset[Ref]) -> bool:
    """Whether an intent would change a deal that is left alone, or its attribution rows."""
    return intent.ref in rows or (intent.kind == "attribution" and intent.values["opportunity"] in rows)


def _left_alone(group: Group, facts: Facts, held: Iterable[Held]) -> frozenset[Ref]:
    """Deals that could not be understood, or whose split cannot be written: their rows stay as they are."""
    waiting = {(fault.connection, fault.key) for fault in held}
    known = {
        ref for deal in facts.opportunities for ref in deal.members if (ref.connection, deal.id) not in waiting
    }
    return frozenset(row.ref for row in group.rows if row.kind == "opportunity" and row.ref not in known)


def _places(world: World, page: Iterable[Gathered], intents: Iterable[Intent]) -> Iterator[tuple[str, str, str]]:
    """The rows whose baselines matter: those intended, and the attribution rows that are ours or were adopted."""
    for intent in intents:
        field_map = world.mappings.for_kind(intent.connection, intent.kind)
        if field_map:
            yield intent.connection, field_map.object, intent.ref.id if intent.ref else intent.key
    for known in page:
        for row in known.group.rows:
            if row.kind == "attribution":
                yield row.ref.connection, row.ref.kind, row.values.get("key") or row.ref.id


def look_again(verdict: Verdict, now: datetime) -> datetime | None:
    """When the next clock of these registrations and joint registrations ends; ``None`` when none runs."""
    moments = [standing.wakes for standing in verdict.standings] + [joint.wakes for joint in verdict.joints]
    moments += [split.locks_at and split.locks_at + timedelta(microseconds=1) for split in verdict.splits]
    return min((moment for moment in moments if moment and moment > now), default=None)
