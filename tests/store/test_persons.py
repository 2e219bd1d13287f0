"""Who decided is known while it may be known, and forgotten for good when it must be: the seals still hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from sync.model.directive import Act, Directive
from sync.model.problem import BadInput
from sync.model.ruling import Decision
from sync.store.audit import verify
from sync.store.directives import add_directives, load_directives
from sync.store.opening import Store, open_store
from sync.store.personal import erase_person, export_person
from sync.store.persons import ERASED, Hiding, digest_of, find_persons, hide, reveal
from sync.store.tables import metadata, person
from sync.store.verdicts import decisions_on
from tests.machine.northwind import Northwind
from tests.steps.business import patient

MARIA = "Maria Keller"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Northwind]:
    """Maria voted in the CRM and told dealsync something."""
    office = Northwind(tmp_path)
    reason = f"as {MARIA} agreed"
    office.put("sf", "registration", office.resells, voter=MARIA, vote_reason=reason)
    office.run()
    said = Directive("d1", Act.DISMISS, "case_1", MARIA, office.moment, f'"{MARIA}" says so')
    with office.world.store.write() as connection:
        add_directives(connection, [said])
    yield office
    office.close()


def decisions(office: Northwind) -> list[Decision]:
    with office.world.store.read() as connection:
        subjects = list(connection.scalars(text("SELECT id FROM standing")))
        return decisions_on(connection, subjects)


def everywhere(store: Store, word: str) -> set[str]:
    """The tables in which a word lies, in any column."""
    found = set()
    with store.read() as connection:
        for table in metadata.sorted_tables:
            if any(word in str(value) for row in connection.execute(select(table)) for value in row):
                found.add(table.name)
    return found


def test_a_name_lies_where_the_crm_put_it_and_in_one_table_and_nowhere_else(office: Northwind) -> None:
    assert everywhere(office.world.store, MARIA) == {"person", "record"}


def test_whoever_asks_reads_the_name(office: Northwind) -> None:
    assert MARIA in {decision.actor for decision in decisions(office)}
    assert any(decision.text == f"as {MARIA} agreed" for decision in decisions(office))
    with office.world.store.read() as connection:
        [[said]] = load_directives(connection, ["case_1"]).values()
    assert (said.by, said.reason) == (MARIA, f'"{MARIA}" says so')


def test_everything_that_names_a_person_is_given_out(office: Northwind) -> None:
    with office.world.store.read() as connection:
        given_out = export_person(connection, MARIA.upper(), office.mappings)
    assert given_out["names"] == [MARIA]
    assert [entry["event"] for entry in given_out["decisions"]] == ["approve"]
    assert [entry["by"] for entry in given_out["directives"]] == [MARIA]
    assert given_out["rows"] == [f"sf:{office.field_map('sf', 'registration').object}:{office.resells}"]


class TestErasing:
    @pytest.fixture
    def erased(self, office: Northwind) -> dict[str, object]:
        with office.world.store.write() as connection:
            return erase_person(connection, MARIA, office.mappings, office.moment)

    def test_the_name_is_nowhere_any_more_and_every_chain_holds(
        self, office: Northwind, erased: dict[str, object]
    ) -> None:
        assert erased == {"names": [MARIA], "rows": 1, "left": 0}
        assert "Keller" not in str(decisions(office))
        assert everywhere(office.world.store, "Keller") == {"record"}, "the words of the vote in the CRM"
        assert ERASED in {decision.actor for decision in decisions(office)}
        with office.world.store.read() as connection:
            assert list(verify(connection)) == []
            assert find_persons(connection, MARIA) == {}

    def test_nothing_is_decided_anew_for_it(self, office: Northwind, erased: dict[str, object]) -> None:
        report = office.run()
        assert (report.decisions.total(), report.totals.changes) == (0, 0)

    def test_what_the_crm_says_again_stays_forgotten(self, office: Northwind, erased: dict[str, object]) -> None:
        before = len(decisions(office))
        office.put("sf", "registration", office.resells, voter=MARIA, vote_reason="again")
        office.run()
        report = office.run()
        assert "Keller" not in str(decisions(office))
        assert everywhere(office.world.store, MARIA) == {"record"}
        assert (len(decisions(office)), report.totals.changes) == (before, 0)

    def test_nobody_gets_the_name_back_in(self, office: Northwind, erased: dict[str, object]) -> None:
        with pytest.raises(IntegrityError, match="only erased"), office.world.store.write() as connection:
            connection.execute(update(person).where(person.c.name.is_(None)).values(name="Somebody Else"))

    def test_the_others_keep_their_names(self, office: Northwind, erased: dict[str, object]) -> None:
        assert "jo" in {decision.actor for decision in decisions(office)}


def test_who_is_unknown_is_not_erased_and_may_be_somebody_else(office: Northwind) -> None:
    with pytest.raises(BadInput, match=f"did you mean {MARIA}"), office.world.store.write() as connection:
        erase_person(connection, "Maria Kellner", office.mappings, office.moment)
    with pytest.raises(BadInput, match="nobody of this name"), office.world.store.read() as connection:
        export_person(connection, "Xaver", office.mappings)


def test_two_stores_have_two_keys(office: Northwind) -> None:
    (office.folder / "other").mkdir()
    other = open_store("sqlite:///dealsync.db", office.folder / "other")
    with closing(other), other.write() as connection:
        hide(connection, [MARIA])
        [there] = connection.scalars(select(person.c.id))
    with office.world.store.read() as connection:
        assert there not in set(connection.scalars(select(person.c.id)))


def test_a_name_is_found_as_whole_words_and_the_longest_first() -> None:
    hidden = Hiding({name: digest_of(b"k", name) for name in ("jo", "Jo Ann", "Jo", "ann@x.example")})
    body = (
        '{"actor":"jo","text":"joint work of Jo Ann, Jo, ann@x.example and Joe.","kind":"jo","arithmetic":["Jo"]}'
    )
    found = msgspec.json.decode(hidden(body))
    digests = {name: digest_of(b"k", name) for name in ("jo", "Jo Ann", "Jo", "ann@x.example")}
    assert found["actor"] == digests["jo"]
    assert found["text"] == (
        f"joint work of {digests['Jo Ann']}, {digests['Jo']}, {digests['ann@x.example']} and Joe."
    )
    assert (found["kind"], found["arithmetic"]) == ("jo", [digests["Jo"]])


def test_a_name_after_a_line_break_is_found() -> None:
    digest = digest_of(b"k", MARIA)
    said = f'"first\n{MARIA}\tsaid\\{MARIA}'
    body = msgspec.json.encode({"text": said}).decode()
    assert msgspec.json.decode(Hiding({MARIA: digest})(body))["text"] == said.replace(MARIA, digest)


NAMES = st.text(min_size=1, max_size=12).filter(lambda name: name.strip() == name)


@patient
@given(names=st.lists(NAMES, min_size=1, max_size=4, unique=True), words=st.lists(st.text(max_size=8), max_size=5))
def test_what_is_hidden_comes_back_to_the_letter(names: list[str], words: list[str]) -> None:
    said = " ".join([*words, *names, *words])
    before = replace(DIRECTIVE, by=names[0], reason=said, message=names[-1])
    digests = {name: digest_of(b"k", name) for name in names}
    hidden = Hiding(digests)(msgspec.json.encode(before).decode())
    for name, digest in digests.items():
        hidden = hidden.replace(digest, msgspec.json.encode(name).decode()[1:-1])
    assert msgspec.json.decode(hidden, type=Directive) == before


DIRECTIVE = Directive("d", Act.DISMISS, "case", "", datetime(2027, 2, 1, 9, tzinfo=UTC))


def test_a_name_with_quotes_is_revealed_as_it_was(store: Store) -> None:
    with store.write() as connection:
        body = hide(connection, ['O"Neil'])('{"actor":"O\\"Neil"}')
        assert "Neil" not in body
        assert reveal(connection, [body]) == ['{"actor":"O\\"Neil"}']
