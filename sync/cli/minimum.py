"""The fewest calls that a phase could take, by the vendors' published batch sizes: what we are measured against.

Salesforce (composite: 25 describes a call, 5 queries a call of up to 2,000 rows each; graphs of up to 500 rows);
HubSpot (one properties call an object; lists of 100; one search an object when nothing changed; batches of 100, and
one association batch of 2,000 a pair). Sign-in calls and the question who we are do not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from sync.mapping.fieldmap import FieldMap
from sync.model.plan import PlannedChange
from sync.world import Report, World

Calls = Counter[str]


def minimum(world: World, planned: Report, phase: str) -> Calls:
    """The least calls of one phase of the demo, by CRM."""
    found: Calls = Counter()
    for crm in world.crms:
        maps = list(world.mappings.of_connection(crm))
        rows = [planned.pulled[crm, field_map.object]["read"] for field_map in maps]
        changes = [change for change in planned.changes if change.connection == crm]
        graphs = world.crms[crm].can.atomic
        if phase == "writing":
            found[crm] = _writing(changes, maps, graphs)
        elif graphs:
            found[crm] = _up(len(maps), 25) * (phase == "first reading") + _up(sum(_up(n, 2000) for n in rows), 5)
        else:
            lists = sum(_up(n, 100) for n in rows) + len(maps)
            found[crm] = lists if phase == "first reading" else len(maps)
    return found


def _writing(changes: list[PlannedChange], maps: Iterable[FieldMap], graphs: bool) -> int:
    """Look at what is there, then write it: the look is the price of never overwriting a person."""
    objects = Counter(change.object for change in changes)
    if graphs:
        return _up(len(objects), 5) + _up(len(changes), 500)
    linked = sum(
        sum("#" in field for field in field_map.fields)
        for field_map in maps
        if field_map.key and field_map.canonical == "attribution"
    )
    return 2 * sum(_up(number, 100) for number in objects.values()) + linked


def _up(number: int, batch: int) -> int:
    """How many batches hold this many; at least one, for something has to be asked."""
    return max(1, -(-number // batch))
