"""What a partner reads names nobody else and no amount of anybody else, unless they work together (I14)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sync.decide import decide
from sync.explain import partner_view
from sync.explain.partner import without
from sync.model.facts import Facts, History, Verdict
from sync.model.money import Money
from sync.model.registration import Registration, Response, State, Vote
from sync.policy import Policies
from tests.steps.business import ACCOUNT, day, deal, partner, patient, policy, registration

RULES = Policies((policy(),))
NOW = day(3)
NAMES = st.text("abcdefghijklmnop QRSTUV&.-é", min_size=3, max_size=14).filter(
    lambda name: name.strip() == name and any(letter.isalpha() for letter in name)
)
MARK = "Zq"


def facts(names: list[str], *registrations: Registration, amount: str = "100.00") -> Facts:
    people = tuple(
        replace(partner(key), name=name) for key, name in zip(("alpha", "beta", "gamma"), names, strict=True)
    )
    return Facts((ACCOUNT,), (deal(amount=amount),), registrations, people)


def seen(known: Facts, who: str = "alpha", verdict: Verdict | None = None) -> dict[str, Any]:
    view = partner_view(known, verdict or decide(known, History(), RULES, NOW), who, RULES, NOW)
    plain: dict[str, Any] = json.loads(json.dumps(view, default=str))
    return plain


def approved(key: str, who: str, roles: str, **more: Any) -> Registration:
    return registration(key, who, roles, **{"vote": Vote.APPROVE, "voter": "jo", "voted_at": day(1), **more})


TWO = ["Lumen", "Harbor", "Cirrus"]


def test_a_partner_reads_its_state_its_reason_its_part_and_what_is_open_to_it() -> None:
    known = facts(TWO, approved("R1", "alpha", "RESELL"), approved("R2", "beta", "IMPLEMENT"))
    view = seen(known)
    [entry] = view["registrations"]
    assert (view["partner"], entry["state"], entry["roles"]) == ("Lumen", "APPROVED", ["RESELL"])
    assert entry["share"] == {"percent": "54.55", "amount": "54.55 EUR"}
    assert entry["works_with"] == []
    assert "45.45" not in json.dumps(view)


def test_an_amount_of_somebody_else_is_hidden_however_a_person_spelt_it() -> None:
    money = Money.parse("60500.00", "EUR")
    for spelt in ("60500.00", "60,500.00 EUR", "60500", "60,500", "60500 EUR"):
        said = approved("R1", "alpha", "RESELL", vote=Vote.REJECT, vote_reason=f"Theirs is {spelt}, more.")
        known = facts(TWO, said, registration("R2", "beta", "IMPLEMENT", declared_value=money))
        [entry] = seen(known)["registrations"]
        assert entry["state"] == "REJECTED"
        assert "60" not in json.dumps(entry), spelt


def test_partners_of_one_active_joint_registration_know_of_each_other() -> None:
    together = {"joint_key": "K", "joint_response": Response.ACCEPTED}
    one, two = approved("R1", "alpha", "RESELL", **together), approved("R2", "beta", "IMPLEMENT", **together)
    [entry] = seen(facts(TWO, one, two))["registrations"]
    assert entry["works_with"] == ["Harbor"]
    invited = replace(two, joint_response=Response.INVITED)
    [entry] = seen(facts(TWO, one, invited))["registrations"]
    assert entry["works_with"] == []


def test_a_reviewer_who_names_the_rival_is_not_quoted_on_it() -> None:
    said = "We prefer HARBOR, who offered 1,234.00 EUR."
    refused = registration("R1", "alpha", vote=Vote.REJECT, voter="jo", voted_at=day(1), vote_reason=said)
    rival = registration("R2", "beta", declared_value=Money.parse("1234.00", "EUR"))
    [entry] = seen(facts(TWO, refused, rival))["registrations"]
    assert entry["state"] == State.REJECTED
    assert entry["message"] == "We prefer another partner, who offered (an amount)."


def test_who_has_nothing_filed_reads_nothing() -> None:
    known = facts(TWO, approved("R1", "alpha", "RESELL"))
    assert seen(known, "gamma") == {"partner": "Cirrus", "registrations": []}


ROLES = st.sampled_from(["RESELL", "SOURCE", "IMPLEMENT", "RESELL IMPLEMENT", "PRESALES"])
WORDS = st.lists(st.sampled_from(["we", "chose", "B", "C", "for", "the", "B's", "V", "(C)", "b", "c,"]), max_size=7)


@patient
@given(
    names=st.lists(NAMES, min_size=3, max_size=3, unique_by=str.lower),
    roles=st.tuples(ROLES, ROLES, ROLES),
    votes=st.tuples(*[st.sampled_from([None, *Vote])] * 3),
    cents=st.integers(200_000, 999_999_999),
    words=WORDS,
    joint=st.booleans(),
)
def test_no_name_and_no_amount_of_a_rival_is_ever_read(
    names: list[str],
    roles: tuple[str, ...],
    votes: tuple[Vote | None, ...],
    cents: int,
    words: list[str],
    joint: bool,
) -> None:
    names = [f"{MARK}{name}{MARK}{place}" for place, name in enumerate(names)]
    worth = Money(cents, "EUR")
    spoken = {"B": names[1], "C": names[2], "B's": f"{names[1]}'s", "V": str(worth), "(C)": f"({names[2]})"}
    spoken |= {"b": names[1].lower(), "c,": f"{names[2].upper()},"}
    reason = " ".join(spoken.get(word, word) for word in words)
    filed = [
        registration(
            f"R{place}",
            who,
            roles[place],
            submitted_at=day(0, 9 + place),
            vote=votes[place],
            voter="jo",
            voted_at=day(1),
            vote_reason=reason,
            declared_value=worth if place else None,
            **({"joint_key": "K", "joint_response": Response.ACCEPTED} if joint and place < 2 else {}),
        )
        for place, who in enumerate(("alpha", "beta", "gamma"))
    ]
    known = facts(names, *filed, amount="7.00")
    verdict = decide(known, History(), RULES, NOW)
    view = seen(known, verdict=verdict)
    text = json.dumps(view, ensure_ascii=False).lower()
    [own] = view["registrations"]
    friends = set(own["works_with"])
    for rival in names[1:]:
        assert rival in friends or rival.lower() not in text
    if not friends:
        assert str(worth).lower() not in text
        assert str(worth.major).lower() not in text


@given(st.text(max_size=30), NAMES)
def test_what_is_hidden_is_gone_as_a_word(text: str, name: str) -> None:
    found = without(f"{text} {name} {text}", [(name, "somebody")])
    assert f" {name} " not in f" {found} ".replace("somebody", "")
