"""Who is the customer: what two records of companies have in common, what follows, and nothing in them crashes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sync.identity.door import pairs
from sync.identity.profile import LONGEST_NAME, profile
from sync.identity.score import shipped
from sync.identity.verdict import Outcome, judge, liken

MODEL = shipped()


def alike(one: dict[str, Any], other: dict[str, Any]) -> int:
    """The score of two records."""
    return liken(MODEL, profile(one), "", profile(other)).score


def outcome(own: dict[str, Any], *others: dict[str, Any]) -> Outcome:
    known = {str(number): profile(other) for number, other in enumerate(others)}
    return judge(MODEL, profile(own), known).outcome


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ACME Corp.", "Acme Corporation GmbH"),
        ("A.B.C. Company", "ABC Co."),
        ("Vantea SMART S.p.A.", "VANTEA SMART SPA"),
        ("Smith & Wollensky", "Smith and Wollensky Ltd"),
        ("Société Générale", "SOCIETE GENERALE SA"),
        ("Газпром ПАО", "Gazprom"),
        ("Wayne Solar I, LLC", "Wayne Solar 1"),
        ("株式会社トヨタ", "トヨタ"),
    ],
)
def test_forms_accents_dots_and_scripts_make_no_other_name(one: str, other: str) -> None:
    left, right = profile({"name": one}), profile({"name": other})
    assert left.joined.removesuffix("ii") == right.joined


@pytest.mark.parametrize(
    ("address", "domain"),
    [
        ("https://www.Acme.co.uk/de/about?x=1", "acme.co.uk"),
        ("joe@mail.acme.de", "acme.de"),
        ("ACME.com", "acme.com"),
        ("gmail.com", ""),
        ("https://acme.wixsite.com/home", ""),
        ("not a domain", ""),
        ("localhost", ""),
    ],
)
def test_a_domain_counts_once_and_only_where_it_tells_companies_apart(address: str, domain: str) -> None:
    own = profile({"name": "x", "website": address})
    assert own.domain == domain
    assert bool(own.remarks) is (not domain)


@pytest.mark.parametrize(
    ("field", "number", "counts"),
    [
        ("duns", "15-048-3782", True),
        ("duns", "15048378A", False),
        ("duns", "000000000", False),
        ("lei", "04VNNFHPO6602KFJY821", True),
        ("lei", "04VNNFHPO6602KFJY822", False),
        ("vat", "DE136695976", True),
        ("vat", "DE136695977", False),
        ("vat", "1" * 10_000, False),
    ],
)
def test_a_registration_number_counts_when_its_check_digits_hold(field: str, number: str, counts: bool) -> None:
    own = profile({"name": "x", field: number})
    assert bool(own.ids) is counts
    assert bool(own.remarks) is not counts


def test_equal_numbers_decide_and_different_ones_forbid() -> None:
    one, other = {"name": "Acme", "duns": "150483782"}, {"name": "Brightwater Holding", "duns": "150483782"}
    assert outcome(one, other) is Outcome.SAME
    twin = {"name": "Acme", "website": "acme.com", "country": "DE", "duns": "150483782"}
    assert outcome(twin, {**twin, "duns": "804735132"}) is not Outcome.SAME


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "Upton Solar 1 LLC"}, {"name": "Upton Solar 2 LLC"}),
        ({"name": "Structured Trust Series 2005-D"}, {"name": "Structured Trust Series 2005-F"}),
        (
            {"name": "Samsung", "website": "samsung.com/us", "country": "US"},
            {"name": "Samsung", "website": "samsung.com/uk", "country": "GB"},
        ),
    ],
)
def test_series_and_countries_on_one_domain_are_never_one(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert outcome(one, other) in (Outcome.RELATED, Outcome.ASK, Outcome.NEW)


def test_two_that_look_alike_are_a_question() -> None:
    own = {"name": "Pfizer", "website": "pfizer.com"}
    assert outcome(own, own) is Outcome.SAME
    assert outcome(own, {**own, "country": "US"}, {**own, "country": "DE"}) is not Outcome.SAME


def test_a_name_that_nobody_has_is_new() -> None:
    assert outcome({"name": "Quolibrant Dyeworks"}, {"name": "Harborview Credit Union"}) is Outcome.NEW


NASTY: list[dict[str, Any]] = [
    {},
    {"name": ""},
    {"name": "😀🎉"},
    {"name": "A" * 10_000},
    {"name": "word " * 4_000},
    {"name": "(" * 5_000},
    {"name": "شركة النفط الوطنية", "country": "KW"},
    {"name": "חברת החשמל"},
    {"name": "\x1f\x00\ud800"},
    {"name": "&&&&", "website": "https://" + "a." * 5_000 + "com"},
    {"name": "x", "website": "joe@acme.com", "email_domain": "https://acme.com/contact", "duns": "12AB"},
    {"name": 5, "country": ["DE"], "phone": "+" * 9_000, "lei": "é" * 300, "street": "1 " * 9_000},
]


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_whatever_is_in_a_record_it_is_compared(nasty: dict[str, Any]) -> None:
    for other in (*NASTY, {"name": "Acme", "website": "acme.com"}):
        assert alike(nasty, other) == alike(other, nasty)
        assert outcome(nasty, other) in Outcome


def test_what_could_not_be_used_is_in_the_reasons() -> None:
    left = {"name": "A" * 10_000, "website": "gmail.com", "duns": "12AB"}
    [line] = pairs(MODEL, [json.dumps({"id": "p", "left": left, "right": {"name": "Acme"}}).encode()])
    said = " ".join(json.loads(line)["reasons"])
    assert f"{LONGEST_NAME} were compared" in said
    assert "gmail.com is everybody's domain" in said
    assert "'12AB' is no valid number" in said


@pytest.mark.parametrize("line", [b"{", b"[]", b'{"id": 1}', b'{"left": {}, "right": 3}', b"[" * 90_000])
def test_a_line_that_cannot_be_read_says_why_and_stops_nothing(line: bytes) -> None:
    good = b'{"id": "a", "left": {"name": "Acme"}, "right": {"name": "Acme"}}'
    fault, answered = map(json.loads, pairs(MODEL, [line, good]))
    assert fault["error"]["place"] == "line 1"
    assert fault["error"]["fix"]
    assert answered["id"] == "a"
