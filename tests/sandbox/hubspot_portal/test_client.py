"""HubSpot's own, unmodified client on the paths it knows."""

from __future__ import annotations

import json

import pytest
from hubspot import HubSpot
from hubspot.crm import deals as official
from hubspot.crm.associations.v4 import models as links

from .portal import DEAL, Portal


def test_client_writes_and_reads_one_deal(client: HubSpot) -> None:
    basic = client.crm.deals.basic_api
    made = basic.create(
        official.SimplePublicObjectInputForCreate(properties={**DEAL, "amount": "100"}, associations=[])
    )
    basic.update(made.id, official.SimplePublicObjectInput(properties={"dealstage": "closedwon"}))
    read = basic.get_by_id(made.id, properties=["dealstage", "hs_is_closed_won", "closedate", "amount"])
    assert read.properties["dealstage"] == "closedwon"
    assert read.properties["hs_is_closed_won"] == "true"
    assert read.properties["closedate"] is None
    assert read.updated_at >= read.created_at
    basic.archive(made.id)
    with pytest.raises(official.ApiException) as gone:
        basic.get_by_id(made.id)
    assert (gone.value.status, json.loads(gone.value.body)["category"]) == (404, "OBJECT_NOT_FOUND")
    assert basic.get_by_id(made.id, archived=True).archived_at


def test_client_lists_every_company(client: HubSpot) -> None:
    companies = client.crm.companies.get_all(properties=["name", "is_partner"])
    found = {each.id: each.properties for each in companies}
    assert found["7"]["is_partner"] == "true"
    assert found["8"]["is_partner"] is None


def test_client_writes_deals_in_batches(client: HubSpot) -> None:
    api = client.crm.deals.batch_api
    inputs = [{"properties": {**DEAL, "dealname": f"B{number}"}, "associations": []} for number in range(3)]
    made = api.create(official.BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs))
    assert [row.properties["dealname"] for row in made.results] == ["B2", "B1", "B0"]
    ids = [row.id for row in made.results]
    updates = [{"id": id_, "properties": {"amount": "5"}} for id_ in ids]
    api.update(official.BatchInputSimplePublicObjectBatchInput(inputs=updates))
    asked = {
        "inputs": [{"id": id_} for id_ in [*ids, "999"]],
        "properties": ["amount"],
        "propertiesWithHistory": [],
    }
    read = api.read(asked)
    assert {row.id: row.properties["amount"] for row in read.results} == dict.fromkeys(ids, "5")
    assert (read.num_errors, read.errors[0].category, read.errors[0].context) == (
        1,
        "OBJECT_NOT_FOUND",
        {"ids": ["999"]},
    )
    api.archive(official.BatchInputSimplePublicObjectId(inputs=[{"id": id_} for id_ in ids]))
    assert api.read(asked).results == []


def test_client_searches(client: HubSpot) -> None:
    request = official.PublicObjectSearchRequest(
        filter_groups=[
            {
                "filters": [
                    {"propertyName": "hs_object_id", "operator": "BETWEEN", "value": "100", "highValue": "109"}
                ]
            }
        ],
        sorts=[{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
        properties=["dealname"],
        limit=4,
    )
    page = client.crm.deals.search_api.do_search(request)
    assert (page.total, [row.id for row in page.results]) == (10, ["109", "108", "107", "106"])
    assert page.paging.next.after == "4"


def test_client_links_records(client: HubSpot, portal: Portal) -> None:
    deal, company = portal.new(), portal.new("companies", name="Linked")
    api = client.crm.associations.v4.batch_api
    ends = {"_from": {"id": deal}, "to": {"id": company}}
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 5}]
    post = links.PublicAssociationMultiPost(**ends, types=types)
    made = api.create("deals", "companies", links.BatchInputPublicAssociationMultiPost(inputs=[post]))
    assert made.results[0].labels == ["Primary"]
    asked = links.BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": deal}, {"id": "999"}])
    read = api.get_page("deals", "companies", asked)
    kinds = {(each.type_id, each.label) for each in read.results[0].to[0].association_types}
    assert kinds == {(341, None), (5, "Primary")}
    assert read.errors[0].sub_category == "crm.associations.NO_ASSOCIATIONS_FOUND"
    api.archive("deals", "companies", {"inputs": [{"from": {"id": deal}, "to": [{"id": company}]}]})
    assert api.get_page("deals", "companies", asked).results == []


def test_client_defines_labels(client: HubSpot) -> None:
    api = client.crm.associations.v4.schema.definitions_api
    both = api.create("deals", "contacts", {"label": "Buyer", "name": "buyer", "inverseLabel": "Bought"}).results
    assert [each.label for each in both] == ["Buyer", "Bought"]
    known = {(each.type_id, each.label) for each in api.get_all("deals", "contacts").results}
    assert known == {(3, None), (both[0].type_id, "Buyer")}
    api.remove("deals", "contacts", both[0].type_id)
    assert [each.type_id for each in api.get_all("contacts", "deals").results] == [4]


def test_client_reads_definitions(client: HubSpot) -> None:
    properties = {each.name: each for each in client.crm.properties.core_api.get_all("deals").results}
    assert properties["hs_is_closed"].calculated
    assert properties["hs_lastmodifieddate"].modification_metadata.read_only_value
    currencies = [option.value for option in properties["deal_currency_code"].options]
    assert currencies[0] == "EUR"
    stages = client.crm.pipelines.pipelines_api.get_all("deals").results[0].stages
    assert [(s.id, s.metadata["isClosed"], s.metadata["probability"]) for s in stages[-2:]] == [
        ("closedwon", "true", "1.0"),
        ("closedlost", "true", "0.0"),
    ]
    assert [owner.id for owner in client.crm.owners.get_all()] == ["77"]
    types = {each.name: each for each in client.crm.schemas.core_api.get_all().results}
    assert types["partner_registration"].object_type_id.startswith("2-")
    assert types["partner_registration"].fully_qualified_name == "p4711_partner_registration"


def test_client_creates_a_property(client: HubSpot, portal: Portal) -> None:
    api = client.crm.properties.core_api
    client.crm.properties.groups_api.create("companies", {"name": "ours", "label": "Ours"})
    egg = {"name": "our_key", "label": "Our key", "type": "string", "fieldType": "text", "groupName": "ours"}
    assert api.create("companies", egg | {"hasUniqueValue": True}).has_unique_value
    id_ = portal.new("companies", name="Keyed", our_key="k1")
    assert portal.objects("GET", "companies/k1", idProperty="our_key").json()["id"] == id_
    again = portal("POST", "/crm/properties/{V}/companies", egg)
    assert (again.status_code, again.json()["category"]) == (409, "OBJECT_ALREADY_EXISTS")
