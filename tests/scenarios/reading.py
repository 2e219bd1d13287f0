"""A scenario as a channel manager writes it: days, partners, deals and claims, read into the values of the core."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from connector.record import Ref
from sync.model.deal import Line, Opportunity, OpportunityType, Stage
from sync.model.directive import Act, Directive, StatedPart
from sync.model.facts import Facts
from sync.model.ids import name as hashed
from sync.model.money import Money
from sync.model.parties import Account, NamedList, Partner, PartnerStatus, Tier
from sync.model.registration import Choice, Evidence, Registration, Response, Role, State, Vote
from sync.policy import Policies, parse

ROOT = Path(__file__).resolve().parents[2]
STANDARD = ROOT / "sync/presets/policies/standard.toml"
DAY_0 = datetime(2027, 2, 1, tzinfo=UTC)  # a Monday; the next German holiday is Good Friday, day 53
Words = Mapping[str, Any]


@dataclass(frozen=True)
class Moment:
    """The world at one point in time, and what is expected of it then."""

    now: datetime
    facts: Facts
    expect: Words


@dataclass(frozen=True)
class Scenario:
    """``moved``: what each deal's parties gain by ``candidate``, a policy that somebody asks about at the end."""

    title: str
    policies: Policies
    moments: tuple[Moment, ...]
    candidate: Policies | None = None
    moved: Words | None = None


def moment(text: str) -> datetime:
    """``day 40 09:00``, counted from day 0; without a time it is 09:00."""
    found = re.fullmatch(r"day (-?\d+)(?: (\d\d):(\d\d)(?::(\d\d))?)?", text.strip())
    assert found, f"{text!r} is not like 'day 40 09:00'"
    day, hour, minute, second = (int(part) if part else None for part in found.groups())
    clock = timedelta(hours=9 if hour is None else hour, minutes=minute or 0, seconds=second or 0)
    return DAY_0 + timedelta(days=day or 0) + clock


def money(text: str) -> Money:
    """``249,999.99 USD``."""
    number, currency = text.replace(",", "").split()
    return Money.parse(number, currency)


def read(path: Path, name: Callable[[str], str]) -> Scenario:
    """The scenario in ``path``. ``name`` gives the CRM's record id of a claim: no outcome may depend on it."""
    story = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    assert story.pop("story").strip(), f"{path.name}: tell its story"
    world = {kind: story.pop(kind, {}) for kind in ("partners", "accounts", "deals", "claims")}
    moments = []
    said: list[Directive] = []
    for then in story.pop("then"):
        now, expect = moment(then.pop("on")), then.pop("expect")
        said += [
            directive(words, now, name, len(said) + place) for place, words in enumerate(then.pop("says", ()), 1)
        ]
        _change(world, then)
        moments.append(Moment(now, replace(_facts(world, name), directives=tuple(said)), expect))
    policy, asked = story.pop("policy", {}), story.pop("what_if", None)
    policies = _policies(policy, story.pop("later_policy", None))
    title = story.pop("title")
    assert not story, f"{path.name}: unknown {', '.join(story)}"
    if asked is None:
        return Scenario(title, policies, tuple(moments))
    candidate = _policies(_merged(policy, asked["policy"]), None)
    return Scenario(title, policies, tuple(moments), candidate, asked["moved"])


def directive(words: Words, now: datetime, name: Callable[[str], str], seq: int) -> Directive:
    """What a person said at this moment: ``{ by, act, claim | case | deal, … }``; days are days of the story."""
    given = dict(words)
    values: dict[str, Any] = {
        "by": given.pop("by"),
        "act": Act(given.pop("act")),
        "reason": given.pop("reason", ""),
    }
    values["subject"] = _subject(given, name)
    for word, (field, change) in SAID.items():
        if word in given:
            values[field] = change(given.pop(word))
    if "winner" in given:
        values["winner"] = name(given.pop("winner"))
    assert not given, f"unknown {', '.join(given)}"
    return Directive(id=f"said-{seq}", at=now, seq=seq, **values)


def _subject(given: dict[str, Any], name: Callable[[str], str]) -> str:
    """A claim, a deal, or a case by its words: ``C02 R1 R2 about RESELL``."""
    if "case" in given:
        about = re.fullmatch(r"(C\d\d) (.+?) about (.+)", given.pop("case"))
        assert about, "a case is named like 'C02 R1 R2 about RESELL'"
        kind, claims, scope = about.groups()
        return hashed("case", kind, *sorted(name(claim) for claim in claims.split()), scope)
    return name(given.pop("claim")) if "claim" in given else str(given.pop("deal"))


def _part(words: Words) -> StatedPart:
    flags = {kind: kind in words.get("counts_as", ()) for kind in ("sourced", "influenced", "fulfilled")}
    return StatedPart(words["partner"], str(words["weight"]), tuple(map(Role, words.get("roles", ()))), **flags)


SAID: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "state": ("state", State),
    "since": ("protection_start", lambda text: moment(text).date()),
    "until": ("protection_end", lambda text: moment(text).date()),
    "days": ("days", int),
    "message": ("message", str),
    "amount": ("amount", money),
    "parts": ("parts", lambda parts: tuple(map(_part, parts))),
}


def _change(world: dict[str, Any], then: Words) -> None:
    """What is new or different from this moment on; ``gone`` lists claims that were deleted in the CRM."""
    for kind, things in then.items():
        if kind == "gone":
            for key in things:
                del world["claims"][key]
            continue
        for key, changes in things.items():
            world[kind][key] = {**world[kind].get(key, {}), **changes}


def _merged(under: Words, over: Words) -> dict[str, Any]:
    both = dict(deepcopy(under))
    for key, value in over.items():
        both[key] = _merged(both.get(key, {}), value) if isinstance(value, dict) else value
    return both


def _policies(changes: Words, later: Words | None) -> Policies:
    """The standard programme with this scenario's changes, and perhaps its next version."""
    first = _merged(tomllib.loads(STANDARD.read_text(encoding="utf-8"), parse_float=Decimal), changes)
    versions = [first]
    if later is not None:
        dated = {**later, "version": 2, "effective_from": moment(later["effective_from"]).date()}
        versions.append(_merged(first, dated))
    found = [parse("the scenario's policy", version) for version in versions]
    assert all(policy for policy, _ in found), found
    return Policies(tuple(policy for policy, _ in found if policy))


def _facts(world: Words, name: Callable[[str], str]) -> Facts:
    load = {key: words["live_elsewhere"] for key, words in world["partners"].items() if "live_elsewhere" in words}
    return Facts(
        load=load,
        accounts=tuple(_account(key, words) for key, words in world["accounts"].items()),
        opportunities=tuple(_deal(key, words) for key, words in world["deals"].items()),
        registrations=tuple(_claim(key, name(key), words) for key, words in world["claims"].items()),
        partners=tuple(_partner(key, words) for key, words in world["partners"].items()),
    )


def _account(key: str, words: Words) -> Account:
    return Account(
        key,
        words.get("name", key),
        (Ref("sf", "Account", key),),
        domain=words.get("domain"),
        country=words.get("country"),
        parent_id=words.get("parent"),
        named_list=NamedList(words.get("listed", "NONE")),
        industry=words.get("industry"),
    )


def _partner(key: str, words: Words) -> Partner:
    end = words.get("agreement_ends")
    return Partner(
        key,
        words["name"],
        (Ref("sf", "Account", key), Ref("hs", "companies", key)),
        tier=Tier(words["tier"]) if "tier" in words else None,
        status=PartnerStatus(words.get("status", "ACTIVE")),
        certifications=tuple(_certificate(text) for text in words.get("certificates", ())),
        agreement_end=moment(end).date() if end else None,
        agreement_regions=tuple(words.get("territory", ())),
        agreement_families=tuple(words.get("families", ())),
        agreement_exclusive=words.get("exclusive", False),
    )


def _certificate(text: str) -> tuple[str, date | None]:
    """``CLOUD-PRO`` or ``CLOUD-PRO until day 90``."""
    code, _, end = text.partition(" until ")
    return code, moment(end).date() if end else None


def _deal(key: str, words: Words) -> Opportunity:
    optional: dict[str, Any] = {}
    if "closed_on" in words:
        optional["close_date"] = moment(words["closed_on"]).date()
    if "direct_sales_since" in words:
        optional["direct_engaged_at"] = moment(words["direct_sales_since"])
    rows = (Ref("sf", "Opportunity", key), Ref("hs", "deals", key))
    return Opportunity(
        id=key,
        name=words.get("name", key),
        members=tuple(row for row in rows if words.get("crm", row.connection) == row.connection),
        owners=tuple(words.get("owners", ())),
        managers=tuple(words.get("managers", ())),
        stages=tuple(map(_stage, words.get("stages", ()))),
        merged=tuple(words.get("merged", ())),
        renewal_of=words.get("renews"),
        account_id=words.get("account"),
        stage=Stage(words.get("stage", "QUALIFIED")),
        created_at=moment(words.get("created", "day -5")),
        type=OpportunityType(words.get("type", "NEW")),
        amount=money(words["amount"]) if words.get("amount") else None,
        lines=tuple(_line(line) for line in words.get("lines", ())),
        **optional,
    )


def _stage(text: str) -> tuple[datetime, Stage]:
    """``QUALIFIED since day -3``."""
    stage, _, since = text.partition(" since ")
    return moment(since), Stage(stage)


def _line(words: Words) -> Line:
    ref = Ref("sf", "OpportunityLineItem", words["id"])
    net = money(words["net"]) if "net" in words else None
    return Line(words["id"], ref, words["id"], words.get("family"), net, tuple(words.get("needs", ())))


READ: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "partner": ("partner_id", str),
    "deal": ("opportunity_id", str),
    "roles": ("roles", lambda roles: tuple(map(Role, roles))),
    "submitted": ("submitted_at", moment),
    "declared": ("declared_value", money),
    "expected_close": ("expected_close", lambda text: moment(text).date()),
    "contribution": ("contribution", Decimal),
    "customer": ("customer_choice", Choice),
    "joint_answer": ("joint_response", Response),
    "evidence": ("evidence", lambda lines: tuple(map(_evidence, lines))),
    "lines": ("line_ids", tuple),
    "families": ("families", tuple),
    "regions": ("regions", tuple),
    "joint": ("joint_key", str),
    "share": ("proposed_share", Decimal),
    "tender": ("tender_published_on", lambda text: moment(text).date()),
    "extension": ("extension_requested_at", moment),
}


def _claim(key: str, record_id: str, words: Words) -> Registration:
    ref = Ref(words.get("crm", "sf"), "Deal_Registration__c", record_id)
    values: dict[str, Any] = {"created_at": moment(words.get("created", words.get("submitted", "day 0")))}
    for word, value in words.items():
        if word == "vote":
            values |= _vote(value)
        elif word not in ("crm", "created"):
            field, change = READ.get(word, (word, lambda same: same))
            assert field in {known.name for known in fields(Registration)}, f"{key}: unknown {word}"
            values[field] = change(value)
    return Registration(id=record_id, ref=ref, **values)


def _vote(text: str) -> dict[str, Any]:
    """``APPROVE by Maria on day 3 10:00: because`` (the reason may be left out)."""
    found = re.fullmatch(r"(\w+) by (\w+|approval process) on (day -?\d+(?: \d\d:\d\d)?)(?:: (.+))?", text)
    assert found, f"{text!r} is not like 'APPROVE by Maria on day 3 10:00'"
    vote, voter, when, reason = found.groups()
    return {"vote": Vote(vote), "voter": voter, "voted_at": moment(when), "vote_reason": reason}


def _evidence(text: str) -> Evidence:
    """``POC on day -3``, with ``, unverified`` when nobody of the vendor has seen it."""
    kind, _, rest = text.partition(" on ")
    when, comma, word = rest.partition(", ")
    assert not comma or word == "unverified", text
    return Evidence(kind, moment(when), verified=not comma)
