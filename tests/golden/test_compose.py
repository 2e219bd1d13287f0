"""The compose file says nothing that the program does not know, and names nothing that it does not define."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from sync.cli.serving import PORT
from tests.golden.test_manual import DEPLOY, parse

FILE: Final[Any] = json.loads((DEPLOY / "compose.json").read_text("utf-8"))
OURS: Final = sorted(name for name, service in FILE["services"].items() if service["image"] == "dealsync")
SPEC: Final = Path(__file__).with_name("compose-spec") / "schema.json"
"""The Compose Specification's own schema (Apache-2.0, licence beside it), as check-jsonschema 0.39.0 ships it."""
SCHEMA: Final = Draft202012Validator(json.loads(SPEC.read_text("utf-8")))


def complaints(compose: Any) -> list[str]:
    return [error.message for error in SCHEMA.iter_errors(compose)]


def test_it_is_a_compose_file_by_the_specification_s_own_schema() -> None:
    assert complaints(FILE) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("restarts", "always"), ("command", 8), ("depends_on", {"postgres": {"condition": "soon"}})],
    ids=str,
)
def test_what_the_specification_does_not_know_is_found(key: str, value: Any) -> None:
    wrong = {**FILE, "services": {**FILE["services"], "console": {**FILE["services"]["console"], key: value}}}
    assert complaints(wrong)


@pytest.mark.parametrize("name", OURS)
def test_every_process_is_started_by_a_command_that_there_is(name: str) -> None:
    parse(" ".join(FILE["services"][name]["command"]))


def test_two_workers_have_two_names_and_there_is_one_console() -> None:
    commands = [FILE["services"][name]["command"] for name in OURS]
    names = [line[line.index("--name") + 1] for line in commands if line[1] == "worker"]
    assert len(set(names)) == len(names) == 2
    assert [line[1] for line in commands if line[1] != "worker"] == ["console"]
    assert FILE["services"]["console"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"], "TLS stands in front of it"


def test_what_it_names_is_defined_in_it() -> None:
    for service in FILE["services"].values():
        assert set(service["secrets"]) <= FILE["secrets"].keys()
        assert service.get("depends_on", {}).keys() <= FILE["services"].keys()
        named = {volume.partition(":")[0] for volume in service["volumes"]}
        assert {name for name in named if not name.startswith(".")} <= FILE["volumes"].keys()
