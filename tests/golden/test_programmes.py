"""The shipped programmes: each is sound, is what its line says, and is what `init` copies."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from sync import commands
from sync.config import load
from sync.model.problem import BadInput
from sync.model.registration import Role
from sync.policy import Policies, Policy, parse
from sync.policy.advice import Programme, advise

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "sync/presets/README.md").read_text("utf-8")


def read(name: str) -> Policy:
    folder = "policies" if name == "standard" else "programmes"
    content = tomllib.loads((ROOT / f"sync/presets/{folder}/{name}.toml").read_text("utf-8"), parse_float=Decimal)
    policy, problems = parse(name, content)
    assert policy is not None, problems
    return policy


@pytest.mark.parametrize("name", commands.PROGRAMMES)
def test_every_programme_is_sound_named_and_told_nothing_but_who_may_decide(name: str) -> None:
    policy = read(name)
    assert policy.id == f"{name}/1"
    told = [problem.where for problem in advise(Policies((policy,)), Programme())]
    assert told == [f"policy {name}/1: approvals.owner_may_decide"]
    assert f"| `{name}` |" in README


def test_each_is_what_its_line_says() -> None:
    found = {name: read(name) for name in commands.PROGRAMMES}
    assert found["by-workload"].role(Role.IMPLEMENT).exclusive == "family"
    assert found["customer-decides"].ladder.rungs == ("customer_choice", "person")
    assert found["customer-decides"].attribution.model == "equal"
    assert found["long-cycle"].windows.protection(None) == 180
    assert found["open-domains"].attribution.sourced_bonus == 10
    assert found["quick-referral"].windows.protection(None) == 60
    assert found["second-earns-half"].attribution.late_factor == Decimal("0.5")
    assert found["teaming"].conflicts.teaming and found["teaming"].conflicts.tender == "equal_treatment"
    assert (
        len({policy.model_copy(update={"name": "", "title": ""}).model_dump_json() for policy in found.values()})
        == 8
    )


@pytest.mark.parametrize("name", commands.PROGRAMMES)
def test_an_installation_starts_from_it(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commands.write_new(tmp_path / "new", programme=name)
    config = load(tmp_path / "new")
    assert [policy.name for policy in config.policies.all] == [name]


def test_a_programme_that_is_not_shipped_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        commands.write_new(tmp_path / "new", programme="generous")
    assert "standard, by-workload" in refused.value.problems[0].fix
    assert not (tmp_path / "new").exists()
