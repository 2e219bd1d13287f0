"""From what a partner filed to the one change of the CRM that says it, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from connector.record import ABSENT, Op, Text, Value
from sync.mapping.fieldmap import FieldMap
from sync.model.filing import Filing, Form
from sync.model.plan import FieldChange, PlannedChange
from sync.model.problem import Problem

MOST_TEXT: Final = 255
"""Characters that a text of a form may have: what both vendors' plain text fields hold."""


def faults(filing: Filing, today: date) -> tuple[Problem, ...]:
    """Everything that keeps a filing from being written, each with the field and what to do."""
    found = [*_shape(filing.form, today)]
    if filing.record is None:
        found += _missing(filing.form)
    elif not filing.form.said:
        found.append(Problem("form", "it says nothing", "fill in what should change"))
    return tuple(found)


def _missing(form: Form) -> Iterator[Problem]:
    if not form.roles:
        yield Problem("roles", "no role is named", "choose what you do in this deal")
    if form.partner is None:
        yield Problem("partner", "you have no record in the CRM that is filed to", "ask your contact")
    if form.opportunity is None and not (form.customer_name or form.customer_domain):
        yield Problem("customer_name", "nobody can tell which deal is meant", "name the customer")


def _shape(form: Form, today: date) -> Iterator[Problem]:
    for name in ("customer_name", "customer_domain", "customer_country", "customer_duns", "joint_key"):
        text = getattr(form, name)
        if text and (len(text) > MOST_TEXT or not text.isprintable()):
            yield Problem(name, f"it has {len(text)} characters, or such that nobody can read", "shorten it")
    for piece in form.evidence or ():
        plain = piece.ref.isprintable() and piece.kind.isalpha() and "|" not in piece.ref
        if not plain or len(piece.ref) > MOST_TEXT:
            yield Problem("evidence", "where to find it is one line, without |", "shorten it")
    if form.expected_close and form.expected_close < today:
        yield Problem("expected_close", f"{form.expected_close} is past", "give the day on which it may close")
    if form.declared_value and form.declared_value.minor < 0:
        yield Problem("declared_value", f"{form.declared_value} is below zero", "give what the deal is worth")
    for name in ("contribution", "proposed_share"):
        number: Decimal | None = getattr(form, name)
        if number is not None and not 0 <= number <= 100:
            yield Problem(name, f"{number} is not between 0 and 100", "give a percentage")


def planned(filing: Filing, field_map: FieldMap, raw: Mapping[str, Value] | None) -> PlannedChange | None:
    """The change that says what was filed; ``None`` when the record says it already.

    ``raw``: the fields of the record that it is about, as last read. Raises ValueError where the mapping cannot
    write something, naming the path.
    """
    written = field_map.file(filing.form.said)
    if filing.record is None:
        fields = tuple(FieldChange(remote, None, text) for remote, text in written.items() if text is not None)
        key, by, op = filing.id, field_map.key or "", Op.UPSERT
    else:
        before = {remote: _text(raw, remote) for remote in written}
        after = written | {r: _added(before[r], written[r]) for r in field_map.remotes("evidence") if r in written}
        fields = tuple(FieldChange(r, before[r], text) for r, text in after.items() if text != before[r])
        key, by, op = filing.record.id, "id", Op.UPDATE
    if not fields:
        return None
    return PlannedChange(
        connection=filing.connection,
        object=field_map.object,
        op=op,
        by=by,
        key=key,
        fields=fields,
        title=f"registration of {filing.form.customer_name or filing.partner}",
        reason=filing.id,
        creates=op is Op.UPSERT,
        filed=True,
    )


def _text(raw: Mapping[str, Value] | None, remote: str) -> Text:
    value = (raw or {}).get(remote, ABSENT)
    return value if isinstance(value, str) else None


def _added(before: Text, more: Text) -> Text:
    """Evidence is added to what is there: a word of the vendor's staff on it stays."""
    return "\n".join(dict.fromkeys([*(before or "").splitlines(), *(more or "").splitlines()])) or None
