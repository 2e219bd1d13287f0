"""What a person sends to whoever helps, and where secrets never turn up: bundle, logs, plan, store, pages."""

from __future__ import annotations

import json
import re
import signal
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.sandbox.serve import Sandbox
from connector.sandbox.switchboard import Fault
from sync.model.user import UserRole
from tests.console.desk import Desk as ConsoleDesk

from .program import Desk
from .test_signals import ended, lines_of

SALESFORCE, HUBSPOT = "sandbox-secret", "pat-sandbox"


@pytest.fixture(params=[("env:SF_KEY", "file:keys/hs"), ("keyring:dealsync/sf", "env:HS_KEY")], ids=" ".join)
def guarded(request: pytest.FixtureRequest, desk: Desk) -> tuple[Desk, dict[str, str]]:
    """The demo's installation with its two secrets behind references, and the environment that holds them."""
    salesforce, hubspot = request.param
    desk.edit("config.toml", f'"{SALESFORCE}"', f'"{salesforce}"')
    desk.edit("config.toml", f'"{HUBSPOT}"', f'"{hubspot}"')
    outside = desk.home.parent / "outside"
    outside.mkdir()
    (outside / "shelf.json").write_text(json.dumps({"dealsync/sf": SALESFORCE}), "utf-8")
    if hubspot.startswith("file:"):
        desk.edit("config.toml", hubspot, f"file:{outside / 'hs'}")
        (outside / "hs").write_text(HUBSPOT + "\n", "utf-8")
    shelf = {"PYTHON_KEYRING_BACKEND": "tests.system.shelf.FileShelf", "SHELF": str(outside / "shelf.json")}
    return desk, {"SF_KEY": SALESFORCE, "HS_KEY": HUBSPOT, **shelf}


def opened(path: Path) -> dict[str, str]:
    """Every file of a bundle, by name."""
    with zipfile.ZipFile(path) as file:
        return {name: file.read(name).decode() for name in file.namelist()}


def spilt(texts: dict[str, str]) -> list[tuple[str, str]]:
    """Which of these show a secret."""
    return [(name, key) for name, text in texts.items() for key in (SALESFORCE, HUBSPOT) if key in text]


def worked(desk: Desk, environment: dict[str, str]) -> str:
    """Everything that a worker says until its first cycle is done."""
    process = desk.start("worker", **environment)
    with lines_of(process) as said:
        heard, until = "", time.monotonic() + 60
        while "done" not in heard and "failed" not in heard and time.monotonic() < until:
            while not said.empty():
                heard += said.get()
            time.sleep(0.1)
        assert ended(process, signal.SIGTERM)[0] == 0
        time.sleep(0.2)
        while not said.empty():
            heard += said.get()
    return heard


def pages(home: Path) -> dict[str, str]:
    """Every page of the console that an admin can reach by its links."""
    found: dict[str, str] = {}
    with ConsoleDesk(home, datetime.now(UTC)) as served:
        browser = served.as_role(UserRole.ADMIN)
        waiting = ["/"]
        while waiting and len(found) < 60:
            path = waiting.pop()
            page = browser.get(path, follow_redirects=True)
            found[path] = page.text
            links = re.findall(r'href="(/[^"#]*)', page.text)
            waiting += [link for link in dict.fromkeys(links) if link not in found and "static" not in link]
    return found


def test_no_secret_turns_up_in_logs_plan_store_pages_or_bundle(
    guarded: tuple[Desk, dict[str, str]], sandbox: Sandbox
) -> None:
    desk, environment = guarded
    texts = {}
    planned = desk("plan", "-o", "first.plan", **environment)
    assert planned.code == 2, planned.err
    texts["plan"], texts["saved plan"] = planned.out + planned.err, (desk.home / "first.plan").read_text("utf-8")
    sandbox.hubspot.switchboard.faults.append(Fault(status=401, times=1))
    refused = desk("run", "--once", **environment)
    assert refused.err
    texts["run that is refused"] = refused.out + refused.err
    texts["worker"] = worked(desk, environment)
    assert "done" in texts["worker"]
    texts["doctor"] = desk("doctor", "--json", **environment).out
    bundled = desk("support", "help.zip", "--with-values", **environment)
    assert bundled.code == 0, bundled.err
    texts |= opened(desk.home / "help.zip") | pages(desk.home)
    texts |= {path.name: path.read_bytes().decode("latin-1") for path in desk.home.iterdir() if path.is_file()}
    assert {"dealsync.db", "config.json", "/"} <= texts.keys()
    assert len(texts) > 30
    assert spilt(texts) == []


def test_a_secret_in_a_file_of_the_installation_is_masked_in_the_bundle(
    guarded: tuple[Desk, dict[str, str]],
) -> None:
    """Somebody pasted it into the notes of a mapping: what refers to it is known, so it is found there too."""
    desk, environment = guarded
    for name, key in (("mappings/sf-account.toml", SALESFORCE), ("policies/standard.toml", HUBSPOT)):
        path = desk.home / name
        path.write_text(f"# key: {key}\n" + path.read_text("utf-8"), "utf-8")
    assert desk("support", "help.zip", **environment).code == 0
    found = opened(desk.home / "help.zip")
    assert spilt(found) == []
    assert found["mappings/sf-account.toml"].startswith("# key: ***\n")


def test_a_secret_that_stands_in_config_toml_is_not_in_the_bundle(desk: Desk) -> None:
    assert SALESFORCE in (desk.home / "config.toml").read_text("utf-8")
    assert desk("support", "help.zip").code == 0
    found = opened(desk.home / "help.zip")
    assert spilt(found) == []
    assert json.loads(found["config.json"])["connection"]["sf"]["auth"]["flow"] == "client_credentials"


def said_by_crms(desk: Desk) -> set[str]:
    """What the records hold, without what is too short or too common to be told from our own words."""
    raw = [json.loads(row["raw"]) for row in desk.named_rows("record")]
    values = {text for entry in raw for text in _texts(entry) if len(text) > 6 and not text.isupper()}
    return {text for text in values if " " in text}


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        return [text for part in (value.values() if isinstance(value, dict) else value) for text in _texts(part)]
    return [value] if isinstance(value, str) else []


def test_what_the_crms_say_is_in_the_bundle_only_when_asked_for(desk: Desk, sandbox: Sandbox) -> None:
    desk("run", "--once")
    said = said_by_crms(desk)
    assert len(said) > 10
    assert desk("support", "plain.zip").code == 0
    assert desk("support", "full.zip", "--with-values").code == 0
    plain, full = opened(desk.home / "plain.zip"), opened(desk.home / "full.zip")
    ours = ("mappings/", "policies/")
    quoted = {text for name, whole in plain.items() if not name.startswith(ours) for text in said if text in whole}
    assert quoted == set()
    assert [text for text in said if text in full["runs.json"]]
    [run] = json.loads(plain["runs.json"])
    assert run["total"] == len(run["writes"]) == 26
    assert {"crm", "object", "key", "fields"} <= run["writes"][0].keys()
    assert json.loads(plain["status.json"])["writes"] == {"done": 26}
    assert json.loads(plain["store.json"])["tables"]["outbox"]["rows"] == 26


def test_a_bundle_overwrites_nothing_and_only_its_owner_may_read_it(desk: Desk) -> None:
    assert desk("support", "help.zip").code == 0
    path = desk.home / "help.zip"
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    again = desk("support", "help.zip")
    assert (again.code, path.read_bytes()) == (1, before)
    assert "help.zip: it exists already" in again.err
    nowhere = desk("support", "nowhere/help.zip")
    assert nowhere.code == 1
    assert "nowhere/help.zip: it cannot be written: No such file" in nowhere.err


def test_a_store_that_cannot_be_opened_is_said_in_the_bundle(desk: Desk) -> None:
    (desk.home / "dealsync.db").write_text("Not a database, but somebody's notes.\n" * 100, "utf-8")
    assert desk("support", "help.zip").code == 0
    found = opened(desk.home / "help.zip")
    assert "not a database" in found["store.json"]
    assert "status.json" not in found


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("config.toml", "[store]", "tokn = 'hunter2'\n[store]"),
        ("config.toml", "[store]", "= 'hunter2'\n[store]"),
        ("mappings/sf-opportunity.toml", "canonical", "canonicle"),
    ],
)
def test_an_installation_that_cannot_be_loaded_is_told_too(desk: Desk, file: str, old: str, new: str) -> None:
    path = desk.home / file
    path.write_text(path.read_text("utf-8").replace(old, new, 1), "utf-8")
    assert desk("run", "--once").code == 1
    told = desk("support", str(desk.home / "help.zip"))
    assert (told.code, "cannot be loaded" in told.out + told.err) == (0, True)
    found = opened(desk.home / "help.zip")
    assert file in json.loads(found["problems.json"])[0]["place"]
    assert spilt(found) == []
    assert "hunter2" not in "".join(found.values())
