"""What SQL counts is what counting by hand gives, on both databases, whole and narrowed."""

from __future__ import annotations

from collections import Counter
from datetime import date
from random import Random
from statistics import median_low
from typing import Any

from sqlalchemy import Connection

from connector.record import Ref
from sync.identity.link import row_thing_id
from sync.metrics.counts import KINDS
from sync.metrics.narrow import Narrow
from sync.model.facts import Facts, Verdict
from sync.model.row import Row
from sync.policy import Policies
from sync.store.counted import count
from sync.store.measured import Measured, keep_judged, keep_read
from sync.store.measured_tables import measured_deal, measured_part
from sync.store.opening import Store
from sync.store.rows import upsert
from sync.store.slices import slices
from tests.steps.business import STANDARD, claim, day

ALL = Narrow("sf")
POLICIES = Policies((STANDARD,))


def deals(number: int, seed: int = 7) -> list[dict[str, Any]]:
    dice = Random(seed)
    return [
        {
            "id": f"opp_{index:05}",
            "connection": dice.choice(["sf", "sf", "hs"]),
            "name": f"Deal {index}",
            "outcome": (outcome := dice.choice(["WON", "WON", "LOST", "OPEN"])),
            "currency": dice.choice(["USD", "EUR"]),
            "minor": dice.choice([None, dice.randint(1, 99_999_999)]),
            "days": dice.randint(1, 200) if outcome == "WON" else None,
            "day": f"2026-{dice.randint(1, 12):02}-01",
            "parties": dice.choice([None, None, 0, 1, 1, 2, 3, 4, 7]),
            "region": dice.choice(["DE", "FR"]),
            "vertical": "Retail",
            "roles": dice.choice([";RESELL;", ";IMPLEMENT;RESELL;", ""]),
            "bundle": dice.choice([True, False]),
            "sourced": dice.choice([True, False]),
            "influenced": True,
            "fulfilled_minor": 5,
        }
        for index in range(number)
    ]


def kind(row: dict[str, Any]) -> str:
    return KINDS[min(row["parties"] or 0, 4)]


def counted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of which nobody knows whether they are the same deal in the other CRM do not count."""
    return [row for row in rows if row["parties"] is not None or row["connection"] == "sf"]


def test_sums_and_medians_of_deals_are_those_of_counting_by_hand(store: Store) -> None:
    rows = deals(400)
    with store.write() as connection:
        upsert(connection, measured_deal, rows)
    with store.read() as connection:
        found = count(connection, ALL)
    own = counted(rows)
    numbers = Counter((kind(row), row["outcome"], row["currency"]) for row in own)
    assert {(deal.kind, deal.outcome, deal.currency): deal.number for deal in found.deals} == numbers
    for entry in found.deals:
        same = [row for row in own if (kind(row), row["outcome"], row["currency"]) == _key(entry)]
        assert entry.minor == sum(row["minor"] or 0 for row in same)
        assert entry.sourced == sum(row["minor"] or 0 for row in same if row["sourced"])
        assert entry.sized == sum(row["minor"] is not None for row in same)
    for (of, currency), middle in found.middles.items():
        won = [row for row in own if _key_of(row) == (of, "WON", currency) and row["minor"] is not None]
        assert middle == median_low(row["minor"] for row in won)
    assert sum(sum(days.values()) for days in found.days.values()) == sum(r["outcome"] == "WON" for r in own)


def _key(entry: Any) -> tuple[str, str, str]:
    return entry.kind, entry.outcome, entry.currency


def _key_of(row: dict[str, Any]) -> tuple[str, str, str]:
    return kind(row), row["outcome"], row["currency"]


def test_what_numbers_are_narrowed_to_leaves_the_rest_out(store: Store) -> None:
    rows = deals(200)
    with store.write() as connection:
        upsert(connection, measured_deal, rows)
    asked = {
        Narrow("sf", region="DE"): lambda row: row["region"] == "DE",
        Narrow("sf", role="IMPLEMENT"): lambda row: "IMPLEMENT" in row["roles"],
        Narrow("sf", role="%"): lambda _row: False,
        Narrow("sf", bundle="no"): lambda row: not row["bundle"],
        Narrow("sf", first=date(2026, 3, 1), after=date(2026, 6, 1)): lambda row: (
            "2026-03" <= row["day"] < "2026-06"
        ),
    }
    for narrow, fits in asked.items():
        with store.read() as connection:
            found = count(connection, narrow)
        assert sum(deal.number for deal in found.deals) == sum(map(fits, counted(rows))), narrow


def test_a_deal_with_two_roles_counts_in_both(store: Store) -> None:
    rows = deals(200)
    part = {
        **dict.fromkeys(("sourced_minor", "influenced_minor", "fulfilled_minor"), 0),
        **dict.fromkeys(("group_id", "name", "deal", "region", "vertical"), "x"),
        "bundle": False,
        "day": "2026-01-01",
        "outcome": "WON",
        "currency": "EUR",
        "roles": ";A;B;",
    }
    with store.write() as connection:
        upsert(connection, measured_deal, rows)
        upsert(connection, measured_part, [part | {"opportunity_id": "o", "party": "p", "minor": 700}])
    with store.read() as connection:
        found = slices(connection, ALL, "role")
    won = [row for row in rows if row["outcome"] == "WON" and row["parties"]]
    assert found["RESELL"].won == sum("RESELL" in row["roles"] for row in won)
    assert found["IMPLEMENT"].won == sum("IMPLEMENT" in row["roles"] for row in won)
    assert (found["A"].credit, found["B"].credit) == ({"EUR": 700}, {"EUR": 700})


def row(number: str, **more: Any) -> Row:
    values = {"name": number, "created_at": day(0), "stage": "QUALIFIED", **more.pop("values", {})}
    return Row(Ref("sf", "Opportunity", number), "opportunity", day(0), values, {}, **more)


def read_again(connection: Connection, *rows: Row) -> None:
    keep_read(connection, rows, [row_thing_id(entry) for entry in rows])


def test_a_deal_that_nobody_registers_is_counted_as_read_until_it_is_gone(store: Store) -> None:
    closed = {"closed": True, "won": True, "close_date": day(30).date()}
    with store.write() as connection:
        read_again(connection, row("one"), row("two", values=closed))
    with store.read() as connection:
        found = count(connection, ALL)
    assert {(deal.kind, deal.outcome): deal.number for deal in found.deals} == {
        ("direct", "OPEN"): 1,
        ("direct", "WON"): 1,
    }
    assert found.days == {"direct": {30: 1}}
    with store.write() as connection:
        read_again(connection, row("one", deleted=True))
    with store.read() as connection:
        assert [deal.outcome for deal in count(connection, ALL).deals] == ["WON"]


def test_reading_a_judged_deal_again_keeps_who_is_credited(store: Store) -> None:
    judged = {**deals(1)[0], "id": "opp_x", "parties": 2, "connection": "sf"}
    with store.write() as connection:
        upsert(connection, measured_deal, [judged])
        plain = {key: judged[key] for key in ("id", "connection", "name", "outcome", "currency", "minor", "day")}
        upsert(connection, measured_deal, [plain | {"minor": 42, "days": None}])
    with store.read() as connection:
        [found] = count(connection, ALL).deals
    assert (found.kind, found.minor) == ("2 partners", 42)


def test_what_a_group_no_longer_holds_is_not_counted_any_more(store: Store) -> None:
    kept = claim("reg", state="APPROVED")
    facts = Facts((), (kept.opportunity,), (kept.registration,), (kept.partner,))
    verdict = Verdict(standings=(kept.standing,))
    with store.write() as connection:
        keep_judged(connection, [Measured("g", facts, verdict)], POLICIES)
        before = count(connection, ALL)
        keep_judged(connection, [Measured("g", Facts(), Verdict())], POLICIES)
        after = count(connection, ALL)
    assert (before.states, after.states) == ({"APPROVED": 1}, {})
    assert before.protected == {str(kept.standing.protection_end): 1}
