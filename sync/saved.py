"""A plan in a file: what a person read is what is applied, and nothing else.

JSON lines: a head, one change a line, a foot with the digest over all of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from connector.record import datetime_text
from sync.model.plan import Plan, PlannedChange, digest_of
from sync.model.problem import BadInput, Problem

VALID_FOR: Final = timedelta(minutes=30)
"""How long a saved plan may be applied: after that, plan again."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan read back: as of when it was made, for which orgs, under which rules, and the ids of its changes."""

    as_of: datetime
    expires: datetime
    orgs: Mapping[str, str]  # connection to org id
    rules: str
    digest: str
    ids: frozenset[str]


class PlanFile:
    """Writes a plan as it is made, change by change; the file appears whole or not at all.

    Raises BadInput for a path that cannot be written.
    """

    def __init__(self, path: Path, as_of: datetime, rules: str, orgs: Mapping[str, str]) -> None:
        self._path = path
        self._draft = path.with_name(path.name + ".part")
        self._ids: list[str] = []
        try:
            self._file = self._draft.open("w", encoding="utf-8")
        except OSError as error:
            raise _refused(path, f"it cannot be written: {error.strerror}", "choose another place") from error
        head = {
            "dealsync_plan": 1,
            "as_of": datetime_text(as_of),
            "expires": datetime_text(as_of + VALID_FOR),
            "orgs": dict(orgs),
            "rules": rules,
        }
        self._line(head)

    def add(self, plan: Plan) -> None:
        """The changes of one group."""
        for change in plan.changes:
            self._ids.append(change.id)
            self._line({"id": change.id, "change": msgspec.to_builtins(change)})

    def _line(self, content: Any) -> None:
        self._file.write(json.dumps(content, ensure_ascii=False) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._line({"digest": digest_of(self._ids), "changes": len(self._ids)})
        self._file.close()
        if kind is None:
            self._draft.replace(self._path)
        else:
            self._draft.unlink()


def read_plan(path: Path, rules: str, orgs: Mapping[str, str], now: datetime) -> SavedPlan:
    """A saved plan that may still be applied to these ``orgs`` (connection to org id).

    Raises BadInput when it is no plan, was edited, was made for another org, under other policies or mappings, or
    has expired.
    """
    try:
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        head, foot = lines[0], lines[-1]
        ids = frozenset(_ids(lines[1:-1]))
        saved = SavedPlan(
            datetime.fromisoformat(head["as_of"]),
            datetime.fromisoformat(head["expires"]),
            dict(head["orgs"]),
            head["rules"],
            foot["digest"],
            ids,
        )
    except OSError as error:
        raise _refused(path, f"it cannot be read: {error.strerror}", "check the path") from error
    except (ValueError, KeyError, TypeError, IndexError, msgspec.ValidationError) as error:
        raise _refused(
            path, "it is not a plan, or not a whole one", "make it again: dealsync plan -o FILE"
        ) from error
    if digest_of(ids) != saved.digest:
        raise _refused(path, "it was changed after it was made", "make it again: dealsync plan -o FILE")
    if strangers := [f"{name}: {org}" for name, org in saved.orgs.items() if orgs.get(name) != org]:
        what = f"it was made for another org ({', '.join(sorted(strangers))})"
        raise _refused(path, what, "apply it where it was made, or plan again here")
    if saved.rules != rules:
        raise _refused(path, "policies or mappings changed since it was made", "plan again, and read the new plan")
    if now > saved.expires:
        raise _refused(path, f"it expired at {datetime_text(saved.expires)}", "plan again: the CRMs move on")
    return saved


def _ids(lines: list[Any]) -> Iterator[str]:
    for line in lines:
        change = msgspec.convert(line["change"], PlannedChange)
        if change.id != line["id"]:
            raise ValueError(f"change {line['id']} was edited")
        yield change.id


def _refused(path: Path, what: str, fix: str) -> BadInput:
    return BadInput([Problem(str(path), what, fix)])
