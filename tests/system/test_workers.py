"""Workers as processes: two on one database, one name for one of them, and both halves of the service."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from connector.sandbox.serve import Sandbox
from tests.store.server import NoServer, database, drop

from .program import Desk
from .test_signals import ended, lines_of


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


def test_two_workers_on_one_database_write_everything_once(shared: Desk, sandbox: Sandbox) -> None:
    shared("status")  # the tables are made
    with ExitStack() as stack:
        workers = [shared.start("worker", "--name", name) for name in ("east", "west")]
        said = [stack.enter_context(lines_of(worker)) for worker in workers]
        until = time.monotonic() + 60
        heard = ["", ""]
        while "26 done" not in "".join(heard) and time.monotonic() < until:
            for number, lines in enumerate(said):
                while not lines.empty():
                    heard[number] += lines.get()
            time.sleep(0.1)
        assert "26 done" in "".join(heard), heard
        for worker in workers:
            code, seconds = ended(worker, signal.SIGTERM)
            assert (code, seconds < 10) == (0, True)
    keys = [row["Engine_Key__c"] for row in sandbox.salesforce.rows("Partner_Attribution__c")]
    assert len(keys) == len(set(keys)) == 6
    assert shared("run", "--once", "--json").json["changes"] == []


def test_a_second_worker_of_the_same_name_is_refused_and_the_first_goes_on(shared: Desk) -> None:
    first = shared.start("worker", "--name", "east")
    with lines_of(first) as said:
        assert "every 5 minutes" in said.get(timeout=60)
        second = shared("worker", "--name", "east")
        assert second.code == 1
        assert "worker east: a worker of this name is at work" in second.err
        assert "give this one another name" in second.err
        assert first.poll() is None
        first.kill()
        first.wait()
        again = shared.start("worker", "--name", "east")  # that it is dead can be told on this machine
        with lines_of(again) as lines:
            assert "every 5 minutes" in lines.get(timeout=60)


def test_up_serves_the_console_beside_the_worker_and_ends_both(desk: Desk) -> None:
    process = desk.start("up", "--port", "8979")
    with lines_of(process) as said:
        heard, until = "", time.monotonic() + 60
        while not ("26 done" in heard and "console: " in heard) and time.monotonic() < until:
            while not said.empty():
                heard += said.get()
            time.sleep(0.1)
        assert "26 done" in heard, heard
        address = re.search(r"console: (\S+)", heard)
        assert address, heard
        assert urlopen(address[1], timeout=10).status == 200
        code, seconds = ended(process, signal.SIGTERM)
        assert (code, seconds < 15) == (0, True)
