"""Partners and deals that become others, and whatever else happens to a deal: the books stay true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.ledger import Parties
from sync.model.deal import Stage
from sync.model.directive import Act, Directive, StatedPart
from sync.model.ledger import Cause
from sync.model.money import Money
from sync.model.rates import Rates, Span
from tests.steps.books import PARTNERS, THREE, Books, won
from tests.steps.business import date_of, day, deal, line, partner, patient, policy

HALVES = (StatedPart("alpha", "1/2"), StatedPart("delta", "1/2"))


# Partners and deals that become others.


def test_a_partner_merged_in_the_crm_passes_its_account_on() -> None:
    books = won()
    books.partners = (*(p for p in PARTNERS if p.id not in ("beta", "delta")), partner("delta", also=("beta",)))
    books.claims = tuple(replace(c, partner_id="delta") if c.partner_id == "beta" else c for c in THREE)
    assert books.then() == {"beta": "-35000.00", "delta": "35000.00"}
    assert {entry.cause for entry in books.entries[3:]} == {Cause.ACQUIRED}
    assert [portion.party for portion in books.split.portions] == ["alpha", "delta", "gamma"]
    assert books.then(amount="90000.01") == {"alpha": "-4500.00", "delta": "-3500.00", "gamma": "-2000.00"}


def test_two_partners_of_one_deal_that_merge_have_one_account() -> None:
    books = won()
    books.partners = (*(p for p in PARTNERS if p.id not in ("beta", "gamma")), partner("gamma", also=("beta",)))
    books.claims = tuple(replace(c, partner_id="gamma") if c.partner_id == "beta" else c for c in THREE)
    assert books.then() == {"beta": "-35000.00", "gamma": "35000.00"}
    assert {p.party: p.weight for p in books.split.portions} == {"alpha": "9/20", "gamma": "11/20"}


def test_people_say_who_acquired_a_partner() -> None:
    books = won()
    assert books.say(Act.ACQUIRED, "beta", winner="omega", name="Omega") == {
        "beta": "-35000.00",
        "omega": "35000.00",
    }
    assert {(entry.cause, entry.name) for entry in books.entries[3:]} == {
        (Cause.ACQUIRED, "Beta"),
        (Cause.ACQUIRED, "Omega"),
    }
    assert books.then(amount="90000.01") == {"alpha": "-4500.00", "omega": "-3500.00", "gamma": "-2000.00"}
    books.say(Act.ACQUIRED, "omega", winner="alpha", name="Alpha")
    assert sum(e.delta.minor for e in books.entries if e.party in ("beta", "omega")) == 0


def test_an_acquisition_in_a_circle_moves_nothing() -> None:
    parties = Parties(heirs={"a": "b", "b": "a", "c": "a"})
    assert [parties.heir(party) for party in ("a", "b", "c", "d")] == ["a", "b", "c", "d"]


def test_a_deal_that_turns_out_to_be_another_one_is_counted_once() -> None:
    books = won()
    twin = Books(deal=deal("twin", "100000.01", stage=Stage.WON, close_date=date_of(3)))
    twin.claims = tuple(replace(claim, opportunity_id="twin") for claim in THREE)
    twin.now = books.now
    twin.book()
    books.history = replace(books.history, posted={**books.history.posted, **twin.history.posted})
    books.then(also=("twin",))
    assert {entry.cause for entry in books.entries[3:]} == {Cause.MERGED}
    assert sum(entry.delta.minor for entry in [*books.entries, *twin.entries]) == 10_000_001


# Whatever happens.

Step = Callable[[Books], None]
CENTS = st.integers(-5_000_00, 200_000_00)


def amount(minor: int, currency: str) -> Step:
    return lambda books: setattr(books, "deal", replace(books.deal, amount=Money(minor, currency)))


def stage(to: Stage) -> Step:
    return lambda books: setattr(books, "deal", replace(books.deal, stage=to, close_date=books.now.date()))


def lines(nets: list[int]) -> Step:
    def step(books: Books) -> None:
        currency = books.deal.amount.currency if books.deal.amount else "EUR"
        needs = (("alpha",), ("beta", "alpha"), ())
        found = tuple(
            replace(line(str(n), None, needs[n]), net=Money(net, currency)) for n, net in enumerate(nets) if net
        )
        books.deal = replace(books.deal, lines=found)

    return step


def say(act: Act, subject: str, **more: Any) -> Step:
    def step(books: Books) -> None:
        seq = len(books.said) + 1
        given = {"amount": books.deal.amount, **more} if act is Act.AMEND else more
        books.said.append(Directive(f"said-{seq}", act, subject, "maria", books.now, "why", seq=seq, **given))

    return step


def rate(worth: int, first: int) -> Step:
    """A rate that comes to be known, or is corrected; 0: none is known any more."""
    spans = {currency: (Span(date_of(first), None, Fraction(worth, 7)),) for currency in ("EUR", "JPY")}
    return lambda books: setattr(books, "rates", Rates("USD", base="USD", spans=spans if worth else {}))


def claims(*kept: int) -> Step:
    return lambda books: setattr(books, "claims", tuple(THREE[n] for n in kept))


STEPS = st.one_of(
    st.builds(amount, CENTS, st.sampled_from(["EUR", "EUR", "EUR", "USD", "JPY"])),
    st.just(lambda books: setattr(books, "deal", replace(books.deal, amount=None))),
    st.builds(stage, st.sampled_from([Stage.WON, Stage.WON, Stage.LOST, Stage.QUALIFIED])),
    st.builds(lines, st.lists(st.integers(-9_000_00, 9_000_00), min_size=3, max_size=3)),
    st.builds(rate, st.integers(0, 20), st.sampled_from([-300, 2, 30])),
    st.builds(lambda kept: claims(*sorted(kept)), st.sets(st.integers(0, 2))),
    st.sampled_from(
        [
            say(Act.SHARE, "deal", parts=HALVES),
            say(Act.SHARE, "deal"),
            say(Act.AMEND, "deal"),
            say(Act.REVOKE, "B"),
            say(Act.ACQUIRED, "alpha", winner="delta", name="Delta"),
        ]
    ),
)


@settings(patient, max_examples=150)
@given(
    st.sampled_from(["redistribute", "vendor", "vest"]),
    st.sampled_from([None, 0, 20]),
    st.lists(st.tuples(st.sampled_from([0, 1, 40, 95]), st.lists(STEPS, min_size=1, max_size=2)), max_size=7),
)
def test_the_ledger_conserves_under_any_amounts_refunds_withdrawals_and_rates(
    rule: str, lock: int | None, life: list[tuple[int, list[Step]]]
) -> None:
    """`Books.book` checks after every step that balances are the split, and that deciding again moves nothing."""
    earned = {"vesting": {"APPROVAL": 40}} if rule == "vest" else {}
    books = Books(rules=policy(attribution={"withdrawal": rule, "lock_days": lock, **earned}))
    books.book()
    books.then(stage=Stage.WON, close_date=date_of(3))
    for days, steps in life:
        books.now += day(days) - day(0)
        for step in steps:
            step(books)
        books.book()
        after, new = _worth(books), Counter[str]()
        for entry in books.entries:
            new[entry.delta.currency] += entry.delta.minor
        assert {c: n for c, n in new.items() if n} == {c: n for c, n in after.items() if n}


def _worth(books: Books) -> Counter[str]:
    sums: Counter[str] = Counter()
    for posted in books.history.posted.values():
        for (_, currency), minor in posted.balances.items():
            sums[currency] += minor
    return sums
