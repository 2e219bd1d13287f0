"""Commands that go on: the schedule, two at once, and being told to stop."""

from __future__ import annotations

import queue
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from connector.sandbox.serve import Sandbox
from connector.sandbox.switchboard import Fault

from .program import Desk


@contextmanager
def lines_of(process: subprocess.Popen[str]) -> Iterator[queue.Queue[str]]:
    """What a running command says on stderr, line by line; it is ended when the test is."""
    said: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            said.put(line)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        yield said
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        listener.join(timeout=5)
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def ended(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, float]:
    """The exit code after a signal, and the seconds until it was there."""
    begin = time.monotonic()
    process.send_signal(number)
    return process.wait(timeout=20), time.monotonic() - begin


def slow(sandbox: Sandbox, seconds: float) -> None:
    """The first look at the accounts takes this long."""
    sandbox.salesforce.switchboard.faults.append(Fault(path=r"FROM( |\+|%20)Account\b", delay=seconds))


def asked(sandbox: Sandbox) -> None:
    """Wait until somebody works: Salesforce met the delay that `slow` ordered."""
    until = time.monotonic() + 20
    while sandbox.salesforce.switchboard.faults and time.monotonic() < until:
        time.sleep(0.02)
    assert not sandbox.salesforce.switchboard.faults


def test_up_ticks_at_once_says_what_it_did_and_ends_when_told(desk: Desk, sandbox: Sandbox) -> None:
    desk.edit("config.toml", 'sync = "every 5 minutes"', 'sync = "every 1 minutes"')
    process = desk.start("up", "--no-console")
    with lines_of(process) as said:
        assert "every 1 minutes" in said.get(timeout=20)
        assert "26 done" in said.get(timeout=20)
        code, seconds = ended(process, signal.SIGTERM)
        assert process.stdout is not None
        assert (code, process.stdout.read()) == (0, "")
        assert seconds < 10
    assert len(sandbox.salesforce.rows("Partner_Attribution__c")) == 6
    assert desk("status", "--json").json["working"] is None


def test_whoever_comes_second_is_told_who_works_and_leaves(desk: Desk, sandbox: Sandbox) -> None:
    slow(sandbox, 4)
    process = desk.start("run", "--once")
    with lines_of(process):
        asked(sandbox)
        working = desk("status", "--json").json["working"]
        assert f"dealsync run (process {process.pid} on " in working
        for arguments in (["run", "--once"], ["plan"]):
            second = desk(*arguments)
            assert (second.code, second.out) == (3, "")
            assert working in second.err
        assert process.wait(timeout=20) == 0
    assert desk("run", "--once", "--json").json["changes"] == []


def test_a_tick_that_runs_when_the_worker_is_stopped_is_finished(desk: Desk, sandbox: Sandbox) -> None:
    slow(sandbox, 2)
    process = desk.start("up", "--no-console")
    with lines_of(process) as said:
        asked(sandbox)
        code, seconds = ended(process, signal.SIGINT)
        assert (code, seconds < 10) == (0, True)
        assert "every" in said.get(timeout=5)
        assert "26 done" in said.get(timeout=5)


def test_ctrl_c_ends_a_command_with_one_sentence_and_frees_the_store(desk: Desk, sandbox: Sandbox) -> None:
    slow(sandbox, 5)
    process = desk.start("run", "--once")
    with lines_of(process) as said:
        asked(sandbox)
        code, seconds = ended(process, signal.SIGINT)
        assert (code, seconds < 5) == (3, True)
        assert said.get(timeout=5) == "\n"
        assert "finished by the next run" in said.get(timeout=5)
        assert said.empty()
    assert desk("status", "--json").json["working"] is None
    assert desk("run", "--once", "--json").json["outcomes"] == {"done": 26}
