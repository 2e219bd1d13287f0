"""What a person said of two rows is not replaced by a score, whoever tries, in either database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import IntegrityError

from sync.model.directive import Act, Directive
from sync.store.likeness_tables import likeness_link, said_pair
from sync.store.opening import Store
from sync.store.said import said_about, say_pair

NOW = datetime(2027, 2, 1, 9, 0, tzinfo=UTC)
WORD = Directive(id="w", act=Act.SEPARATE, subject="sf:Account:1", by="Maria", at=NOW, winner="hs:companies:2")


@pytest.mark.parametrize(
    "change",
    [
        update(said_pair).values(together=True, seq=0),
        delete(said_pair),
        delete(said_pair).where(said_pair.c.seq > 0),
    ],
)
def test_no_score_takes_the_place_of_a_word(store: Store, change: Any) -> None:
    with store.write() as connection:
        say_pair(connection, WORD)
    with pytest.raises(IntegrityError, match="never replaced by a score"), store.write() as connection:
        connection.execute(change)
    with store.read() as connection:
        [said] = said_about(connection, [WORD.subject])
    assert (said.together, said.seq) == (False, 1)


@pytest.mark.parametrize("change", [update(likeness_link).values(score=9), delete(likeness_link)])
def test_what_was_linked_by_score_stays_known(store: Store, change: Any) -> None:
    told = {"one": "a", "other": "b", "model": "1", "at": "x", "together": True, "score": 300}
    with store.write() as connection:
        connection.execute(insert(likeness_link).values(**told))
    with pytest.raises(IntegrityError, match="a link is never"), store.write() as connection:
        connection.execute(change)
