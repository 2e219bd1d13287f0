"""``python -m connector.sandbox``: serve both stand-in CRMs until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from connector.sandbox.load import load_exports
from connector.sandbox.serve import Sandbox, start
from connector.sandbox.world import World, load_world


def main() -> int:
    """Serve; the exit code is 0 after a signal, 2 for arguments that cannot be used."""
    options = _parser().parse_args()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    try:
        world = _world(options)
        sandbox = start(world, salesforce_port=options.salesforce_port, hubspot_port=options.hubspot_port)
    except (OSError, ValueError) as error:
        print(f"the sandbox cannot start: {error}", file=sys.stderr)  # noqa: T201
        return 2
    with sandbox:
        for crm in (sandbox.salesforce, sandbox.hubspot):
            crm.switchboard.settings["limits"] = "off" if options.no_limits else "on"
        print(json.dumps(_announcement(sandbox, world)), flush=True)  # noqa: T201
        stopped.wait()
    return 0


def _world(options: argparse.Namespace) -> World:
    now = datetime.now(UTC)
    world = load_world(options.world, now)
    if options.load is None:
        return world
    loaded = load_exports(options.load)
    print(loaded.report(), file=sys.stderr)  # noqa: T201
    return replace(world, salesforce=loaded.salesforce)


def _announcement(sandbox: Sandbox, world: World) -> dict[str, object]:
    salesforce, hubspot = world.salesforce.get("objects", {}), world.hubspot.get("objects", {})
    rows = {
        "salesforce": {kind: len(sandbox.salesforce.rows(kind)) for kind in salesforce},
        "hubspot": {kind: len(sandbox.hubspot.rows(kind)) for kind in hubspot},
    }
    return {"salesforce": sandbox.salesforce_url, "hubspot": sandbox.hubspot_url, "rows": rows}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m connector.sandbox",
        description="A stand-in Salesforce and HubSpot on 127.0.0.1. Prints one JSON line with both addresses.",
        epilog="Salesforce signs in client_id 'dealsync' with secret 'sandbox-secret', a person with 'person' and "
        "'sandbox'; HubSpot takes the tokens 'pat-sandbox' and 'pat-person'.",
    )
    add = parser.add_argument
    add("--world", default="empty", help="what both CRMs hold: a shipped world or a folder (default: empty)")
    add("--load", type=Path, metavar="FOLDER", help="a folder of CRM exports (CSV or record JSON) for Salesforce")
    add("--salesforce-port", type=int, default=0, metavar="N", help="port of Salesforce (default: any free one)")
    add("--hubspot-port", type=int, default=0, metavar="N", help="port of HubSpot (default: any free one)")
    add("--no-limits", action="store_true", help="no daily or per-second limits")
    return parser


if __name__ == "__main__":
    sys.exit(main())
