"""Forty faults, one at a time: does lint find each, on its line, and name what to do?"""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.commands import write_new
from sync.lint import Fault, lint
from sync.places import line_of, places

OPP, REG, ATT = (
    "mappings/sf-opportunity.toml",
    "mappings/sf-deal-registration.toml",
    "mappings/sf-partner-attribution.toml",
)
POLICY = "policies/standard.toml"
TYPED = 'canonical = "opportunity"\n\n[types]\nAmount = "number"\n\n[[field]]'
HEAD = 'canonical = "opportunity"\n\n[[field]]'


def expression(text: str) -> str:
    """A field that is calculated, where the name was copied."""
    return f'{TYPED}\ncanonical = "source"\nexpr = "{text}"\n\n[[field]]'


SEEDED = [
    # config.toml
    ("config.toml", 'mode = "apply"', 'mode = "aply"', 'mode = "aply"', "did you mean 'apply'"),
    ("config.toml", 'policies = "policies"', 'polices = "policies"', "polices", "did you mean 'policies'"),
    ("config.toml", "changes = 200", "changes = -1", "changes = -1", "config.example.toml"),
    ("config.toml", "changes_percent = 5", "changes_percent = 500", "changes_percent = 500", "config.example.toml"),
    ("config.toml", 'kind = "hubspot"', 'kind = "hubspit"', 'kind = "hubspit"', "did you mean 'hubspot'"),
    ("config.toml", 'currency = "EUR"', 'currency = "EURO"', 'currency = "EURO"', "config.example.toml"),
    ("config.toml", 'opportunity = "sf"', 'opportunity = "sff"', 'opportunity = "sff"', "correct the name"),
    ("config.toml", 'opportunity = "sf"', "", "[records]", "set it to one of sf, hs"),
    ("config.toml", "[schedule]", "[schedul]", "[schedul]", "did you mean 'schedule'"),
    ("config.toml", 'sync = "every 5 minutes"', 'sync = "evry 5 minutes"', 'sync = "evry', "every 5 minutes"),
    ("config.toml", 'environment = ""', 'environment = "prod"', 'environment = "prod"', "leave environment empty"),
    ("config.toml", '"env:SF_CLIENT_SECRET"', '"hunter2"', "auth = { flow", "env:NAME"),
    ("config.toml", "[limits]", "[limits", "[limits", "correct that place"),
    # policies
    (
        POLICY,
        "review_business_days = 2",
        "review_busines_days = 2",
        "review_busines_days",
        "did you mean 'review_business_days'",
    ),
    (POLICY, "floor = 0", "floor = 200", "floor = 200", "sync/presets/README.md"),
    (POLICY, "SOURCE     = { pool = 10", "SOURCE     = { pool = 20", "[roles]", "make 100"),
    # the head of a mapping
    (OPP, "schema = 1", "schema = 2", "schema = 2", "mappings/README.md"),
    (OPP, 'id = "sf-opportunity"\n', "", "#", "add id"),
    (OPP, 'object = "Opportunity"', 'objekt = "Opportunity"', "objekt", "did you mean 'object'"),
    (
        OPP,
        'canonical = "opportunity"',
        'canonical = "oportunity"',
        'canonical = "oportunity"',
        "did you mean 'opportunity'",
    ),
    (OPP, 'object = "Opportunity"', 'object = "Account"', 'object = "Account"', "keep one of the two"),
    (OPP, "schema = 1", 'extends = "sf-oportunity"\nschema = 1', "extends", "did you mean 'sf-opportunity'"),
    (
        OPP,
        "schema = 1",
        'extends = "sf-opportunity"\ndrop = ["sourc"]\nschema = 1',
        "drop",
        "did you mean 'source'",
    ),
    # its fields
    (OPP, 'canonical = "stage"', 'canonical = "stagge"', 'canonical = "stagge"', "did you mean 'stage'"),
    (OPP, 'canonical = "close_date"', 'canonical = "name"', 'canonical = "name"', "remove one of the two"),
    (OPP, 'remote = "AccountId"\nrefers = "Account"', 'remote = "AccountId"', "[[field]]", 'refers = "Account"'),
    (OPP, 'remote = "CloseDate"', 'remot = "CloseDate"', "remot =", "did you mean 'remote'"),
    (OPP, 'remote = "CloseDate"', 'remote = ["CloseDate", "Other"]', '"Other"', "remove the others"),
    (
        OPP,
        'remote = "CloseDate"',
        'remote = "CloseDate"\ndirection = "out"',
        'direction = "out"',
        'direction = "in"',
    ),
    (
        OPP,
        'remote = "CloseDate"',
        'remote = "CloseDate"\ndirection = "inn"',
        'direction = "inn"',
        "did you mean 'in'",
    ),
    (OPP, 'remote = "CloseDate"', 'remote = "CloseDate"\nowner = "engine"', 'owner = "engine"', "change the owner"),
    (OPP, 'remote = "StageName"\npicklist = "stage"', 'remote = "StageName"', "[[field]]", "[picklist.…]"),
    (
        OPP,
        'remote = "StageName"\npicklist = "stage"',
        'remote = "StageName"\npicklist = "stges"',
        'picklist = "stges"',
        "did you mean 'stage'",
    ),
    (
        OPP,
        'remote = "CloseDate"',
        'remote = "CloseDate"\nnull = "keep"',
        "[[field]]",
        "remove it from a field that is read",
    ),
    (
        OPP,
        'remote = ["Amount", "CurrencyIsoCode?"]',
        'remote = "Amount"\ndefault = "0"',
        'default = "0"',
        "(Amount ?? 0)",
    ),
    # its picklists
    (OPP, 'Renewal = "RENEWAL"', 'Renewal = "RENEWEL"', 'Renewal = "RENEWEL"', "did you mean 'RENEWAL'"),
    (OPP, 'Approved = "APPROVED"\n', "", "[picklist.registration_status.map]", "map a CRM value to each"),
    (
        OPP,
        "[picklist.type.map]",
        '[picklist.spare.map]\nA = "B"\n\n[picklist.type.map]',
        "[picklist.spare.map]",
        "remove it",
    ),
    (
        OPP,
        "[picklist.type.map]",
        '[picklist.type]\nunmapped = "ignore"\n\n[picklist.type.map]',
        'unmapped = "ignore"',
        "mappings/README.md",
    ),
    # its expressions and tests
    (OPP, HEAD, expression("$uper(LeadSource ?? '')"), "expr", "did you mean 'upper'"),
    (OPP, HEAD, expression("$upper(LeadSource)"), "expr", "(Field ?? '')"),
    (OPP, HEAD, expression("Amount"), "expr", "make every branch of it text"),
    (OPP, HEAD, expression("2 ** 8"), "expr", "calculate with * and /"),
    (
        OPP,
        "[picklist.type.map]",
        '[[test]]\nname = "a"\ngiven = { StagName = "Proposal" }\n\n[picklist.type.map]',
        "given",
        "did you mean 'StageName'",
    ),
    (
        OPP,
        "[picklist.type.map]",
        '[[test]]\nname = "a"\ngiven = { StageName = "Proposal" }\nexpect = { stage = "WON" }\n\n'
        "[picklist.type.map]",
        "[[test]]",
        "correct the mapping, or the test",
    ),
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_new(tmp_path)
    return tmp_path


def seed(home: Path, file: str, old: str, new: str) -> None:
    text = (home / file).read_text("utf-8")
    assert old in text
    (home / file).write_text(text.replace(old, new, 1), "utf-8")


def test_there_are_more_than_forty() -> None:
    assert len(SEEDED) > 40


@pytest.mark.parametrize(("file", "old", "new", "line", "fix"), SEEDED)
def test_each_fault_is_found_on_its_line_with_its_fix(
    home: Path, file: str, old: str, new: str, line: str, fix: str
) -> None:
    seed(home, file, old, new)
    found = [fault for fault in lint(home) if fix in fault.fix]
    assert found, [*map(str, lint(home))]
    lines = (home / file).read_text("utf-8").splitlines()
    assert any(line in lines[fault.line - 1] for fault in found if fault.file == file), [*map(str, found)]


def test_what_init_writes_has_no_fault(home: Path) -> None:
    assert lint(home) == []


def test_faults_of_all_files_are_said_at_once_in_their_order(home: Path) -> None:
    for file, old, new, _, _ in (SEEDED[0], SEEDED[14], SEEDED[23], SEEDED[35]):
        seed(home, file, old, new)
    assert [fault.file for fault in lint(home)] == ["config.toml", OPP, OPP, POLICY]


def test_a_folder_that_is_no_installation_has_one_fault(tmp_path: Path) -> None:
    assert Fault(
        "config.toml",
        1,
        "",
        f"{tmp_path}/config.toml does not exist",
        f"run `dealsync init {tmp_path}` to write one",
    ) in lint(tmp_path)


TOML = '''
top = 1
[a."b c"]
x = """
[not.a.table]
"""
[[field]]
one = [
  "y = 1",
]
[[field]]
two = { three = 3 }
[field.four]
five = 5
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        ("top", 2),
        ("a.b c.x", 4),
        ("not.a.table", 1),
        ("field.1.one", 8),
        ("field.2 (x)", 11),
        ("field.2.two.three", 12),
        ("field.2.four.five", 14),
        ("field.2.six", 11),
        ("field.1.y", 7),
    ],
)
def test_a_key_is_found_in_any_spelling_of_toml(key: str, line: int) -> None:
    assert line_of(places(TOML), key) == line
