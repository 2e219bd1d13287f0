"""Runs: what each read, decided and wrote, how far the present one is, and what taking one back would restore."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Final

from fastapi import HTTPException, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from sync.console.orders import order
from sync.console.visit import Here, Visit
from sync.model.problem import BadInput
from sync.rollback import by_kind, rollback
from sync.store.progress import progress
from sync.views import change_view, run_view

PAGE: Final = 100
LOOK: Final = 1.0
"""Seconds between two looks into the store."""

LOOKS: Final = 600
"""A stream ends after so many looks; the browser asks again."""


def page(visit: Here, ident: str, page: Annotated[int, Query(ge=0, le=100_000)] = 0) -> Response:
    """One run: the funnel, its writes, and what went wrong."""
    found = run_view(visit.world.store, ident, PAGE, page * PAGE)
    if found is None:
        raise HTTPException(404, "No run has this id; old ones may have been pruned.")
    return visit.page("run.html", run=found, page=page, size=PAGE)


def back(visit: Here, ident: str) -> Response:
    """What taking this run back would restore. Nothing is written by looking."""
    try:
        done = rollback(visit.world, ident, visit.now, visit.user.name, keep=False)
    except BadInput as no:
        return visit.page(
            "refused.html", 422, title="There is nothing to take back.", said="", problems=no.problems
        )
    changes = [change_view(change) for change in done.changes]
    return visit.page(
        "rollback.html", run_id=done.run_id, kinds=dict(by_kind(done.changes)), changes=changes[:PAGE]
    )


def take_back(visit: Here, ident: str) -> Response:
    """Take a run back, in a process of its own; what it wrote to is paused by it."""
    done = rollback(visit.world, ident, visit.now, visit.user.name, keep=False)
    order(visit, "rollback", ["rollback", done.run_id, "--yes", "--by", visit.user.name])
    return visit.see("/", "It is being taken back; the connections it wrote to are paused by it.")


def start(visit: Here) -> Response:
    """Run one whole cycle now, in a process of its own."""
    order(visit, "run now", ["run", "--once"])
    return visit.see("/", "A run has been started.")


def live(visit: Here) -> Response:
    """How far the present run is, as server-sent events: a fragment whenever it changed."""
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_events(visit), media_type="text/event-stream", headers=headers)


async def _events(visit: Visit) -> AsyncIterator[str]:
    """Each look reads the store: whoever works may be another process on another machine."""
    said = ""
    for _ in range(LOOKS):
        text = await run_in_threadpool(_fragment, visit)
        if text != said:
            said = text
            yield "".join(f"data: {line}\n" for line in text.splitlines()) + "\n"
        await asyncio.sleep(LOOK)


def _fragment(visit: Visit) -> str:
    with visit.site.store.read() as connection:
        found = progress(connection)
    return visit.part("live.html", progress=found)
