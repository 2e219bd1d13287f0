"""How fast a compiled mapping reads pages of 2,000 records, alone and into SQLite, and how fast it refuses harm.

Arguments: pages (15). Beside the compiled reading stands the same reading written by hand: the ceiling.
"""

from __future__ import annotations

import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from connector.record import Cursor, Page, Record, Ref
from sync.expressions import Refused, compile_expression
from sync.mapping.fieldmap import FieldMap, compile_form
from sync.mapping.form import parse
from sync.model.money import Money
from sync.model.row import Row
from sync.store import intake
from sync.store.opening import Store, open_store
from tests.steps.test_expressions import FIELDS, HOSTILE, KNOWN

PAGE, PAGES, LEAST = 2_000, 15, 0.6
FIRST_LOAD, UNCHANGED = 40_000, 140_000
"""Records a second on one core, into SQLite."""
REFUSED_WITHIN_MS = 50
STAMP = datetime(2026, 11, 24, tzinfo=UTC)
FILE = Path(__file__).parents[2] / "mappings" / "sf-opportunity.toml"
VALUES = {
    "Name": "Northwind: roll-out",
    "AccountId": "0015e0000003quuAAA",
    "Type": "Renewal",
    "StageName": "Proposal",
    "IsClosed": "false",
    "IsWon": "false",
    "Amount": "120000.55",
    "CurrencyIsoCode": "EUR",
    "CloseDate": "2026-12-31",
    "CreatedDate": "2026-01-31T09:30:00Z",
    "LeadSource": "Partner",
    "OwnerId": "0055e0000003quuAAA",
    "LastActivityDate": "2026-11-20",
}
TYPES = {"New Business": "NEW", "Expansion": "EXPANSION", "Renewal": "RENEWAL", "Credit": "CREDIT"}
STAGES = {"Prospecting": "PROSPECT", "Proposal": "BIZ_VALIDATION", "Closed Won": "WON", "Closed Lost": "LOST"}
EMPTY: dict[str, Any] = dict.fromkeys(
    ("direct_engaged_at", "renewal_of", "shared_id", "registration_status", "primary_partner", "protection_end")
) | {"partner_count": None, "split_summary": None, "sourced": False, "influenced": False, "conflict": False}


def by_hand(names: tuple[str, ...], record: Record) -> Row:
    """The same row, written out for these fields: what no configuration could make faster."""
    raw = dict(zip(names, record.values, strict=True))
    text: dict[str, Any] = raw
    values = {
        **EMPTY,
        "name": text["Name"],
        "account": Ref("sf", "Account", text["AccountId"]),
        "type": TYPES[text["Type"]],
        "stage": STAGES[text["StageName"]],
        "closed": text["IsClosed"] == "true",
        "won": text["IsWon"] == "true",
        "amount": Money.parse(text["Amount"], text["CurrencyIsoCode"]),
        "close_date": date.fromisoformat(text["CloseDate"]),
        "created_at": datetime.fromisoformat(text["CreatedDate"]).astimezone(UTC),
        "source": text["LeadSource"],
        "owner": text["OwnerId"],
        "last_activity": date.fromisoformat(text["LastActivityDate"]),
    }
    return Row(record.ref, "opportunity", record.stamp, values, raw, record.deleted, record.merged_into)


def page(field_map: FieldMap, number: int) -> list[Record]:
    """Records that differ as deals do: names, ids, amounts and times are their own, owners and days are shared."""
    return [
        Record(
            Ref("sf", "Opportunity", f"006{number:05}{place:010}"), STAMP, _texts(field_map, number * PAGE + place)
        )
        for place in range(PAGE)
    ]


def _texts(field_map: FieldMap, number: int) -> tuple[str | None, ...]:
    own = VALUES | {
        "Name": f"Customer {number // 10}: deal {number}",
        "AccountId": f"0015e00{number // 10:08}AAA",
        "OwnerId": f"0055e00{number % 50:08}AAA",
        "Amount": f"{1000 + number}.55",
        "CloseDate": (STAMP + timedelta(days=number % 365)).date().isoformat(),
        "CreatedDate": (STAMP - timedelta(minutes=number)).isoformat().replace("+00:00", "Z"),
    }
    return tuple(own.get(name) for name in field_map.fields)


def rate(read: Callable[[list[Record]], list[object]], pages: list[list[Record]]) -> float:
    """Records a second, of the best page."""
    best = 0.0
    for records in pages:
        began = perf_counter()
        read(records)
        best = max(best, len(records) / (perf_counter() - began))
    return best


def into_sqlite(field_map: FieldMap, pages: list[list[Record]]) -> Iterator[float]:
    """Records a second of a first load and of the same pages once more, a commit a page, as a pull does it."""
    with tempfile.TemporaryDirectory() as name:
        store = open_store("sqlite:///bench.db", Path(name))
        try:
            for _ in ("first load", "unchanged"):
                began = perf_counter()
                changed = sum(taken(store, field_map, records) for records in pages)
                yield sum(map(len, pages)) / (perf_counter() - began)
                pages = [[fresh(record) for record in records] for records in pages]
            assert changed == 0, changed
        finally:
            store.close()


def taken(store: Store, field_map: FieldMap, records: list[Record]) -> int:
    with store.write() as connection:
        page = Page(tuple(records), Cursor("next"), drained=True)
        return intake.take(connection, field_map, page, STAMP).changed


def fresh(record: Record) -> Record:
    """The same record, as another answer of the CRM would hold it: equal, and not the same objects."""
    texts = tuple(text and "".join(list(text)) for text in record.values)
    return Record(Ref(record.ref.connection, record.ref.kind, record.ref.id), record.stamp, texts)


def slowest_refusal() -> tuple[float, str]:
    """Milliseconds of the slowest hostile expression, and that expression; each is tried alone."""
    found = (0.0, "")
    for text in HOSTILE:
        began = perf_counter()
        try:
            compile_expression(text, FIELDS, "text", KNOWN)
        except Refused:
            found = max(found, ((perf_counter() - began) * 1000, text))
        else:
            raise AssertionError(f"not refused: {text}")
    return found


def main(number: int) -> int:
    form, problems = parse(FILE.name, tomllib.loads(FILE.read_text(encoding="utf-8")))
    if form is None:
        sys.stderr.write("\n".join(map(str, problems)) + "\n")
        return 1
    field_map = compile_form(form, "EUR")
    refusing, worst = slowest_refusal()
    pages = [page(field_map, place) for place in range(number)]
    first = pages[0][0]
    assert field_map.read(first)[0].values == by_hand(field_map.fields, first).values
    compiled = rate(lambda records: list(field_map.read_all(records)), pages)
    ceiling = rate(lambda records: [by_hand(field_map.fields, record) for record in records], pages)
    load, again = into_sqlite(field_map, pages)
    lines = [
        ("compiled, records/s", compiled, ceiling * LEAST),
        ("by hand, records/s", ceiling, 0),
        ("compiled to by hand", compiled / ceiling, LEAST),
        ("first load into SQLite, records/s", load, FIRST_LOAD),
        ("unchanged resync, records/s", again, UNCHANGED),
    ]
    for what, seen, least in lines:
        digits = 2 if seen < 100 else 0
        sys.stdout.write(f"{what:<36} {seen:>12,.{digits}f}  at least {least:>10,.{digits}f}\n")
    said = f"slowest of {len(HOSTILE)} refusals, ms"
    sys.stdout.write(f"{said:<36} {refusing:>12,.2f}  at most  {REFUSED_WITHIN_MS:>10,.2f}  {worst[:24]!r}\n")
    short = [what for what, seen, least in lines if seen < least]
    return 1 if short or refusing > REFUSED_WITHIN_MS else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else PAGES))
