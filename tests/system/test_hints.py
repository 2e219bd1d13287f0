"""HubSpot tells the running service of a change: it is read within seconds, long before the next tick."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

import requests

from connector.sandbox.hubspot.webhooks import SECRET, Webhooks
from connector.sandbox.serve import Sandbox

from .program import Desk
from .test_signals import lines_of

PORT = 8981


def heard(said: queue.Queue[str], enough: Callable[[str], bool], seconds: float = 60) -> str:
    """What was said until it was enough, or it took too long."""
    text, until = "", time.monotonic() + seconds
    while not enough(text) and time.monotonic() < until:
        while not said.empty():
            text += said.get()
        time.sleep(0.1)
    return text


def name_of(desk: Desk, deal: str) -> str:
    [row] = [row for row in desk.named_rows("record") if (row["connection"], row["id"]) == ("hs", deal)]
    return str(row)


def test_a_change_that_hubspot_tells_of_is_read_before_the_next_tick_although_search_lags(
    desk: Desk, sandbox: Sandbox
) -> None:
    desk.edit("config.toml", 'hints_secret = ""', f'hints_secret = "{SECRET}"')
    listening = f"http://127.0.0.1:{PORT}"
    desk.edit("config.toml", 'listens on.\nurl = ""', f'listens on.\nurl = "{listening}"')
    process = desk.start("up", "--port", str(PORT))
    with lines_of(process) as said:
        first = heard(said, lambda text: "26 done" in text and "console: " in text)
        assert "26 done" in first, first
        webhooks = Webhooks(sandbox.hubspot.portal)
        sandbox.hubspot.switchboard.settings["index_lag_seconds"] = 3600
        deal = next(iter(sandbox.hubspot.portal.tables["deals"].rows))
        requests.patch(
            f"{sandbox.hubspot_url}/crm/objects/2026-09/deals/{deal}",
            json={"properties": {"dealname": "Told by a webhook"}},
            headers={"Authorization": "Bearer pat-person"},
            timeout=5,
        ).raise_for_status()
        assert webhooks.send(f"{listening}/hooks/hs", webhooks.events()) == [204]
        after = heard(said, lambda text: "Z " in text)
        assert "Told by a webhook" in name_of(desk, deal), after
        assert desk.named_rows("hint") == []
        process.terminate()
        process.wait(timeout=20)
