"""A world: a folder that says what both stand-in CRMs hold when they start, with dates relative to now."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).parent / "worlds"
_MOMENT = re.compile(r"\{(now|today)((?:[+-]\d+[wdhms])*)\}")
_STEP = re.compile(r"([+-]\d+)([wdhms])")
_UNIT = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


@dataclass(frozen=True)
class World:
    """What both CRMs hold: ``salesforce.json`` and ``hubspot.json``, dates resolved, ``{}`` for a missing one."""

    salesforce: dict[str, Any] = field(default_factory=dict)
    hubspot: dict[str, Any] = field(default_factory=dict)


def load_world(name_or_path: str | Path, now: datetime) -> World:
    """The world of a folder, or the shipped world of that name.

    In every string ``{now-12d+3h}`` becomes an RFC 3339 UTC datetime and ``{today+30d}`` a date (units w d h m s).
    Raises FileNotFoundError when there is no such folder, ValueError when a file is not JSON.
    """
    folder = SHIPPED / name_or_path if (SHIPPED / name_or_path).is_dir() else Path(name_or_path)
    if not folder.is_dir():
        shipped = ", ".join(sorted(path.name for path in SHIPPED.iterdir() if path.is_dir()))
        raise FileNotFoundError(f"no world {str(name_or_path)!r}: name a folder, or one of {shipped}")
    return World(_read(folder / "salesforce.json", now), _read(folder / "hubspot.json", now))


def resolve(value: Any, now: datetime) -> Any:
    """A JSON value with its relative dates made absolute."""
    match value:
        case str():
            return _MOMENT.sub(_moment(now), value) if "{" in value else value
        case list():
            return [resolve(item, now) for item in value]
        case dict():
            return {key: resolve(item, now) for key, item in value.items()}
    return value


def _moment(now: datetime) -> Callable[[re.Match[str]], str]:
    def replaced(match: re.Match[str]) -> str:
        moment = now.astimezone(UTC).replace(microsecond=0, tzinfo=None)
        for amount, unit in _STEP.findall(match[2]):
            moment += timedelta(**{_UNIT[unit]: int(amount)})
        return moment.date().isoformat() if match[1] == "today" else moment.isoformat() + "Z"

    return replaced


def _read(path: Path, now: datetime) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        world = resolve(json.loads(path.read_text("utf-8")), now)
    except json.JSONDecodeError as error:
        raise ValueError(f"{path}: not JSON at line {error.lineno}: {error.msg}") from error
    if not isinstance(world, dict):
        raise ValueError(f"{path}: a world file is a JSON object with 'objects'")
    return world
