"""Where a portal keeps our records, and why: chosen from facts, created, and plain where it must be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.errors import PauseMapping
from connector.hubspot.crm import HubSpotCrm
from connector.hubspot.layout import CUSTOM_WRITE, Facts, choose, property_name
from connector.record import Change, FieldInfo, FieldType, ObjectInfo, Op
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.switchboard import Fault
from connector.sandbox.world import World

CLAIM, PART = "partner_registration", "partner_attribution"
OBJECTS = (
    ObjectInfo(
        CLAIM,
        "Partner registration",
        (
            FieldInfo("filing_key", "Filing key", FieldType.TEXT, unique=True, required=True),
            FieldInfo("registration_name", "Name", FieldType.TEXT),
            FieldInfo("status", "Status", FieldType.CHOICE, options=("draft", "under_review", "won", "rejected")),
            FieldInfo("companies#Registering partner", "Partner", FieldType.ASSOCIATION),
        ),
        custom=True,
        associated=(("companies", "Registering partner"), ("deals", "")),
    ),
    ObjectInfo(
        PART,
        "Partner attribution",
        (FieldInfo("engine_key", "Key", FieldType.TEXT, unique=True),),
        custom=True,
        associated=(("companies", "Attributed partner"), ("deals", "")),
    ),
    ObjectInfo("deals", "Deal", (FieldInfo("partner_note", "Note", FieldType.TEXT),)),
    ObjectInfo("companies", "Company", (FieldInfo("partner_rank", "Rank", FieldType.NUMBER),)),
)
STAGES = {CLAIM: "status"}


class Free:
    """Lets every call pass."""

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """What the portal says of its day does not matter here."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(World(hubspot={"portal": {"custom_objects": False}})) as sandbox:
        sandbox.hubspot.switchboard.settings["limits"] = "off"
        yield sandbox


@pytest.fixture
def hs(sandbox: Sandbox) -> Iterator[HubSpotCrm]:
    crm = HubSpotCrm("hs", {"url": sandbox.hubspot_url, "token": "pat-sandbox"}, ledger=Free())
    yield crm
    crm.close()


@pytest.mark.parametrize(
    ("facts", "name", "why"),
    [
        (
            Facts(frozenset({CLAIM, PART})),
            "custom_objects",
            "the portal has partner_registration and partner_attribution",
        ),
        (Facts(frozenset({CLAIM, PART}), scopes=frozenset()), "custom_objects", "the portal has"),
        (Facts(scopes=frozenset({CUSTOM_WRITE})), "custom_objects", "can be created"),
        (Facts(), "custom_objects", "can be created"),
        (Facts(frozenset({CLAIM})), "custom_objects", "partner_attribution can be created"),
        (
            Facts(scopes=frozenset({"oauth"})),
            "pipeline",
            "partner_registration and partner_attribution cannot be created",
        ),
        (Facts(refusal="no Enterprise"), "pipeline", "HubSpot refuses custom objects (no Enterprise)"),
    ],
)
def test_the_layout_follows_from_what_the_portal_has_and_lets_us_do(facts: Facts, name: str, why: str) -> None:
    layout = choose(facts, OBJECTS, STAGES)
    assert layout.name == name
    assert why in layout.why
    assert bool(layout.instead) == (name == "pipeline")
    assert (layout.objects == OBJECTS) == (name == "custom_objects")


def test_plainly_a_claim_is_a_deal_and_an_attribution_a_label_of_the_deal() -> None:
    layout = choose(Facts(refusal="no Enterprise"), OBJECTS, STAGES)
    [pipeline] = layout.pipelines
    assert pipeline.label == "Partner registration"
    assert [(stage.label, stage.probability) for stage in pipeline.stages] == [
        ("Filed", "0.5"),
        ("Draft", "0.5"),
        ("Under review", "0.5"),
        ("Won", "1.0"),
        ("Rejected", "0.0"),
    ]
    deals, companies = layout.objects
    assert companies is OBJECTS[3]
    assert [field.name for field in deals.fields] == [
        "registration_filing_key",
        "registration_name",
        "registration_deal_id",
        "partner_note",
    ]
    assert deals.fields[0].unique
    assert not any(field.required for field in deals.fields), "other deals have no filing key"
    assert deals.associated == (("companies", "Registering partner"), ("companies", "Attributed partner"))


def test_a_property_carries_the_name_of_its_object_once() -> None:
    assert property_name(CLAIM, "status") == "registration_status"
    assert property_name(CLAIM, "registration_name") == "registration_name"


def test_a_portal_with_custom_objects_gets_them(hs: HubSpotCrm) -> None:
    layout = hs.layout(OBJECTS, STAGES)
    assert layout.name == "custom_objects"
    assert len([line for line in hs.lay_out(layout) if "custom object" in line]) == 2
    assert hs.layout(OBJECTS, STAGES).why.startswith("the portal has")
    assert hs.lay_out(layout) == []


@pytest.mark.parametrize("version", ["2026-09", "v3"])
def test_a_portal_without_custom_objects_gets_the_plain_layout_once_and_it_can_be_written(
    sandbox: Sandbox, version: str
) -> None:
    sandbox.hubspot.switchboard.settings["missing_scopes"] = ["schemas"]
    settings = {"url": sandbox.hubspot_url, "token": "pat-sandbox", "api_version": version}
    crm = HubSpotCrm("hs", settings, ledger=Free())
    layout = crm.layout(OBJECTS, STAGES)
    assert layout.name == "pipeline"
    assert "crm.schemas.custom.read" in layout.why
    assert crm.lay_out(layout)[0] == "Created the pipeline 'Partner registration' with 5 stages."
    assert crm.lay_out(layout) == []
    pipeline = sandbox.hubspot.portal.pipelines[-1]
    values = (
        ("dealname", "Acme claims this one"),
        ("pipeline", pipeline["id"]),
        ("dealstage", pipeline["stages"][1]["id"]),
        ("registration_deal_id", "11"),
    )
    claim = Change("c", Op.UPSERT, "deals", "k1", values, by="registration_filing_key")
    [outcome] = crm.write([claim])
    assert outcome.fault is None
    [record] = crm.read("deals", ["k1"], ["registration_deal_id"], by="registration_filing_key")
    assert record.values == ("11",)
    crm.close()


def test_the_limit_of_custom_objects_is_said_and_pauses_the_mapping(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    sandbox.hubspot.switchboard.settings["objects_most"] = 1
    with pytest.raises(PauseMapping, match="limit of custom objects") as caught:
        hs.provision(OBJECTS)
    assert caught.value.kind == PART
    assert CLAIM in sandbox.hubspot.portal.types


def test_options_that_are_lacking_are_added_and_the_others_stay(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    hs.lay_out(hs.layout(OBJECTS, STAGES))
    options = sandbox.hubspot.portal.types[CLAIM].properties["status"].options
    options[0]["label"] = "Just begun"
    fields = tuple(
        replace(field, options=(*field.options, "expired")) if field.name == "status" else field
        for field in OBJECTS[0].fields
    )
    assert hs.provision([replace(OBJECTS[0], fields=fields)]) == [
        "Added the options expired to partner_registration.status."
    ]
    options = sandbox.hubspot.portal.types[CLAIM].properties["status"].options
    assert [option["label"] for option in options] == ["Just begun", "Under review", "Won", "Rejected", "Expired"]
    assert next(field for field in hs.describe(CLAIM) if field.name == "filing_key").required


def test_what_somebody_else_created_a_moment_ago_is_no_error(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    exists = {"status": "error", "category": "OBJECT_ALREADY_EXISTS", "message": "already exists"}
    for path in ("/schemas\n", "/groups\n", "/properties/2026-09/companies\n"):
        sandbox.hubspot.switchboard.faults.append(Fault(method="POST", path=path, status=409, body=exists))
    rank = ObjectInfo("companies", "Company", (FieldInfo("partner_rank", "Rank", FieldType.NUMBER),))
    assert hs.provision([rank]) == []


def test_a_custom_object_that_was_never_linked_is_linked(sandbox: Sandbox, hs: HubSpotCrm) -> None:
    assert hs.provision([replace(OBJECTS[1], associated=())])
    assert hs.provision([replace(OBJECTS[1], associated=(("deals", ""),))]) == [
        "Created the association of partner_attribution with deals."
    ]
    assert any(field.name == "deals#" for field in hs.describe(PART))
