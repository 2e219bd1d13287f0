"""Reads records: everything by list, changes by search on the id, deletions from the recycle bin, keys in batches.

A reading is a chain of stages (`connector.hubspot.windows`): what changed, what is gone, and once a night the
whole, because HubSpot changes associations and calculated properties without touching the record's stamp.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from itertools import chain

from connector.hubspot import lists
from connector.hubspot.answers import Row
from connector.hubspot.decode import moment
from connector.hubspot.describe import Portal
from connector.hubspot.gateway import Gateway
from connector.hubspot.narrow import ahead
from connector.hubspot.pages import LIST_PAGE, SEARCH_PAGE, Pages, gathered
from connector.hubspot.select import Selection, Selector
from connector.hubspot.windows import NIGHT, OVERLAP, Window, window_of
from connector.record import Cursor, Page, Record, datetime_text

LINK_PAGE = 1000  # rows whose associations are read in one call
AHEAD = 10  # pages of a list that are read while others are worked on
LONGEST_LIST = 5000  # characters of property names in a URL; beyond, values come from batch reads
BIN_PAGE = 1000  # rows of the recycle bin between two cursors
QUIET = time(hour=2)  # in the account's time zone: a new day's allowance of calls, and nobody at work

LISTED_FOR = timedelta(hours=1)  # owners, stages and rates are read again after

Found = tuple[list[Record], Window]
"""Records of a stage, and where the reading stands after them."""


class Reader:
    """Reads one portal.

    Search only says which records changed; their values are always read by id. Its index may show a stage that a
    deal has left, and nobody is credited by that to save a call for every hundred changes.
    """

    def __init__(self, gateway: Gateway, portal: Portal, selector: Selector) -> None:
        self._gateway, self._portal, self._selector = gateway, portal, selector
        self._pages = Pages(gateway)
        self.rows = self._pages.rows

    def changes(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Iterator[Page]:
        """See `connector.crm.Crm.changes`."""
        window = window_of(since)
        if kind in lists.KINDS:
            yield self._listed(kind, fields, since)
            return
        chosen = self._selector.choose(kind, fields, anew=not window.lo or window.deep)
        window = window.without(chosen.lacking)
        stages = {"changed": self._changed, "gone": self._gone, "whole": self._whole}
        while True:
            for found in stages[window.stage](chosen, window):
                records, window = found
                if records or window.after or not window.hi:
                    yield Page(tuple(records), window.cursor(), drained=not window.hi)
            if not window.hi:
                return

    def ids(self, kind: str) -> Iterator[Sequence[str]]:
        """See `connector.crm.Crm.ids`."""
        if kind in lists.KINDS:
            yield [record.ref.id for record in lists.records(self._gateway, kind, ())]
            return
        self._portal.know(kind)
        for batch in self._pages.listed(kind, ["hs_object_id"]):
            yield [row.id for row in batch.rows]

    def read(self, kind: str, keys: Sequence[str], fields: Sequence[str], by: str) -> list[Record]:
        """See `connector.crm.Crm.read`."""
        if kind in lists.KINDS:
            return [record for record in lists.records(self._gateway, kind, fields) if record.ref.id in set(keys)]
        chosen = self._selector.choose(kind, fields)
        return self._selector.records(chosen, self.rows(kind, keys, chosen.names, by))

    def _listed(self, kind: str, fields: Sequence[str], since: Cursor | None) -> Page:
        """A short list, whole; for an hour it is not asked again, because nothing tells what changed in it."""
        before, now = window_of(since).lo, self._gateway.clock
        if since and before and now and now - moment(before) < LISTED_FOR:
            return Page((), since, drained=True)
        entries = tuple(lists.records(self._gateway, kind, fields))
        following = Window(stage="whole").opened(self._gateway.server_time).at("")
        return Page(entries, following.cursor(), drained=True)

    def _changed(self, chosen: Selection, window: Window) -> Iterator[Found]:
        """What search finds in the window; nothing where everything is about to be read anyway."""
        calls = self._pages.searched(chosen.kind, chosen.modified, window)
        first = next(calls)
        window = window.opened(first.at)
        if window.by_night:
            yield [], window.at("")
            return
        for batch in gathered(chain([first], calls), LINK_PAGE if chosen.links else SEARCH_PAGE):
            records = self._news(chosen, batch.rows, window)
            window = self._further(chosen, window, records, batch.after)
            yield records, window

    def _news(self, chosen: Selection, hits: Sequence[Row], window: Window) -> list[Record]:
        """The hits that were not handed over before, with the values that they have now."""
        known = {row.id: window.seen[row.id] for row in hits if window.knows(row.id, chosen.stamp(row))}
        again = self._selector.relinked(chosen, known) if window.deep and chosen.links else ()
        news = [row for row in hits if row.id not in known or row.id in again]
        rows = self.rows(chosen.kind, [row.id for row in news], chosen.names)
        return self._records(chosen, [row for row in rows if chosen.stamp(row) >= window.since])

    def _gone(self, chosen: Selection, window: Window) -> Iterator[Found]:
        """What went into the recycle bin, which tells when in no order, and what came out of it again."""
        told, since = frozenset(window.bin), moment(window.binned or window.lo)
        names = ["hs_object_id", *chosen.merges]
        calls = self._pages.listed(chosen.kind, names, window.after, archived=True)
        for batch in gathered(calls, BIN_PAGE):
            left, window = window.binning([int(row.id) for row in batch.rows], batch.after)
            back = self._records(chosen, self.rows(chosen.kind, left, chosen.names))
            rows = [(row, chosen.tombstone(row)) for row in batch.rows]
            thrown = [
                gone
                for row, tombstone in rows
                if tombstone.stamp >= (since + OVERLAP if int(row.id) in told else since)
                for gone in (tombstone, *chosen.merged_away(row))
            ]
            window = self._further(chosen, window, back, batch.after)
            yield [*thrown, *back], window

    def _whole(self, chosen: Selection, window: Window) -> Iterator[Found]:
        """Every live record."""
        wide = len(",".join(chosen.names)) > LONGEST_LIST
        calls = self._pages.listed(chosen.kind, [chosen.modified] if wide else chosen.names, window.after)
        for batch in gathered(ahead(calls, AHEAD), LINK_PAGE if chosen.links else LIST_PAGE):
            window = window.opened(batch.at)
            rows = batch.rows
            if wide:
                rows = self.rows(chosen.kind, [row.id for row in rows], chosen.names)
            records = self._records(chosen, rows)
            window = self._further(chosen, window, records, batch.after)
            yield records, window

    def _records(self, chosen: Selection, rows: Sequence[Row]) -> list[Record]:
        """The records of these rows, and a tombstone of each that was merged into one of them."""
        gone = (record for row in rows for record in chosen.merged_away(row))
        return [*self._selector.records(chosen, rows), *gone]

    def _further(self, chosen: Selection, window: Window, records: Sequence[Record], after: str) -> Window:
        """The window once these records are handed over."""
        again = window.again
        fresh = (record for record in records if record.stamp >= again and not record.deleted)
        window = window.remembering({record.ref.id: chosen.mark(record) for record in fresh})
        if not after and (window.stage == "whole" or not window.night):
            night = datetime_text(self._night(moment(window.hi))) if chosen.drifts else ""
            window = window.but(night=night)
        return window.at(after)

    def _night(self, now: datetime) -> datetime:
        """When everything is read again: at night, and not too soon."""
        zone = self._gateway.zone()
        if zone is None:
            return now + NIGHT
        earliest = (now + NIGHT / 2).astimezone(zone)
        day = earliest.date() + timedelta(days=earliest.time() > QUIET)
        return datetime.combine(day, QUIET, zone)
