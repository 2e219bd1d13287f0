"""A HubSpot without custom objects is a Crm like any other: registrations are the deals of a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from connector.errors import PauseMapping
from connector.hubspot.crm import HubSpotCrm
from connector.hubspot.plain import PlainCrm
from connector.record import Change, FieldInfo, FieldType, ObjectInfo, Op, Text
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World

from .contract import WireContract
from .hubspot_writing_rig import DEAL
from .rig import WireRig
from .test_hubspot import KINDS, HubSpotRig

CLAIM, LABEL = "partner_registration", "Partner registration"
CHOICES = FieldInfo("roles", "Roles", FieldType.CHOICES, options=("source", "resell"))
CLAIMS = ObjectInfo(
    CLAIM,
    LABEL,
    (
        FieldInfo("filing_key", "Filing key", FieldType.TEXT, unique=True),
        FieldInfo("registration_name", "Name", FieldType.TEXT),
        FieldInfo("declared_value", "Value", FieldType.NUMBER),
        FieldInfo("lead_partner", "Lead", FieldType.BOOLEAN),
        FieldInfo("expected_close", "Close", FieldType.DATE),
        FieldInfo("submitted_at", "Submitted", FieldType.DATETIME),
        FieldInfo("customer_choice", "Choice", FieldType.CHOICE, options=("chosen", "refused")),
        FieldInfo("status", "Status", FieldType.CHOICE, options=("draft", "under_review", "approved", "rejected")),
        CHOICES,
    ),
    custom=True,
    associated=(("companies", "Registering partner"), ("deals", "")),
)
STAGES = {CLAIM: "status"}


class PlainRig(HubSpotRig):
    """People file claims as deals of the pipeline; dealsync sees registrations."""

    kinds = replace(KINDS, ours=CLAIM, key="filing_key", amount="declared_value")

    def __init__(self, sandbox: Sandbox) -> None:
        sandbox.hubspot.switchboard.settings["missing_scopes"] = ["schemas"]
        super().__init__(sandbox)
        self.hubspot: HubSpotCrm = self.crm
        layout = self.hubspot.layout([CLAIMS], STAGES)
        assert layout.name == "pipeline"
        assert self.hubspot.lay_out(layout)
        self.crm = PlainCrm(self.hubspot, kind=CLAIM, stage="status", label=LABEL)  # type: ignore[assignment]
        self.spelling = self.crm._spelling()  # type: ignore[attr-defined]

    def create(self, kind: str, *rows: Mapping[str, Text]) -> list[str]:
        return super().create(*self._spelt(kind, *rows))

    def edit(self, kind: str, row_id: str, values: Mapping[str, Text]) -> None:
        if kind == CLAIM:
            kind, values = "deals", {self.spelling.field(name): value for name, value in values.items()}
        super().edit(kind, row_id, values)

    def drop(self, kind: str, row_id: str) -> None:
        super().drop("deals" if kind == CLAIM else kind, row_id)

    def merge(self, kind: str, loser: str, winner: str) -> None:
        super().merge("deals" if kind == CLAIM else kind, loser, winner)

    def hide(self, kind: str, field: str) -> None:
        super().hide("deals", self.spelling.field(field))

    def close(self) -> None:
        self._person.close()
        self.hubspot.close()

    def _spelt(self, kind: str, *rows: Mapping[str, Text]) -> tuple[str, *tuple[Mapping[str, Text], ...]]:
        if kind != CLAIM:
            return kind, *rows
        first = {
            "dealname": "filed",
            "pipeline": self.spelling.pipeline,
            "dealstage": self.spelling.stages["draft"],
        }
        return "deals", *(first | {self.spelling.field(name): value for name, value in row.items()} for row in rows)


@pytest.fixture
def rig() -> Iterator[PlainRig]:
    with start(World(hubspot={"portal": {"custom_objects": False}})) as sandbox:
        rig = PlainRig(sandbox)
        yield rig
        rig.close()


class TestPlainHubSpot(WireContract):
    @pytest.fixture
    def rig(self, rig: PlainRig) -> WireRig:
        return rig


def test_deals_and_registrations_do_not_see_each_other(rig: PlainRig) -> None:
    [deal] = rig.create("deals", {**DEAL, "hubspot_owner_id": None})
    [claim] = rig.create(CLAIM, {"registration_name": "Acme"})
    for kind, own in (("deals", deal), (CLAIM, claim)):
        records = [record for page in rig.crm.changes(kind, ["id"], None) for record in page.records]
        assert [(record.ref.kind, record.ref.id, record.values) for record in records] == [(kind, own, (own,))]
        assert [record.ref.id for record in rig.crm.read(kind, [deal, claim], ["id"])] == [own]
        assert [found for ids in rig.crm.ids(kind) for found in ids] == [own]


def test_each_pipeline_of_deals_offers_its_stages_and_that_of_registrations_is_none_of_them(rig: PlainRig) -> None:
    [usual] = rig.crm.record_types("deals").values()
    assert {"appointmentscheduled", "closedwon"} <= set(usual["dealstage"])
    assert set(rig.hubspot.record_types("deals")) == {*rig.crm.record_types("deals"), LABEL}
    assert rig.crm.record_types("companies") == rig.crm.record_types(CLAIM) == {}


def test_a_status_is_a_stage_and_the_deal_is_named_by_its_id(rig: PlainRig) -> None:
    [deal] = rig.create("deals", {**DEAL, "hubspot_owner_id": None})
    [claim] = rig.create(CLAIM, {"registration_name": "Acme"})
    values = (("status", "under_review"), ("deals#", deal), ("registration_name", "Acme & Co"))
    [outcome] = rig.crm.write([Change("c", Op.UPDATE, CLAIM, claim, values)])
    assert (outcome.fault, outcome.change.kind) == (None, CLAIM)
    [record] = rig.crm.read(CLAIM, [claim], ["status", "deals#", "registration_name", "hs_createdate"])
    assert record.values[:3] == ("under_review", deal, "Acme & Co")
    assert record.values[3]
    [there] = rig.hubspot.read("deals", [claim], ["dealstage"])
    assert there.values == (rig.spelling.stages["under_review"],)


def test_where_people_file_the_status_is_still_empty(rig: PlainRig) -> None:
    [claim] = rig.create(CLAIM, {"registration_name": "Acme"})
    for status in (None, "draft", None):
        [outcome] = rig.crm.write([Change("c", Op.UPDATE, CLAIM, claim, (("status", status),))])
        assert outcome.fault is None
        [record] = rig.crm.read(CLAIM, [claim], ["status"])
        assert record.values == (status,)


def test_an_upsert_starts_a_new_claim_where_people_file_and_leaves_an_old_one_where_it_is(rig: PlainRig) -> None:
    for values in ((("registration_name", "new"),), (("status", "approved"),), (("registration_name", "again"),)):
        [outcome] = rig.crm.write([Change("c", Op.UPSERT, CLAIM, "f1", values, by="filing_key")])
        assert outcome.fault is None
    [record] = rig.crm.read(CLAIM, ["f1"], ["status", "registration_name"], by="filing_key")
    assert record.values == ("approved", "again")


def test_it_is_described_under_its_own_names(rig: PlainRig) -> None:
    fields = {field.name: field for field in rig.crm.describe(CLAIM)}
    assert fields["status"].options == ("draft", "under_review", "approved", "rejected")
    assert fields["filing_key"].unique
    assert {"registration_name", "deals#", "companies#Registering partner", "hs_createdate"} <= set(fields)
    assert "dealname" not in fields
    assert "dealname" in {field.name for field in rig.crm.describe("deals")}


def test_a_portal_without_the_pipeline_pauses_the_mapping_and_says_so(rig: PlainRig) -> None:
    crm = PlainCrm(rig.hubspot, kind=CLAIM, stage="status", label="Claims")
    with pytest.raises(PauseMapping, match="no pipeline of deals is called 'Claims'"):
        crm.read(CLAIM, ["1"], ["status"])
    [outcome] = crm.write([Change("c", Op.UPDATE, CLAIM, "1", (("status", "draft"),))])
    assert isinstance(outcome.fault, PauseMapping)
