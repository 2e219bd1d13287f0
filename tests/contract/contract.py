"""The behaviours of a Crm. An adapter certifies itself by subclassing `CrmContract` with a ``rig`` fixture.

::

    class TestMine(CrmContract):
        @pytest.fixture
        def rig(self) -> Rig: ...
"""

from __future__ import annotations

import pytest

from connector.errors import InDoubt, StopCrm, TryAgain
from connector.record import FieldType, Page

from .cases import HOUR, faults, latest, outcomes, window
from .reading import Reading
from .rig import Effect, Rig, WireRig
from .writing import Writing

EFFECTS: tuple[Effect, ...] = ("drop", "drop_after", "unavailable", "html", "truncate")


class CrmContract(Reading, Writing):
    """Everything the rest of the program relies on, whichever CRM it talks to."""

    # when the wire fails

    def test_a_lost_answer_is_in_doubt_and_the_row_is_there(self, rig: Rig) -> None:
        outcomes(rig.crm, [self.upsert(rig, "warm")])
        rig.fault("drop_after", "write")
        assert faults(rig.crm, [self.upsert(rig, "k1")]) == {"c-k1": InDoubt}
        assert self.ours(rig, "k1") == {"k1": "1"}

    @pytest.mark.parametrize("effect", EFFECTS)
    def test_a_spoilt_write_still_gives_each_change_one_outcome(self, rig: Rig, effect: Effect) -> None:
        outcomes(rig.crm, [self.upsert(rig, "warm")])
        rig.fault(effect, "write")
        keys = [f"k{number}" for number in range(rig.crm.can.write_batch + 1)]
        found = faults(rig.crm, [self.upsert(rig, key) for key in keys])
        assert set(found.values()) & {TryAgain, InDoubt}
        assert set(found.values()) <= {TryAgain, InDoubt, None}
        assert set(faults(rig.crm, [self.upsert(rig, key) for key in keys]).values()) == {None}

    @pytest.mark.parametrize("effect", EFFECTS)
    def test_a_spoilt_answer_is_never_no_data(self, rig: Rig, effect: Effect) -> None:
        [row_id] = self.plain(rig)
        rig.crm.read(rig.kinds.plain, [row_id], [rig.kinds.text])
        rig.fault(effect, "read")
        with pytest.raises(TryAgain):
            rig.crm.read(rig.kinds.plain, [row_id], [rig.kinds.text])
        rig.fault(effect, "changes")
        with pytest.raises(TryAgain):
            list(rig.crm.changes(rig.kinds.plain, [rig.kinds.text], None))
        assert row_id in latest(window(rig.crm, rig.kinds.plain, []))

    def test_reading_goes_on_after_a_broken_page(self, rig: Rig) -> None:
        ids = set(self.plain(rig, rig.page_size * 2 + 3))
        rig.crm.describe(rig.kinds.plain)
        rig.fault("truncate", "changes", skip=1)
        pages: list[Page] = []
        with pytest.raises(TryAgain):
            for page in rig.crm.changes(rig.kinds.plain, [rig.kinds.text], None):
                pages.append(page)
        assert pages and not pages[-1].drained
        pages += window(rig.crm, rig.kinds.plain, [rig.kinds.text], pages[-1].cursor)
        assert ids <= latest(pages).keys()

    # what the CRM says about itself

    def test_describe_names_types_and_options(self, rig: Rig) -> None:
        kinds = rig.kinds
        fields = {field.name: field for field in rig.crm.describe(kinds.plain)}
        types = {
            kinds.text: FieldType.TEXT,
            kinds.number: FieldType.NUMBER,
            kinds.boolean: FieldType.BOOLEAN,
            kinds.date: FieldType.DATE,
            kinds.datetime: FieldType.DATETIME,
            kinds.choice: FieldType.CHOICE,
            kinds.choices: FieldType.CHOICES,
        }
        assert {name: fields[name].type for name in types} == types
        assert fields[kinds.link].type in (FieldType.REFERENCE, FieldType.ASSOCIATION)
        assert set(kinds.options) <= set(fields[kinds.choices].options)
        assert all(fields[name].writable and fields[name].label for name in types)
        assert {field.name: field.unique for field in rig.crm.describe(kinds.ours)}[kinds.key]

    def test_whoami_is_stable_and_knows_the_time(self, rig: Rig) -> None:
        before = rig.crm.whoami()
        rig.advance(HOUR)
        after = rig.crm.whoami()
        assert before.org and (before.org, before.user) == (after.org, after.user)
        assert 3500 < (after.server_time - before.server_time).total_seconds() < 3700


class WireContract(CrmContract):
    """What only a CRM behind HTTP can do wrong."""

    def test_an_expired_session_is_renewed_once(self, rig: WireRig) -> None:
        [row_id] = self.plain(rig)
        before = rig.crm.read(rig.kinds.plain, [row_id], [rig.kinds.text])
        rig.expire()
        assert rig.crm.read(rig.kinds.plain, [row_id], [rig.kinds.text]) == before
        rig.expire()
        assert faults(rig.crm, [self.upsert(rig, "k1")]) == {"c-k1": None}

    def test_a_session_that_dies_between_pages_loses_nothing(self, rig: WireRig) -> None:
        ids = set(self.plain(rig, rig.page_size * 2 + 3))
        reading = rig.crm.changes(rig.kinds.plain, [rig.kinds.text], None)
        pages = [next(reading)]
        rig.expire()
        pages += reading
        assert ids <= latest(pages).keys()

    def test_refused_for_good_stops_after_two_attempts(self, rig: WireRig) -> None:
        [row_id] = self.plain(rig)
        rig.crm.read(rig.kinds.plain, [row_id], [rig.kinds.text])
        rig.refuse()
        before = rig.calls()
        with pytest.raises(StopCrm):
            rig.crm.read(rig.kinds.plain, [row_id], [rig.kinds.text])
        assert rig.calls() - before <= 3, "two attempts and at most one sign-in"
        assert set(faults(rig.crm, [self.upsert(rig, "a"), self.upsert(rig, "b")]).values()) == {StopCrm}
