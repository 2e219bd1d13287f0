"""Live samples: what stored records hold in a field, what that is in our words, and what would be written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connector.record import ABSENT, Absent, Value
from sync.mapping.fieldmap import FieldMap, Rule
from sync.mapping.likeness import alike
from sync.mapping.proof import plain
from sync.store.seen import Seen

UNREAD = "not read yet"


def samples(field_map: FieldMap, rows: Sequence[Seen]) -> dict[str, list[dict[str, Any]]]:
    """For every path, each row's text, the value it is read as, the problem with it, the text written for it."""
    found: dict[str, list[dict[str, Any]]] = {rule.path: [] for rule in field_map.rules}
    for seen in rows:
        record = seen.as_read_by(field_map)
        row, problems = field_map.read(record)
        texts = dict(zip(field_map.fields, record.values, strict=False))
        for rule in field_map.rules:
            source = "/".join(rule.remotes)
            wrong = next((problem for problem in problems if problem.where.endswith(f" {source}")), None)
            found[rule.path].append(
                {
                    "record": seen.id,
                    "text": ", ".join(_shown(texts.get(name, ABSENT)) for name in rule.remotes),
                    "value": _said(row.values[rule.path]) if rule.path in row.values else None,
                    "problem": f"{wrong.what}: {wrong.fix}" if wrong else None,
                    "written": _written(field_map, rule, row.values),
                }
            )
    return found


def _shown(value: Value) -> str:
    return UNREAD if isinstance(value, Absent) else "-" if value is None else value


def _said(value: Any) -> str:
    known = plain(value)
    if isinstance(known, tuple):
        return ", ".join(str(entry) for entry in known) or "-"
    return "-" if known is None else {True: "yes", False: "no"}.get(known, str(known))


def _written(field_map: FieldMap, rule: Rule, values: Mapping[str, Any]) -> str | None:
    """The text that a field of ours would have for the value that is there; ``None``: it is never written."""
    if not rule.writes or rule.path not in values:
        return None
    try:
        texts = field_map.write({rule.path: values[rule.path]})
    except ValueError as error:
        return str(error)
    return ", ".join("-" if text is None else text for text in texts.values()) or "left as it is"


def filled(rows: Sequence[Seen]) -> Mapping[str, int]:
    """In how many percent of some rows each field has a value."""
    counts = Counter(name for row in rows for name, text in row.texts.items() if text not in (None, ""))
    return {name: 100 * number // len(rows) for name, number in counts.items()}


def matched(
    words: Sequence[str], taken: Mapping[str, str], offered: Mapping[str, str], texts: Iterable[str | None]
) -> list[dict[str, Any]]:
    """Every value of a picklist beside the word it is taken for: unmapped ones first, with the word most alike.

    ``taken``: the map as it is; ``offered``: what the CRM's list has, each with the record types that offer it, in
    words; ``texts``: what records hold.
    """
    seen = Counter(value.strip() for text in texts if text for value in text.split(";"))
    values = dict.fromkeys((*taken, *offered, *seen))
    entries = [
        {
            "value": value,
            "word": str(taken.get(value, "")),
            "records": seen[value],
            "offered": offered.get(value, "not in its list" if offered else ""),
            "suggested": "" if value in taken else alike(value, words),
        }
        for value in values
    ]
    return sorted(entries, key=lambda entry: entry["word"] != "")


def begun(words: Sequence[str], values: Iterable[str], *, whole: bool) -> Iterator[tuple[str, str]]:
    """A first map: every value with the word it looks like; ``whole``: every word needs a value, so it has one."""
    left = set(words)
    for value in values:
        if word := alike(value, words):
            left.discard(word)
            yield value, word
    if whole:
        yield from ((word.replace("_", " ").capitalize(), word) for word in words if word in left)
