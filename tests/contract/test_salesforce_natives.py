"""Salesforce's own lists of partners and splits: brought to what is wanted, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from connector.errors import InDoubt, PauseMapping, Rejected
from connector.record import Change, Op, Text
from connector.sandbox.salesforce.org import Org
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World

from .cases import faults, outcomes
from .salesforce_rig import SalesforceRig

CUSTOMER, FIRST, SECOND = (f"00100000000000{number}AAA" for number in (1, 2, 3))
DEAL, OTHER = "006000000000001AAA", "006000000000002AAA"
MEMBER, STRANGER = "005000000000001AAA", "005000000000002AAA"
OVERLAY, REVENUE, OLD = (f"14900000000000{number}AAA" for number in (1, 2, 3))
BY_PARTNER, BY_SPLIT = "OpportunityId:AccountToId:Role", "OpportunityId:SplitOwnerId:SplitTypeId"
WORLD = World(
    salesforce={
        "objects": {
            "Account": [{"Id": row, "Name": row} for row in (CUSTOMER, FIRST, SECOND)],
            "Opportunity": [
                {"Id": row, "Name": row, "AccountId": CUSTOMER, "StageName": "Proposal", "CloseDate": "2026-12-31"}
                for row in (DEAL, OTHER)
            ],
            "User": [{"Id": row, "Name": row} for row in (MEMBER, STRANGER)],
            "OpportunityTeamMember": [{"OpportunityId": DEAL, "UserId": MEMBER}],
            "OpportunitySplitType": [
                {"Id": OVERLAY, "DeveloperName": "Partner_Credit", "IsActive": True, "IsTotalValidated": False},
                {"Id": REVENUE, "DeveloperName": "Revenue", "IsActive": True, "IsTotalValidated": True},
                {"Id": OLD, "DeveloperName": "Old", "IsActive": False, "IsTotalValidated": False},
            ],
        }
    }
)


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with start(WORLD) as running:
        yield running


@pytest.fixture
def org(server: Sandbox) -> SalesforceRig:
    crm = server.salesforce
    crm.switchboard.settings.clear()
    crm.switchboard.faults.clear()
    crm.switchboard.calls.clear()
    crm.org = Org(WORLD.salesforce, crm.switchboard)
    return SalesforceRig(server)


def partner(account: str, role: str = "Reseller", primary: Text = None, deal: str = DEAL) -> Change:
    values = (("IsPrimary", primary),) if primary else ()
    key = f"{deal}:{account}:{role}"
    return Change(key, Op.UPSERT, "OpportunityPartner", key, values, by=BY_PARTNER)


def split(percent: Text, owner: str = MEMBER, kind: str = "Partner_Credit") -> Change:
    key = f"{DEAL}:{owner}:{kind}"
    return Change(key, Op.UPSERT, "OpportunitySplit", key, (("SplitPercentage", percent),), by=BY_SPLIT)


def removed(change: Change) -> Change:
    return replace(change, op=Op.REMOVE, values=())


def rows(org: SalesforceRig, kind: str) -> list[dict[str, object]]:
    return [row for row in org.sandbox.salesforce.rows(kind) if not row["IsDeleted"]]


def forward(org: SalesforceRig) -> set[tuple[object, object, object]]:
    """(account, role, primary) of the partners, without the rows of the other direction."""
    kept = (row for row in rows(org, "OpportunityPartner") if row["AccountToId"] != CUSTOMER)
    return {(row["AccountToId"], row["Role"], row["IsPrimary"]) for row in kept}


def writes(org: SalesforceRig) -> int:
    org.calls()
    return sum("composite" in call.path for call in org.switchboard.calls)


def test_a_partner_is_created_once_with_its_reverse_row(org: SalesforceRig) -> None:
    first = outcomes(org.crm, [partner(FIRST)])[partner(FIRST).id]
    assert (first.fault, first.created) == (None, True)
    again = outcomes(org.crm, [partner(FIRST)])[partner(FIRST).id]
    assert (again.fault, again.created) == (None, False)
    assert forward(org) == {(FIRST, "Reseller", False)}
    assert len(rows(org, "OpportunityPartner")) == 2, "one for each direction"
    assert writes(org) == 1, "what is there already is not written again"


def test_another_role_is_another_row_and_the_old_one_is_removed_by_its_own_key(org: SalesforceRig) -> None:
    outcomes(org.crm, [partner(FIRST)])
    moved = [replace(removed(partner(FIRST)), group="g"), replace(partner(FIRST, "Consultant"), group="g")]
    assert set(faults(org.crm, moved).values()) == {None}
    assert forward(org) == {(FIRST, "Consultant", False)}
    assert set(faults(org.crm, moved).values()) == {None}, "done already"


def test_the_primary_mark_moves_and_stays_with_one(org: SalesforceRig) -> None:
    assert set(faults(org.crm, [partner(FIRST, primary="true"), partner(SECOND)]).values()) == {None}
    assert set(faults(org.crm, [partner(SECOND, primary="true")]).values()) == {None}
    assert forward(org) == {(FIRST, "Reseller", False), (SECOND, "Reseller", True)}
    assert set(faults(org.crm, [partner(SECOND, primary="false")]).values()) == {None}
    assert forward(org) == {(FIRST, "Reseller", False), (SECOND, "Reseller", False)}


def test_two_primaries_of_one_deal_are_refused_and_of_two_deals_are_not(org: SalesforceRig) -> None:
    pair = [partner(FIRST, primary="true"), partner(SECOND, primary="true")]
    assert set(faults(org.crm, pair).values()) == {Rejected}
    apart = [partner(FIRST, primary="true"), partner(SECOND, primary="true", deal=OTHER)]
    assert set(faults(org.crm, apart).values()) == {None}


def test_a_call_holds_no_more_steps_than_salesforce_takes(
    org: SalesforceRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    deals = [(account, deal) for deal in (DEAL, OTHER) for account in (FIRST, SECOND)]
    wanted = [replace(partner(account, deal=deal), group=deal) for account, deal in deals]
    assert set(faults(org.crm, wanted).values()) == {None}
    monkeypatch.setattr("connector.salesforce.graph.NODES_PER_CALL", 4)
    before = writes(org)
    turned = [
        replace(partner(account, primary="true", deal=deal), group=f"{account} {deal}") for account, deal in deals
    ]
    first, second = turned[:1] + turned[2:3], turned[1:2] + turned[3:]
    assert set(faults(org.crm, first).values()) == {None}
    assert writes(org) - before == 1, "two partners, each a delete and a create"
    assert set(faults(org.crm, [*second, removed(replace(first[0], group="r"))]).values()) == {None}
    assert writes(org) - before == 3, "five steps"
    back = [replace(partner(SECOND, primary="false", deal=deal), group="g") for deal in (DEAL, OTHER)]
    found = outcomes(org.crm, [*back, replace(partner(FIRST, "Agency"), group="g")])
    assert all("5 changes in one group; at most 4" in str(outcome.fault) for outcome in found.values())


def test_a_role_that_the_org_does_not_have_is_refused_with_those_it_has(org: SalesforceRig) -> None:
    change = partner(FIRST, "Godparent")
    fault = outcomes(org.crm, [change])[change.id].fault
    assert isinstance(fault, Rejected)
    assert "Reseller" in fault.message
    assert writes(org) == 0


def test_a_partner_of_a_person_is_never_touched(org: SalesforceRig) -> None:
    row = {"OpportunityId": DEAL, "AccountToId": SECOND, "Role": "Agency", "IsPrimary": "true"}
    org._edit("POST", "sobjects/OpportunityPartner", {**row, "IsPrimary": True})
    outcomes(org.crm, [partner(FIRST)])
    assert set(faults(org.crm, [removed(partner(FIRST))]).values()) == {None}
    assert forward(org) == {(SECOND, "Agency", True)}


def test_a_lost_answer_is_in_doubt_and_the_caller_finds_the_row_by_its_key(org: SalesforceRig) -> None:
    org.crm.describe("OpportunityPartner")
    org.fault("drop_after", "write")
    change = partner(FIRST, primary="true")
    assert faults(org.crm, [change]) == {change.id: InDoubt}
    [record] = org.crm.read(
        "OpportunityPartner", [change.key, partner(SECOND).key], [BY_PARTNER, "IsPrimary"], by=BY_PARTNER
    )
    assert record.values == (change.key, "true")
    assert faults(org.crm, [change]) == {change.id: None}
    assert len(forward(org)) == 1


def test_a_split_credits_a_team_member_by_our_overlay_type(org: SalesforceRig) -> None:
    assert set(faults(org.crm, [split("150")]).values()) == {None}
    assert set(faults(org.crm, [split("33.33", kind=OVERLAY)]).values()) == {None}, "by id as by name"
    [row] = rows(org, "OpportunitySplit")
    assert (row["SplitOwnerId"], row["SplitTypeId"], str(row["SplitPercentage"])) == (MEMBER, OVERLAY, "33.33")
    [record] = org.crm.read("OpportunitySplit", [split("0").key], [BY_SPLIT, "SplitPercentage"], by=BY_SPLIT)
    assert record.values == (split("0").key, "33.33")
    assert set(faults(org.crm, [removed(split("0"))]).values()) == {None}
    assert rows(org, "OpportunitySplit") == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (split("100", kind="Revenue"), "overlay"),
        (split("100", kind=REVENUE), "overlay"),
        (split("100", kind="Old"), "overlay"),
        (split("100", owner=STRANGER), "opportunity team"),
        (split("100", owner=FIRST), "not a company"),
        (split("1001"), "0 to 1000"),
        (replace(split("1"), key="nonsense"), "opportunity:user"),
    ],
    ids=[
        "revenue type",
        "revenue type by id",
        "inactive type",
        "not on the team",
        "a company",
        "too much",
        "no key",
    ],
)
def test_a_split_that_must_not_be_is_refused_before_it_is_sent(
    org: SalesforceRig, change: Change, why: str
) -> None:
    fault = outcomes(org.crm, [change])[change.id].fault
    assert isinstance(fault, Rejected)
    assert why in fault.message
    assert (writes(org), rows(org, "OpportunitySplit")) == (0, [])


def test_splits_of_one_deal_land_together_or_not_at_all(org: SalesforceRig) -> None:
    pair = [replace(split("50"), group="g"), replace(split("50", owner=STRANGER), group="g")]
    assert set(faults(org.crm, pair).values()) == {Rejected}
    assert rows(org, "OpportunitySplit") == []


def test_an_org_without_the_lists_says_why(org: SalesforceRig) -> None:
    assert (org.crm.refuses("OpportunityPartner"), org.crm.refuses("OpportunitySplit")) == (None, None)
    org.switchboard.settings["hidden_objects"] = ["OpportunitySplit", "OpportunityPartner"]
    fresh = SalesforceRig(org.sandbox)
    assert "turn on opportunity splits" in str(fresh.crm.refuses("OpportunitySplit"))
    assert "turn on partners on opportunities" in str(fresh.crm.refuses("OpportunityPartner"))
    assert set(faults(fresh.crm, [partner(FIRST), split("1")]).values()) == {PauseMapping}


def test_an_org_that_lets_us_only_look_says_what_is_missing(org: SalesforceRig) -> None:
    org.switchboard.settings["read_only_fields"] = {"OpportunityPartner": ["Role"]}
    assert "may not write Role" in str(org.crm.refuses("OpportunityPartner"))
