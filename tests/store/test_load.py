"""How many live registrations a partner has anywhere: under all its records, no further than anybody asks."""

from __future__ import annotations

from sqlalchemy import update

from sync.model.facts import Facts
from sync.policy import Policies
from sync.store.load import with_load
from sync.store.opening import Store
from sync.store.rows import upsert
from sync.store.tables import involved, record, standing
from tests.steps.business import partner, policy

RULES = Policies((policy(conflicts={"live_limit": 3}), policy(version=2, conflicts={"live_limit": 1})))


def filed(store: Store, who: str, *states: str) -> None:
    """Registrations of one partner's record, each with where it stands."""
    words = dict.fromkeys(("connection", "object", "stamp", "mapping", "raw", "group_id"), "")
    keys = [f"{who}/{number}" for number in range(len(states))]
    rows = [
        words | {"key": k, "id": k, "kind": "registration", "thing": f"reg {k}", "deleted": False} for k in keys
    ]
    with store.write() as connection:
        upsert(connection, record, rows)
        upsert(connection, involved, [{"key": key, "partner": who} for key in keys])
        stands = zip(keys, states, strict=True)
        upsert(connection, standing, [{"id": f"reg {key}", "state": state, "body": ""} for key, state in stands])


def deleted(store: Store, key: str) -> None:
    with store.write() as connection:
        connection.execute(update(record).where(record.c.key == key).values(deleted=True))


def load(store: Store, *partners: str) -> dict[str, int]:
    with store.read() as connection:
        (facts,) = with_load(connection, [Facts(partners=tuple(map(partner, partners)))], RULES)
        return dict(facts.load)


def test_only_what_is_live_counts(store: Store) -> None:
    filed(store, "sf:Account:alpha", "UNDER_REVIEW", "APPROVED", "REJECTED", "WON", "DRAFT", "EXPIRED")
    assert load(store, "alpha", "beta") == {"alpha": 2, "beta": 0}


def test_what_is_gone_from_the_crm_does_not_count(store: Store) -> None:
    filed(store, "sf:Account:alpha", "APPROVED", "APPROVED")
    deleted(store, "sf:Account:alpha/1")
    assert load(store, "alpha") == {"alpha": 1}


def test_a_partner_s_records_in_both_crms_count_together(store: Store) -> None:
    filed(store, "sf:Account:alpha", "APPROVED")
    filed(store, "hs:companies:alpha", "SUBMITTED")
    filed(store, "hs:companies:beta", "SUBMITTED")
    assert load(store, "alpha") == {"alpha": 2}


def test_nobody_is_counted_further_than_any_policy_asks(store: Store) -> None:
    filed(store, "sf:Account:alpha", *["APPROVED"] * 9)
    assert load(store, "alpha") == {"alpha": 4}
