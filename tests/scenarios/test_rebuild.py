"""Every scenario through the store: what is sealed says where everything stands, to the last byte (I8)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Connection, select

from sync.audit import rebuild
from sync.model.facts import History, Verdict
from sync.model.registration import Standing
from sync.model.ruling import Case
from sync.store.audit import links, seal_events, seal_run, verify
from sync.store.directives import add_directives, directives_after
from sync.store.opening import Store, open_store
from sync.store.persons import hide, is_person, people_in, reveal
from sync.store.tables import audit, case_file, decision, directive, split, standing
from sync.store.verdicts import load_history, record_verdict

from .reading import Moment, read
from .test_scenarios import FILES, decided


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_where_everything_stands_follows_from_what_is_sealed(path: Path, tmp_path: Path) -> None:
    store = open_store("sqlite:///dealsync.db", tmp_path)
    for point, before, verdict in decided(read(path, str)):
        kept(store, point, before, verdict)
        with store.read() as connection:
            assert list(verify(connection)) == []
            states = rebuild(link.event for link in links(connection))
            assert states.standings == dict(connection.execute(select(standing.c.id, standing.c.body)).all())
            assert states.cases == dict(connection.execute(select(case_file.c.id, case_file.c.body)).all())
            standings = [
                msgspec.json.decode(body, type=Standing)
                for body in reveal(
                    connection, [states.standings[entry.registration_id] for entry in verdict.standings]
                )
            ]
            assert tuple(standings) == verdict.standings
            cases = reveal(connection, [states.cases[case.id] for case in verdict.cases])
            assert tuple(msgspec.json.decode(body, type=Case) for body in cases) == verdict.cases
            assert directives_after(connection, 0, 1000) == list(point.facts.directives)
            assert not named(connection, people_in(point.facts, verdict))
            [history] = load_history(connection, [point.facts])
            assert history.splits.items() >= {split.opportunity_id: split for split in verdict.splits}.items()
    store.close()


def named(connection: Connection, people: Iterable[str]) -> set[str]:
    """Whose names still lie in what is stored and sealed."""
    tables = (decision, directive, audit, standing, case_file, split)
    texts = " ".join(body or "" for table in tables for body in connection.scalars(select(table.c.body)))
    return {name for name in people if is_person(name) and re.search(rf"\b{re.escape(name)}\b", texts)}


def kept(store: Store, point: Moment, before: History, verdict: Verdict) -> None:
    """One moment of the story, recorded as a run records it."""
    with store.write() as connection:
        add_directives(connection, point.facts.directives)
        hidden = hide(connection, people_in(point.facts, verdict))
        seal_events(connection, record_verdict(connection, before, verdict, point.now, hidden))
        seal_run(connection, f"run at {point.now}", point.now)
