"""What an adapter brings to be judged by `CrmContract`: itself, a person who edits rows, a clock, and faults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from connector.crm import Crm
from connector.record import Text

Effect = Literal["drop", "drop_after", "unavailable", "html", "truncate"]
"""``drop``: the connection dies before the CRM sees the call. ``drop_after``: the CRM does the work, its answer is
lost. ``unavailable``: 503. ``html``: 200 with a maintenance page. ``truncate``: the answer is cut in the middle."""

Call = Literal["changes", "read", "write"]
"""Which method of the Crm meets the fault. Behind HTTP ``changes`` and ``read`` may be one: calls that read."""


@dataclass(frozen=True)
class Kinds:
    """The vendor's own names of what the suite uses.

    ``plain`` has one writable field of each type (``choices`` takes several of ``options``; ``link`` is a reference
    or an association to ``target``). ``ours`` is written by upsert on its unique text field ``key`` and has the
    number field ``amount``. ``needs`` and ``ours_needs`` are the values without which a row cannot be created.
    ``target`` is an object whose rows can be merged, with the text field ``target_text``.
    """

    plain: str
    text: str
    number: str
    boolean: str
    date: str
    datetime: str
    choice: str
    choices: str
    link: str
    options: tuple[str, ...]
    choice_option: str
    target: str
    target_text: str
    ours: str
    key: str
    amount: str
    needs: Mapping[str, Text] = field(default_factory=dict)
    ours_needs: Mapping[str, Text] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[str, ...]:
        """One field of each type."""
        return (
            self.text,
            self.number,
            self.boolean,
            self.date,
            self.datetime,
            self.choice,
            self.choices,
            self.link,
        )


class Rig(Protocol):
    """One CRM under test, fresh for each test, and everything that happens to it from outside.

    ``crm`` is the adapter itself, without `connector.retry`. ``page_size`` is how many rows fill one page of it.
    Values are in canonical spelling. The edits are a person's: made past the adapter, by another user.
    """

    @property
    def crm(self) -> Crm: ...
    @property
    def kinds(self) -> Kinds: ...
    @property
    def page_size(self) -> int: ...

    def create(self, kind: str, *rows: Mapping[str, Text]) -> list[str]:
        """New rows, with ``needs`` already in them; their ids in order."""

    def edit(self, kind: str, row_id: str, values: Mapping[str, Text]) -> None:
        """Change some fields of one row."""

    def drop(self, kind: str, row_id: str) -> None:
        """Delete one row as a person does (into the recycle bin)."""

    def merge(self, kind: str, loser: str, winner: str) -> None:
        """Let ``winner`` absorb ``loser``."""

    def advance(self, seconds: float) -> None:
        """Move the CRM's clock forward."""

    def fault(self, effect: Effect, on: Call, *, skip: int = 0) -> None:
        """Spoil the next call that moves rows (no sign-in, no describe), after letting ``skip`` of them pass."""

    def hide(self, kind: str, field: str) -> None:
        """Take one field away from the user we are signed in as."""


class WireRig(Rig, Protocol):
    """A CRM behind HTTP: sessions expire, and calls can be counted."""

    def expire(self) -> None:
        """The session we hold dies now."""

    def refuse(self) -> None:
        """Every answer is 401 from now on, sign-in or not."""

    def calls(self) -> int:
        """Requests the CRM has seen so far, sign-ins included."""
