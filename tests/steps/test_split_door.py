"""``split --jsonl``: the same figures as the product, one answer a line, and every fault named where it is."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.attribution.door import answers
from sync.attribution.questions import POOLS
from sync.cli.split_lines import split_lines
from tests.steps.business import STANDARD

ROOT = Path(__file__).resolve().parents[2]
VECTORS: list[dict[str, Any]] = json.loads((ROOT / "tests/golden/attribution.json").read_text(encoding="utf-8"))
ASKED = ("id", "total_minor", "exponent", "weights", "tie_order")
TOLD = ("id", "share_ppm", "percent_2dp", "hubspot_8dp", "amount_minor")


def asked(**question: Any) -> dict[str, Any]:
    [line] = answers([json.dumps(question)])
    found: dict[str, Any] = json.loads(line)
    return found


def fault(text: str | bytes) -> dict[str, str]:
    [line] = answers([text])
    found: dict[str, str] = json.loads(line)["error"]
    return found


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_the_worked_examples_come_out_to_the_unit(vector: dict[str, Any]) -> None:
    answer = asked(**{key: vector[key] for key in ASKED})
    assert {key: answer[key] for key in TOLD} == {key: vector[key] for key in TOLD}


def test_the_examples_of_the_readme_are_what_comes_out() -> None:
    page = (ROOT / "sync/attribution/README.md").read_text(encoding="utf-8")
    examples = re.findall(r"```json\n(.*)\n```", page)
    assert len(examples) == 6
    assert list(answers(examples[::2])) == examples[1::2]


IT_COMPANY = [
    {"id": "RSL", "roles": ["SOURCE", "RESELL"]},
    {"id": "INT", "roles": ["PRESALES", "IMPLEMENT"]},
    {"id": "BIC", "roles": ["PRESALES", "ADVISE"]},
]
TOUCHES = [
    {"partner": "RSL", "at": "2027-01-01"},
    {"partner": "INT", "at": "2027-01-31", "milestone": "REGISTRATION_APPROVED"},
    {"partner": "BIC", "at": "2027-02-15T00:00:00Z", "milestone": "OPP_CREATED"},
    {"partner": "INT", "at": "2027-03-12"},
    {"partner": "RSL", "at": "2027-03-27"},
    {"partner": "BIC", "at": "2027-03-28", "verified": False},
]
EX3 = [
    {"id": "plc", "net": "640000.00", "needs": ["AUT"]},
    {"id": "cells", "net": 820500, "needs": ["ROB"]},
    {"id": "custom", "net": "410000", "parts": {"MCH": 7}},
    {"id": "fat", "net": "200000", "needs": ["AUT", "ROB", "MCH"]},
    {"id": "safety", "net": "50000.01", "needs": ["AUT", "ROB"]},
]
EX5 = {"model": "contribution", "sourced_bonus": 5, "cap": 60, "floor": 5}
FOUR = [{"id": who, "contribution": part} for who, part in zip("ABCD", (70, 20, 7, 3), strict=True)]
EX7 = {"A": 30, "B": 20, "C": 0, "AB": 70, "AC": 50, "BC": 30, "ABC": 100}
THREE = [{"id": "RSL"}, {"id": "INT"}, {"id": "BIC"}]


@pytest.mark.parametrize(
    ("question", "amounts"),
    [
        ({"partners": IT_COMPANY, "amount": "249999.99"}, "111111.11 83333.33 55555.55"),
        (
            {"partners": IT_COMPANY, "policy": {"unfilled": "vendor"}, "amount": "249999.99"},
            "99999.99 75000.00 50000.00 25000.00",
        ),
        (
            {"partners": [{"id": who} for who in ("AUT", "ROB", "MCH")], "lines": EX3, "amount": 2015000},
            "695264.49 866784.17 452951.34",
        ),
        ({"policy": {"model": "u_shape"}, "touches": TOUCHES, "amount": 120000}, "96000.00 16000.00 8000.00"),
        ({"policy": {"model": "w_shape"}, "touches": TOUCHES, "amount": 120000}, "42000.00 42000.00 36000.00"),
        ({"policy": {"model": "time_decay"}, "touches": TOUCHES, "amount": 120000}, "54195.41 46943.48 18861.11"),
        (
            {"policy": EX5, "partners": [{**FOUR[0], "sourcing": True}, *FOUR[1:]], "amount": 1000000},
            "600000.00 259259.26 90740.74 50000.00",
        ),
        (
            {
                "policy": {"model": "negotiated", "withdrawal": "vest"},
                "agreed": {"RSL": 45, "INT": "35", "BIC": "20.0"},
                "leavers": {"BIC": "1/2"},
                "amount": "90000.01",
            },
            "45562.51 35437.50 9000.00",
        ),
        (
            {
                "policy": {"model": "shapley"},
                "partners": [{"id": who} for who in "ABC"],
                "coalitions": [{"partners": list(who), "worth": worth} for who, worth in EX7.items()],
                "amount": 500000,
            },
            "250000.00 175000.00 75000.00",
        ),
    ],
    ids=["EX2a", "EX2b", "EX3", "EX4u", "EX4w", "EX4t", "EX5", "EX6v", "EX7"],
)
def test_whole_models_come_out_to_the_cent(question: dict[str, Any], amounts: str) -> None:
    order = [partner["id"] for partner in question.setdefault("partners", THREE)]
    answer = asked(currency="EUR", tie_order=order, **question)
    assert [answer["amount"].get(who) for who in [*order, "VENDOR"]][: len(amounts.split())] == amounts.split()
    assert sum(answer["share_ppm"].values()) == 1_000_000


def test_lines_tell_what_each_party_gets_of_each_and_nobody_gets_what_it_takes_no_part_in() -> None:
    answer = asked(partners=[{"id": "ROB"}], lines=EX3[3:], amount="250000.01", currency="EUR")
    assert answer["lines"] == {
        "fat": {"VENDOR": 13333333, "ROB": 6666667},
        "safety": {"VENDOR": 2500000, "ROB": 2500001},
    }
    assert answer["amount_minor"] == {"VENDOR": 15833333, "ROB": 9166668}


def test_lines_of_both_signs_have_amounts_and_no_shares() -> None:
    lines = [{"id": "new", "net": 150, "needs": ["A"]}, {"id": "old", "net": -50, "needs": ["B"]}]
    answer = asked(partners=[{"id": "A"}, {"id": "B"}], lines=lines, amount=100, currency="EUR")
    assert (answer["amount"], answer["weights"], answer["percent_2dp"]) == (
        {"A": "150.00", "B": "-50.00"},
        None,
        None,
    )


@pytest.mark.parametrize(
    ("amount", "currency", "parts"),
    [
        (None, "EUR", None),
        (0, "EUR", ["0.00", "0.00"]),
        ("-0.01", "EUR", ["-0.01", "0.00"]),
        (1, "JPY", ["1", "0"]),
        ("0.001", "KWD", ["0.001", "0.000"]),
        ("9" * 60 + ".99", "EUR", ["5" + "0" * 59 + ".00", "4" + "9" * 59 + ".99"]),
    ],
)
def test_any_amount_is_divided(amount: Any, currency: str, parts: list[str] | None) -> None:
    answer = asked(weights={"A": "1/2", "B": "1/2"}, amount=amount, currency=currency)
    assert answer["percent_2dp"] == {"A": "50.00", "B": "50.00"}
    assert (list(answer["amount"].values()) if parts else answer["amount_minor"]) == parts


def test_an_amount_with_more_digits_than_its_currency_is_rounded_and_says_so() -> None:
    answer = asked(weights={"A": 1}, amount="2.345", currency="EUR")
    assert answer["amount"] == {"A": "2.34"}  # half to even
    assert answer["warning"] == "the amount has more digits than EUR has: divided as 2.34"


@pytest.mark.parametrize(
    ("question", "field", "cause"),
    [
        ('{"weights": {"A": "52/100", "B": "52/100"}}', "weights", "add up to 26/25, not to 1"),
        ('{"weights": {"A": 0, "B": 0}}', "weights", "add up to 0, not to 1"),
        ('{"weights": {"A": "3/2", "B": "-1/2"}}', "weights", "below 0 for B"),
        ('{"weights": {"A": "1/0"}}', "weights.A", "a fraction of nothing"),
        ('{"weights": {"A": true}}', "weights.A", "not a number"),
        ('{"weights": {"A": NaN}}', "line", "NaN is no number"),
        ('{"weights": {"A": 1e999999999}}', "weights.A", "not a number"),
        ('{"weights": {"A": 1, "A": 1}}', "line", "the key 'A' is there twice"),
        ('{"weights": {"A": 1}, "total_minor": 1.5}', "total_minor", "valid integer"),
        ('{"weights": {"A": 1}, "amount": "12,5", "currency": "EUR"}', "amount", "not a number"),
        ('{"weights": {"A": 1}, "amount": 5, "currency": "XQX"}', "currency", "is not a currency"),
        ('{"weights": {"A": 1}, "amount": 5}', "currency", "missing beside the amount"),
        ('{"weights": {"A": 1}, "amount": 5, "total_minor": 5, "currency": "EUR"}', "amount", "beside total_minor"),
        ('{"weights": {"A": 1}, "colour": 5}', "colour", "Extra inputs"),
        ('{"amount": 5, "currency": "EUR"}', "weights", "either weights or partners"),
        ('{"partners": [{"id": "A"}, {"id": "A"}]}', "partners", "A comes twice"),
        ('{"partners": [{"id": "VENDOR"}]}', "partners.0.id", "the vendor's own part"),
        ('{"partners": [{"id": "A", "roles": ["BARISTA"]}]}', "partners.0.roles.0", "'SOURCE'"),
        ('{"partners": [{"id": "A", "contribution": -1}]}', "partners.0.contribution", "-1 is below 0"),
        (
            '{"partners": [{"id": "A", "sourcing": true}, {"id": "B", "sourcing": true}]}',
            "partners",
            "A, B are all",
        ),
        ('{"partners": [], "policy": {"floor": 101}}', "policy.floor", "less than or equal to 100"),
        ('{"partners": [], "policy": {"model": "dice"}}', "policy.model", "'role_pools'"),
        ('{"partners": [], "policy": {"pools": {"RESELL": -1}}}', "policy.pools.RESELL", "below 0"),
        ('{"partners": [{"id": "A"}], "leavers": {"B": 1}}', "leavers", "B no partner"),
        ('{"partners": [{"id": "A"}], "leavers": {"A": 2}}', "leavers.A", "2 is above 1"),
        ('{"partners": [{"id": "A"}], "lines": [{"id": "l", "net": 1}]}', "currency", "missing beside the lines"),
        ('{"partners": [{"id": "A"}], "policy": {"model": "lines"}}', "lines", "no lines"),
        (
            '{"partners": [{"id": "A"}, {"id": "B"}], "policy": {"model": "negotiated"}, '
            '"agreed": {"A": 60, "B": 44}}',
            "agreed",
            "the parts add up to 104%",
        ),
        (
            '{"partners": [{"id": "A"}, {"id": "B"}], "policy": {"model": "shapley"}, '
            '"coalitions": [{"partners": ["A"], "worth": 1}, {"partners": ["A", "B"], "worth": 2}]}',
            "coalitions",
            "B is missing",
        ),
        ("[]", "line", "not an object"),
        ("{", "line", "not JSON"),
        ("[" * 100_000, "line", "not JSON"),
        ("9" * 5000, "line", "not JSON"),
        (b"\xff\xfe\x00", "line", "not JSON"),
    ],
)
def test_a_line_that_cannot_be_divided_names_the_field_the_cause_and_the_fix(
    question: str | bytes, field: str, cause: str
) -> None:
    found = fault(question)
    assert found["field"] == field
    assert cause in found["cause"]
    assert found["fix"]


def test_all_faults_of_a_line_are_told_at_once() -> None:
    answer = asked(id="x", policy={"floor": -1, "half_life_days": 0}, partners=[{"id": ""}], amount="five")
    fields = [answer["error"]["field"], *(entry["field"] for entry in answer["also"])]
    assert sorted(fields) == ["amount", "partners.0.id", "policy.floor", "policy.half_life_days"]


def test_a_faulty_line_stops_nothing_and_is_known_by_its_place() -> None:
    target = io.StringIO()
    lines = [b'{"id": 7, "weights": {"A": 1}}\n', b"\n", b"nonsense\n", b'{"weights": {"A": 1}}\n']
    assert split_lines(lines, target) == 1
    assert [json.loads(line)["id"] for line in target.getvalue().splitlines()] == [7, "line 3", "line 4"]
    assert split_lines(lines[:1], io.StringIO()) == 0


def test_an_id_that_reads_like_a_fault_is_none() -> None:
    assert split_lines([b'{"id": "\\"error\\": {", "weights": {"A": 1}}'], io.StringIO()) == 0


words = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["1/2", "A", "EUR", "lines"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ASKED, "id", "net", "A"]), inner),
    max_leaves=8,
)
fields = st.sampled_from(
    [*ASKED, "policy", "partners", "lines", "touches", "coalitions", "agreed", "amount", "currency"]
)


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=40) | st.dictionaries(fields, words).map(lambda found: json.dumps(found).encode()))
def test_whatever_comes_in_one_line_goes_out(line: bytes) -> None:
    found = [json.loads(answer) for answer in answers([line])]
    assert len(found) == bool(line.strip())
    assert all(("error" in answer) != ("weights" in answer) for answer in found)


def test_the_pools_of_a_question_without_any_are_those_of_the_standard_programme() -> None:
    assert {role.value: pool for role, pool in POOLS.items()} == STANDARD.pools
