"""Single records on the dated paths: addresses, values, history, merge and recycle bin."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from connector.sandbox.hubspot import people
from connector.sandbox.serve import Sandbox

from .portal import STAMP, Portal, codes, links_of


@pytest.mark.parametrize("name", ["deals", "deal", "0-3"])
@pytest.mark.parametrize("prefix", ["/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09"])
def test_one_record_has_many_addresses(portal: Portal, prefix: str, name: str) -> None:
    answer = portal("GET", f"{prefix}/{name}/100", properties="amount", associations="companies").json()
    assert answer["properties"] == {
        "amount": "12.5",
        "hs_object_id": "100",
        "createdate": STAMP,
        "hs_lastmodifieddate": STAMP,
    }
    assert answer["url"].endswith("/contacts/4711/record/0-3/100")
    kinds = {(each["id"], each["type"]) for each in answer["associations"]["companies"]["results"]}
    assert kinds == {
        ("7", "deal_to_company"),
        ("7", "deal_to_company_unlabeled"),
        ("8", "deal_to_company_unlabeled"),
        ("8", "Referral partner"),
    }


def test_custom_objects_are_named_three_ways(portal: Portal) -> None:
    for name in ("partner_attribution", "2-41170302", "p4711_partner_attribution", "p_partner_attribution"):
        record = portal.objects("GET", f"{name}/500").json()
        assert record["properties"]["engine_key"] == "d100:p8"
        assert "hs_createdate" in record["properties"]


def test_an_unknown_object_type(portal: Portal) -> None:
    answer = portal.objects("GET", "butterflies")
    assert answer.status_code == 400
    assert answer.json()["message"] == "Unable to infer object type from: butterflies"
    assert "category" not in answer.json()


def test_list_pages_carry_every_parameter(portal: Portal) -> None:
    page = portal.objects("GET", "deals", limit=3, properties="dealname,amount", associations="companies").json()
    following = page["paging"]["next"]
    assert following["after"] == str(int(page["results"][-1]["id"]) + 1)
    second = portal.session.get(following["link"], timeout=5).json()
    assert second["results"][0]["id"] == following["after"]
    assert second["results"][0]["properties"].keys() >= {"dealname", "amount"}
    assert "associations" in second["results"][0]


@pytest.mark.parametrize(("limit", "history"), [(101, ""), (51, "amount")])
def test_list_limit(portal: Portal, limit: int, history: str) -> None:
    answer = portal.objects("GET", "deals", limit=limit, propertiesWithHistory=history)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_history_tells_the_app_from_a_person(sandbox: Sandbox, portal: Portal) -> None:
    id_ = portal.new(amount="1")
    person = Portal(sandbox.hubspot_url, "pat-person")
    person.objects("PATCH", f"deals/{id_}", {"properties": {"amount": "2"}})
    person.session.close()
    history = portal.objects("GET", f"deals/{id_}", propertiesWithHistory="amount").json()
    entries = history["propertiesWithHistory"]["amount"]
    assert [(each["value"], each["sourceType"]) for each in entries] == [("2", "CRM_UI"), ("1", "INTEGRATION")]
    assert entries[0]["updatedByUserId"] == 9001


def test_a_write_moves_the_stamp_and_a_link_does_not(sandbox: Sandbox, portal: Portal) -> None:
    deal, company = portal.new(), portal.new("companies", name="Late")
    before = portal.properties("deals", deal)["hs_lastmodifieddate"]
    sandbox.hubspot.switchboard.offset = timedelta(hours=1)
    portal("PUT", f"/crm/objects/{{V}}/deals/{deal}/associations/default/companies/{company}")
    assert portal.properties("deals", deal)["hs_lastmodifieddate"] == before
    portal.objects("PATCH", f"deals/{deal}", {"properties": {"amount": "1"}})
    assert portal.properties("deals", deal)["hs_lastmodifieddate"] > before


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"amount": 12.50}, "12.5"),
        ({"amount": "1234.50"}, "1234.50"),
        ({"amount": ""}, None),
        ({"partner_conflict": True}, "true"),
        ({"partner_protection_end": "2026-03-31"}, "2026-03-31"),
        ({"partner_protection_end": "1774915200000"}, "2026-03-31"),
        ({"closedate": "1774915200123"}, "2026-03-31T00:00:00.123Z"),
        ({"closedate": "2026-03-31T02:00:00.000+02:00"}, "2026-03-31T00:00:00Z"),
    ],
)
def test_values_come_back_as_text(portal: Portal, given: dict[str, Any], stored: str | None) -> None:
    answer = portal.objects("PATCH", "deals/101", {"properties": given})
    assert answer.status_code == 200, answer.text
    assert portal.properties("deals", "101", *given)[next(iter(given))] == stored


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"bogus": "1"}, "PROPERTY_DOESNT_EXIST"),
        ({"dealstage": "won"}, "INVALID_OPTION"),
        ({"deal_currency_code": "XXX"}, "INVALID_OPTION"),
        ({"partner_conflict": "yes"}, "INVALID_OPTION"),
        ({"amount": "1,234"}, "INVALID_NUMBER"),
        ({"partner_protection_end": "31.03.2026"}, "INVALID_DATE"),
        ({"partner_protection_end": "1774915200001"}, "INVALID_DATE"),
        ({"closedate": "soon"}, "INVALID_DATE"),
        ({"hs_is_closed": "true"}, "READ_ONLY_VALUE"),
        ({"hs_object_id": "5"}, "READ_ONLY_VALUE"),
    ],
)
def test_values_that_are_refused(portal: Portal, given: dict[str, str], code: str) -> None:
    answer = portal.objects("PATCH", "deals/102", {"properties": {**given, "dealname": "Refused"}})
    body = answer.json()
    assert (answer.status_code, body["category"], codes(answer)) == (400, "VALIDATION_ERROR", [code])
    prefix = "Property values were not valid: "
    verdicts = json.loads(body["message"].removeprefix(prefix))
    assert [(each["error"], each["name"]) for each in verdicts] == [(code, next(iter(given)))]
    assert portal.properties("deals", "102", "dealname")["dealname"] == "Deal 102"


def test_an_integer_that_is_none(portal: Portal) -> None:
    answer = portal.objects("PATCH", "companies/8", {"properties": {"hs_parent_company_id": "1.5"}})
    assert codes(answer) == ["INVALID_INTEGER"]


def test_several_options_are_set_and_appended(portal: Portal) -> None:
    id_ = portal.new("companies", name="Regions", agreement_regions="na;emea")
    portal.objects("PATCH", f"companies/{id_}", {"properties": {"agreement_regions": ";apac"}})
    assert portal.properties("companies", id_, "agreement_regions")["agreement_regions"] == "na;emea;apac"


def test_required_properties(portal: Portal) -> None:
    answer = portal.objects("POST", "deals", {"properties": {"dealname": "No stage"}})
    assert answer.status_code == 400
    assert answer.json()["message"] == "Error creating DEAL. Some required properties were not set."
    assert answer.json()["context"] == {"properties": ["dealstage", "pipeline"]}


def test_a_merge_leaves_one_record(portal: Portal) -> None:
    winner, loser = portal.new(amount="1"), portal.new(amount="2", partner_primary="8")
    spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}
    ends = {"from": {"id": loser}, "to": {"id": "8"}}
    portal("POST", "/crm/associations/{V}/deals/companies/batch/create", {"inputs": [ends | {"types": [spec]}]})
    merged = portal.objects("POST", "deals/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})
    assert merged.json()["id"] == winner
    record = portal.objects(
        "GET", f"deals/{loser}", properties="amount,partner_primary,hs_merged_object_ids", associations="companies"
    ).json()
    assert record["id"] == winner
    assert record["properties"]["amount"] == "1"
    assert record["properties"]["partner_primary"] == "8"
    assert record["properties"]["hs_merged_object_ids"] == loser
    assert {each["id"] for each in record["associations"]["companies"]["results"]} == {"8"}
    assert portal.objects("PATCH", f"deals/{loser}", {"properties": {"amount": "3"}}).json()["id"] == winner
    read = portal.objects("POST", "deals/batch/read", {"inputs": [{"id": loser}]})
    assert (read.status_code, [row["id"] for row in read.json()["results"]]) == (200, [winner])
    update = portal.objects(
        "POST", "deals/batch/update", {"inputs": [{"id": loser, "properties": {"amount": "4"}}]}
    )
    assert update.status_code == 207
    assert update.json()["errors"][0]["context"] == {"ids": [loser]}
    assert loser not in [row["id"] for row in portal.objects("GET", "deals", limit=100).json()["results"]]


def test_the_recycle_bin(portal: Portal) -> None:
    id_ = portal.new()
    assert [portal.objects("DELETE", f"deals/{id_}").status_code for _ in range(2)] == [204, 204]
    listed = portal.objects("GET", "deals", archived="true", limit=100).json()["results"]
    assert [row["archivedAt"] for row in listed if row["id"] == id_]
    inputs = {"inputs": [{"id": id_}]}
    assert portal.objects("POST", "deals/batch/read", inputs).status_code == 207
    assert portal.objects("POST", "deals/batch/read", inputs, archived="true").status_code == 200
    assert portal.objects("POST", "deals/batch/archive", inputs).status_code == 204


def test_a_restored_record_is_as_it_was_its_stamp_too(sandbox: Sandbox, portal: Portal) -> None:
    id_ = portal.new(amount="1")
    before = portal.properties("deals", id_, "amount")
    portal.objects("DELETE", f"deals/{id_}")
    people.restore(sandbox.hubspot.portal, "deals", id_)
    assert portal.properties("deals", id_, "amount") == before
    listed = portal.objects("GET", "deals", archived="true", limit=100).json()["results"]
    assert id_ not in [row["id"] for row in listed]


def test_a_merge_may_give_the_survivor_a_new_id(sandbox: Sandbox, portal: Portal) -> None:
    winner, loser = portal.new(amount="1"), portal.new()
    portal.objects("PUT", f"deals/{loser}/associations/default/companies/8")
    sandbox.hubspot.switchboard.settings["merge_mints"] = True
    body = {"primaryObjectId": winner, "objectIdToMerge": loser}
    new = portal.objects("POST", "deals/merge", body).json()["id"]
    assert new not in {winner, loser}
    for old in (winner, loser, new):
        record = portal.objects("GET", f"deals/{old}", properties="amount,hs_merged_object_ids").json()
        assert (record["id"], record["properties"]["amount"]) == (new, "1")
        assert record["properties"]["hs_merged_object_ids"] == f"{loser};{winner}"
    assert [to["toObjectId"] for to in links_of(portal, "deals", new, "companies").json()["results"][0]["to"]] == [
        8
    ]


def test_another_rate_changes_amounts_and_no_stamp(sandbox: Sandbox, portal: Portal) -> None:
    id_ = portal.new(amount="10.5", deal_currency_code="USD")
    names = ("amount_in_home_currency", "hs_lastmodifieddate")
    assert portal.properties("deals", id_, *names)["amount_in_home_currency"] is None
    before = portal.properties("deals", id_, *names)["hs_lastmodifieddate"]
    people.set_rate(sandbox.hubspot.portal, "USD", "0.9")
    after = portal.properties("deals", id_, *names)
    assert (after["amount_in_home_currency"], after["hs_lastmodifieddate"]) == ("9.45", before)
    rates = portal("GET", "/settings/currencies/{V}/exchange-rates/current").json()["results"]
    assert [(rate["fromCurrencyCode"], rate["toCurrencyCode"], rate["conversionRate"]) for rate in rates] == [
        ("USD", "EUR", 0.9)
    ]
    assert portal("GET", "/settings/v3/currencies/company-currency").json()["currencyCode"] == "EUR"
