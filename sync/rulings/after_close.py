"""What people say about won deals: a change after the amendment window counts, a partner became part of another."""

from __future__ import annotations

from sync.credit import worth
from sync.model.directive import Act, Directive
from sync.model.ids import name
from sync.model.problem import BadInput, Problem
from sync.rulings.saying import Said, Speaker, say
from sync.rulings.subjects import refused, subject_of
from sync.store import ledger
from sync.store.directives import add_directives
from sync.store.due import make_due
from sync.store.earned import groups_of
from sync.world import World


def amend(world: World, ident: str, speaker: Speaker) -> Said:
    """Accept what a won deal became after its amendment window: exactly its present amount, no later one.

    Raises BadInput when nothing of this deal waits.
    """
    subject = subject_of(world, ident, speaker.at, ("opportunity",))
    if not any(split.waiting for split in subject.judged.verdict.splits if split.opportunity_id == subject.id):
        raise refused(ident, "nothing of this deal waits to be accepted", f"`dealsync explain {ident}` shows it")
    return say(world, subject, Act.AMEND, speaker, amount=worth(subject.deal))


def acquired(world: World, old: str, new: str, speaker: Speaker) -> tuple[Directive, int]:
    """One partner became part of another, which inherits its account; with how many groups are judged anew.

    Both are named as statements name them, or by id. Raises BadInput for a name that no statement has.
    """
    with world.store.read() as connection:
        known = ledger.parties(connection)
    before, after = _party(old, known), _party(new, known)
    if before == after:
        raise BadInput(
            [Problem(new, "a partner cannot become part of itself", "name the partner that acquired it")]
        )
    directive = Directive(
        id=name("said", Act.ACQUIRED, before, after, speaker.by, speaker.at.isoformat()),
        act=Act.ACQUIRED,
        subject=before,
        by=speaker.by,
        at=speaker.at,
        reason=speaker.reason,
        winner=after,
        name=known[after],
    )
    with world.store.write() as connection:
        add_directives(connection, [directive])
        groups = groups_of(connection, before)
        make_due(connection, groups, speaker.at)
    return directive, len(groups)


def _party(who: str, known: dict[str, str]) -> str:
    found = [party for party, called in known.items() if who.casefold() in (party, called.casefold())]
    if len(found) != 1:
        what = f"{len(found) or 'no'} partner of the ledger is called {who!r}"
        fix = f"one of {', '.join(sorted(known.values())[:9])}" if known else "no deal with a partner was won yet"
        raise BadInput([Problem(who, what, fix)])
    return found[0]
