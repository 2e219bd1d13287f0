"""Cuts changes into calls that HubSpot takes: of one kind and op, no record twice, at most a hundred records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from connector.hubspot.narrow import batches
from connector.record import Change, Op

WRITE_BATCH = 100  # records of one call

Place = tuple[int, Op, str, str]
"""A round, and what all changes of one call have in common. Later rounds are sent later."""


@dataclass(slots=True)
class Merged:
    """Changes of one record that are written as one; the later value of a field counts."""

    parts: list[Change]

    @property
    def change(self) -> Change:
        """The whole, under the first one's id."""
        if len(self.parts) == 1:
            return self.parts[0]
        values = {name: value for part in self.parts for name, value in part.values}
        return replace(self.parts[0], values=tuple(values.items()))


def rounds(changes: Sequence[Change]) -> Iterator[list[list[Merged]]]:
    """Rounds of calls. HubSpot refuses a batch that names a record twice: changes are merged, or come later."""
    reached: dict[tuple[str, str, str], int] = {}
    merged: dict[tuple[str, str, str], Merged] = {}
    groups: dict[Place, list[Merged]] = defaultdict(list)
    for change in changes:
        record = (change.kind, change.by, change.key)
        known = merged.get(record)
        if known and change.op is known.parts[0].op is not Op.REMOVE:
            known.parts.append(change)
            continue
        reached[record] = reached.get(record, -1) + 1
        merged[record] = Merged([change])
        groups[reached[record], change.op, change.kind, change.by].append(merged[record])
    for number in range(max(reached.values(), default=-1) + 1):
        mine = [group for place, group in groups.items() if place[0] == number]
        yield [list(batch) for group in mine for batch in batches(group, WRITE_BATCH)]
