"""What happens while nobody looks: the database restarts, the disk fills up, clocks jump, the machine goes down."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connector.sandbox.serve import Sandbox
from connector.sandbox.switchboard import Fault
from tests.store import server
from tests.store.server import NoServer, database, drop

from .program import ENVIRONMENT, Desk, Ran
from .storm import Watch, watch, written
from .test_signals import ended, lines_of

ALL = 26
"""Changes of the demo's first run."""
BOUND = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
"""root minds the rights of files only without these capabilities."""


@pytest.fixture
def shared(desk: Desk, tmp_path: Path) -> Iterator[Desk]:
    """The demo's installation with its store in a database."""
    try:
        url = database(tmp_path)
    except NoServer as reason:
        pytest.skip(str(reason))
    desk.edit("config.toml", 'url = "sqlite:///dealsync.db"', f'url = "{url}"')
    yield desk
    drop(tmp_path)


def held_at(sandbox: Sandbox, seconds: float) -> None:
    """The first write to HubSpot takes this long; what Salesforce gets was written before or is written after."""
    path = r"/partner_attribution|/2-\d+/batch/(upsert|create)"
    sandbox.hubspot.switchboard.faults.append(Fault(method="POST", path=path, delay=seconds))


def met(sandbox: Sandbox) -> None:
    """Wait until the fault that was ordered is met."""
    until = time.monotonic() + 60
    while sandbox.hubspot.switchboard.faults and time.monotonic() < until:
        time.sleep(0.01)
    assert not sandbox.hubspot.switchboard.faults


def everything_is_written_once(desk: Desk, sandbox: Sandbox) -> None:
    """The next runs end where an undisturbed one would have."""
    for _ in range(3):
        again = desk("run", "--once", "--json")
        assert again.code in (0, 3), again.err
        if again.json["complete"] and not again.json["changes"]:
            break
    assert (again.json["complete"], again.json["changes"]) == (True, [])
    keys = [row["Engine_Key__c"] for row in sandbox.salesforce.rows("Partner_Attribution__c")]
    assert len(keys) == len(set(keys)) == 6
    assert len(sandbox.hubspot.rows("partner_attribution")) == 5


def test_postgresql_restarts_in_mid_run(shared: Desk, sandbox: Sandbox) -> None:
    held_at(sandbox, 1)
    process = shared.start("run", "--once")
    with lines_of(process) as said:
        met(sandbox)
        server.restart()
        code = process.wait(timeout=60)
        heard = "".join(said.get() for _ in range(said.qsize()))
    assert code in (0, 1, 3)
    assert "Traceback" not in heard
    if code == 1:
        assert "the store cannot be used now" in heard
    everything_is_written_once(shared, sandbox)


def test_a_worker_outlives_a_restart_of_postgresql(shared: Desk) -> None:
    worker = shared.start("worker", "--name", "east")
    with lines_of(worker) as said:
        heard = [said.get(timeout=60) for _ in range(2)]
        assert f"{ALL} done" in heard[1]
        server.restart()
        time.sleep(7)  # it says that it lives every five seconds
        assert worker.poll() is None
        assert shared("worker", "--name", "east").code == 1, "it is still known to live"
        code, seconds = ended(worker, signal.SIGTERM)
        assert (code, seconds < 10) == (0, True)


def test_the_disk_fills_up_in_mid_run(desk: Desk, sandbox: Sandbox) -> None:
    """A limit on the size of files: no file may grow any more."""
    held_at(sandbox, 1)
    process = desk.start("run", "--once")
    with lines_of(process) as said:
        met(sandbox)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, 0))
        assert process.wait(timeout=60) == 1
        heard = "".join(said.get() for _ in range(said.qsize()))
    assert "the store cannot be used now" in heard
    assert "disk" in heard
    assert "Traceback" not in heard
    everything_is_written_once(desk, sandbox)


def test_a_disk_that_was_full_before_the_run_is_said_and_nothing_is_written(desk: Desk, sandbox: Sandbox) -> None:
    assert desk("plan").code == 2
    before, calls = desk.store(), written(sandbox)
    ran = bound(desk, "run", "--once", fill=True)
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "disk" in ran.err
    assert "fix: " in ran.err
    assert (desk.store(), written(sandbox)) == (before, calls)


def test_a_read_only_disk_is_said_and_nothing_is_written(desk: Desk, sandbox: Sandbox) -> None:
    if os.geteuid() == 0 and not shutil.which("setpriv"):
        pytest.skip("root may write everywhere, and there is no setpriv to take that away")
    assert desk("plan").code == 2
    before, calls = desk.store(), written(sandbox)
    for path in desk.home.glob("dealsync.db*"):
        path.chmod(0o400)
    desk.home.chmod(0o500)
    try:
        for arguments in (("run", "--once"), ("plan",), ("worker",)):
            ran = bound(desk, *arguments)
            assert ran.code == 1, ran.err
            assert "Traceback" not in ran.err
            assert "store sqlite:///dealsync.db" in ran.err
            assert "give the user of dealsync the right to write the file and its folder" in ran.err
    finally:
        desk.home.chmod(0o700)
        for path in desk.home.glob("dealsync.db*"):
            path.chmod(0o600)
    assert (desk.store(), written(sandbox)) == (before, calls)


def bound(desk: Desk, *arguments: str, fill: bool = False) -> Ran:
    """One command of somebody to whom the rights of files apply; ``fill``: and for whom no file may grow."""
    limit = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (0, 0)); " if fill else ""
    start = f"{limit}import runpy, sys; sys.argv[0] = 'dealsync'; runpy.run_module('sync.cli', run_name='__main__')"
    command = [*(BOUND if os.geteuid() == 0 else ()), sys.executable, "-c", start, *arguments]
    ran = subprocess.run(
        command, cwd=desk.home, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def test_sigterm_ends_a_worker_within_ten_seconds_and_keeps_what_was_done(desk: Desk, sandbox: Sandbox) -> None:
    held_at(sandbox, 30)
    worker = desk.start("worker")
    with lines_of(worker):
        met(sandbox)
        code, seconds = ended(worker, signal.SIGTERM)
        assert (code, seconds < 10) == (0, True)
    kept = desk.store()
    assert len(kept["decision"]) > 0
    assert len(kept["record"]) > 20
    calls = len(sandbox.salesforce.switchboard.calls)
    everything_is_written_once(desk, sandbox)
    assert len(desk.store()["decision"]) == len(kept["decision"]), "nothing was decided twice"
    assert len(sandbox.salesforce.switchboard.calls) > calls


def test_a_clock_stepped_back_an_hour_loses_nothing_and_doubles_nothing(tmp_path: Path, sandbox: Sandbox) -> None:
    with watch(tmp_path / "d", sandbox) as beside:
        assert [len(run.changes) for run in beside.runs(3) if not isinstance(run, Exception)] == [ALL, 0]
        expected = written(sandbox)
        beside.behind = timedelta(hours=1)  # the CRMs' clocks go on
        edited(beside, sandbox)
        assert [len(run.changes) for run in beside.runs(9) if not isinstance(run, Exception)] == [3, 0]
        now = written(sandbox)
        assert len(now) == len(expected)
        assert [row for row in now if "Deal_Registration__c" in row and "Status__c=Withdrawn" in row]


def edited(beside: Watch, sandbox: Sandbox) -> None:
    """A partner withdraws in Salesforce, while our clock shows an hour that it has shown before."""
    org = sandbox.salesforce.org
    table = org.tables.table(org.schema.object("Deal_Registration__c"))
    ident = "a015e00000000qtAAA"
    stamp = f"{sandbox.salesforce.switchboard.now():%Y-%m-%dT%H:%M:%S.000+0000}"
    org.tables.put(table, ident, table.rows[ident] | {"Withdrawn__c": True, "SystemModstamp": stamp})
    assert beside.now() < sandbox.salesforce.switchboard.now()
