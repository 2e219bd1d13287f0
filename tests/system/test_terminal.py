"""The program at a terminal: what a person sees, is asked, and answers."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from connector.sandbox.serve import Sandbox

from .program import COMMAND, ENVIRONMENT, Desk

QUESTION = "Write this to the CRMs? [y/N]:"
COLOUR = re.compile(r"\x1b\[(\d+;)*[349]\d(;\d+)*m")


class Terminal:
    """A command in a terminal of 100 columns. ``screen`` is everything that was shown so far."""

    def __init__(self, process: subprocess.Popen[bytes], keyboard: int) -> None:
        self.process = process
        self._keyboard = keyboard
        self.screen = ""

    def until(self, text: str, seconds: float = 30) -> None:
        """Watch until ``text`` is there."""
        end = time.monotonic() + seconds
        while text not in self.screen and self._more(end - time.monotonic()):
            pass
        assert text in self.screen, self.screen

    def type(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    def end(self) -> int:
        """Watch to the end; the exit code."""
        while self._more(30):
            pass
        return self.process.wait(timeout=30)

    def _more(self, seconds: float) -> bool:
        if not select.select([self._keyboard], [], [], max(seconds, 0))[0]:
            return False
        try:
            shown = os.read(self._keyboard, 65536)
        except OSError:  # the other side has closed
            return False
        self.screen += shown.decode("utf-8", "replace")
        return bool(shown)


@contextmanager
def terminal(
    desk: Desk, *arguments: str, environment: Mapping[str, str], stdout: int | None = None
) -> Iterator[Terminal]:
    """A command at a keyboard; ``stdout`` may go elsewhere."""
    keyboard, inside = pty.openpty()
    more = {"TERM": "xterm-256color", "COLUMNS": "100", **environment}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=desk.home,
        env=ENVIRONMENT | more,
        stdin=inside,
        stdout=inside if stdout is None else stdout,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    try:
        yield Terminal(process, keyboard)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(keyboard)


def test_a_person_sees_the_question_says_yes_and_it_is_written(desk: Desk, sandbox: Sandbox) -> None:
    with terminal(desk, "apply", environment={}) as seen:
        seen.until(QUESTION)
        before = seen.screen
        time.sleep(0.5)
        assert "11 create, 15 update" in before
        assert "pull sf Account" in before
        assert sandbox.salesforce.rows("Partner_Attribution__c") == []
        seen.type("y\n")
        assert seen.end() == 0
    after = seen.screen[len(before) :]
    assert "writes: 26 done" in after
    assert "pull" not in after
    assert COLOUR.search(before)
    assert len(sandbox.salesforce.rows("Partner_Attribution__c")) == 6


def test_a_person_who_says_no_writes_nothing(desk: Desk, sandbox: Sandbox) -> None:
    with terminal(desk, "apply", environment={"NO_COLOR": "1"}) as seen:
        seen.until(QUESTION)
        seen.type("n\n")
        assert seen.end() == 2
    assert sandbox.salesforce.rows("Partner_Attribution__c") == []
    assert not COLOUR.search(seen.screen)


def test_json_goes_whole_into_a_file_while_the_terminal_shows_progress(desk: Desk) -> None:
    kept = desk.home / "plan.json"
    with kept.open("wb") as file, terminal(desk, "plan", "--json", environment={}, stdout=file.fileno()) as seen:
        assert seen.end() == 2
    assert len(json.loads(kept.read_text("utf-8"))["changes"]) == 26
    assert "pull hs deals" in seen.screen
    assert "Hagen" not in seen.screen
