"""Every path we call, once, for dated API versions and for the legacy ones that end in 2027."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import quote

from connector.hubspot import answers as a

DATED = re.compile(r"20\d\d-(03|09)")
LEGACY = ("v3", "v4")

A = TypeVar("A")


def known(version: str) -> bool:
    """Whether this API version has a column in the table below."""
    return version in LEGACY or DATED.fullmatch(version) is not None


@dataclass(frozen=True, slots=True)
class Route(Generic[A]):
    """One call: how it is addressed, what it answers, which limit it counts against, whether it writes."""

    answer: type[A]
    method: str
    dated: str  # {v} is the version, {0} the object, {1} a second object or a name
    legacy: str
    limit: str = "general"
    writes: bool = False

    def path(self, version: str, where: Sequence[str]) -> str:
        template = self.legacy if version in LEGACY else self.dated
        return template.format(*(quote(part, safe="") for part in where), v=version)


def _rows(verb: str, limit: str = "general", *, writes: bool = False) -> Route[a.Rows]:
    return Route(a.Rows, "POST", f"/crm/objects/{{v}}/{{0}}/{verb}", f"/crm/v3/objects/{{0}}/{verb}", limit, writes)


def _links(answer: type[A], verb: str, *, writes: bool = False) -> Route[A]:
    dated, legacy = f"/crm/associations/{{v}}/{{0}}/{{1}}/{verb}", f"/crm/v4/associations/{{0}}/{{1}}/{verb}"
    return Route(answer, "POST", dated, legacy, "associations", writes)


LIST = Route(a.Rows, "GET", "/crm/objects/{v}/{0}", "/crm/v3/objects/{0}")
SEARCH = _rows("search", "search")
READ = _rows("batch/read")
UPSERT = _rows("batch/upsert", writes=True)
UPDATE = _rows("batch/update", writes=True)
ARCHIVE = Route(
    a.Answer,
    "POST",
    "/crm/objects/{v}/{0}/batch/archive",
    "/crm/v3/objects/{0}/batch/archive",
    writes=True,
)

LINKS = _links(a.AssociatedRows, "batch/read")
LINK = _links(a.CreatedRows, "batch/create", writes=True)
UNLABEL = _links(a.Answer, "batch/labels/archive", writes=True)
UNLINK = _links(a.Answer, "batch/archive", writes=True)
LABELS = Route(
    a.Labels,
    "GET",
    "/crm/associations/{v}/{0}/{1}/labels",
    "/crm/v4/associations/{0}/{1}/labels",
)
NEW_LABEL = Route(a.Labels, "POST", LABELS.dated, LABELS.legacy, writes=True)

PROPERTIES = Route(a.Properties, "GET", "/crm/properties/{v}/{0}", "/crm/v3/properties/{0}")
NEW_PROPERTY = Route(a.Property, "POST", PROPERTIES.dated, PROPERTIES.legacy, writes=True)
GROUPS = Route(a.Groups, "GET", "/crm/properties/{v}/{0}/groups", "/crm/v3/properties/{0}/groups")
NEW_GROUP = Route(a.Group, "POST", GROUPS.dated, GROUPS.legacy, writes=True)
SCHEMAS = Route(a.Schemas, "GET", "/crm-object-schemas/{v}/schemas", "/crm/v3/schemas")
NEW_SCHEMA = Route(a.ObjectSchema, "POST", SCHEMAS.dated, SCHEMAS.legacy, writes=True)

OWNERS = Route(a.Owners, "GET", "/crm/owners/{v}", "/crm/v3/owners")
ACCOUNT = Route(a.Account, "GET", "/account-info/{v}/details", "/account-info/v3/details")
TOKEN = Route(a.Token, "POST", "/oauth/{v}/token", "/oauth/v3/token")
