"""One person's data: everything that names them, given out; and their name taken out of all of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any

import msgspec
from sqlalchemy import Connection, or_, select, update

from sync.mapping.fieldmap import Mappings
from sync.model.problem import BadInput, Problem
from sync.store.persons import ERASED, all_names, erase_names, find_persons, reveal
from sync.store.rows import of_object
from sync.store.tables import audit, case_file, decision, directive, record, split

PERSONAL = {"registration": ("voter",)}
"""Which of our words hold a person's name in a row of a CRM."""


def export_person(connection: Connection, name: str, mappings: Mappings) -> dict[str, Any]:
    """Everything that names a person, as plain values. Raises BadInput when nobody of this name is known."""
    known = _known(connection, name)
    return {
        "names": sorted(known.values()),
        "decisions": _texts(connection, decision, known),
        "directives": _texts(connection, directive, known),
        "cases": _texts(connection, case_file, known),
        "splits": _texts(connection, split, known),
        "rows": [str(row.key) for row, _, _ in _rows(connection, known, mappings)],
    }


def erase_person(connection: Connection, name: str, mappings: Mappings, now: datetime) -> dict[str, Any]:
    """Take a person's name away everywhere at once: what is sealed keeps a digest that stands for nobody.

    The copies of CRM rows are changed too; should the CRM send the name again, it is read as erased. ``left``
    counts the sealed texts that still hold the name as words of their own: those stay.
    Raises BadInput when nobody of this name is known.
    """
    known = _known(connection, name)
    rows = 0
    for row, raw, fields in _rows(connection, known, mappings):
        changed = {field: ERASED if field in fields else value for field, value in raw.items()}
        body = msgspec.json.encode(changed).decode()
        connection.execute(update(record).where(record.c.key == row.key).values(raw=body))
        rows += 1
    erase_names(connection, known, now)
    words = re.compile("|".join(rf"(?<!\w){re.escape(spelt)}(?!\w)" for spelt in known.values()))
    texts = [
        text for table in (decision, directive, audit) for text in _mentions(connection, table, known.values())
    ]
    left = sum(bool(words.search(text)) for text in texts)
    return {"names": sorted(known.values()), "rows": rows, "left": left}


def _known(connection: Connection, name: str) -> dict[str, str]:
    known = find_persons(connection, name)
    if known:
        return known
    names = all_names(connection)
    near = get_close_matches(name, names, n=3, cutoff=0.6)
    fix = f"did you mean {' or '.join(near)}?" if near else "give the name or address as the CRM spells it"
    raise BadInput([Problem(name, "nobody of this name has decided anything here", fix)])


def _texts(connection: Connection, table: Any, known: Mapping[str, str]) -> list[dict[str, Any]]:
    """The bodies that name somebody, with names, as plain values, oldest first."""
    texts = reveal(connection, _mentions(connection, table, known))
    return [msgspec.json.decode(text) for text in texts]


def _mentions(connection: Connection, table: Any, words: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for word in words:
        query = select(table.c.body).where(table.c.body.contains(word, autoescape=True))
        found |= dict.fromkeys(connection.scalars(query.order_by(*table.primary_key)))
    return list(found)


def _rows(
    connection: Connection, known: Mapping[str, str], mappings: Mappings
) -> Iterator[tuple[Any, dict[str, Any], set[str]]]:
    """Stored CRM rows that hold one of these names, and in which fields."""
    names = set(known.values())
    for field_map in mappings.all:
        words = PERSONAL.get(field_map.canonical, ())
        places = {name for rule in field_map.rules if rule.path in words for name in rule.remotes}
        if not places:
            continue
        here = of_object(field_map.connection, field_map.object)
        holds = or_(*(record.c.raw.contains(name, autoescape=True) for name in names))
        for row in connection.execute(select(record.c.key, record.c.raw).where(here, holds)).all():
            raw = msgspec.json.decode(row.raw)
            fields = {field for field in places if raw.get(field) in names}
            if fields:
                yield row, raw, fields
