"""The stop button and the marks of a sudden loss: what every worker looks at before it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, select

from sync.store.rows import upsert
from sync.store.tables import setting

EVERYTHING = ""
"""The connection name that stands for all of them."""

_PAUSE = "pause:"
_LOSS = "loss:"
_PARK = "park:"


class Pause(msgspec.Struct, frozen=True):
    """Who pressed the button, when, and why."""

    by: str
    at: datetime
    reason: str = ""

    def __str__(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"paused by {self.by} on {self.at:%Y-%m-%d %H:%M} UTC{why}"


class Park(msgspec.Struct, frozen=True):
    """A row that is not written, by whom or what, since when and why."""

    by: str
    at: datetime
    reason: str

    def __str__(self) -> str:
        return f"parked by {self.by} on {self.at:%Y-%m-%d %H:%M} UTC: {self.reason}"


class Loss(msgspec.Struct, frozen=True):
    """An object that lost many rows in one reading."""

    before: int
    after: int
    at: datetime


def press(connection: Connection, crm: str, pause: Pause) -> None:
    """Nothing more is read from or written to ``crm`` (`EVERYTHING`: to any) once a running batch has ended."""
    upsert(connection, setting, [{"name": f"{_PAUSE}{crm}", "value": _text(pause)}])


def release(connection: Connection, crm: str) -> bool:
    """Let it go on; False when it was not paused."""
    return bool(connection.execute(delete(setting).where(setting.c.name == f"{_PAUSE}{crm}")).rowcount)


def paused(connection: Connection) -> Mapping[str, Pause]:
    """Every connection that is paused; `EVERYTHING` when all are."""
    return {name: msgspec.json.decode(value, type=Pause) for name, value in _named(connection, _PAUSE)}


def paused_by(connection: Connection, crm: str) -> Pause | None:
    """Why ``crm`` may not be touched now."""
    found = paused(connection)
    return found.get(EVERYTHING) or found.get(crm)


def mark_loss(connection: Connection, place: str, loss: Loss) -> None:
    """``place`` (connection and object) lost many rows; the first mark stays until somebody lifts it."""
    if not any(name == place for name, _ in _named(connection, _LOSS)):
        upsert(connection, setting, [{"name": f"{_LOSS}{place}", "value": _text(loss)}])


def losses(connection: Connection) -> Mapping[str, Loss]:
    """Every object that lost many rows, and that nobody has looked at since."""
    return {name: msgspec.json.decode(value, type=Loss) for name, value in _named(connection, _LOSS)}


def lift_losses(connection: Connection) -> None:
    """A person has seen what would follow from the losses, and said yes to it."""
    connection.execute(delete(setting).where(setting.c.name.startswith(_LOSS)))


def lift_loss(connection: Connection, place: str) -> None:
    """The rows of one object came back."""
    connection.execute(delete(setting).where(setting.c.name == f"{_LOSS}{place}"))


def _named(connection: Connection, prefix: str) -> list[tuple[str, str]]:
    query = select(setting.c.name, setting.c.value).where(setting.c.name.startswith(prefix))
    return [
        (row.name.removeprefix(prefix), row.value) for row in connection.execute(query.order_by(setting.c.name))
    ]


def park(connection: Connection, place: tuple[str, str, str], why: Park) -> None:
    """Nothing is written to a row (connection, object, id or our key) any more."""
    upsert(connection, setting, [{"name": _PARK + " ".join(place), "value": _text(why)}])


def unpark(connection: Connection, place: tuple[str, str, str]) -> bool:
    """Write to it again; False when it was not parked."""
    return bool(connection.execute(delete(setting).where(setting.c.name == _PARK + " ".join(place))).rowcount)


def parked(connection: Connection) -> Mapping[tuple[str, str, str], Park]:
    """Every row that is parked, by connection, object, and id or key."""
    found: dict[tuple[str, str, str], Park] = {}
    for name, value in _named(connection, _PARK):
        crm, obj, key = name.split(" ", 2)
        found[crm, obj, key] = msgspec.json.decode(value, type=Park)
    return found


def _text(value: Pause | Loss | Park) -> str:
    return msgspec.json.encode(value).decode()
