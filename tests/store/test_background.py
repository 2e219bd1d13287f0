"""Whom the owners of deals report to, and which stage a deal had when: read from rows that no group has."""

from __future__ import annotations

from datetime import datetime

from connector.record import Cursor, Page, Record, Ref
from sync.mapping.fieldmap import Mappings
from sync.model.deal import Stage
from sync.model.facts import Facts
from sync.store import intake
from sync.store.background import with_background
from sync.store.opening import Store
from tests.machine.office import paused, shipped
from tests.steps.business import day, deal

USERS, HISTORY = (paused(frozenset({kind}), "sf")[0] for kind in ("person", "stage_history"))
ALL = Mappings((*shipped().all, USERS, HISTORY))


def users(store: Store, **manager: str) -> None:
    """Users by their ids, each with the one it reports to."""
    found = []
    for key, boss in manager.items():
        values = {"ManagerId": boss or None}
        found.append(
            Record(Ref("sf", "User", key), day(0), tuple(values.get(name) for name in USERS.fields), False, None)
        )
    with store.write() as connection:
        intake.take(connection, USERS, Page(tuple(found), Cursor("1"), True), day(0))


def history(store: Store, *moments: tuple[str, str, datetime]) -> None:
    found = []
    for number, (key, stage, at) in enumerate(moments):
        values = {"OpportunityId": key, "StageName": stage, "CreatedDate": at.isoformat()}
        texts = tuple(values.get(name) for name in HISTORY.fields)
        found.append(Record(Ref("sf", "OpportunityHistory", f"008{number}"), day(0), texts, False, None))
    with store.write() as connection:
        intake.take(connection, HISTORY, Page(tuple(found), Cursor("1"), True), day(0))


def managers(store: Store, *owners: str, mappings: Mappings = ALL) -> tuple[str, ...]:
    with store.read() as connection:
        (facts,) = with_background(connection, [Facts(opportunities=(deal(owners=owners),))], mappings)
    return facts.opportunities[0].managers


def test_everybody_up_to_the_top_the_nearest_first(store: Store) -> None:
    users(store, jo="kim", kim="lou", lou="", maria="lou")
    assert managers(store, "jo") == ("kim", "lou")
    assert managers(store, "maria", "jo") == ("lou", "kim")
    assert managers(store, "lou") == managers(store, "nobody") == managers(store) == ()


def test_a_circle_of_managers_ends_where_it_began(store: Store) -> None:
    users(store, jo="kim", kim="lou", lou="jo")
    assert managers(store, "jo") == ("kim", "lou")
    users(store, jo="jo")
    assert managers(store, "jo") == ()


def test_while_the_mapping_is_paused_nobody_is_asked(store: Store) -> None:
    users(store, jo="kim")
    assert managers(store, "jo", mappings=shipped()) == ()


def test_the_stages_of_a_deal_are_those_of_its_own_rows_the_oldest_first(store: Store) -> None:
    history(store, ("deal", "Proposal", day(3)), ("deal", "Prospecting", day(1)), ("other", "Negotiation", day(0)))
    with store.read() as connection:
        (facts,) = with_background(connection, [Facts(opportunities=(deal(), deal("third")))], ALL)
    first, third = facts.opportunities
    assert first.stages == ((day(1), Stage.PROSPECT), (day(3), Stage.BIZ_VALIDATION))
    assert (first.stage_at(day(2)), first.stage_at(day(0)), third.stages) == (Stage.PROSPECT, None, ())
