"""A manual that nothing checks drifts: its commands, links, keys, figures and tables are those of the code."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from typer.main import get_command

from sync.attribution.door import answer
from sync.cli import session
from sync.cli.app import app
from sync.config import ConfigForm
from sync.ledger import Sold, post
from sync.mapping.paths import PATHS
from sync.model.deal import Opportunity, Stage
from sync.model.ledger import Cause, LedgerEntry, Posted
from sync.model.money import Money
from sync.model.registration import State
from sync.model.split import Portion, Split, SplitStatus
from sync.policy import Policy

SYNC = Path(__file__).parents[2] / "sync"
DOCS, DEPLOY = SYNC / "docs", SYNC / "deploy"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}
SERVICE = (DEPLOY / "README.md").read_text(encoding="utf-8")
UNITS = {path.name: path.read_text(encoding="utf-8") for path in sorted(DEPLOY.glob("*.service"))}
TEXTS = {**PAGES, "deploy": SERVICE}
PROGRAM: Any = get_command(app)  # typer's own click: the parser that users meet
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MARKED = re.compile(r"<!-- (\w+): (\{.*?\}) -->\n\n((?:\|[^\n]*\n)+)", re.DOTALL)
each_page = pytest.mark.parametrize("page", TEXTS)


def blocks(text: str, language: str) -> list[str]:
    return [body for spoken, body in FENCE.findall(text) if spoken == language]


def inline(text: str) -> list[str]:
    """What stands in backticks, also over the end of a line."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", FENCE.sub("", text))]


def table(rows: str) -> list[list[str]]:
    """The cells of a table, its heading first."""
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in rows.splitlines()]
    return [lines[0], *lines[2:]]


def commands(text: str) -> Iterator[str]:
    """Every call of the program in a shell block, or in backticks."""
    for block in blocks(text, "sh"):
        yield from (line for line in block.splitlines() if line.startswith("dealsync "))
    yield from (code for code in inline(text) if code.startswith("dealsync "))


def parse(line: str) -> None:
    """Read a command line as the program would. Raises what it says of an unknown command, option or argument."""
    command, words = PROGRAM, shlex.split(line, comments=True)[1:]
    while hasattr(command, "commands") and words:
        command = command.commands[words.pop(0)]
    context = command.make_context(command.name, [], resilient_parsing=True)  # runs and asks nothing
    context.resilient_parsing = False
    _, left, _ = command.make_parser(context).parse_args(words)
    assert not left, f"{line}: too many arguments: {left}"


def options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from (*parameter.opts, *parameter.secondary_opts)
    for inner in getattr(command, "commands", {}).values():
        yield from options(inner)


@each_page
def test_every_command_in_the_manual_can_be_given(page: str) -> None:
    for line in commands(TEXTS[page]):
        parse(line)


@each_page
def test_every_option_that_is_named_alone_exists(page: str) -> None:
    known = {"--help", *options(PROGRAM)}
    assert {code.split()[0] for code in inline(TEXTS[page]) if code.startswith("--")} <= known


@pytest.mark.parametrize("unit", UNITS)
def test_the_services_start_commands_that_exist(unit: str) -> None:
    (line,) = re.findall(r"bin/(dealsync [^\"'$\n]*)", UNITS[unit])
    parse(line)


@pytest.mark.parametrize("wrong", ["dealsync frob", "dealsync plan --frob", "dealsync status now"])
def test_a_command_that_does_not_exist_would_be_noticed(wrong: str) -> None:
    with pytest.raises(Exception, match=r"frob|now"):
        parse(wrong)


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_every_link_is_relative_and_leads_somewhere(page: str) -> None:
    folder = DOCS if page in PAGES else DEPLOY
    for target in re.findall(r"\]\(([^)]+)\)", TEXTS[page]):
        name, _, anchor = target.partition("#")
        assert (folder / name).exists(), target
        assert not anchor or anchor in anchors(folder / name), target


def test_the_first_page_leads_to_every_other() -> None:
    assert {name for name in PAGES if f"({name})" not in PAGES["index.md"]} == {"index.md"}


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every key of a file, with its section before it."""
    for name, field in model.model_fields.items():
        yield prefix + name
        for inner in (field.annotation, *get_args(field.annotation)):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from keys(inner, f"{prefix}{name}.")


@each_page
def test_every_key_in_backticks_exists(page: str) -> None:
    known = {*keys(Policy), *keys(ConfigForm), "records.opportunity", "records.account"}
    files = r"toml|db|md|service|timer|conf|env|plan"
    named = {code for code in inline(TEXTS[page]) if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", code)}
    assert {key for key in named if not re.search(rf"\.({files})$", key)} <= known


@pytest.mark.parametrize("example", blocks(PAGES["policies.md"], "toml"))
def test_every_example_of_a_policy_is_a_sound_one(example: str) -> None:
    policy: dict[str, Any] = tomllib.loads((SYNC / "presets/policies/standard.toml").read_text(encoding="utf-8"))
    for section, lines in tomllib.loads(example).items():
        policy[section] = {**policy.get(section, {}), **lines}
    assert Policy.model_validate(policy).name == "standard"


@pytest.mark.parametrize("example", blocks(PAGES["mappings.md"], "toml"))
def test_every_example_of_a_mapping_names_words_that_exist(example: str) -> None:
    content = tomllib.loads(example)
    fields = content.get("field", [])
    assert {field["canonical"] for field in fields} <= {path for paths in PATHS.values() for path in paths}
    assert fields or content["picklist"]


@each_page
def test_no_page_names_a_place_of_one_machine(page: str) -> None:
    assert set(re.findall(r"(?<![\w./)*])/([a-z]+)/", TEXTS[page])) <= {"etc", "opt", "usr", "var"}


@each_page
def test_no_line_is_longer_than_120_characters(page: str) -> None:
    assert [line for line in TEXTS[page].splitlines() if len(line) > 120] == []


def examples(kind: str) -> list[tuple[dict[str, Any], list[list[str]]]]:
    """The worked examples of one kind: the deal in the comment, and the table under it."""
    return [
        (json.loads(deal), table(rows)) for said, deal, rows in MARKED.findall(PAGES["money.md"]) if said == kind
    ]


@pytest.mark.parametrize(("deal", "rows"), examples("divided"))
def test_a_worked_division_is_what_the_code_divides(deal: dict[str, Any], rows: list[list[str]]) -> None:
    told = answer(json.dumps(deal), "the manual")
    parts = [[who, told["weights"][who], told["percent_2dp"][who], told["amount"][who]] for who, *_ in rows[1:]]
    assert rows[1:] == parts
    assert len(parts) == len(deal["partners"])


def split(deal: Mapping[str, Any], version: int) -> Split:
    """The deal as it stands at its ``version``th amount."""
    amount, weights = deal["amounts"][version], deal["weights"]
    asked = {"weights": weights, "amount": amount, "currency": deal["currency"], "tie_order": [*weights]}
    parts = answer(json.dumps(asked), "the manual")["amount"]
    portions = tuple(
        Portion(who, (), weights[who], None, None, Money.parse(part, deal["currency"]))
        for who, part in parts.items()
    )
    total = Money.parse(amount, deal["currency"])
    return Split("opp_1", version + 1, SplitStatus.LOCKED, "role_pools", "standard/1", total, portions)


def booked(deal: Mapping[str, Any]) -> Iterator[tuple[LedgerEntry, ...]]:
    """What the ledger posts, amount after amount."""
    posted, before = Posted(), None
    for version in range(len(deal["amounts"])):
        now = split(deal, version)
        won = Opportunity("opp_1", "A deal", (), None, Stage.WON, NOON, amount=now.amount)
        entries = post(NOON, Sold(won, now, before, posted))
        sums = {(entry.party, entry.delta.currency): entry.delta.minor for entry in entries}
        balances = {place: posted.balances.get(place, 0) + minor for place, minor in sums.items()}
        posted, before = Posted(posted.entries + len(entries), balances), now
        yield entries


@pytest.mark.parametrize(("deal", "rows"), examples("booked"))
def test_a_worked_correction_is_what_the_ledger_books(deal: dict[str, Any], rows: list[list[str]]) -> None:
    columns = list(booked(deal))
    assert [{entry.cause.value for entry in column} for column in columns] == [{cause} for cause in rows[0][1:-1]]
    for who, *cells in rows[1:]:
        moved = [entry.delta.major for column in columns for entry in column if entry.party == who]
        assert cells == [str(amount) for amount in (*moved, sum(moved))]
    assert {who for who, *_ in rows[1:]} == set(deal["weights"])


def test_there_are_two_worked_examples() -> None:
    assert (len(examples("divided")), len(examples("booked"))) == (1, 1)


def first_words(text: str) -> set[str]:
    """The words in the first cell of every row of every table."""
    return {word for cell in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE) for word in cell.split(", ")}


def test_the_tables_of_states_causes_and_exit_codes_are_whole() -> None:
    assert {state.value for state in State} <= first_words(PAGES["partners.md"])
    assert {cause.value for cause in Cause} <= first_words(PAGES["money.md"])
    codes = {session.DONE, session.ERROR, session.PENDING, session.INCOMPLETE, session.USAGE}
    assert {int(word) for word in first_words(PAGES["at-3-am.md"]) if word.isdigit()} == codes
