"""Partners, deals and claims for the tests of the core, each with only what a test is about."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings

from connector.record import Ref
from sync.claim import Claim
from sync.model.deal import Line, Opportunity, Stage
from sync.model.money import Money
from sync.model.parties import Account, Partner
from sync.model.registration import Evidence, Registration, Role, Standing, State, filed_digest
from sync.policy import Policy

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For generated cases on a machine that is busy."""

PRESET = Path(__file__).resolve().parents[2] / "sync/presets/policies/standard.toml"


def day(number: int, hour: int = 9, minute: int = 0, second: int = 0) -> datetime:
    """A moment counted from Monday, 1 February 2027."""
    return datetime(2027, 2, 1, hour, minute, second, tzinfo=UTC) + timedelta(days=number)


def date_of(number: int) -> date:
    return day(number).date()


def standard(**blocks: Any) -> dict[str, Any]:
    """The text of the standard programme with some keys of some blocks changed."""
    content = tomllib.loads(PRESET.read_text(encoding="utf-8"), parse_float=Decimal)
    for block, value in blocks.items():
        content[block] = {**content[block], **value} if isinstance(value, dict) and block in content else value
    return content


def policy(**blocks: Any) -> Policy:
    return Policy.model_validate(standard(**blocks))


STANDARD = policy()


def partner(key: str, **more: Any) -> Partner:
    members = (Ref("sf", "Account", key), Ref("hs", "companies", key))
    return Partner(**{"id": key, "name": key.title(), "members": members, **more})


def line(key: str, net: str | None = "100.00", needs: tuple[str, ...] = ()) -> Line:
    money = Money.parse(net, "EUR") if net else None
    return Line(key, Ref("sf", "OpportunityLineItem", key), key, None, money, needs)


def deal(key: str = "deal", amount: str | None = "100.00", **more: Any) -> Opportunity:
    members = (Ref("sf", "Opportunity", key), Ref("hs", "deals", key))
    plain: dict[str, Any] = {"account_id": "account", "stage": Stage.QUALIFIED, "created_at": day(-5)}
    money = Money.parse(amount, "EUR") if amount else None
    return Opportunity(**{"id": key, "name": key.title(), "members": members, "amount": money, **plain, **more})


ACCOUNT = Account("account", "Account", (Ref("sf", "Account", "account"),), domain="account.example.com")
DEAL = deal()


def evidence(kind: str, at: datetime, verified: bool = True) -> Evidence:
    return Evidence(kind, at, verified=verified)


def registration(key: str, who: str = "alpha", roles: str = "RESELL", **more: Any) -> Registration:
    asked = {"roles": tuple(Role(role) for role in roles.split()), "opportunity_id": "deal"}
    dates = {"created_at": day(0), "submitted_at": day(0)}
    ref = Ref("sf", "Deal_Registration__c", key)
    return Registration(**{"id": key, "ref": ref, "partner_id": who, **asked, **dates, **more})


def claim(key: str, who: str = "alpha", roles: str = "RESELL", **more: Any) -> Claim:
    """A claim under review on DEAL, or in another ``state``; what is not of a claim goes to its registration."""
    state = State(more.pop("state", "UNDER_REVIEW"))
    on: Opportunity | None = more.pop("deal", DEAL)
    account = more.pop("account", ACCOUNT if on else None)
    rules = more.pop("policy", STANDARD)
    standing_fields = more.pop("standing", {})
    someone = more.pop("partner", partner(who))
    filed = registration(key, who, roles, **{"opportunity_id": on.id if on else None, **more})
    fresh = Claim(filed, someone, rules, on, account, None)
    if state is State.DRAFT:
        return fresh
    return Claim(filed, someone, rules, on, account, standing(fresh, state, **standing_fields))


def standing(of: Claim, state: State, **more: Any) -> Standing:
    plain: dict[str, Any] = {
        "registration_id": of.id,
        "state": state,
        "since": day(0),
        "submitted_at": of.submitted_at,
        "policy": of.policy.id,
        "decision_id": f"dec_{of.id}",
        "roles": of.registration.roles,
        "line_ids": of.registration.line_ids,
        "filed": filed_digest(of.registration),
    }
    if state is State.APPROVED:
        window = timedelta(of.policy.windows.protection(of.partner.tier))
        dates = {"approved_at": day(1), "protection_start": date_of(1), "protection_end": (day(1) + window).date()}
        plain |= dates
    return Standing(**{**plain, **more})
