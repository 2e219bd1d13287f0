"""Associations and labels on the dated paths, and custom objects made to be linked."""

from __future__ import annotations

from typing import Any

import pytest

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World

from .portal import Portal, links_of


def test_link_ids_are_a_string_and_a_number(portal: Portal) -> None:
    result = links_of(portal, "deals", "109", "companies").json()["results"][0]
    assert result["from"] == {"id": "109"}
    assert [to["toObjectId"] for to in result["to"]] == [7, 8]
    labels = [each["label"] for each in result["to"][1]["associationTypes"]]
    assert labels == [None, "Referral partner"]
    back = links_of(portal, "companies", "8", "deals").json()["results"][0]["to"]
    assert 109 in [to["toObjectId"] for to in back]


def test_no_link_is_an_error_line(portal: Portal) -> None:
    answer = links_of(portal, "deals", portal.new(), "companies")
    line = answer.json()["errors"][0]
    assert answer.status_code == 207
    assert line["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert line["message"].startswith("No company is associated with deal ")
    assert line["context"]["fromObjectType"] == ["deal"]


def test_links_of_one_record_come_in_pages(sandbox: Sandbox, portal: Portal) -> None:
    sandbox.hubspot.switchboard.settings["association_page_size"] = 1
    first = links_of(portal, "deals", "109", "companies").json()["results"][0]
    after = first["paging"]["next"]["after"]
    second = links_of(portal, "deals", "109", "companies", after=after).json()["results"][0]
    assert [to["toObjectId"] for to in first["to"] + second["to"]] == [7, 8]
    assert "paging" not in second


def test_a_new_primary_takes_the_place_of_the_old(portal: Portal) -> None:
    deal = portal.new()
    path = f"/crm/objects/{{V}}/deals/{deal}/associations/companies/"
    for company in ("7", "8"):
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]
        assert portal("PUT", path + company, types).status_code == 201
    to = links_of(portal, "deals", deal, "companies").json()["results"][0]["to"]
    assert {row["toObjectId"]: [each["typeId"] for each in row["associationTypes"]] for row in to} == {
        7: [341],
        8: [341, 5],
    }


def test_taking_a_label_off_leaves_the_link(portal: Portal) -> None:
    body = {
        "inputs": [
            {
                "from": {"id": "108"},
                "to": [{"id": "7"}],
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}],
            }
        ]
    }
    assert portal("POST", "/crm/associations/{V}/deals/companies/batch/labels/archive", body).status_code == 204
    to = links_of(portal, "deals", "108", "companies").json()["results"][0]["to"]
    assert [each["typeId"] for each in to[0]["associationTypes"]] == [341]


def test_a_wrong_type_id_is_an_error_line(portal: Portal) -> None:
    spec = {"associationCategory": "USER_DEFINED", "associationTypeId": 99999}
    body = {"inputs": [{"from": {"id": "100"}, "to": {"id": "7"}, "types": [spec]}]}
    answer = portal("POST", "/crm/associations/{V}/deals/companies/batch/create", body)
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["subCategory"] == "crm.associations.INVALID_ASSOCIATION_TYPE"


def test_ten_labels_and_no_more(portal: Portal) -> None:
    made = [
        portal("POST", "/crm/associations/{V}/companies/contacts/labels", {"label": f"L{n}", "name": f"l{n}"})
        for n in range(11)
    ]
    assert [answer.status_code for answer in made] == [200] * 10 + [400]


def test_a_custom_object_is_created_and_linked() -> None:
    with start(World(hubspot={"portal": {"custom_objects": False}})) as bare:
        portal = Portal(bare.hubspot_url)
        assert portal("GET", "/crm-object-schemas/{V}/schemas").json()["results"] == []
        key = {"name": "engine_key", "label": "Key", "type": "string", "fieldType": "text", "hasUniqueValue": True}
        body = {
            "name": "partner_attribution",
            "labels": {"singular": "Attribution", "plural": "Attributions"},
            "primaryDisplayProperty": "engine_key",
            "requiredProperties": ["engine_key"],
            "properties": [key],
            "associatedObjects": ["DEAL", "COMPANY"],
        }
        made = portal("POST", "/crm-object-schemas/{V}/schemas", body)
        assert made.status_code == 201, made.text
        type_id = made.json()["objectTypeId"]
        record, deal = portal.new(type_id, engine_key="k"), portal.new()
        body = {"inputs": [{"from": {"id": record}, "to": {"id": deal}}]}
        path = f"/crm/associations/{{V}}/{type_id}/deals/batch/associate/default"
        spec = portal("POST", path, body).json()["results"][0]["associationSpec"]
        assert spec["associationCategory"] == "USER_DEFINED"
        again = portal("POST", "/crm-object-schemas/{V}/schemas", made.json())
        assert again.status_code == 409
        portal.session.close()


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        ({"id": "1", "properties": {"colour": "red"}}, "colour: no such property"),
        ({"id": "1", "properties": {"amount": "a lot"}}, "a lot was not a valid number"),
        ({"id": "d1"}, "ids are numbers"),
        ({"id": "1", "associations": {"companies#": ["404"]}}, "no companies 404"),
    ],
)
def test_a_world_that_no_portal_could_hold(row: dict[str, Any], cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        start(World(hubspot={"objects": {"deals": [row]}}))
