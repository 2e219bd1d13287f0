"""Documentation that nothing checks drifts: every table of the code stands in its README, word for word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from sync.attribution.models import MODELS
from sync.cli.app import app
from sync.conflicts.catalogue import CATALOGUE
from sync.ladder import LADDER
from sync.lifecycle import MOVES
from sync.model.registration import State
from sync.policy import Policy
from sync.resolve import RULINGS

ROOT = Path(__file__).parents[2]
SYNC = (ROOT / "sync/README.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
POLICIES = (ROOT / "sync/presets/README.md").read_text(encoding="utf-8")


def sentence(documented: object) -> str:
    """The first sentence of a docstring, as the tables print it."""
    return " ".join((documented.__doc__ or "").split()).split(". ")[0].rstrip(".") + "."


def test_the_table_of_moves_is_the_code() -> None:
    for move in MOVES:
        sources = ", ".join(state.value for state in State if state in move.sources)
        assert f"| {sources} | {move.event} | {move.target or 'stays'} | {move.sentence} |" in SYNC


def test_the_table_of_conflicts_is_the_code() -> None:
    for row in CATALOGUE:
        assert f"| {row.kind} | {row.title} | {row.sentence} | {sentence(RULINGS[row.kind])} |" in SYNC


@pytest.mark.parametrize("table", [LADDER, MODELS], ids=["ladder", "models"])
def test_the_tables_of_rungs_and_models_are_the_code(table: dict[str, object]) -> None:
    for name, row in table.items():
        assert f"| {name} | {sentence(row)} |" in SYNC


def test_every_command_is_in_the_readme() -> None:
    names = [command.name or command.callback.__name__ for command in app.registered_commands if command.callback]
    assert names
    for name in names:
        assert re.search(rf"(dealsync|dev\.py) {name}\b", README), name


def test_every_key_of_a_policy_is_explained() -> None:
    missing = [key for key in _keys(Policy) if f"`{key}`" not in POLICIES and key.split(".")[-1] not in POLICIES]
    assert not missing


def _keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            found += _keys(inner, f"{prefix}{name}.")
        elif name != "roles":
            found.append(prefix + name)
    return found


def test_the_example_configuration_is_what_init_writes() -> None:
    assert (ROOT / "config.example.toml").read_text("utf-8") == (ROOT / "sync/presets/config.toml").read_text(
        "utf-8"
    )


def test_files_that_the_readmes_name_exist() -> None:
    for page in (README, SYNC):
        for target in re.findall(r"\]\(([^)#:]+)\)", page):
            assert (ROOT / target).exists() or (ROOT / "sync" / target).exists(), target


def test_the_promises_name_tests_that_exist() -> None:
    for place in re.findall(r"`(tests/[^`]+)`", README):
        assert (ROOT / place).exists(), place
