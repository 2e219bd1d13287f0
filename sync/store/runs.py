"""Runs, the lease that lets one worker work at a time, pinned orgs, and what verdicts were made under."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, select, update

from connector.record import datetime_text
from sync.store.dialect import insert
from sync.store.opening import Store
from sync.store.rows import moment_text, upsert
from sync.store.tables import lease, org, run, setting, token


def start_run(connection: Connection, run_id: str, mode: str, now: datetime) -> None:
    """A run begins; beginning it again changes nothing."""
    row = {"id": run_id, "mode": mode, "started_at": datetime_text(now), "finished_at": None, "report": None}
    connection.execute(insert(connection, run).on_conflict_do_nothing(index_elements=["id"]), [row])


def finish_run(connection: Connection, run_id: str, report: Mapping[str, Any], now: datetime) -> None:
    """A run ended with this report."""
    body = msgspec.json.encode(report).decode()
    values = {"finished_at": datetime_text(now), "report": body}
    connection.execute(update(run).where(run.c.id == run_id).values(**values))


def last_runs(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """The latest runs with their reports, newest first."""
    query = select(run).order_by(run.c.started_at.desc(), run.c.id.desc()).limit(limit)
    return [
        {
            "id": row.id,
            "mode": row.mode,
            "started_at": row.started_at,
            "finished_at": row.finished_at,
            "report": msgspec.json.decode(row.report) if row.report else None,
        }
        for row in connection.execute(query)
    ]


def take_lease(connection: Connection, name: str, holder: str, now: datetime, seconds: int) -> int | None:
    """The fencing number when ``holder`` may work now; ``None`` while somebody else does.

    An expired lease is taken over; the number rises with every new holder.
    """
    until = moment_text(now + timedelta(seconds=seconds))
    found = connection.execute(select(lease).where(lease.c.name == name)).one_or_none()
    if found is None:
        upsert(connection, lease, [{"name": name, "holder": holder, "fence": 1, "until": until}])
        return 1
    if found.holder != holder and found.until > moment_text(now):
        return None
    fence = found.fence if found.holder == holder else found.fence + 1
    connection.execute(update(lease).where(lease.c.name == name).values(holder=holder, fence=fence, until=until))
    return int(fence)


def give_back_lease(connection: Connection, name: str, holder: str) -> None:
    """The work is done; somebody else may have it at once."""
    free = {"holder": "", "until": ""}
    connection.execute(update(lease).where(lease.c.name == name, lease.c.holder == holder).values(**free))


def lease_holder(connection: Connection, name: str, now: datetime) -> str | None:
    """Who works now."""
    found = connection.execute(select(lease).where(lease.c.name == name)).one_or_none()
    return found.holder if found and found.until > moment_text(now) else None


def pin_org(connection: Connection, name: str, org_id: str, now: datetime) -> str:
    """The org pinned to a connection: this one at the first contact, ever after the first one."""
    row = {"connection": name, "org": org_id, "pinned_at": datetime_text(now)}
    connection.execute(insert(connection, org).on_conflict_do_nothing(index_elements=["connection"]), [row])
    return str(connection.scalar(select(org.c.org).where(org.c.connection == name)))


def orgs(connection: Connection) -> dict[str, str]:
    """Every connection that was ever signed in to, and the org pinned to it."""
    return {row.connection: row.org for row in connection.execute(select(org).order_by(org.c.connection))}


def remember(connection: Connection, name: str, value: str) -> bool:
    """Keep a value; True when it differs from the one kept before (or there was none)."""
    before = connection.scalar(select(setting.c.value).where(setting.c.name == name))
    if before == value:
        return False
    upsert(connection, setting, [{"name": name, "value": value}])
    return True


def recall(connection: Connection, name: str) -> str | None:
    """A value kept by `remember`."""
    return connection.scalar(select(setting.c.value).where(setting.c.name == name))


def forget(connection: Connection, name: str) -> None:
    """Drop a value kept by `remember`."""
    connection.execute(delete(setting).where(setting.c.name == name))


class StoreVault:
    """`connector.crm.Vault` in the store: rotated tokens, swapped under the writer's lock."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store

    def load(self, name: str) -> str | None:
        """The stored token, or ``None``."""
        with self._store().read() as connection:
            return connection.scalar(select(token.c.value).where(token.c.name == name))

    def swap(self, name: str, old: str | None, new: str) -> bool:
        """Store ``new`` if the stored token still is ``old``."""
        with self._store().write() as connection:
            if connection.scalar(select(token.c.value).where(token.c.name == name)) != old:
                return False
            upsert(connection, token, [{"name": name, "value": new}])
            return True
