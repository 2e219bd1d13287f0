"""What only HubSpot does to a writer: whole batches refused, mixed answers, associations, locks, provisioning."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from connector.errors import CrmError, Gone, InDoubt, PauseMapping, Rejected, StopCrm, TryAgain
from connector.hubspot.crm import HubSpotCrm
from connector.hubspot.narrow import narrowed
from connector.record import Change, FieldInfo, FieldType, ObjectInfo, Op, Text
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.switchboard import Fault
from connector.sandbox.world import World

OURS = "partner_attribution"
PARTNER = "companies#Attributed partner"
BATCH = "/batch/upsert"
WORLD = {
    "portal": {"owners": [{"id": str(number), "email": f"{number}@x.example"} for number in (77, 88, 99)]},
    "objects": {
        "companies": [{"id": str(number), "properties": {"name": f"C{number}"}} for number in range(1, 6)],
        "deals": [
            {
                "id": str(number),
                "properties": {
                    "dealname": "D",
                    "pipeline": "default",
                    "dealstage": "contractsent",
                    "hubspot_owner_id": "77",
                },
            }
            for number in range(11, 16)
        ],
    },
}


class Calls:
    """Counts by class, lets all pass: the sandbox's own limits are off here."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        self.taken[limit] += calls
        return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """What the portal says of its day does not matter here."""


@pytest.fixture
def ledger() -> Calls:
    return Calls()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(World(hubspot=WORLD)) as sandbox:
        sandbox.hubspot.switchboard.settings["limits"] = "off"
        yield sandbox


@pytest.fixture
def hs(sandbox: Sandbox, ledger: Calls) -> Iterator[HubSpotCrm]:
    crm = HubSpotCrm("hs", {"url": sandbox.hubspot_url, "token": "pat-sandbox"}, ledger=ledger)
    assert crm.read(OURS, ["warm"], [], by="engine_key") == []  # the schema is known from here on
    ledger.taken.clear()
    yield crm
    crm.close()


def upsert(key: str, **values: Text) -> Change:
    return Change(f"c-{key}", Op.UPSERT, OURS, key, tuple(values.items()), by="engine_key")


def linked(key: str, partner: Text, deal: Text = "11") -> Change:
    values = (("share", "50"), (PARTNER, partner), ("deals#", deal))
    return Change(f"c-{key}", Op.UPSERT, OURS, key, values, by="engine_key")


def faults(crm: HubSpotCrm, *changes: Change) -> dict[str, type[CrmError] | None]:
    found = {outcome.change.id: outcome for outcome in crm.write(changes)}
    assert len(found) == len(changes)
    return {name: type(outcome.fault) if outcome.fault else None for name, outcome in found.items()}


def written(sandbox: Sandbox) -> dict[str, Any]:
    rows: list[dict[str, Any]] = sandbox.hubspot.rows(OURS)
    return {row["properties"]["engine_key"]: row for row in rows if not row["archived"]}


def test_associations_are_made_with_the_record_and_replaced_later(
    sandbox: Sandbox, hs: HubSpotCrm, ledger: Calls
) -> None:
    assert faults(hs, linked("a", "1;2"), linked("b", "3")) == {"c-a": None, "c-b": None}
    assert ledger.taken["associations"] == 2, "new records have no associations to read"
    assert written(sandbox)["a"]["associations"][PARTNER] == ["1", "2"]
    assert faults(hs, linked("a", "2;4"), linked("b", None, None)) == {"c-a": None, "c-b": None}
    assert written(sandbox)["a"]["associations"][PARTNER] == ["2", "4"]
    assert written(sandbox)["a"]["associations"]["deals#"] == ["11"]
    assert PARTNER not in written(sandbox)["b"]["associations"]
    assert "deals#" not in written(sandbox)["b"]["associations"]
    ledger.taken.clear()
    assert faults(hs, linked("a", "4;2")) == {"c-a": None}
    assert ledger.taken == {"general": 1, "associations": 2}, "one upsert, two reads, nothing to change"


def test_a_change_is_written_only_when_its_associations_are(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    assert faults(hs, linked("a", "1"), linked("b", "999"), linked("c", "3"))["c-b"] is not None
    found = faults(hs, linked("a", "1"), linked("b", "999"), linked("c", "3"))
    assert (found["c-a"], found["c-c"]) == (None, None)
    assert issubclass(found["c-b"] or Exception, Rejected | Gone)
    assert written(sandbox)["b"]["properties"]["share"] == "50", "the record itself is there"
    assert faults(hs, linked("b", "2")) == {"c-b": None}


def test_a_lost_answer_about_associations_is_in_doubt(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    sandbox.hubspot.switchboard.faults.append(Fault(path="associations/.*/batch/create", drop_after=True))
    [outcome] = hs.write([linked("a", "1", None)])
    assert isinstance(outcome.fault, InDoubt)
    assert outcome.record_id == written(sandbox)["a"]["id"]


def test_a_label_that_the_portal_lacks_pauses_the_mapping(hs: HubSpotCrm) -> None:
    change = Change("c", Op.UPDATE, "deals", "11", (("companies#No such label", "1"),))
    [outcome] = hs.write([change])
    assert isinstance(outcome.fault, PauseMapping)
    assert (outcome.fault.kind, outcome.fault.field) == ("deals", "companies#No such label")


def test_primary_moves_from_one_company_to_the_other(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    for company in ("1", "2"):
        change = Change("c", Op.UPDATE, "deals", "11", (("companies#Primary", company),))
        assert faults(hs, change) == {"c": None}
        [record] = hs.read("deals", ["11"], ["companies#Primary"])
        assert record.values == (company,)


def test_a_batch_refused_as_a_whole_is_halved_to_its_bad_row(
    sandbox: Sandbox, hs: HubSpotCrm, ledger: Calls
) -> None:
    refused = {"category": "VALIDATION_ERROR", "message": "a rule of this portal says no"}
    bad = Fault(path=rf'{BATCH}(?s:.*)"id": "k7"', status=400, body=refused, times=100)
    sandbox.hubspot.switchboard.faults.append(bad)
    found = faults(hs, *(upsert(f"k{number}", share="1") for number in range(20)))
    assert found == {f"c-k{number}": Rejected if number == 7 else None for number in range(20)}
    assert ledger.taken["general"] <= 11, "not one call for each row"
    assert len(written(sandbox)) == 19


def test_a_refusal_that_names_a_field_takes_out_who_writes_it(
    sandbox: Sandbox, hs: HubSpotCrm, ledger: Calls
) -> None:
    detail = {"message": "no", "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["ghost"]}}
    refused = {"category": "VALIDATION_ERROR", "message": "not valid", "errors": [detail]}
    sandbox.hubspot.switchboard.faults.append(Fault(path=f"{BATCH}(?s:.*)ghost", status=400, body=refused))
    rows = [upsert(f"k{number}", **({"ghost": "1"} if number % 2 else {"share": "1"})) for number in range(20)]
    found = faults(hs, *rows)
    assert set(found.values()) == {PauseMapping, None}
    assert ledger.taken == {"general": 2}
    assert len(written(sandbox)) == 10


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"results": []}, InDoubt),
        ({"results": [], "errors": [{"category": "VALIDATION_ERROR", "message": "no", "context": {}}]}, Rejected),
        (
            {"results": [], "errors": [{"category": "OBJECT_NOT_FOUND", "message": "", "context": {"ids": ["a"]}}]},
            Gone,
        ),
    ],
)
def test_a_row_that_the_answer_does_not_name_is_not_taken_for_written(
    sandbox: Sandbox, hs: HubSpotCrm, answer: object, expected: type[CrmError]
) -> None:
    sandbox.hubspot.switchboard.faults.append(Fault(path=BATCH, status=207, body=answer))
    assert faults(hs, upsert("a", share="1")) == {"c-a": expected}


def test_a_locked_record_waits_alone_and_its_later_changes_do_not_overtake(
    sandbox: Sandbox, hs: HubSpotCrm, ledger: Calls
) -> None:
    sandbox.hubspot.switchboard.settings["locked_ids"] = ["11"]
    deals = [Change(f"d{n}", Op.UPDATE, "deals", str(n), (("dealname", "new"),)) for n in (11, 12)]
    remove = Change("gone", Op.REMOVE, "deals", "11")
    found = {outcome.change.id: outcome.fault for outcome in hs.write([*deals, remove, upsert("a", share="1")])}
    assert {name: type(fault) for name, fault in found.items() if fault} == {"d11": TryAgain, "gone": TryAgain}
    assert all(isinstance(fault, TryAgain) and fault.after == 2 for fault in found.values() if fault)
    assert written(sandbox)["a"]["properties"]["share"] == "1", "nobody else waits"


def test_a_stop_is_the_outcome_of_everything_that_was_not_sent(
    sandbox: Sandbox, hs: HubSpotCrm, ledger: Calls
) -> None:
    assert faults(hs, upsert("warm", share="1")) == {"c-warm": None}
    body = {"category": "INVALID_AUTHENTICATION", "message": "revoked"}
    sandbox.hubspot.switchboard.faults.append(Fault(path=BATCH, skip=1, status=401, body=body))
    found = faults(hs, *(upsert(f"k{number}", share="1") for number in range(350)))
    assert list(found.values()).count(None) == 100
    assert list(found.values()).count(StopCrm) == 250
    assert ledger.taken["general"] == 3


def test_changes_of_one_record_are_merged_and_a_removal_comes_after_them(hs: HubSpotCrm, ledger: Calls) -> None:
    twice = [upsert("a", share="1", roles="r"), upsert("b", share="2"), replace(upsert("a", share="3"), id="later")]
    remove = Change("gone", Op.REMOVE, OURS, "b", by="engine_key")
    assert set(faults(hs, *twice, remove).values()) == {None}
    assert ledger.taken["general"] == 3, "upsert a and b, look up and archive b"
    found = hs.read(OURS, ["a", "b"], ["engine_key", "share", "roles"], by="engine_key")
    assert [record.values for record in found] == [("a", "3", "r")]


def test_of_merged_changes_only_the_bad_part_is_refused(hs: HubSpotCrm) -> None:
    parts = [upsert("a", share="1"), replace(upsert("a", share="not a number"), id="bad"), upsert("b", share="2")]
    assert faults(hs, *parts, replace(upsert("a", roles="r"), id="last")) == {
        "c-a": None,
        "bad": Rejected,
        "c-b": None,
        "last": None,
    }
    [record] = hs.read(OURS, ["a"], ["share", "roles"], by="engine_key")
    assert record.values == ("1", "r")


def test_removing_looks_up_by_key_and_archives_by_id(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    faults(hs, upsert("a", share="1"), upsert("b", share="2"))
    row = hs.read(OURS, ["b"], ["share"], by="engine_key")[0].ref.id
    remove = [
        Change("by-key", Op.REMOVE, OURS, "a", by="engine_key"),
        Change("by-id", Op.REMOVE, OURS, row),
        Change("missing", Op.REMOVE, OURS, "never", by="engine_key"),
    ]
    assert faults(hs, *remove) == {"by-key": None, "by-id": None, "missing": None}
    assert written(sandbox) == {}


def test_narrowing_finds_every_bad_row_among_many() -> None:
    def send(rows: Sequence[int]) -> str:
        if any(row % 10 == 3 for row in rows):
            raise Rejected("one of these")
        return "written"

    found = {row: answer for rows, answer in narrowed(send, range(40)) for row in rows}
    assert [row for row, answer in found.items() if answer != "written"] == [3, 13, 23, 33]
    assert len(found) == 40


def wanted() -> tuple[ObjectInfo, ...]:
    ours = (
        FieldInfo("engine_key", "Engine key", FieldType.TEXT, unique=True),
        FieldInfo("share", "Share", FieldType.NUMBER),
        FieldInfo("sourced", "Sourced", FieldType.BOOLEAN),
        FieldInfo("split_status", "Status", FieldType.CHOICE, options=("draft", "agreed")),
        FieldInfo("due", "Due", FieldType.DATETIME),
    )
    associated = (("deals", ""), ("companies", "Attributed partner"))
    return (
        ObjectInfo(OURS, "Attribution", ours, custom=True, associated=associated),
        ObjectInfo("deals", "Deal", (FieldInfo("partner_note", "Note", FieldType.TEXT, length=4000),)),
    )


def test_provisioning_creates_what_is_missing_once_and_it_can_be_written() -> None:
    with start(World(hubspot={**WORLD, "portal": {"custom_objects": False}})) as sandbox:
        crm = HubSpotCrm("hs", {"url": sandbox.hubspot_url, "token": "pat-sandbox"}, ledger=Calls())
        with pytest.raises(PauseMapping, match=OURS):
            crm.describe(OURS)
        sentences = crm.provision(wanted())
        assert [text.split(" ")[2:4] for text in sentences] == [
            ["custom", "object"],
            ["association", "label"],
            ["property", "group"],
            ["property", "deals.partner_note."],
        ]
        assert crm.provision(wanted()) == []
        fields = {field.name: field for field in crm.describe(OURS)}
        assert fields["engine_key"].unique
        assert fields["split_status"].options == ("draft", "agreed")
        assert fields[PARTNER].type is FieldType.ASSOCIATION
        [outcome] = crm.write([linked("a", "1")])
        assert outcome.fault is None
        [record] = crm.read(OURS, ["a"], ["share", PARTNER, "deals#"], by="engine_key")
        assert record.values == ("50", "1", "11")
        crm.close()
