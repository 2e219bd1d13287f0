"""A worker helps with the run that another one leads: the same pages, the same steps, under the same rules."""

from __future__ import annotations

from sync.brake import stopped
from sync.cycle import count, record_page
from sync.dispatch import Dispatch
from sync.share import going, pages
from sync.store.claims import LostTurn
from sync.world import Report, World


def help_out(world: World) -> Report | None:
    """Take a share of the run that is going on; what it came to, or ``None`` when there was nothing to do.

    What this worker writes is in the report of whoever leads. Ends as soon as that one ends, or dies.
    """
    run = None if world.observe else going(world)
    if run is None:
        return None
    report = Report(run.run_id, run.as_of, sent=True)
    dispatch = Dispatch(world.store, world.crms, run.as_of, world.worker)

    def rest() -> None:
        count(report, dispatch.rest())

    try:
        for page in pages(world, run.run_id, run.as_of, rest, leads=False):
            report.groups += len(page)
            count(report, dispatch.send(record_page(world, report, page, run.as_of, None)))
            if stopped(world, report):
                break
        rest()
    except LostTurn as lost:
        report.notes.append(str(lost))
    return report if report.groups else None
