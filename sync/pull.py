"""From a CRM into the store, page by page: the rows of a page and the cursor after it are one commit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from connector.crm import Crm
from connector.errors import PauseMapping
from sync.mapping.fieldmap import FieldMap
from sync.store import intake
from sync.store.hints import drop_hints, hinted
from sync.store.opening import Store


def pull(
    store: Store, crm: Crm, field_map: FieldMap, now: datetime, tell: Callable[[int], None]
) -> tuple[Counter[str], str | None]:
    """Read what changed in one object; returns rows read, changed and with problems, and why it was left out.

    A mapping that cannot be used as it is (an object this org lacks, a field taken away) is left out and said,
    unless the mapping is optional; the other objects go on. Raises what only a person or time can mend.
    """
    counted: Counter[str] = Counter(read=0, changed=0, problems=0, lost=0)
    with store.read() as connection:
        since = intake.get_cursor(connection, field_map)
    try:
        if since is not None:
            _read_hinted(store, crm, field_map, now)
        for page in crm.changes(field_map.object, field_map.fields, since):
            with store.write() as connection:
                taken = intake.take(connection, field_map, page, now)
            counted.update(read=taken.read, changed=taken.changed, problems=taken.problems, lost=taken.lost)
            tell(counted["read"])
    except PauseMapping as fault:
        return counted, None if field_map.optional else f"{field_map.id}: {fault.message}"
    return counted, None


def _read_hinted(store: Store, crm: Crm, field_map: FieldMap, now: datetime) -> None:
    """Read again by id what the CRM said had changed: sooner than a search finds it, or associations alone."""
    with store.read() as connection:
        waiting = hinted(connection, field_map)
    if waiting:
        records = crm.read(field_map.object, list(waiting), field_map.fields)
        with store.write() as connection:
            intake.take_records(connection, field_map, records, now)
            drop_hints(connection, field_map, waiting)
