"""Folders of exports become worlds: nothing is dropped silently, and defects stay where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.load import Loaded, load_exports
from connector.sandbox.salesforce.org import Org
from connector.sandbox.switchboard import Switchboard

HEADER = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value"
PIPELINE = {
    "accounts.csv": """account,sector,year_established,revenue,employees,office_location,subsidiary_of
Acme,technolgy,1996,1100.04,2822,United States,
Bolt,Finance,2001,5,10,Philipines,Acme
""",
    "products.csv": "product,series,sales_price\nGTX Pro,GTX,4821\n",
    "sales_teams.csv": """sales_agent,manager,regional_office
Anna Snelling,Dustin Brinkmann,Central
Cecily Lampkin,Dustin Brinkmann,Central
""",
    "sales_pipeline.csv": f"""{HEADER}
O1,Anna Snelling,GTX Pro,Bolt,Won,2016-10-20,2017-03-01,1054
O2,Cecily Lampkin,GTXPro,,Engaging,2016-11-02,,
O3,Anna Snelling,GTX Pro,Nobody,Lost,2016-11-02,2017-01-05,0
""",
    "notes.csv": "when,what\n1,x\n2,y\n",
}


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def pipeline(tmp_path: Path) -> Loaded:
    return load_exports(write(tmp_path, PIPELINE))


def by_name(loaded: Loaded, kind: str) -> dict[str, dict[str, Any]]:
    return {row["Name"]: row for row in loaded.salesforce["objects"][kind]}


def test_every_row_is_there(pipeline: Loaded) -> None:
    assert pipeline.files == {"accounts.csv": 2, "products.csv": 1, "sales_pipeline.csv": 3, "sales_teams.csv": 2}
    counts = {kind: len(rows) for kind, rows in pipeline.salesforce["objects"].items()}
    assert counts == {"Account": 2, "Product2": 1, "Opportunity": 3, "OpportunityLineItem": 3, "User": 3}


def test_rows_find_one_another(pipeline: Loaded) -> None:
    accounts, users = by_name(pipeline, "Account"), by_name(pipeline, "User")
    deal = by_name(pipeline, "Opportunity")["GTX Pro – Bolt"]
    line = pipeline.salesforce["objects"]["OpportunityLineItem"][0]
    assert accounts["Bolt"]["ParentId"] == accounts["Acme"]["Id"]
    assert deal["AccountId"] == accounts["Bolt"]["Id"]
    assert deal["OwnerId"] == users["Anna Snelling"]["Id"]
    assert users["Anna Snelling"]["ManagerId"] == users["Dustin Brinkmann"]["Id"]
    assert (deal["StageName"], deal["CloseDate"], str(deal["Amount"])) == ("Closed Won", "2017-03-01", "1054.0")
    assert (line["OpportunityId"], line["ProductCode"], line["Product_Family__c"]) == (deal["Id"], "GTX Pro", "GTX")


def test_defects_stay_and_are_counted(pipeline: Loaded) -> None:
    orphan = by_name(pipeline, "Opportunity")["GTXPro – O2"]
    assert (orphan["AccountId"], orphan["CloseDate"], orphan["StageName"]) == (None, None, "Qualification")
    line = pipeline.salesforce["objects"]["OpportunityLineItem"][1]
    assert (line["ProductCode"], line["Product_Family__c"]) == ("GTXPro", None)
    assert dict(pipeline.defects) == {
        "notes.csv is not recognised: not loaded": 2,
        "Account.Industry: the org does not offer 'technolgy'": 1,
        "Opportunity.AccountId is empty": 1,
        "Opportunity.AccountId: there is no 'account/Nobody'": 1,
        "Opportunity.CloseDate is empty": 1,
        "OpportunityLineItem.Product_Family__c: there is no 'product/GTXPro'": 1,
    }
    report = pipeline.report()
    assert "3 rows in sales_pipeline.csv" in report
    assert "1 x Opportunity.CloseDate is empty" in report


def test_the_same_folder_gives_the_same_world(tmp_path: Path, pipeline: Loaded) -> None:
    assert load_exports(tmp_path) == pipeline


def test_the_world_can_be_served(pipeline: Loaded) -> None:
    org = Org(pipeline.salesforce, Switchboard())
    rows = list(org.tables.table(org.schema.object("Opportunity")).rows.values())
    assert [row["IsWon"] for row in rows] == [True, False, False]
    assert rows[0]["CreatedDate"] == "2016-10-20T00:00:00.000+0000"


def test_record_json_brings_its_own_objects(tmp_path: Path) -> None:
    def records(*rows: dict[str, Any]) -> str:
        return json.dumps({"records": rows})

    family = {"attributes": {"type": "Family__c", "referenceId": "FuseRef"}, "Name": "Fuse"}
    product = {"attributes": {"type": "Bike__c", "referenceId": "B1"}, "Family__c": "@FuseRef", "MSRP__c": 2500.5}
    files = {
        "a_bikes.json": records(product),
        "families.json": records(family),
        "plan.json": '[{"sobject": "Bike__c"}]',
    }
    loaded = load_exports(write(tmp_path, files))
    assert loaded.defects == {"plan.json is not recognised: not loaded": 1}
    org = Org(loaded.salesforce, Switchboard())
    bike = next(iter(org.tables.table(org.schema.object("Bike__c")).rows.values()))
    assert bike["Family__c"] == loaded.salesforce["objects"]["Family__c"][0]["Id"]
    assert str(bike["MSRP__c"]) == "2500.5"


def test_a_csv_named_like_an_object_is_read_by_api_names(tmp_path: Path) -> None:
    files = {"Account.csv": "Id,Name,NumberOfEmployees,Shoe_Size__c\n001000000000001AAA,Acme,many,44\n,Bolt,7,\n"}
    loaded = load_exports(write(tmp_path, files))
    acme, bolt = loaded.salesforce["objects"]["Account"]
    assert (acme["Id"], acme["Shoe_Size__c"], acme["NumberOfEmployees"]) == ("001000000000001AAA", "44", None)
    assert (bolt["NumberOfEmployees"], bolt["Shoe_Size__c"]) == (7, None)
    assert [count for what, count in loaded.defects.items() if "Account.NumberOfEmployees cannot hold" in what] == [
        1
    ]


OWN = """
[[file]]
header = ["firm"]
[[file.row]]
object = "Account"
[file.row.fields]
Name = "{firm}"
BillingCountry = "{land}"
"""


def test_a_folder_says_itself_how_columns_map(tmp_path: Path) -> None:
    loaded = load_exports(write(tmp_path, {"exports.toml": OWN, "firms.csv": "firm,land\nAcme,DE\n"}))
    assert by_name(loaded, "Account")["Acme"]["BillingCountry"] == "DE"


def test_mistakes_are_named(tmp_path: Path) -> None:
    write(tmp_path, {"exports.toml": OWN, "firms.csv": "firm,town\nAcme,Bonn\n"})
    with pytest.raises(ValueError, match=r"'{land}' asks for column 'land'; the file has firm, town"):
        load_exports(tmp_path)
    write(tmp_path, {"exports.toml": "file = ["})
    with pytest.raises(ValueError, match=r"exports\.toml: a list of \[\[file\]\] tables is expected"):
        load_exports(tmp_path)
    with pytest.raises(FileNotFoundError, match="no folder"):
        load_exports(tmp_path / "nowhere")
