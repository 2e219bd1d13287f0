"""What `dealsync doctor` says of a portal: every check is seen to find something, and to be content."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connector.finding import Finding, Severity, Use
from connector.hubspot.checks import CHECKS, ENDS, Facts, Seen, evaluate, needed
from connector.hubspot.crm import HubSpotCrm
from connector.hubspot.gateway import DEFAULT_VERSION
from connector.record import FieldInfo, FieldType
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.switchboard import Fault
from connector.sandbox.world import World

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
OURS = "partner_attribution"
USE = Use(
    OURS,
    reads=("engine_key",),
    writes=("share", "split_status", "companies#Attributed partner"),
    key="engine_key",
    options={"split_status": ("draft", "agreed")},
    types={"share": (FieldType.NUMBER,)},
)
FIELDS = {
    "engine_key": FieldInfo("engine_key", "Key", FieldType.TEXT, unique=True, required=True),
    "share": FieldInfo("share", "Share", FieldType.NUMBER),
    "split_status": FieldInfo("split_status", "Status", FieldType.CHOICE, options=("draft", "agreed", "locked")),
    "companies#Attributed partner": FieldInfo("companies#Attributed partner", "Partner", FieldType.ASSOCIATION),
}
SOUND = Facts(
    "hs",
    DEFAULT_VERSION,
    NOW,
    theirs=NOW,
    scopes=frozenset(needed(USE)),
    seen={OURS: Seen(tuple(FIELDS.values()))},
    daily=(625_000, 600_000),
)


def with_field(name: str, **changes: Any) -> Facts:
    fields = {**FIELDS, name: replace(FIELDS[name], **changes)}
    return replace(SOUND, seen={OURS: Seen(tuple(fields.values()))})


def without(name: str) -> Facts:
    return replace(SOUND, seen={OURS: Seen(tuple(info for key, info in FIELDS.items() if key != name))})


def bad(facts: Facts, use: Use = USE) -> list[Finding]:
    return [found for found in evaluate(facts, [use]) if found.severity not in (Severity.OK, Severity.NOTE)]


def test_a_sound_portal_gets_a_line_from_every_check_and_nothing_to_do() -> None:
    found = evaluate(SOUND, [USE])
    assert bad(SOUND) == []
    assert len(found) == len(CHECKS)
    assert all(not finding.fix for finding in found)
    assert str(found[0]) == "ok: hs: it can be reached and takes the sign-in"


@pytest.mark.parametrize(
    ("facts", "place", "words", "severity"),
    [
        (replace(SOUND, unreachable="hs: GET /x: refused. Fix: correct url"), "hs", "refused", Severity.ERROR),
        (replace(SOUND, theirs=NOW - timedelta(minutes=3)), "hs: clock", "180 s ahead of", Severity.WARNING),
        (replace(SOUND, theirs=NOW + timedelta(minutes=3)), "hs: clock", "180 s behind", Severity.WARNING),
        (replace(SOUND, theirs=None), "hs: clock", "no Date", Severity.WARNING),
        (replace(SOUND, version="v3"), "hs: api_version", "ends on 2027-03-30", Severity.WARNING),
        (
            replace(SOUND, version="v4", now=NOW.replace(year=2028), theirs=None),
            "hs: api_version",
            "ended",
            Severity.ERROR,
        ),
        (replace(SOUND, scopes=frozenset()), f"hs: {OURS}", "crm.objects.custom.write", Severity.ERROR),
        (
            replace(SOUND, seen={OURS: Seen(refusal="hs: no such object. Fix: create it")}),
            f"hs: {OURS}",
            "no such",
            Severity.ERROR,
        ),
        (without("share"), f"hs: {OURS}.share", "not there, or hidden", Severity.ERROR),
        (
            without("companies#Attributed partner"),
            f"hs: {OURS}.companies#Attributed partner",
            "the label",
            Severity.ERROR,
        ),
        (with_field("share", type=FieldType.TEXT), f"hs: {OURS}.share", "expects number", Severity.ERROR),
        (with_field("engine_key", unique=False), f"hs: {OURS}.engine_key", "not unique", Severity.ERROR),
        (with_field("share", writable=False), f"hs: {OURS}.share", "read-only", Severity.ERROR),
        (with_field("share", writable=False, calculated=True), f"hs: {OURS}.share", "calculated", Severity.ERROR),
        (with_field("split_status", options=("draft",)), f"hs: {OURS}.split_status", "agreed", Severity.ERROR),
        (replace(SOUND, daily=(1000, 199)), "hs: limits", "199 of the day's 1000", Severity.WARNING),
        (replace(SOUND, daily=(1000, 0)), "hs: limits", "0 of the day's 1000", Severity.ERROR),
    ],
)
def test_every_check_finds_what_it_is_for(facts: Facts, place: str, words: str, severity: Severity) -> None:
    found = [finding for finding in bad(facts) if words in finding.what]
    assert [(finding.place, finding.severity) for finding in found] == [(place, severity)]
    assert found[0].fix


def test_a_key_that_is_not_there_is_said() -> None:
    assert "hs: partner_attribution.engine_key: our unique" in " ".join(map(str, bad(without("engine_key"))))


def test_a_field_that_is_only_read_is_a_warning() -> None:
    found = bad(without("engine_key"), replace(USE, key=None))
    assert [finding.severity for finding in found] == [Severity.WARNING]


def test_what_a_new_record_needs_and_we_do_not_write_is_an_error() -> None:
    name = replace(FIELDS["share"], name="record_name", required=True)
    facts = replace(SOUND, seen={OURS: Seen((*FIELDS.values(), name))})
    [found] = bad(facts)
    assert "a new record needs record_name" in found.what
    assert bad(facts, replace(USE, key=None)) == [], "without a key we only update"


def test_what_cannot_be_known_is_a_note() -> None:
    unsaid = replace(SOUND, scopes=None, unsaid="HTTP 404", daily=(None, None))
    notes = [found.what for found in evaluate(unsaid, [USE]) if found.severity is Severity.NOTE]
    assert len(notes) == 3
    assert "HTTP 404" in notes[0]
    assert "rules that an admin set" in notes[1]
    assert "how many calls" in notes[2]


@pytest.mark.parametrize(
    ("kind", "scopes"),
    [
        ("deals", {"crm.objects.deals.read", "crm.schemas.deals.read"}),
        ("owners", {"crm.objects.owners.read"}),
        ("line_items", {"crm.objects.line_items.read"}),
        ("notes", {"crm.objects.contacts.read", "crm.schemas.contacts.read"}),
        ("deal_splits", {"crm.dealsplits.read_write"}),
        ("anything_else", {"crm.objects.custom.read", "crm.schemas.custom.read"}),
    ],
)
def test_every_object_needs_its_scopes(kind: str, scopes: set[str]) -> None:
    assert set(needed(Use(kind))) == scopes


def test_the_default_version_is_supported_for_longest() -> None:
    assert max(ENDS, key=lambda version: ENDS[version]) == DEFAULT_VERSION


class Free:
    """Lets every call pass."""

    def take(self, connection: str, limit: str, calls: int = 1) -> float:
        return 0.0

    def learn(self, connection: str, limit: str, *, used: int, allowed: int) -> None:
        """What the portal says of its day does not matter here."""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with start(World()) as sandbox:
        yield sandbox


FIXED = {"token": "pat-sandbox"}
OAUTH = {
    "flow": "refresh_token",
    "client_id": "dealsync",
    "client_secret": "sandbox-secret",
    "refresh_token": "refresh-sandbox",
}


def checked(sandbox: Sandbox, sign_in: dict[str, str], *uses: Use, api_version: str = "2026-09") -> dict[str, str]:
    """What is said other than that all is well, by place."""
    settings = {"url": sandbox.hubspot_url, "api_version": api_version, **sign_in}
    crm = HubSpotCrm("hs", settings, ledger=Free())
    found = crm.check(uses, sandbox.hubspot.switchboard.now())
    crm.close()
    return {each.place: each.what for each in found if each.severity is not Severity.OK}


@pytest.mark.parametrize("sign_in", [FIXED, OAUTH])
def test_the_sandbox_is_sound(sandbox: Sandbox, sign_in: dict[str, str]) -> None:
    said = checked(sandbox, sign_in, USE, Use("deals", reads=("amount",)), Use("deal_splits", writes=("splits",)))
    assert said.pop("hs").startswith("rules that an admin set")
    assert set(said) == ({"hs: limits"} if sign_in is OAUTH else set()), "OAuth apps are told of no daily limit"


def test_what_is_wrong_with_a_portal_is_said_at_once(sandbox: Sandbox) -> None:
    board = sandbox.hubspot.switchboard
    board.settings |= {
        "missing_scopes": ["companies"],
        "deal_splits": "off",
        "hidden_properties": {OURS: ["share"]},
        "daily_limit": 18,
    }
    deals = Use("deals", reads=("ghost",), writes=("hs_is_closed",), key="dealname")
    said = checked(sandbox, FIXED, USE, deals, Use("companies", reads=("name",)), Use("deal_splits"))
    assert "crm.objects.companies.read" in said["hs: companies"]
    assert "turned on" in said["hs: deal_splits"]
    assert "not there, or hidden" in said[f"hs: {OURS}.share"]
    assert "not there, or hidden" in said["hs: deals.ghost"]
    assert "calculated" in said["hs: deals.hs_is_closed"]
    assert "not unique" in said["hs: deals.dealname"]
    assert "dealstage" in said["hs: deals"]
    assert "of the day's 18 calls" in said["hs: limits"]


def test_a_portal_that_cannot_be_reached_says_only_that(sandbox: Sandbox) -> None:
    sandbox.hubspot.switchboard.faults.append(Fault(status=401, body={"category": "INVALID_AUTHENTICATION"}))
    said = checked(sandbox, FIXED, USE)
    assert list(said) == ["hs"]
    assert "HTTP 401" in said["hs"]
