"""What a person may ask: answers as plain values, the same for command line, JSON and console."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from connector.record import datetime_text
from sync.agreement import Agreement
from sync.config import Config
from sync.model.money import Money
from sync.model.plan import Held, PlannedChange, kind_of
from sync.store import brakes, journal, outbox, runs, unlanded
from sync.store.budgets import left_today
from sync.store.due import count_due
from sync.store.groups import count_problems, count_rows, problem_rows
from sync.store.intake import stored_record
from sync.store.known import count_reviews
from sync.store.opening import Store
from sync.store.progress import last_read, oldest_due
from sync.store.search import search
from sync.store.verdicts import count_open_cases
from sync.world import Report, World


def report_view(report: Report, world: World) -> dict[str, Any]:
    """A cycle's report: counts, changes, held, unsafe, calls by CRM and class."""
    return {
        "run": report.run_id,
        "as_of": datetime_text(report.as_of),
        "sent": report.sent,
        "complete": report.complete,
        "pulled": {f"{crm} {obj}": dict(counts) for (crm, obj), counts in report.pulled.items()},
        "groups": report.groups,
        "decisions": dict(report.decisions),
        "counts": {
            "create": report.totals.create,
            "update": report.totals.update,
            "delete": report.totals.delete,
            "held": report.totals.held,
            "unchanged": report.totals.unchanged,
        },
        "outcomes": dict(report.outcomes),
        "changes": [change_view(change) for change in report.changes],
        "held": [held_view(held) for held in report.held],
        "faults": [change_view(change) | {"why": why} for change, why in report.faults],
        "unsafe": list(report.unsafe),
        "notes": report.notes,
        "agreement": agreement_view(report.agreement) if report.agreement else None,
        "problems": dict(report.problems),
        "calls": {
            "used": _by_crm(report.calls.items()),
            "planned": _by_crm(planned_calls(report, world).items()),
        },
    }


def agreement_view(agreement: Agreement) -> dict[str, Any]:
    """Observe mode: how often the rules say what people did, by rule, and where not."""
    return {
        "registrations": dict(agreement.registrations),
        "splits": dict(agreement.splits),
        "rules": {rule: dict(words) for rule, words in sorted(agreement.rules.items())},
        "moved": [str(Money(minor, currency)) for currency, minor in sorted(agreement.moved.items())],
        "differing": [
            {
                "subject": entry.subject,
                "title": entry.title,
                "theirs": entry.theirs,
                "ours": entry.ours,
                "word": entry.word,
                "rule": entry.rule,
                "why": entry.why,
                "moved": str(entry.moved) if entry.moved else None,
            }
            for entry in agreement.differing
        ],
    }


def _by_crm(calls: Iterable[tuple[tuple[str, str], int]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for (crm, limit), number in sorted(calls):
        found.setdefault(crm, {})[limit] = number
    return found


def change_view(change: PlannedChange) -> dict[str, Any]:
    """One change, before and after."""
    return {
        "id": change.id,
        "crm": change.connection,
        "object": change.object,
        "key": change.key,
        "kind": kind_of(change),
        "title": change.title,
        "reason": change.reason,
        "fields": {field.field: [field.before, field.after] for field in change.fields},
    }


def held_view(held: Held) -> dict[str, Any]:
    """One write that waits for a person."""
    return {
        "crm": held.connection,
        "object": held.object,
        "key": held.key,
        "field": held.field,
        "title": held.title,
        "reason": held.reason,
    }


def planned_calls(report: Report, world: World) -> dict[tuple[str, str], int]:
    """About how many calls the writes of a plan take: for each object, one look and one write a batch."""
    found: dict[tuple[str, str], int] = {}
    for (crm, obj), number in report.totals.by_object.items():
        if crm not in world.crms:
            continue
        can = world.crms[crm].can
        calls = -(-number // can.read_batch) + -(-number // can.write_batch)
        found[crm, obj] = calls
    return found


_CLASSES: Final = {
    outbox.FAILED: "data",  # refused: waits for an edit of the record, the rule or the mapping
    outbox.STALE: "data",  # somebody changed the row since it was planned: decided anew
    outbox.AGAIN: "transient",  # a later run tries it
    outbox.SENDING: "in doubt",  # sent, and no answer: read back before anything else
}


def errors_view(store: Store, now: datetime) -> dict[str, Any]:
    """What did not go as it should, by cause: writes, values that are not understood, rows that are parked."""
    with store.read() as connection:
        waiting = unlanded.waiting(connection)
        problems = problem_rows(connection)
        parked = brakes.parked(connection)
    causes: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for entry in waiting:
        causes.setdefault((_CLASSES[entry["state"]], entry["why"]), []).append(entry)
    return {
        "writes": [
            {
                "class": kind,
                "why": why,
                "rows": len(own),
                "since": min(entry["since"] for entry in own),
                "attempts": max(entry["attempts"] for entry in own),
                "examples": [change_view(entry["change"]) for entry in own[:5]],
            }
            for (kind, why), own in sorted(causes.items())
        ],
        "values": problems,
        "parked": [
            {"crm": crm, "object": obj, "key": key, "by": why.by, "at": datetime_text(why.at), "reason": why.reason}
            for (crm, obj, key), why in parked.items()
        ],
        "as_of": datetime_text(now),
    }


def status_view(store: Store, config: Config, now: datetime) -> dict[str, Any]:
    """How the installation is: connections, last runs, what waits and what is wrong."""
    with store.read() as connection:
        rows = count_rows(connection)
        latest = runs.last_runs(connection, 5)
        faults = unlanded.open_faults(connection, 20)
        return {
            "mode": config.form.mode,
            "connections": {
                name: {
                    "kind": form.kind,
                    "url": form.url,
                    "rows": {obj: number for (crm, obj), number in rows.items() if crm == name},
                }
                for name, form in config.form.connection.items()
            },
            "paused": {name or "everything": str(pause) for name, pause in brakes.paused(connection).items()},
            "losses": {
                place: {"before": loss.before, "after": loss.after, "at": datetime_text(loss.at)}
                for place, loss in brakes.losses(connection).items()
            },
            "working": runs.lease_holder(connection, "cycle", now),
            "due": count_due(connection, now),
            "open_cases": count_open_cases(connection),
            "problems": dict(count_problems(connection)),
            "writes": outbox.count_states(connection),
            "faults": [change_view(change) | {"state": state, "why": why} for change, state, why in faults],
            "runs": latest,
        }


FOUND: Final = 30
"""At most so many rows are found at once."""


def search_view(world: World, text: str) -> list[dict[str, Any]]:
    """What ``text`` may mean: deals, accounts and registrations, each with its name, row and our id."""
    with world.store.read() as connection:
        rows = search(connection, text, FOUND)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for stored in rows:
        field_map = world.mappings.of(stored.connection, stored.object)
        values = field_map.read(stored_record(field_map, stored))[0].values if field_map else {}
        called = values.get("name") or values.get("customer_name") or stored.id
        entry = {"kind": stored.kind, "id": stored.thing, "name": str(called), "domain": values.get("domain")}
        place = found.setdefault((stored.kind, stored.thing), entry | {"rows": []})
        place["rows"].append(stored.key)
    return list(found.values())


WAYS_OUT: Final = {
    "data": "correct the record, the rule or the mapping, which tries it again by itself; or retry",
    "transient": "nothing to do: the next run tries it again",
    "in doubt": "nothing to do: the next run reads it back before it writes anything",
}
"""What a person does about each class of errors."""


def run_view(store: Store, run_id: str, limit: int, skip: int = 0) -> dict[str, Any] | None:
    """One run: its report, its writes by connection and state, and some of them; ``None``: it is not known."""
    with store.read() as connection:
        found = journal.run_of(connection, run_id)
        if found is None:
            return None
        counts = journal.count_writes(connection, run_id)
        writes = journal.writes_of_run(connection, run_id, limit, skip)
    shown = [
        change_view(write["change"]) | {name: write[name] for name in ("state", "at", "why")} for write in writes
    ]
    return found | {
        "counts": counts,
        "total": sum(sum(own.values()) for own in counts.values()),
        "writes": shown,
    }


def operations_view(store: Store, config: Config, now: datetime) -> dict[str, Any]:
    """One entry a connection: how it is, and the one thing to do when it is not well; then what waits."""
    status = status_view(store, config, now)
    with store.read() as connection:
        read = last_read(connection)
        parked = Counter(place[0] for place in brakes.parked(connection))
        waiting = unlanded.count_waiting(connection)
        since = oldest_due(connection, now)
        paused = brakes.paused(connection)
        reviews = count_reviews(connection)
        left = {name: left_today(connection, name, percent) for name, percent in config.calls_percent.items()}
    own = [
        _connection(name, known, (read.get(name), parked[name], waiting.get(name, 0)), paused)
        | {"calls": [{"class": day.limit, "left": day.calls, "allowed": day.allowed} for day in left[name]]}
        for name, known in status["connections"].items()
    ]
    green = next((run for run in status["runs"] if (run["report"] or {}).get("complete")), None)
    return status | {
        "rows": own,
        "everything_paused": str(paused[brakes.EVERYTHING]) if brakes.EVERYTHING in paused else None,
        "last_green": green["finished_at"] if green else None,
        "lag": datetime_text(since) if since else None,
        "reviews": reviews,
    }


def _connection(
    name: str, known: dict[str, Any], counts: tuple[str | None, int, int], paused: Any
) -> dict[str, Any]:
    """State: ``ok``, ``paused`` or ``wrong``; ``do``: the one thing to do, or nothing."""
    read, parked, waiting = counts
    pause = paused.get(name) or paused.get(brakes.EVERYTHING)
    state, to_do = "ok", ""
    if pause:
        state, to_do = "paused", f"{pause}: resume it when that is over"
    elif read is None:
        state, to_do = "wrong", "it was never read: start a run, or ask dealsync doctor what is missing"
    elif waiting:
        state, to_do = "wrong", "writes did not land: look at the errors by cause"
    elif parked:
        state, to_do = "wrong", "rows are parked: look at them, and let them go on"
    total = sum(known["rows"].values())
    counted = {"total": total, "read": read, "parked": parked, "waiting": waiting}
    return {"name": name, "kind": known["kind"], "state": state, "do": to_do} | counted
