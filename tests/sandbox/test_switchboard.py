"""The switchboard: its clock, its record of calls, and every fault once, over real connections."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from connector.sandbox.serve import Sandbox, start
from connector.sandbox.switchboard import Call, Fault
from connector.sandbox.world import World, load_world

from .conftest import ACME, Api

TABLE = "/sobjects/Account"


@pytest.fixture
def faults(crm: Sandbox) -> list[Fault]:
    return crm.salesforce.switchboard.faults


def names(crm: Sandbox) -> list[object]:
    return [row["Name"] for row in crm.salesforce.rows("Account")]


def test_an_answer_of_any_status(api: Api, faults: list[Fault]) -> None:
    body = [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}]
    faults.append(Fault(path="/limits", status=503, body=body, headers={"Retry-After": "7"}))
    answer = api("GET", "/limits")
    assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (503, body, "7")
    assert api("GET", "/limits").status_code == 200


def test_a_connection_dropped_before_the_request_is_seen(crm: Sandbox, api: Api, faults: list[Fault]) -> None:
    faults.append(Fault(method="POST", drop=True))
    with pytest.raises(requests.ConnectionError):
        api("POST", TABLE, {"Name": "New"})
    assert "New" not in names(crm)
    assert crm.salesforce.switchboard.calls[-1].status == 0


def test_a_connection_dropped_after_the_commit(crm: Sandbox, api: Api, faults: list[Fault]) -> None:
    faults.append(Fault(method="POST", drop_after=True))
    with pytest.raises(requests.ConnectionError):
        api("POST", TABLE, {"Name": "New"})
    assert "New" in names(crm)


def test_a_maintenance_page_with_status_200(api: Api, faults: list[Fault]) -> None:
    faults.append(Fault(html=True))
    answer = api("GET", "/limits")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    with pytest.raises(requests.JSONDecodeError):
        answer.json()


def test_an_answer_cut_in_the_middle(api: Api, faults: list[Fault]) -> None:
    faults.append(Fault(truncate=True))
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        api("GET", "/sobjects")
    assert api("GET", "/sobjects").status_code == 200


def test_a_slow_answer(api: Api, faults: list[Fault]) -> None:
    faults.append(Fault(delay=0.15))
    answer = api("GET", "/limits")
    assert answer.elapsed > timedelta(seconds=0.14)
    assert answer.status_code == 200


def test_a_fault_skips_strikes_and_is_gone(api: Api, faults: list[Fault]) -> None:
    faults.append(Fault(method="GET", path="/limits$", skip=1, times=2, status=500))
    assert api("POST", TABLE, {"Name": "x"}).status_code == 201
    assert [api("GET", "/limits").status_code for _ in range(4)] == [200, 500, 500, 200]
    assert faults == []


@pytest.mark.parametrize("pattern", [r"q=SELECT Id FROM User", r"FROM User LIMIT"])
def test_faults_read_the_query(api: Api, faults: list[Fault], pattern: str) -> None:
    faults.append(Fault(path=pattern, status=500))
    assert api("GET", "/query", params={"q": "SELECT Id FROM Account"}).status_code == 200
    assert api("GET", "/query", params={"q": "SELECT Id FROM User LIMIT 1"}).status_code == 500


def test_faults_read_the_body(api: Api, faults: list[Fault]) -> None:
    faults.append(Fault(path='"Name": *"Bad"', status=500))
    assert api("POST", TABLE, {"Name": "Good"}).status_code == 201
    assert api("POST", TABLE, {"Name": "Bad"}).status_code == 500


def test_a_fault_that_does_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="must do something"):
        Fault(path="/query")


def test_calls_are_recorded(crm: Sandbox, api: Api, faults: list[Fault]) -> None:
    root = "/services/data/v62.0"
    crm.salesforce.switchboard.calls.clear()
    faults.append(Fault(path="/limits", status=503))
    api("GET", "/limits")
    api("GET", "/query", params={"q": "SELECT Id FROM Account"})
    api("GET", "/nothing")
    assert crm.salesforce.switchboard.calls == [
        Call("GET", f"{root}/limits", 503, "fault"),
        Call("GET", f"{root}/query", 200, "query"),
        Call("GET", f"{root}/nothing", 404, ""),
    ]


def test_control_routes(crm: Sandbox, api: Api) -> None:
    def control(method: str, path: str, body: object = None) -> Any:
        answer = requests.request(method, f"{crm.salesforce_url}/_sandbox{path}", json=body, timeout=5)
        return answer.status_code, answer.json()

    assert control("DELETE", "/calls") == (200, [])
    assert control("POST", "/faults", {"path": "/limits", "status": 503, "times": 9})[0] == 200
    assert control("POST", "/faults", {"pathh": "/limits"})[0] == 400
    assert api("GET", "/limits").status_code == 503
    assert control("DELETE", "/faults") == (200, [])
    assert api("GET", "/limits").status_code == 200
    assert [call["status"] for call in control("GET", "/calls")[1]] == [503, 200]
    assert control("POST", "/settings", {"daily_limit": 0}) == (200, {"daily_limit": 0})
    assert api("GET", "/limits").status_code == 403
    control("POST", "/clock", {"offset_seconds": 3600})
    assert crm.salesforce.switchboard.now() - datetime.now(UTC) > timedelta(minutes=59)
    assert control("GET", "/rows/Account")[1][0]["Id"] == ACME
    assert control("GET", "/rows/Deal")[0] == 404


def test_rows_are_shown_to_another_process_with_exact_amounts(crm: Sandbox, api: Api) -> None:
    deal = {"Name": "D", "StageName": "Proposal", "CloseDate": "2027-01-01", "Amount": 0.1}
    assert api("POST", "/sobjects/Opportunity", deal).status_code == 201
    answer = requests.get(f"{crm.salesforce_url}/_sandbox/rows/Opportunity", timeout=5)
    assert answer.json()[-1]["Amount"] == "0.1"


# --- worlds


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    row = {"at": "{now-12d+3h}", "soon": "{now+90m}", "day": "{today+30d}", "text": "on {today} at {noon}", "n": 1}
    (tmp_path / "salesforce.json").write_text(json.dumps({"objects": {"Account": [row]}}))
    yield tmp_path


def test_a_world_is_relative_to_now(folder: Path) -> None:
    now = datetime(2026, 3, 1, 12, 0, 0, 999, tzinfo=UTC)
    world = load_world(folder, now)
    assert world.hubspot == {}
    assert world.salesforce["objects"]["Account"] == [
        {
            "at": "2026-02-17T15:00:00Z",
            "soon": "2026-03-01T13:30:00Z",
            "day": date(2026, 3, 31).isoformat(),
            "text": "on 2026-03-01 at {noon}",
            "n": 1,
        }
    ]


def test_worlds_that_cannot_be_read(folder: Path) -> None:
    now = datetime.now(UTC)
    with pytest.raises(FileNotFoundError, match=r"no world 'atlantis': name a folder, or one of .*empty"):
        load_world("atlantis", now)
    (folder / "hubspot.json").write_text("{\n]")
    with pytest.raises(ValueError, match=r"hubspot\.json: not JSON at line 2"):
        load_world(folder, now)


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "object": ({"Deal": []}, "object 'Deal' is not in the schema"),
    "field": ({"Account": [{"Name": "x"}, {"Hue": 1}]}, "row 2 of Account in the world: No such column 'Hue'"),
    "value": ({"Opportunity": [{"Amount": "much"}]}, "row 1 of Opportunity in the world"),
    "checksum": ({"Account": [{"Id": "001000000000001AAB"}]}, "id value of incorrect type: 001000000000001AAB"),
    "twice": ({"Account": [{"Id": ACME}, {"Id": ACME[:15]}]}, f"Id {ACME} is there twice"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_worlds_that_make_no_sense(case: str) -> None:
    objects, words = BROKEN[case]
    with pytest.raises(ValueError, match=words):
        start(World(salesforce={"objects": objects}))


def test_starting_is_quick_and_keeps_connections() -> None:
    started = time.monotonic()
    with start(World()) as sandbox:
        assert time.monotonic() - started < 1  # 20 ms when the machine is idle
        with requests.Session() as session:
            for url in (sandbox.salesforce_url, sandbox.hubspot_url):
                assert url.startswith("http://127.0.0.1:")
                assert session.get(f"{url}/_sandbox/calls", timeout=5).json() == []
            quickest = min(
                session.get(f"{sandbox.salesforce_url}/services/data", timeout=5).elapsed for _ in range(9)
            )
            assert quickest < timedelta(milliseconds=30)  # 40 ms would be a delayed ACK


def test_the_command_announces_serves_and_stops(tmp_path: Path) -> None:
    (tmp_path / "Account.csv").write_text("Name\nAcme\n")
    command = [sys.executable, "-m", "connector.sandbox", "--load", str(tmp_path), "--no-limits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        announced = json.loads(process.stdout.readline())
        rows = requests.get(announced["salesforce"] + "/_sandbox/rows/Account", timeout=5).json()
        process.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        assert process.wait(timeout=5) == 0
    assert time.monotonic() - asked < 2
    assert [row["Name"] for row in rows] == ["Acme"]
    assert announced["rows"] == {"salesforce": {"Account": 1}, "hubspot": {}}


def test_the_command_says_what_is_wrong() -> None:
    command = [sys.executable, "-m", "connector.sandbox", "--world", "atlantis"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "no world 'atlantis'" in ended.stderr
