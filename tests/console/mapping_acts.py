"""What an admin does on the mapping screens, in the words of the tests."""

from __future__ import annotations

import re
from typing import Any

from httpx import Response

from sync.page import judge_page
from sync.store.due import judged_after
from tests.console.browser import Browser
from tests.console.desk import Desk, post

DEALS = "/mappings/sf-opportunity"
FILE = "mappings/sf-opportunity.toml"
STAGES = {
    "Prospecting": "PROSPECT",
    "Qualification": "QUALIFIED",
    "Technical Validation": "TECH_VALIDATION",
    "Proposal": "BIZ_VALIDATION",
    "Negotiation": "COMMITTED",
    "Closed Won": "WON",
    "Closed Lost": "LOST",
}


def text_of(desk: Desk, name: str = FILE) -> str:
    return (desk.home / name).read_text("utf-8")


def save(admin: Browser, path: str, **keys: str) -> Response:
    return post(admin, DEALS, f"{DEALS}/field", field=path, **keys)


def stages(admin: Browser, **changed: str) -> Response:
    kept = {**STAGES, **changed}
    values = {"value": list(kept), "word": list(kept.values())}
    return post(admin, DEALS, f"{DEALS}/picklist", field="stage", picklist="stage", **values)


def publish(admin: Browser, **more: Any) -> Response:
    page = admin.get(f"{DEALS}/draft").text
    seen = re.findall(r'name="seen" value="([^"]+)"', page)
    assert seen, page
    return post(admin, DEALS, f"{DEALS}/publish", **({"seen": seen[0], "why": "RevOps asked"} | more))


def planned(desk: Desk) -> set[str]:
    """What would be written of everything that is known, by the mappings that run."""
    world = desk.site.world
    with world.store.read() as connection:
        groups = judged_after(connection, "", 500)
    return {change.id for judged in judge_page(world, groups, desk.moment) for change in judged.plan.changes}
