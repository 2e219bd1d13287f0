"""Two runs that a scheduler starts at one moment: one of them works, the other says so and does nothing."""

from __future__ import annotations

import time
from collections import Counter

from connector.sandbox.serve import Sandbox
from connector.sandbox.switchboard import Fault

from .program import Desk


def test_of_two_runs_at_one_moment_one_works_and_each_row_is_written_once(desk: Desk, sandbox: Sandbox) -> None:
    desk("status")  # the tables are made
    board = sandbox.hubspot.switchboard
    board.faults.append(Fault(method="GET", path="/crm/objects/2026-09/deals", delay=3.0))
    first = desk.start("run", "--once")
    until = time.monotonic() + 60
    while board.faults and time.monotonic() < until:  # it is at work, and held up
        time.sleep(0.05)
    second = desk("run", "--once")
    out, err = first.communicate(timeout=60)
    assert (first.returncode, second.code) == (0, 3), (out, err, second)
    assert "is working on this store now" in second.err
    written = Counter(
        str(row["properties"]["engine_key"])  # type: ignore[index]
        for row in sandbox.hubspot.rows("partner_attribution")
        if not row["archived"]
    )
    assert written
    assert set(written.values()) == {1}
    upserts = [call for call in board.calls if call.path.endswith("partner_attribution/batch/upsert")]
    assert len(upserts) <= 1
    assert desk("run", "--once", "--json").json["changes"] == []
