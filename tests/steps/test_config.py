"""An installation is read whole: what it says, and everything that is wrong with it at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from sync.commands import write_new
from sync.config import Config, load
from sync.model.plan import Limits
from sync.model.problem import BadInput, Problem

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A fresh installation."""
    write_new(tmp_path / "dealsync")
    return tmp_path / "dealsync"


def edit(home: Path, file: str, old: str, new: str) -> None:
    path = home / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def problems(home: Path) -> list[Problem]:
    with pytest.raises(BadInput) as refused:
        load(home)
    return list(refused.value.problems)


def places(home: Path) -> list[str]:
    return [problem.where for problem in problems(home)]


def without_hubspot(home: Path) -> None:
    text = (home / "config.toml").read_text("utf-8")
    edit(home, "config.toml", text[text.index("[connection.hs]") : text.index("[limits]")], "")
    for path in (home / "mappings").glob("hs-*.toml"):
        path.unlink()


def test_what_init_writes_is_a_whole_installation(home: Path) -> None:
    config = load(home)
    assert config.form.connection.keys() == {"sf", "hs"}
    assert config.record_of == {"opportunity": "sf", "account": "sf"}
    assert config.form.mode == "apply"
    assert [policy.id for policy in config.policies.all] == ["standard/1"]
    assert config.mappings.for_kind("hs", "registration") is not None


def test_the_example_beside_the_readme_is_what_init_writes(home: Path) -> None:
    assert (ROOT / "config.example.toml").read_text("utf-8") == (home / "config.toml").read_text("utf-8")


def test_the_example_shows_every_key_with_its_default(home: Path) -> None:
    shown = tomllib.loads((home / "config.toml").read_text("utf-8"))
    form = load(home).form
    assert shown.keys() == type(form).model_fields.keys()
    for part in ("store", "limits", "schedule"):
        block = getattr(form, part)
        assert shown[part] == type(block)().model_dump()
    for name, connection in shown["connection"].items():
        fields = dict(type(form.connection["sf"]).model_fields)
        for foreign in {"hubspot": ("duplicates",), "salesforce": ("layout", "hints_secret")}[connection["kind"]]:
            del fields[foreign]
        assert connection.keys() == fields.keys()
        optional = ("duplicates", "calls_percent", "layout", "hints_secret")
        said = {key: connection[key] for key in optional if key in connection}
        assert said == {key: fields[key].default for key in said}, name


def test_webhooks_are_something_of_hubspot_and_their_secret_stands_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load(home).hints_secret("hs") == ""
    edit(home, "config.toml", 'api_version = "62.0"', 'api_version = "62.0"\nhints_secret = "env:HOOK"')
    assert [(p.where, p.fix) for p in problems(home)] == [
        ("config.toml: connection.sf", "remove `hints_secret` from this connection")
    ]
    edit(home, "config.toml", '\nhints_secret = "env:HOOK"', "")
    edit(home, "config.toml", 'hints_secret = ""', 'hints_secret = "4f1c"')
    assert places(home) == ["config.toml: connection.hs.hints_secret"]
    edit(home, "config.toml", 'hints_secret = "4f1c"', 'hints_secret = "env:HOOK"')
    config = load(home)
    with pytest.raises(BadInput, match="HOOK"):
        config.hints_secret("hs")
    monkeypatch.setenv("HOOK", "4f1c")
    assert config.hints_secret("hs") == "4f1c"
    assert config.hints_secret("nobody") == ""
    assert "4f1c" not in repr(config.form)


def test_a_layout_is_something_of_hubspot_and_one_of_three(home: Path) -> None:
    edit(home, "config.toml", 'api_version = "62.0"', 'api_version = "62.0"\nlayout = "pipeline"')
    [problem] = problems(home)
    assert (problem.where, problem.what, problem.fix) == (
        "config.toml: connection.sf",
        "only HubSpot portals have a layout",
        "remove `layout` from this connection",
    )
    edit(home, "config.toml", 'api_version = "62.0"\nlayout = "pipeline"', 'api_version = "62.0"')
    assert load(home).form.connection["hs"].layout == "auto"
    edit(home, "config.toml", 'layout = "auto"', 'layout = "pipelines"')
    assert places(home) == ["config.toml: connection.hs.layout"]


def test_paused_mappings_are_not_used(home: Path) -> None:
    assert load(home).mappings.of("sf", "User") is None
    edit(home, "mappings/sf-user.toml", 'status = "paused"', 'status = "active"')
    assert load(home).mappings.of("sf", "User") is not None


def test_with_one_connection_nobody_has_to_say_whose_word_counts(home: Path) -> None:
    without_hubspot(home)
    config = load(home)
    assert config.record_of == {"opportunity": "sf", "account": "sf"}
    assert {field_map.connection for field_map in config.mappings.all} == {"sf"}


def test_the_account_of_record_may_be_another_connection(home: Path) -> None:
    edit(home, "config.toml", 'opportunity = "sf"', 'opportunity = "sf"\naccount = "hs"')
    assert load(home).record_of == {"opportunity": "sf", "account": "hs"}


def test_the_brakes_are_those_of_the_file(home: Path) -> None:
    assert load(home).limits == Limits(changes=200, changes_percent=5, deletes=20, deletes_percent=10)
    edit(home, "config.toml", "deletes = 20", "deletes = 0")
    assert load(home).limits.deletes == 0


def signed_in(config: Config, name: str) -> dict[str, str]:
    return dict(config.settings(name))


def test_secrets_come_from_the_environment_or_a_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SF_CLIENT_ID", "me")
    monkeypatch.setenv("SF_CLIENT_SECRET", "secret")
    (home / "token").write_text("pat-7\n", "utf-8")
    edit(home, "config.toml", "env:HUBSPOT_TOKEN", "file:token")
    config = load(home)
    assert signed_in(config, "sf") == {
        "kind": "salesforce",
        "url": "https://acme.my.salesforce.com",
        "api_version": "62.0",
        "duplicates": "refuse",
        "flow": "client_credentials",
        "client_id": "me",
        "client_secret": "secret",
    }
    assert signed_in(config, "hs")["token"] == "pat-7"


def test_a_connection_says_how_many_calls_it_takes_and_what_becomes_of_duplicates(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SF_CLIENT_ID", "SF_CLIENT_SECRET", "HUBSPOT_TOKEN"):
        monkeypatch.setenv(name, "x")
    assert load(home).calls_percent == {"sf": 80, "hs": 80}
    edit(home, "config.toml", "calls_percent = 80\n# Secrets", "calls_percent = 25\n# Secrets")
    edit(home, "config.toml", 'duplicates = "refuse"', 'duplicates = "allow"')
    config = load(home)
    assert config.calls_percent == {"sf": 25, "hs": 80}
    assert signed_in(config, "sf")["duplicates"] == "allow"
    assert "duplicates" not in signed_in(config, "hs")


def test_what_a_connection_cannot_say_of_its_calls_and_duplicates(home: Path) -> None:
    edit(home, "config.toml", "calls_percent = 80", "calls_percent = 0")
    edit(home, "config.toml", 'duplicates = "refuse"', 'duplicates = "merge"')
    edit(home, "config.toml", 'currency = "EUR"', 'duplicates = "allow"')
    assert places(home) == [
        f"config.toml: connection.{place}" for place in ("sf.duplicates", "sf.calls_percent", "hs.calls_percent")
    ]
    edit(home, "config.toml", "calls_percent = 0", "calls_percent = 80")
    edit(home, "config.toml", 'duplicates = "merge"', 'duplicates = "refuse"')
    [problem] = problems(home)
    assert problem.where == "config.toml: connection.hs"
    assert problem.what.startswith("only Salesforce has duplicate rules")


def test_secrets_that_are_not_there_are_all_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SF_CLIENT_ID", raising=False)
    monkeypatch.delenv("SF_CLIENT_SECRET", raising=False)
    with pytest.raises(BadInput) as refused:
        load(home).settings("sf")
    assert [problem.where for problem in refused.value.problems] == [
        "config.toml: connection.sf.auth.client_id",
        "config.toml: connection.sf.auth.client_secret",
    ]


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('mode = "apply"', 'mode = "aply"', "mode"),
        ("changes = 200", "changes = -1", "limits.changes"),
        ("changes_percent = 5", "changes_percent = 101", "limits.changes_percent"),
        ('kind = "hubspot"', 'kind = "pipedrive"', "connection.hs.kind"),
        ('currency = "EUR"', 'currency = "EURO"', "connection.hs.currency"),
        ('opportunity = "sf"', 'opportunity = "nobody"', "records.opportunity"),
        ('opportunity = "sf"', "", "records.opportunity"),
        ('[connection.hs]\nkind = "hubspot"', '[connection.hs]\nkynd = "hubspot"', "connection.hs.kynd"),
        ("[schedule]", "[schedul]", "schedul"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(home: Path, old: str, new: str, place: str) -> None:
    edit(home, "config.toml", old, new)
    found = problems(home)
    assert f"config.toml: {place}" in [problem.where for problem in found]
    assert all(problem.what and problem.fix for problem in found)


def test_an_installation_without_connections_is_refused(home: Path) -> None:
    text = (home / "config.toml").read_text("utf-8")
    edit(home, "config.toml", text[text.index("[connection.sf]") : text.index("[limits]")], "")
    assert "config.toml: connection" in places(home)


def test_a_connection_that_no_mapping_reads_is_named(home: Path) -> None:
    for path in (home / "mappings").glob("hs-*.toml"):
        path.unlink()
    assert places(home) == ["config.toml: connection.hs"]


def test_one_object_mapped_twice_is_named(home: Path) -> None:
    text = (home / "mappings" / "sf-account.toml").read_text("utf-8")
    (home / "mappings" / "sf-account-2.toml").write_text(text, "utf-8")
    [problem] = problems(home)
    assert problem.where == "mappings/sf-account.toml: object"
    assert "sf-account-2.toml" in problem.what


def test_one_policy_version_twice_is_named(home: Path) -> None:
    text = (home / "policies" / "standard.toml").read_text("utf-8")
    (home / "policies" / "mine.toml").write_text(text, "utf-8")
    [problem] = problems(home)
    assert problem.where == "policies/standard.toml: version"


def test_broken_files_are_all_named_and_hide_nothing_else(home: Path) -> None:
    (home / "mappings" / "sf-user.toml").write_text("id = ", "utf-8")
    (home / "mappings" / "sf-account.toml").write_bytes(b'id = "\xff"')
    edit(home, "policies/standard.toml", "floor = 0", "floor = 200")
    assert set(places(home)) == {
        "mappings/sf-user.toml",
        "mappings/sf-account.toml",
        "policies/standard.toml: attribution.floor",
    }


def test_missing_folders_say_who_writes_them(home: Path) -> None:
    for path in (home / "policies").iterdir():
        path.unlink()
    [problem] = problems(home)
    assert (problem.where, "dealsync init" in problem.fix) == ("policies", True)


def test_a_folder_that_is_no_installation_is_one_problem_with_one_fix(tmp_path: Path) -> None:
    [problem] = problems(tmp_path)
    assert (problem.where, "dealsync init" in problem.fix) == ("config.toml", True)
