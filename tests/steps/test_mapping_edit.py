"""Edits of a mapping's text: what changes, and that nothing else does."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from sync.mapping.edit import with_field, with_picklist, with_types, without_field
from sync.model.problem import BadInput

SHIPPED = sorted((Path(__file__).resolve().parents[2] / "mappings").glob("*.toml"))

TEXT = """\
# What this file is for.
schema = 1
id = "m"

[[field]]
canonical = "name" # as people call it
remote = "Name"

# Why the stage is what it is.
[[field]]
canonical = "stage"
remote = "StageName"
picklist = "stage"
notes = "asked by RevOps"

# Written by us.
[[field]]
canonical = "partner_count"
remote = "Partner_Count__c"
direction = "out"
owner = "engine"

# Add a line for every stage.
[picklist.stage.map]
Open = "PROSPECT" # the first one
"Closed Won" = "WON"

[[test]]
name = "t"
given = { Name = "x" }
"""


def lines_gone_and_new(before: str, after: str) -> tuple[list[str], list[str]]:
    old, new = before.split("\n"), after.split("\n")
    return [line for line in old if line not in new], [line for line in new if line not in old]


def comments(text: str) -> list[str]:
    return re.findall(r"(?m)^#.*$| # .*$", text)


def field(text: str, path: str) -> dict[str, Any]:
    return next((entry for entry in tomllib.loads(text)["field"] if entry["canonical"] == path), {})


def test_one_key_changes_one_line() -> None:
    after = with_field(TEXT, "stage", {"remote": "Stage__c"})
    assert lines_gone_and_new(TEXT, after) == (['remote = "StageName"'], ['remote = "Stage__c"'])


def test_a_new_key_stands_in_its_own_block_and_above_the_comment_of_the_next() -> None:
    after = with_field(TEXT, "name", {"default": "nobody"})
    assert 'remote = "Name"\ndefault = "nobody"\n\n# Why the stage' in after
    assert lines_gone_and_new(TEXT, after)[0] == []


def test_a_key_that_says_the_usual_is_not_written_and_an_empty_one_goes() -> None:
    assert with_field(TEXT, "name", {"direction": "in", "null": "clear", "notes": "", "refers": None}) == TEXT
    after = with_field(TEXT, "stage", {"notes": None})
    assert lines_gone_and_new(TEXT, after) == (['notes = "asked by RevOps"'], [])


def test_a_new_field_comes_after_the_last_one() -> None:
    after = with_field(TEXT, "owner", {"remote": ["OwnerId?"], "owner": "crm"})
    assert 'owner = "engine"\n\n[[field]]\ncanonical = "owner"\nremote = ["OwnerId?"]\n\n# Add a line' in after
    assert field(after, "owner") == {"canonical": "owner", "remote": ["OwnerId?"]}


def test_a_field_goes_with_its_own_comment_and_its_own_picklist_and_nothing_else() -> None:
    after = without_field(TEXT, "stage")
    gone, new = lines_gone_and_new(TEXT, after)
    assert new == []
    assert gone == [
        "# Why the stage is what it is.",
        *('canonical = "stage"', 'remote = "StageName"', 'picklist = "stage"', 'notes = "asked by RevOps"'),
        *("# Add a line for every stage.", "[picklist.stage.map]", 'Open = "PROSPECT" # the first one'),
        '"Closed Won" = "WON"',
    ]
    assert "# Written by us.\n[[field]]" in after


def test_a_picklist_keeps_the_place_and_the_comment_of_what_stays() -> None:
    after = with_picklist(TEXT, "stage", [("Open", "PROSPECT"), ("Closed Won", "LOST"), ("Neu & gut", "WON")])
    assert lines_gone_and_new(TEXT, after) == (
        ['"Closed Won" = "WON"'],
        ['"Closed Won" = "LOST"', '"Neu & gut" = "WON"'],
    )
    assert '"Neu & gut" = "WON"\n\n[[test]]' in after


def test_what_becomes_of_other_values_stands_above_the_map_and_can_be_taken_back() -> None:
    entries = [("Open", "PROSPECT"), ("Closed Won", "WON")]
    after = with_picklist(TEXT, "stage", entries, "skip")
    assert tomllib.loads(after)["picklist"]["stage"] == {"map": dict(entries), "unmapped": "skip"}
    assert tomllib.loads(with_picklist(after, "stage", entries))["picklist"]["stage"] == {"map": dict(entries)}


@pytest.mark.parametrize(
    "block",
    [
        '[picklist.x]\nmap = { a = "A" }\n',
        '[picklist.x]\nmap.a = "A"\n',
        '[picklist.x]\nunmapped = "skip"\nmap.a = "A"\n',
        "",
    ],
)
def test_a_map_is_edited_however_it_is_written(block: str) -> None:
    after = with_picklist(TEXT + "\n" + block, "x", [("b c", "B"), ("a", "A")], "skip")
    assert tomllib.loads(after)["picklist"]["x"] == {"map": {"b c": "B", "a": "A"}, "unmapped": "skip"}
    assert after.startswith(TEXT.rstrip())


def test_what_a_file_extends_is_dropped_by_name_and_taken_back() -> None:
    own = 'schema = 1\nid = "m"\nextends = "sf-opportunity" # ours\n'
    dropped = without_field(own, "stage")
    assert tomllib.loads(dropped)["drop"] == ["stage"]
    assert "# ours" in dropped
    back = with_field(dropped, "stage", {"remote": "Stage__c"})
    assert "drop" not in tomllib.loads(back)
    assert field(back, "stage")["remote"] == "Stage__c"


def test_fields_in_one_line_are_refused_and_not_guessed_at() -> None:
    with pytest.raises(BadInput, match="not written as"):
        with_field('field = [{ canonical = "a", remote = "A" }]\n', "a", {"remote": "B"})


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_field_of_every_shipped_mapping_is_edited_alone(path: Path) -> None:
    text = path.read_text("utf-8")
    meant = tomllib.loads(text)
    for at, entry in enumerate(meant["field"]):
        after = with_field(text, entry["canonical"], {"remote": "Other__c", "notes": "why"})
        wanted = {**meant, "field": [*meant["field"]]}
        wanted["field"][at] = {**entry, "remote": "Other__c", "notes": "why"}
        assert tomllib.loads(after) == wanted
        assert comments(after) == comments(text)
        rest = tomllib.loads(without_field(text, entry["canonical"]))
        assert (
            [other["canonical"] for other in rest["field"]]
            == [other["canonical"] for other in meant["field"] if other is not entry]
            if "field" in rest
            else len(meant["field"]) == 1
        )
    for name, picklist in meant.get("picklist", {}).items():
        entries = [*picklist["map"].items(), ("Another one", next(iter(picklist["map"].values())))]
        after = with_picklist(text, name, entries, picklist.get("unmapped", "error"))
        assert tomllib.loads(after)["picklist"][name]["map"] == dict(entries)
        assert {**tomllib.loads(after), "picklist": 0} == {**meant, "picklist": 0}


def test_types_of_expressions_stand_in_a_table_of_their_own() -> None:
    after = with_types(TEXT, {"Amount": "number"})
    assert '[types]\nAmount = "number"\n\n[[field]]\ncanonical = "name"' in after
    again = with_types(after, {"Amount": "text", "Day__c": "day"})
    assert tomllib.loads(again) == {**tomllib.loads(TEXT), "types": {"Amount": "text", "Day__c": "day"}}
    assert with_types(TEXT, {}) == TEXT
