"""What `dealsync doctor` says of a Salesforce org: each check sees its fault, and is quiet without one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connector.finding import Finding, Severity, Use
from connector.record import FieldInfo, FieldType, Identity
from connector.salesforce.checks import CHECKS, Facts, Seen, evaluate
from connector.salesforce.crm import SalesforceCrm
from connector.sandbox.salesforce.org import Org
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World
from connector.snapshot import drift, snapshot

from .salesforce_rig import SERVICE, SalesforceRig

OURS, DEAL = "Partner_Attribution__c", "Opportunity"
USES = [
    Use(
        OURS,
        reads=("Engine_Key__c", "Share__c"),
        writes=("Engine_Key__c", "Opportunity__c", "Share__c", "Split_Status__c"),
        key="Engine_Key__c",
        options={"Split_Status__c": ("Draft", "Locked")},
        types={"Share__c": (FieldType.NUMBER,)},
    ),
    Use(
        DEAL,
        reads=("Name", "StageName", "Amount"),
        writes=("Deal_Reg_Status__c",),
        options={"Deal_Reg_Status__c": ("Approved", "Lost")},
    ),
]
RULES = {
    "DuplicateRule": [{"DeveloperName": "Same_key", "SobjectType": OURS, "IsActive": True}],
    "MatchingRule": [{"Id": "0JD000000000001", "SobjectType": OURS, "RuleStatus": "Active"}],
    "MatchingRuleItem": [{"MatchingRuleId": "0JD000000000001", "Field": "Opportunity__c"}],
}
TYPES = {DEAL: {"record_types": {"Partner": {"Deal_Reg_Status__c": ["Approved"]}, "Direct": {}}}}
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with start(World()) as running:
        yield running


@pytest.fixture
def org(server: Sandbox) -> SalesforceRig:
    server.salesforce.switchboard.settings.clear()
    server.salesforce.switchboard.faults.clear()
    server.salesforce.switchboard.offset = timedelta()
    server.salesforce.org = Org({}, server.salesforce.switchboard)
    return SalesforceRig(server)


def said(crm: SalesforceCrm, severity: Severity = Severity.ERROR) -> list[tuple[str, str, str]]:
    found = crm.check(USES, datetime.now(UTC))
    return [(each.place.removeprefix("sf: "), each.what, each.fix) for each in found if each.severity is severity]


def one(crm: SalesforceCrm, place: str) -> Finding:
    [found] = [each for each in crm.check(USES, datetime.now(UTC)) if each.place == f"sf: {place}"]
    return found


def test_a_sound_org_is_all_well_but_for_what_it_will_not_say(org: SalesforceRig) -> None:
    found = org.crm.check(USES, datetime.now(UTC))
    assert {each.severity for each in found} == {Severity.OK}
    assert [each.what for each in found] == [title for title, _ in CHECKS]
    assert all(each.place == "sf" and not each.fix for each in found)


def test_nobody_answering_is_the_only_finding(org: SalesforceRig) -> None:
    crm = SalesforceCrm("sf", {"url": "http://127.0.0.1:9", **SERVICE}, ledger=org.ledger)
    [found] = crm.check(USES, datetime.now(UTC))
    assert (found.severity, "no sign-in" in found.what) == (Severity.ERROR, True)
    assert found.fix


def test_a_wrong_secret_is_the_only_finding_and_says_where_to_correct_it(org: SalesforceRig) -> None:
    settings = {"url": org.sandbox.salesforce_url, **SERVICE, "client_secret": "wrong-one"}
    [found] = SalesforceCrm("sf", settings, ledger=org.ledger).check(USES, datetime.now(UTC))
    assert "config.toml" in found.fix
    assert "wrong-one" not in str(found)


@pytest.mark.parametrize(("offset", "words"), [(-300, "ahead of"), (300, "behind")])
def test_a_clock_that_is_off_is_told_with_its_direction(org: SalesforceRig, offset: int, words: str) -> None:
    org.switchboard.offset = timedelta(seconds=offset)
    assert words in one(org.crm, "clock").what


def test_an_object_that_is_not_there_is_one_finding(org: SalesforceRig) -> None:
    org.switchboard.settings["hidden_objects"] = [OURS]
    [(place, _, fix)] = said(org.crm)
    assert (place, "package" in fix) == (OURS, True)


def test_a_hidden_field_is_told_from_one_that_does_not_exist(org: SalesforceRig) -> None:
    org.switchboard.settings["hidden_fields"] = {OURS: ["Share__c"], DEAL: []}
    uses = [*USES, Use("Account", reads=("No_Such__c",))]
    found = {each.place: each for each in org.crm.check(uses, datetime.now(UTC)) if each.severity is Severity.ERROR}
    assert "field-level security" in found[f"sf: {OURS}.Share__c"].what
    assert "not there" in found["sf: Account.No_Such__c"].what


def test_without_the_tooling_api_it_says_what_it_could_not_look_at(org: SalesforceRig) -> None:
    org.switchboard.settings |= {"setup_access": False, "hidden_fields": {OURS: ["Share__c"]}}
    assert "hidden from us" in one(org.crm, f"{OURS}.Share__c").what
    assert "level of access" in one(org.crm, "validation rules").what


def test_a_field_that_we_may_only_look_at(org: SalesforceRig) -> None:
    assert said(org.crm) == []
    org.switchboard.settings["read_only_fields"] = {OURS: ["Share__c"]}
    assert "Edit on the field" in one(org.crm, f"{OURS}.Share__c").fix


def test_validation_rules_are_named_when_they_touch_what_we_write(org: SalesforceRig) -> None:
    rule = {"object": DEAL, "field": "Deal_Reg_Status__c", "forbids": "Lost", "message": "Never lost"}
    off = {**rule, "name": "Off", "active": False}
    other = {**rule, "name": "Other", "field": "Amount"}
    org.switchboard.settings["validation_rules"] = [{**rule, "name": "No_loss"}, off, other]
    found = said(org.crm, Severity.WARNING)
    assert [place for place, *_ in found] == [DEAL]
    assert "No_loss looks at Deal_Reg_Status__c (Never lost)" in found[0][1]


def test_duplicate_rules_and_record_types(org: SalesforceRig) -> None:
    org.sandbox.salesforce.org = Org({"objects": RULES, "schema": TYPES}, org.switchboard)
    found = said(org.crm, Severity.WARNING)
    assert [(place, "Same_key" in what, "Partner" in what) for place, what, _ in found] == [
        (f"{DEAL}.Deal_Reg_Status__c", False, True),
        (OURS, True, False),
    ]


def test_what_each_record_type_offers_is_asked_of_the_org(org: SalesforceRig) -> None:
    org.sandbox.salesforce.org = Org({"objects": RULES, "schema": TYPES}, org.switchboard)
    found = org.crm.record_types(DEAL)
    whole = next(field.options for field in org.crm.describe(DEAL) if field.name == "Deal_Reg_Status__c")
    assert set(found) == {"Partner", "Direct"}
    assert found["Partner"]["Deal_Reg_Status__c"] == ("Approved",)
    assert found["Direct"]["Deal_Reg_Status__c"] == whole
    assert org.crm.record_types(OURS) == {}


def test_a_nearly_spent_day(org: SalesforceRig) -> None:
    org.switchboard.settings["daily_limit"] = 100
    for _ in range(65):
        org.sandbox.salesforce.org.spend()
    assert "are left today" in one(org.crm, "limits").what


def test_native_lists_are_checked_for_what_they_need(org: SalesforceRig) -> None:
    partners = Use("OpportunityPartner", writes=("OpportunityId", "AccountToId", "Role", "IsPrimary"))
    splits = Use("OpportunitySplit", writes=("SplitPercentage",))
    assert {each.severity for each in org.crm.check([partners, splits], datetime.now(UTC))} == {Severity.OK}
    org.switchboard.settings["hidden_objects"] = ["OpportunityTeamMember"]
    fresh = SalesforceRig(org.sandbox)
    [found] = [
        each for each in fresh.crm.check([partners, splits], datetime.now(UTC)) if each.severity is Severity.ERROR
    ]
    assert (found.place, "turn on opportunity splits" in found.fix) == ("sf: OpportunitySplit", True)


def test_what_the_checks_cost(org: SalesforceRig) -> None:
    org.crm.check(USES, datetime.now(UTC))
    assert org.ledger.calls["sf", "api"] == 2 + len(USES) + len(USES) + 1, (
        "who, edition, rules, describes, duplicates"
    )


# each pure check by itself


def field(name: str, **more: object) -> FieldInfo:
    return FieldInfo(name, name, **{"type": FieldType.TEXT, **more})  # type: ignore[arg-type]


def findings(seen: Seen, use: Use, **more: object) -> list[str]:
    who = Identity("00D", "me", "Enterprise Edition", NOW, daily_limit=100, daily_used=1)
    facts = Facts("sf", "v62.0", NOW, **{"identity": who, "seen": {"X": seen}, **more})  # type: ignore[arg-type]
    return [f"{each.severity} {each.place} {each.what}" for each in evaluate(facts, [use]) if each.fix]


KEY = field("K", unique=True)
SOUND = Seen((KEY,), *(frozenset({"K"}) for _ in range(4)))


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        (Seen((field("K"),), *(frozenset({"K"}) for _ in range(4))), "is not unique"),
        (Seen((KEY,), frozenset("K"), frozenset("K")), "is no External ID"),
        (Seen((), frozenset(), frozenset()), "is not there for us"),
        (Seen((KEY,), *(frozenset({"K"}) for _ in range(4)), allows_create=False), "may not create rows"),
        (Seen((KEY, field("Must", required=True)), *(frozenset({"K"}) for _ in range(4))), "Must must be filled"),
    ],
)
def test_what_makes_an_upsert_unsafe_or_impossible(seen: Seen, what: str) -> None:
    found = findings(seen, Use("X", writes=("K",), key="K"))
    assert any(what in line for line in found), found
    assert findings(SOUND, Use("X", writes=("K",), key="K")) == []


@pytest.mark.parametrize(
    ("restricted", "severity"), [(frozenset({"K"}), Severity.ERROR), (frozenset(), Severity.WARNING)]
)
def test_a_missing_option_is_as_bad_as_the_picklist_is_strict(
    restricted: frozenset[str], severity: Severity
) -> None:
    everything = frozenset({"K"})
    seen = Seen((field("K", options=("A",)),), everything, everything, restricted=restricted)
    found = findings(seen, Use("X", writes=("K",), options={"K": ("A", "B")}))
    assert found == [f"{severity} sf: X.K does not offer B, which we write"]


def test_types_versions_and_editions() -> None:
    use = Use("X", reads=("K",), types={"K": (FieldType.NUMBER,)})
    assert findings(SOUND, use) == ["error sf: X.K is text, not number"]
    assert [each.severity for each in evaluate(Facts("sf", "v45.0", NOW, seen={}), [])].count(Severity.ERROR) == 1
    small = Identity("00D", "me", "Professional Edition", NOW, daily_limit=100, daily_used=1)
    assert findings(SOUND, Use("X"), identity=small) == [
        "warning sf: edition Professional Edition has the API only as an add-on"
    ]


def test_a_snapshot_of_the_org_can_be_stored_and_its_drift_told(org: SalesforceRig) -> None:
    before = snapshot("sf", OURS, org.crm.describe(OURS))
    org.switchboard.settings["hidden_fields"] = {OURS: ["Share__c"]}
    org.sandbox.salesforce.org = Org(
        {
            "schema": {
                OURS: {
                    "fields": {
                        "Amount__c": {"type": "string", "length": 10},
                        "Roles__c": {"type": "string", "length": 255, "required": True},
                        "Split_Status__c": {"type": "picklist", "values": ["Draft"], "restricted": True},
                    }
                }
            }
        },
        org.switchboard,
    )
    found = [str(each) for each in drift(before, snapshot("sf", OURS, org.crm.describe(OURS))) if each.breaks]
    assert f"{OURS}.Share__c was removed, renamed or hidden from our user" in found
    assert f"{OURS}.Amount__c was number and is text" in found
    assert f"{OURS}.Roles__c became required" in found
    assert any("Split_Status__c lost the options Proposed" in line for line in found)


def test_an_unchanged_describe_is_not_sent_again(org: SalesforceRig) -> None:
    catalogue = org.crm._catalogue
    first = catalogue.fields(OURS)
    catalogue.doubt(OURS)
    org.switchboard.calls.clear()
    assert catalogue.fields(OURS) is first
    org.calls()
    assert [call.status for call in org.switchboard.calls] == [304]
    org.switchboard.settings["hidden_fields"] = {OURS: ["Share__c"]}
    org.advance(2)
    catalogue.doubt(OURS)
    assert "Share__c" not in catalogue.fields(OURS)
