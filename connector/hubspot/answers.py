"""What HubSpot's answers look like, as far as we read them.

Decoding an answer checks it: an HTML page, half a document or a list without ``results`` is not an empty list.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field

Problem = dict[str, Any]
"""One entry of ``errors`` in a 207, or the body of a refusal: its keys vary too much for a type."""


A = TypeVar("A")


def read(content: bytes, answer: type[A]) -> A:
    """An answer's body. Raises MsgspecError, UnicodeDecodeError for what is none."""
    if answer is Token:
        said = msgspec.json.decode(content, type=dict[str, Any])
        return msgspec.convert({_snake(key): value for key, value in said.items()}, answer)
    return msgspec.json.decode(content, type=answer)


def _snake(key: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", key)


class Answer(Struct, rename="camel", frozen=True):
    """Any answer of which nothing is read."""


class Next(Answer, frozen=True):
    after: str | int


class Paging(Answer, frozen=True):
    next: Next | None = None


class Row(Answer, frozen=True, gc=False):
    """One record. Property values are text or null, whatever their type."""

    id: str
    properties: dict[str, str | None]
    updated_at: str | None = None
    archived_at: str | None = None
    archived: bool = False
    new: bool = False
    object_write_trace_id: str | None = None


class Rows(Answer, frozen=True):
    """Records of a list, a search or a batch; ``errors`` only in a 207."""

    results: list[Row]
    paging: Paging | None = None
    errors: list[Problem] = []


class SplitPart(Answer, frozen=True):
    properties: dict[str, str | None]


class SplitRow(Answer, frozen=True):
    """The splits of one deal."""

    id: int | str
    splits: list[SplitPart] = []


class SplitRows(Answer, frozen=True):
    results: list[SplitRow]
    errors: list[Problem] = []


class AssociationType(Answer, frozen=True, gc=False):
    category: str
    type_id: int
    label: str | None = None


class Target(Answer, frozen=True, gc=False):
    """One associated record; ``to_object_id`` is a number although every other id is text."""

    to_object_id: int | str
    association_types: list[AssociationType]


class Source(Answer, frozen=True, gc=False):
    id: str


class Associated(Answer, frozen=True, gc=False):
    source: Source = field(name="from")
    to: list[Target]
    paging: Paging | None = None


class AssociatedRows(Answer, frozen=True):
    results: list[Associated]
    errors: list[Problem] = []


class Created(Answer, frozen=True):
    from_object_id: int | str
    to_object_id: int | str


class CreatedRows(Answer, frozen=True):
    results: list[Created]
    errors: list[Problem] = []


class Labels(Answer, frozen=True):
    results: list[AssociationType]


class Option(Answer, frozen=True):
    value: str
    label: str = ""
    display_order: int = -1
    hidden: bool = False


class Modification(Answer, frozen=True):
    read_only_value: bool = False


class Property(Answer, frozen=True):
    name: str
    label: str
    type: str
    field_type: str = ""
    options: list[Option] = []
    calculated: bool = False
    has_unique_value: bool = False
    referenced_object_type: str | None = None
    modification_metadata: Modification = Modification()


class Properties(Answer, frozen=True):
    results: list[Property]


class Group(Answer, frozen=True):
    name: str


class Groups(Answer, frozen=True):
    results: list[Group]


class ObjectSchema(Answer, frozen=True):
    name: str
    object_type_id: str
    fully_qualified_name: str = ""
    required_properties: list[str] = []


class Schemas(Answer, frozen=True):
    results: list[ObjectSchema]


class Owner(Answer, frozen=True):
    id: str
    updated_at: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    user_id: int | None = None
    archived: bool = False


class Owners(Answer, frozen=True):
    results: list[Owner]
    paging: Paging | None = None


class Account(Answer, frozen=True):
    portal_id: int | str
    time_zone: str
    account_type: str = ""
    company_currency: str = ""


class Granted(Answer, frozen=True):
    """What a token may do."""

    scopes: list[str]


class Token(Struct, frozen=True):
    """The OAuth token endpoint answers in snake case, and in camel case where its pages show that."""

    access_token: str
    expires_in: int
    refresh_token: str | None = None
