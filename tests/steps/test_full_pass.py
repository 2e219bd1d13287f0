"""Accounts go out to a linkage engine and its pairs come back: weighed here, whatever the engine thinks of them."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from sync.rulings.customers import identity_view
from sync.rulings.full_pass import FIELDS, accounts, take_pairs
from tests.machine.office import ROOT, Office

ACCOUNTS = (
    ("sf", {"name": "Brightwater Robotics GmbH", "country": "DE", "domain": "brightwater.de", "duns": "150483782"}),
    ("hs", {"name": "BRIGHTWATER ROBOTICS", "country": "DE", "domain": "brightwater-robotics.com"}),
    ("sf", {"name": "Harborview Credit Union", "country": "US", "domain": "harborview.com"}),
    ("hs", {"name": "Quolibrant Dyeworks", "country": "FR"}),
)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    opened = Office(tmp_path)
    for crm, told in ACCOUNTS:
        opened.put(crm, "account", **told)
    opened.run()
    yield opened
    opened.close()


def exported(office: Office) -> list[dict[str, Any]]:
    return [json.loads(line) for line in accounts(office.world, office.moment)]


def accounts_of_now(office: Office) -> list[str]:
    office.run()
    return list(accounts(office.world, office.moment))


def pair(one: str, other: str, **more: Any) -> bytes:
    return json.dumps({"unique_id_l": one, "unique_id_r": other, **more}).encode()


def looks_alike(office: Office) -> list[set[str]]:
    return [{side["name"] for side in found["sides"]} for found in identity_view(office.world)["pairs"]]


BOTH = {str(told["name"]) for _, told in ACCOUNTS[:2]}


def test_every_account_goes_out_once_as_it_is_compared(office: Office) -> None:
    found = exported(office)
    assert [entry["unique_id"] for entry in found] == sorted(entry["unique_id"] for entry in found)
    assert {tuple(entry) for entry in found} == {("unique_id", *FIELDS)}
    [first] = (entry for entry in found if entry["ids"])
    assert (first["core"], first["domain"], first["ids"]) == (
        "brightwater robotics",
        "brightwater.de",
        "duns:150483782",
    )
    assert {entry["city"] for entry in found} == {None}


def test_what_comes_back_is_weighed_here_and_shown_only_where_it_looks_like_one(office: Office) -> None:
    ids = {entry["core"]: entry["unique_id"] for entry in exported(office)}
    alike = sorted(entry["unique_id"] for entry in exported(office) if entry["core"] == "brightwater robotics")
    with office.world.store.write() as connection:  # as if no key had led from one to the other
        connection.exec_driver_sql("DELETE FROM likeness_pair")
    assert looks_alike(office) == []
    others = pair(ids["harborview credit union"], ids["quolibrant dyeworks"], match_probability=0.999)
    taken = take_pairs(office.world, office.moment, [pair(*alike), b"", others])
    assert (taken.read, taken.kept, taken.unusable) == (2, 1, 0)
    assert looks_alike(office) == [BOTH]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (b"{", "Expecting"),
        (b"[]", "not an object"),
        (b'{"unique_id_l": "a"}', "names no two accounts"),
        (b'{"unique_id_l": "a", "unique_id_r": "a"}', "names no two accounts"),
        (b'{"unique_id_l": "sf:Account:none", "unique_id_r": "sf:Account:neither"}', "no account is called"),
        (b'{"unique_id_l": "asks x", "unique_id_r": "\\u0000"}', "no account is called"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_stops_nothing(office: Office, line: bytes, what: str) -> None:
    alike = sorted(entry["unique_id"] for entry in exported(office) if entry["core"] == "brightwater robotics")
    taken = take_pairs(office.world, office.moment, [line, pair(*alike)])
    assert (taken.kept, taken.problems[0].where) == (1, "line 1")
    assert what in taken.problems[0].what
    assert taken.problems[0].fix


def test_splink_finds_the_pair_by_the_script_of_the_manual(office: Office, tmp_path: Path) -> None:
    if importlib.util.find_spec("splink") is None:
        pytest.skip(
            "SPLINK IS NOT INSTALLED: the full pass of sync/docs/customers.md was not run (pip install splink)"
        )
    page = (ROOT / "sync" / "docs" / "customers.md").read_text("utf-8")
    [script] = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for number in range(300):  # an engine that learns from the data needs some
        word = sha256(str(number).encode()).hexdigest()
        office.put("sf", "account", name=f"{word[:9]} {word[9:15]}", country=("DE", "US", "FR")[number % 3])
    lines = accounts_of_now(office)
    (tmp_path / "accounts.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)
    with office.world.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM likeness_pair")
    with (tmp_path / "pairs.jsonl").open("rb") as pairs:
        taken = take_pairs(office.world, office.moment, pairs)
    assert taken.unusable == 0
    assert looks_alike(office) == [BOTH]
