"""How one value is read from CRM text and written back: every transform, good text, bad text, and no text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.record import Ref
from sync.mapping.transforms import TRANSFORMS, Choices, Setting, Texts
from sync.model.money import Money
from sync.model.registration import Evidence

STAGES = Choices({"Qualify": "QUALIFIED", "Discover": "QUALIFIED", "Closed Won": "WON"})
SETTING = Setting("sf", STAGES, refers=("hs", "deals"), currency="EUR")
READS_ONLY = {"certifications"}
quick = settings(deadline=None, max_examples=60)


def read(transform: str, *texts: str | None, setting: Setting = SETTING) -> Any:
    return TRANSFORMS[transform].read(texts, setting)


def write(transform: str, value: Any, setting: Setting = SETTING) -> Texts:
    return TRANSFORMS[transform].write(value, setting)


def deal(record_id: str) -> Ref:
    return Ref("hs", "deals", record_id)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("transform", "text", "value"),
    [
        ("text", " as it is ", " as it is "),
        ("number", "1234.50", Decimal("1234.5")),
        ("number", "-0.0001", Decimal("-0.0001")),
        ("flag", "true", True),
        ("flag", "false", False),
        ("day", "2026-11-24", date(2026, 11, 24)),
        ("day", "2026-11-24T23:59:59Z", date(2026, 11, 24)),  # HubSpot's close date is a datetime
        ("moment", "2026-11-24T09:30:00Z", utc("2026-11-24T09:30")),
        ("moment", "2026-11-24T09:30:00.250+02:00", utc("2026-11-24T07:30:00.250")),
        ("money", "1000", Money(100_000, "EUR")),
        ("money", "-12.3", Money(-1_230, "EUR")),
        ("domain", "https://www.Acme.co.uk/shop?x=1", "acme.co.uk"),
        ("domain", "ann@mail.acme.com", "acme.com"),
        ("domain", "no domain", None),
        ("words", "CRM; Analytics;;CRM ", ("CRM", "Analytics")),
        ("words", ";", ()),
        ("choice", "Discover", "QUALIFIED"),
        ("choices", "Closed Won;Qualify", ("WON", "QUALIFIED")),
        ("reference", "901", deal("901")),
        ("reference", "901;902", deal("901")),
        ("references", "901; 902", (deal("901"), deal("902"))),
        ("certifications", "DATA-1", (("DATA-1", None),)),
        ("certifications", "DATA-1 : 2027-06-30; OPS", (("DATA-1", date(2027, 6, 30)), ("OPS", None))),
    ],
)
def test_reading(transform: str, text: str, value: object) -> None:
    assert read(transform, text) == value


def test_reading_evidence() -> None:
    text = "poc|2026-11-24T10:00:00Z|Test report 7|verified\n\n QUOTE | 2026-11-25 | Q-1 | no \r\n"
    assert read("evidence", text) == (
        Evidence("POC", utc("2026-11-24T10:00"), "Test report 7", verified=True),
        Evidence("QUOTE", utc("2026-11-25"), "Q-1", verified=False),
    )


@pytest.mark.parametrize("said", ["true", "Yes", "VERIFIED"])
def test_evidence_counts_only_when_somebody_says_so(said: str) -> None:
    [piece] = read("evidence", f"POC|2026-11-24|report|{said}")
    assert piece.verified


@pytest.mark.parametrize(
    ("transform", "text", "sentence"),
    [
        ("number", "12,50", "'12,50' is not a number"),
        ("number", "1E+999999", "'1E+999999' has more than 30 digits before or after the point"),
        ("number", "1E-999999", "'1E-999999' has more than 30 digits before or after the point"),
        ("number", "NaN", "'NaN' is not a number"),
        ("number", "Infinity", "'Infinity' is not a number"),
        ("flag", "yes", "'yes' is not true or false"),
        ("day", "24.11.2026", "'24.11.2026' is not a date"),
        ("moment", "yesterday", "'yesterday' is not a date and time"),
        ("moment", "2026-11-24T09:30:00", "'2026-11-24T09:30:00' has no time zone"),
        ("money", "a lot", "'a lot' is not an amount"),
        (
            "choice",
            "Lost",
            "'Lost' is not in the picklist map (known: Closed Won, Discover, Qualify)",
        ),
        (
            "choices",
            "Qualify;Lost",
            "'Lost' is not in the picklist map (known: Closed Won, Discover, Qualify)",
        ),
        (
            "evidence",
            "POC|2026-11-24|report|true\nPOC, soon",
            "line 2 of the evidence is not kind|at|ref|verified: 'POC, soon'",
        ),
        ("evidence", "POC|soon|report|true", "'soonT00:00:00Z' is not a date and time"),
        ("certifications", "DATA-1:June", "'June' is not a date"),
    ],
)
def test_text_that_is_not_what_the_mapping_says(transform: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read(transform, text)
    assert str(caught.value) == sentence


EMPTY = {"flag": False, "words": (), "choices": (), "references": ()}


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_an_empty_field(transform: str) -> None:
    texts = (None,) * TRANSFORMS[transform].width
    assert read(transform, *texts) == EMPTY.get(transform)


@pytest.mark.parametrize("transform", sorted(set(TRANSFORMS) - READS_ONLY - {"flag"}))
def test_nothing_to_say_clears_the_field(transform: str) -> None:
    assert set(write(transform, EMPTY.get(transform))) == {None}


@pytest.mark.parametrize("transform", sorted(READS_ONLY))
def test_some_transforms_only_read(transform: str) -> None:
    with pytest.raises(ValueError, match="only reads"):
        write(transform, "anything")


def test_an_amount_has_the_currency_beside_it_or_that_of_the_connection() -> None:
    assert read("money", "5", "JPY") == Money(5, "JPY")
    assert read("money", "5", None) == read("money", "5") == Money(500, "EUR")
    assert read("money", None, "USD") is None
    with pytest.raises(ValueError, match="no default currency"):
        read("money", "5", setting=Setting("sf"))
    with pytest.raises(ValueError, match="ISO 4217"):
        read("money", "5", "DM")


def test_an_amount_finer_than_its_currency_is_rounded_half_even() -> None:
    assert [read("money", text) for text in ("0.005", "0.015")] == [Money(0, "EUR"), Money(2, "EUR")]


def test_an_unmapped_value_is_an_error_or_skipped_or_a_default() -> None:
    skipping, defaulting = (
        Setting("sf", Choices(STAGES.map, unmapped)) for unmapped in ("skip", "default:PROSPECT")
    )
    assert read("choice", "Lost", setting=skipping) is None
    assert read("choices", "Lost;Qualify", setting=skipping) == ("QUALIFIED",)
    assert read("choice", "Lost", setting=defaulting) == "PROSPECT"


def test_a_word_is_written_as_the_first_value_that_maps_to_it() -> None:
    assert write("choice", "QUALIFIED") == ("Qualify",)
    assert write("choices", ("WON", "QUALIFIED")) == ("Closed Won;Qualify",)
    with pytest.raises(ValueError, match="no picklist value is mapped to LOST"):
        write("choice", "LOST")


def test_every_transform_has_a_sentence_of_its_own() -> None:
    sentences = [transform.sentence for transform in TRANSFORMS.values()]
    assert all(sentence.endswith(".") for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


word = st.text(st.characters(exclude_characters=";", exclude_categories=("Z", "C")), min_size=1)
ids = st.from_regex(r"[0-9A-Za-z]{1,18}", fullmatch=True)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": st.text(min_size=1),
    "number": st.decimals(-(10**20), 10**20, places=6),
    "flag": st.booleans(),
    "day": st.dates(),
    "moment": st.datetimes(timezones=st.just(UTC)),
    "money": st.builds(Money, st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD"])),
    "part": st.builds(Money, st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD"])),
    "domain": st.sampled_from(["acme.com", "acme.co.uk"]),
    "evidence": st.lists(
        st.builds(Evidence, st.sampled_from(["POC", "QUOTE"]), st.datetimes(timezones=st.just(UTC)), ids),
        unique=True,
        min_size=1,
    ).map(tuple),
    "words": st.lists(word, unique=True).map(tuple),
    "choice": st.sampled_from(["QUALIFIED", "WON"]),
    "choices": st.lists(st.sampled_from(["QUALIFIED", "WON"]), unique=True).map(tuple),
    "reference": ids.map(deal),
    "references": st.lists(ids.map(deal), unique=True).map(tuple),
}


def test_every_transform_that_writes_is_tried_there_and_back() -> None:
    assert set(VALUES) == set(TRANSFORMS) - READS_ONLY


@quick
@given(st.data())
@pytest.mark.parametrize("transform", VALUES)
def test_what_is_written_reads_back_the_same(transform: str, data: st.DataObject) -> None:
    value = data.draw(VALUES[transform])
    assert read(transform, *write(transform, value)) == value


@pytest.mark.parametrize(
    ("value", "text"), [(3, "3"), (0, "0"), (Decimal("33.30"), "33.3"), (Decimal("1E+3"), "1000")]
)
def test_counts_and_decimals_are_written_plainly(value: int | Decimal, text: str) -> None:
    assert write("number", value) == (text,)


@pytest.mark.parametrize("text", ["", ";", " ; "])
def test_a_reference_to_nothing_is_no_reference(text: str) -> None:
    setting = Setting("sf", refers=("sf", "Account"))
    assert TRANSFORMS["reference"].read((text,), setting) is None
