"""Which records of a CRM are outside the scope of their mapping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from connector.record import ABSENT, Absent, Record, Text
from sync.mapping.fieldmap import FieldMap


def outside(field_map: FieldMap, fields: Sequence[str], records: Sequence[Record]) -> Iterator[Record]:
    """Those records that a mapping's scope leaves out; ``fields``: what was asked for, in the order of the values.

    What cannot be told is inside: a tombstone, a field that was not asked for or cannot be read, a value that the
    expression cannot be calculated with. So is a record with a key of ours: we wrote it.
    """
    scope = field_map.scope
    if scope is None or not set(scope.fields) <= set(fields):
        return
    for record in records:
        texts = dict(zip(fields, record.values, strict=False))
        known: dict[str, Text] = {name: text for name, text in texts.items() if not isinstance(text, Absent)}
        ours = field_map.key is not None and texts.get(field_map.key) not in (None, ABSENT)
        if not record.deleted and not ours and known.keys() >= set(scope.fields):
            try:
                inside = scope.run(known) is True
            except ValueError:
                inside = True
            if not inside:
                yield record
