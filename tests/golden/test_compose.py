"""The compose file says nothing that the program does not know, and names nothing that it does not define."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

from sync.cli.serving import PORT
from tests.golden.test_manual import DEPLOY, parse

FILE: Final[Any] = json.loads((DEPLOY / "compose.json").read_text("utf-8"))
OURS: Final = sorted(name for name, service in FILE["services"].items() if service["image"] == "dealsync")
WORD: Final = {"type": "string"}
WORDS: Final = {"type": "array", "items": WORD}
SERVICE: Final = {  # those keys of the compose specification that we use, as it types them
    "type": "object",
    "required": ["image", "restart"],
    "additionalProperties": False,
    "properties": {
        **dict.fromkeys(("volumes", "secrets", "cap_drop", "ports", "command"), WORDS),
        **dict.fromkeys(("image", "restart", "stop_grace_period"), WORD),
        "read_only": {"type": "boolean"},
        "environment": {"type": "object", "additionalProperties": {"type": "string"}},
        "env_file": {"type": "array", "items": {"type": "object", "required": ["path"]}},
        "depends_on": {
            "type": "object",
            "additionalProperties": {
                "required": ["condition"],
                "properties": {"condition": {"enum": ["service_started", "service_healthy"]}},
            },
        },
        "healthcheck": {"type": "object", "required": ["test"], "properties": {"test": WORDS}},
    },
}
SCHEMA: Final = {
    "type": "object",
    "required": ["services", "volumes", "secrets"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string"},
        "services": {"type": "object", "additionalProperties": SERVICE},
        "volumes": {"type": "object"},
        "secrets": {"type": "object", "additionalProperties": {"required": ["file"]}},
    },
}


def test_it_has_the_shape_of_a_compose_file() -> None:
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(FILE)] == []


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
