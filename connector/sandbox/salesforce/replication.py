"""What was deleted or changed in a span of time, by the log that outlives the recycle bin."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from connector.sandbox.salesforce.asks import Ask, Reply
from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.tables import Row
from connector.sandbox.salesforce.values import stamp_text

_DELETED_DAYS, _UPDATED_DAYS = 15, 30
_MOST_IDS: Final = 600_000


def deleted(ask: Ask, kind: str) -> Reply:
    """Rows deleted in the span, whether the bin still has them or not."""
    spec = ask.org.schema.object(kind)
    start, end = _span(ask, _DELETED_DAYS)
    found = [
        (str(row["Id"]), _stamp(row)) for row in _between(ask, kind, start, end, lambda row: bool(row["IsDeleted"]))
    ]
    found += [(name, when) for of, name, when in ask.org.purged if of == spec.name and start <= when < end]
    _limited(ask, len(found))
    oldest = max(ask.org.log_start, ask.org.now() - timedelta(days=_DELETED_DAYS))
    body = {
        "deletedRecords": [{"id": name, "deletedDate": stamp_text(when)} for name, when in found],
        "earliestDateAvailable": stamp_text(oldest),
        "latestDateCovered": stamp_text(end),
    }
    return Reply(200, body)


def updated(ask: Ask, kind: str) -> Reply:
    """Ids of live rows changed in the span."""
    start, end = _span(ask, _UPDATED_DAYS)
    rows = _between(ask, kind, start, end, lambda row: not row["IsDeleted"])
    _limited(ask, len(rows))
    return Reply(200, {"ids": [row["Id"] for row in rows], "latestDateCovered": stamp_text(end)})


def _between(ask: Ask, kind: str, start: datetime, end: datetime, test: Callable[[Row], bool]) -> list[Row]:
    table = ask.org.tables.table(ask.org.schema.object(kind))
    return [row for row in table.seen(ask.org.now()) if test(row) and start <= _stamp(row) < end]


def _stamp(row: Row) -> datetime:
    return datetime.fromisoformat(str(row["SystemModstamp"]))


def _span(ask: Ask, days: int) -> tuple[datetime, datetime]:
    """Whole minutes: start before end by more than one of them, not older than the log, and not in the future."""
    try:
        start, end = (
            datetime.fromisoformat(ask.query[name]).replace(second=0, microsecond=0) for name in ("start", "end")
        )
        now = ask.org.now()
        if end - start < timedelta(minutes=1) or start > now:
            raise Refusal("INVALID_REPLICATION_DATE", "endDate must be at least one minute after startDate")
        if start < now - timedelta(days=days) or (days == _DELETED_DAYS and start < ask.org.log_start):
            raise Refusal(
                "INVALID_REPLICATION_DATE", f"startDate before org replication enabled date, or {days} days"
            )
    except (KeyError, ValueError, TypeError) as error:
        raise Refusal("INVALID_REPLICATION_DATE", "start and end are datetimes with an offset") from error
    return start, min(end, now)


def _limited(ask: Ask, number: int) -> None:
    if number > int(ask.org.settings.get("replication_most", _MOST_IDS)):
        raise Refusal("EXCEEDED_ID_LIMIT", "The number of ids exceeds the limit; narrow the span")
