"""The product on one page: pull, decide and plan what is due, weigh it; then record, apply, settle by the page."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

from connector.record import datetime_text
from sync.adopt import Taker, adoption
from sync.agreement import Agreement, compare
from sync.apply import Sent, recover
from sync.audit import Event
from sync.brake import canary_sang, first_few, lost, pauses, stop_fights, stopped
from sync.dispatch import Dispatch
from sync.forward import forward
from sync.model.ids import name
from sync.model.plan import Plan
from sync.page import Judged, gather_page, judge_page
from sync.plan import restricted, unsafe
from sync.reading import half_read, pull_all
from sync.recognise import recognise
from sync.share import begin, end, pages
from sync.store import brakes, claims, due, outbox, runs
from sync.store.audit import seal_events, seal_run
from sync.store.groups import count_problems, count_rows
from sync.store.inbox import keep_waiting
from sync.store.ledger import add_entries
from sync.store.measured import Measured, keep_judged
from sync.store.outbox import AGAIN, DONE, SENDING, Entry
from sync.store.persons import hide, people_in
from sync.store.verdicts import record_verdict
from sync.waiting import things_in, waiting_in
from sync.world import Report, Step, World, calls_by_crm, plainly

See = Callable[[Plan], None]


def unseen(_plan: Plan) -> None:
    """Nobody looks at the plans one by one."""


PAGE: Final = 500
"""Connected groups handled together: the memory of a cycle is one page, however much is due."""

SHOWN: Final = 1000
"""At most this many changes and held writes are kept to be shown."""


def cycle(
    world: World,
    now: datetime,
    *,
    step: Step = plainly,
    send: bool = True,
    see: See = unseen,
    canary: int | None = None,
) -> Report:
    """One cycle. Without ``send`` (or in observe mode, or with an unsafe plan) nothing is recorded or written.

    ``see`` is shown every plan as it is weighed. ``canary``: only about so many changes are written, whole groups
    of them; the rest stays due. Safe to kill at any point: the next cycle ends where this one would have.
    """
    report = Report(name("run", datetime_text(now)), now, notes=list(world.alerts))
    step(look_back, world, report, now)
    if send and not world.observe:
        step(forward, world, report, now)
    step(pull_all, world, report, now)
    step(notice_new_rules, world, now)
    if step(half_read, world, report):
        return finish(world, report, now)
    step(recognise, world, report, now)
    step(weigh, world, report, now, see)
    if world.observe:
        step(observe, world, report, now)
    elif send and not report.unsafe:
        carry_out(world, report, now, step=step, canary=canary)
    return finish(world, report, now)


def carry_out(
    world: World,
    report: Report,
    now: datetime,
    *,
    step: Step = plainly,
    only: Collection[str] | None = None,
    canary: int | None = None,
) -> None:
    """Record, apply and settle everything that is due; ``only``: the changes that a person approved."""
    report.sent = True
    with world.store.write() as connection:
        runs.start_run(connection, report.run_id, "apply", now)
    begin(world, report.run_id, now, shared=only is None and canary is None)
    dispatch = Dispatch(world.store, world.crms, now, world.worker)

    def rest() -> None:
        count(report, step(dispatch.rest))

    done = 0
    for page in pages(world, report.run_id, now, rest):
        if stopped(world, report):
            break
        count(report, step(dispatch.send, step(record_page, world, report, page, now, only, canary)))
        if canary is not None:
            rest()
        done += len(page)
        world.tell("apply", done, report.groups)
        if canary_sang(report, canary):
            break
    rest()
    count(report, end(world, report.run_id))


def look_back(world: World, report: Report, now: datetime) -> None:
    """Finish what a crash left behind, before anything new is looked at."""
    resting = pauses(world)
    awake = {name: crm for name, crm in world.crms.items() if not {name, brakes.EVERYTHING} & resting.keys()}
    count(report, recover(world.store, awake, now))


def notice_new_rules(world: World, now: datetime) -> None:
    """New policies or mappings: everything that can be judged becomes due."""
    with world.store.write() as connection:
        policies = runs.remember(connection, "policies", world.policies.hash)
        mappings = runs.remember(connection, "mappings", world.mappings.hash)
        if policies or mappings:
            due.make_all_due(connection, now)


def weigh(world: World, report: Report, now: datetime, see: See = unseen) -> None:
    """Decide and plan everything that is due without keeping it, to know how much this run would change (P9)."""
    for judged in judge_due(world, now):
        report.groups += 1
        report.decisions.update(decision.event for decision in judged.verdict.decisions)
        report.totals.add(judged.plan)
        see(judged.plan)
        report.changes += judged.plan.changes[: SHOWN - len(report.changes)]
        report.held += judged.plan.held[: SHOWN - len(report.held)]
        world.tell("decide", report.groups, None)
    with world.store.read() as connection:
        rows = count_rows(connection)
        losses = brakes.losses(connection)
    report.unsafe = (*lost(world, rows, losses), *unsafe(report.totals, sum(rows.values()), world.limits))


def observe(world: World, report: Report, now: datetime) -> None:
    """What the rules say beside what people did, over everything that can be judged; nothing is kept."""
    report.agreement = Agreement(most=SHOWN)
    taker = Taker("people", now, world.record_of)
    after = ""
    while page := _judged_page(world, after):
        for known in gather_page(world, page):
            held = adoption(known.group.rows, known.facts, known.history, world.mappings, taker)
            report.agreement.add(compare(known.facts, held, world.policies, now))
        after = page[-1]


def _judged_page(world: World, after: str) -> Sequence[str]:
    with world.store.read() as connection:
        return due.judged_after(connection, after, PAGE)


def judge_due(world: World, now: datetime) -> Iterator[Judged]:
    """Every due group decided and planned, a page at a time."""
    after = ""
    while page := _next_page(world, now, after):
        yield from judge_page(world, page, now)
        after = page[-1]


def _next_page(world: World, now: datetime, after: str) -> Sequence[str]:
    with world.store.read() as connection:
        return due.due_after(connection, now, after, PAGE)


def record_page(
    world: World,
    report: Report,
    page: Sequence[str],
    now: datetime,
    only: Collection[str] | None,
    canary: int | None = None,
) -> Sequence[Entry]:
    """One page of groups: decisions and intents in one commit. Returns what is to be written."""
    judged = judge_page(world, page, now)
    if canary is not None:
        judged = list(first_few(judged, canary - sum(report.outcomes.values())))
        page = [group.group_id for group in judged]
    with world.store.write() as connection:
        claims.fence(connection, world.worker, page)
        fresh = claims.unchanged(connection, page)  # what changed since it was judged stays due
        judged = stop_fights(connection, [group for group in judged if group.group_id in fresh], now)
        page = [group.group_id for group in judged]
        outbox.drop_todo(connection, page)
        newest = outbox.newest(connection)
        hidden = hide(connection, {name for group in judged for name in people_in(group.facts, group.verdict)})
        decided: list[Event] = []
        for group in judged:
            approved = group.plan if only is None else restricted(group.plan, only)
            report.matched.update(change.id for change in approved.changes)
            decided += record_verdict(connection, group.history, group.verdict, now, hidden)
            decided += add_entries(connection, group.verdict.entries)
            outbox.put(connection, report.run_id, group.group_id, approved.changes, now)
            outbox.agree(connection, group.plan.agreed)
            # what is held is looked at, and said, in every run until a person has settled it
            left = group.plan.held or len(approved.changes) < len(group.plan.changes)
            due.set_due(connection, group.group_id, now if left else group.look_again)
        measured = [Measured(group.group_id, group.facts, group.verdict) for group in judged]
        keep_judged(connection, measured, world.policies)
        waiting = (own for group in judged for own in waiting_in(group, world.policies))
        keep_waiting(connection, {group.group_id: things_in(group) for group in judged}, waiting, now)
        seal_events(connection, decided)
        return outbox.open_entries(connection, [outbox.TODO], report.run_id, page, after=newest)


def count(report: Report, sent: Iterator[Sent] | Sequence[Sent]) -> None:
    """Put what became of some writes into the report."""
    for entry, state, why in sent:
        report.outcomes[state] += 1
        if state != DONE:
            report.faults.append((entry.change, why))
        if state in (AGAIN, SENDING):
            report.complete = False


def finish(world: World, report: Report, now: datetime) -> Report:
    """Close the report, and keep it when something was written."""
    report.calls = world.calls()
    with world.store.write() as connection:
        report.problems = count_problems(connection)
        if report.sent:
            seal_run(connection, report.run_id, now)
            runs.finish_run(connection, report.run_id, summary(report), now)
    return report


def summary(report: Report) -> dict[str, object]:
    """The counts of a report, as kept with the run."""
    return {
        "groups": report.groups,
        "decisions": dict(report.decisions),
        "changes": {"create": report.totals.create, "update": report.totals.update, "delete": report.totals.delete},
        "held": report.totals.held,
        "outcomes": dict(report.outcomes),
        "filed": dict(report.filed),
        "complete": report.complete,
        "notes": report.notes,
        "pulled": {f"{crm} {obj}": dict(counts) for (crm, obj), counts in report.pulled.items()},
        "calls": dict(calls_by_crm(report.calls)),
    }
