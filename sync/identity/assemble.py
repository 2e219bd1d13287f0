"""From the rows of one connected group to the facts that are judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connector.record import Ref
from sync.identity.link import Linked, Said, index, link, row_thing_id
from sync.identity.outside import heard
from sync.model.deal import Line, Opportunity, OpportunityType, Stage
from sync.model.facts import Facts
from sync.model.ids import name
from sync.model.money import Bare, Money
from sync.model.parties import Account, NamedList, Partner, PartnerStatus, Tier
from sync.model.problem import Problem
from sync.model.registration import Choice, Registration, Response, Role, Vote
from sync.model.row import Row


@dataclass(frozen=True, slots=True)
class _Things:
    """The linked things of a group, and whose row is whose."""

    accounts: Mapping[Ref, Linked]
    partners: Mapping[Ref, Linked]
    opportunities: Mapping[Ref, Linked]

    def id(self, kind: str, ref: Ref | None) -> str | None:
        """The id of the thing that a row stands for."""
        if ref is None:
            return None
        found = getattr(self, kind).get(ref)
        return thing_id(kind, found) if found else None


def thing_id(kind: str, thing: Linked) -> str:
    """The canonical id: named after the leading row, so that adding a row elsewhere does not rename it."""
    lead = thing.rows[0]
    return name("par", str(lead.ref)) if kind == "partners" else row_thing_id(lead)


def assemble(
    rows: Iterable[Row], partner_rows: Iterable[Row], record_of: Mapping[str, str], said: Sequence[Said] = ()
) -> Facts:
    """Facts of one group. ``partner_rows`` may come from outside the group; ``record_of`` names the connection of
    record of each kind. Rows that cannot be judged become problems, never errors."""
    kinds: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        kinds[row.kind].append(row)
    accounts = link(kinds["account"], record_of.get("account"), said)
    partners = link([row for row in partner_rows if row.values.get("is_partner")], record_of.get("account"), said)
    opportunities = link(kinds["opportunity"], record_of.get("opportunity"), said)
    things = _Things(index(accounts), index(thing for thing in partners if thing.alive), index(opportunities))
    problems: list[Problem] = []
    deals = [_opportunity(thing, things, kinds["line"], problems) for thing in opportunities if thing.alive]
    known = {deal.id for deal in deals if deal}
    claims = [_registration(row, things, known, problems) for row in kinds["registration"] if not row.deleted]
    return Facts(
        accounts=_sorted(_account(thing, things) for thing in accounts if thing.alive),
        partners=_sorted(_partner(thing) for thing in partners if thing.alive),
        opportunities=_sorted(deal for deal in deals if deal),
        registrations=_sorted(heard(claim, kinds["external_approval"]) for claim in claims if claim),
        problems=tuple(sorted(problems)),
        apart=_apart(said, index(opportunities)),
    )


def _apart(said: Iterable[Said], deals: Mapping[Ref, Linked]) -> tuple[tuple[str, str], ...]:
    """The deals that people said are two, by their ids."""
    named = {str(ref): thing_id("opportunities", thing) for ref, thing in deals.items()}
    words = [(word.one, word.other) for word in said if not word.together]
    found = {tuple(sorted((named[one], named[other]))) for one, other in words if one in named and other in named}
    return tuple((one, other) for one, other in sorted(found))


def _sorted(things: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(things, key=lambda thing: thing.id))


def _members(thing: Linked) -> tuple[Ref, ...]:
    return tuple(row.ref for row in thing.alive)


def _first(thing: Linked, path: str) -> Any:
    """The leading row's value; another row fills in only what the leading one leaves empty."""
    return next((value for row in thing.alive if (value := row.values.get(path)) not in (None, "", ())), None)


def _account(thing: Linked, things: _Things) -> Account:
    return Account(
        id=thing_id("accounts", thing),
        name=_first(thing, "name") or "",
        members=_members(thing),
        domain=_first(thing, "domain"),
        country=_first(thing, "country"),
        duns=_first(thing, "duns"),
        parent_id=things.id("accounts", _first(thing, "parent")),
        named_list=NamedList(_first(thing, "named_list") or NamedList.NONE),
        industry=_first(thing, "industry"),
    )


def partners_of(rows: Iterable[Row], record_of: Mapping[str, str]) -> list[Partner]:
    """The partners among the accounts of a group."""
    own = [row for row in rows if row.kind == "account" and row.values.get("is_partner")]
    return [_partner(thing) for thing in link(own, record_of.get("account")) if thing.alive]


def _partner(thing: Linked) -> Partner:
    tier = _first(thing, "tier")
    return Partner(
        id=thing_id("partners", thing),
        name=_first(thing, "name") or "",
        members=_members(thing),
        status=PartnerStatus(_first(thing, "partner_status") or PartnerStatus.ACTIVE),
        tier=Tier(tier) if tier else None,
        certifications=_first(thing, "certifications") or (),
        agreement_start=_first(thing, "agreement_start"),
        agreement_end=_first(thing, "agreement_end"),
        agreement_regions=_first(thing, "agreement_regions") or (),
        agreement_families=_first(thing, "agreement_families") or (),
        agreement_exclusive=bool(_first(thing, "agreement_exclusive")),
        also=_other_ids("partners", thing),
        managers=_owners(thing),
    )


def _opportunity(
    thing: Linked, things: _Things, lines: Sequence[Row], problems: list[Problem]
) -> Opportunity | None:
    lead = thing.alive[0]
    stage = stage_of(lead)
    if stage is None:
        problems.append(Problem(str(lead.ref), "its stage is unknown", "map the stage in the picklist `stage`"))
        return None
    return Opportunity(
        id=thing_id("opportunities", thing),
        name=lead.values.get("name") or "",
        members=_members(thing),
        account_id=things.id("accounts", _first(thing, "account")),
        stage=stage,
        created_at=lead.values.get("created_at") or lead.stamp,
        type=OpportunityType(lead.values.get("type") or OpportunityType.NEW),
        amount=lead.values.get("amount"),
        close_date=lead.values.get("close_date"),
        direct_engaged_at=_first(thing, "direct_engaged_at"),
        renewal_of=things.id("opportunities", _first(thing, "renewal_of")),
        lines=_lines(lead, things, lines, problems),
        link="; ".join(thing.evidence),
        owners=_every(thing, lambda row: row.values.get("owner")),
        held_by=_owners(thing),
        last_activity=max(filter(None, (row.values.get("last_activity") for row in thing.alive)), default=None),
        merged=_merged(thing),
        also=_other_ids("opportunities", thing),
        currencies=_every(thing, lambda row: row.values.get("amount") and row.values["amount"].currency),
    )


def _every(thing: Linked, read: Callable[[Row], str | None]) -> tuple[str, ...]:
    """What the rows that still exist say, each once."""
    return tuple(sorted({value for row in thing.alive if (value := read(row))}))


def _owners(thing: Linked) -> tuple[tuple[str, str], ...]:
    """Who owns the row of each CRM, by the user's id there; of several rows in one CRM the leading one counts."""
    found = {row.ref.connection: row.values.get("owner") for row in reversed(thing.alive)}
    return tuple(sorted((connection, owner) for connection, owner in found.items() if owner))


def _merged(thing: Linked) -> tuple[str, ...]:
    """The ids of records that are part of this thing no longer under their own name."""
    listed = {old for row in thing.alive for old in row.values.get("merged_ids") or ()}
    return tuple(sorted(listed | {row.ref.id for row in thing.rows if row.deleted and row.merged_into}))


def _other_ids(kind: str, thing: Linked) -> tuple[str, ...]:
    """The ids that this thing's other rows, and those merged into them, have or had as things of their own."""
    refs = {row.ref for row in thing.rows}
    for row in thing.rows:
        refs |= {Ref(row.ref.connection, row.ref.kind, old) for old in row.values.get("merged_ids") or ()}
    prefix = "par" if kind == "partners" else "opp"
    return tuple(sorted(name(prefix, str(ref)) for ref in refs - {thing.rows[0].ref}))


def stage_of(row: Row) -> Stage | None:
    """The stage that one row of a deal tells; what it says of the close comes first."""
    if row.values.get("closed"):
        return Stage.WON if row.values.get("won") else Stage.LOST
    stage = row.values.get("stage")
    return Stage(stage) if stage else None


def _lines(deal: Row, things: _Things, rows: Sequence[Row], problems: list[Problem]) -> tuple[Line, ...]:
    """The lines of the row of record: the other CRM's copy of a line is not a second line."""
    found = []
    amount: Money | None = deal.values.get("amount")
    for row in sorted(rows, key=lambda row: row.ref):
        if row.deleted or row.values.get("opportunity") != deal.ref:
            continue
        needs = []
        for ref in row.values.get("needs") or ():
            partner = things.id("partners", ref)
            if partner is None:
                problems.append(
                    Problem(str(row.ref), f"it needs {ref}, which is no known partner", "correct the line")
                )
            else:
                needs.append(partner)
        values = row.values
        net = _net(row, amount.currency if amount else None, problems)
        found.append(Line(row.ref.id, row.ref, values.get("code"), values.get("family"), net, tuple(needs)))
    return tuple(found)


def _net(row: Row, currency: str | None, problems: list[Problem]) -> Money | None:
    """What a line is worth: in its own currency, else in that of its deal."""
    net: Money | Bare | None = row.values.get("net")
    if not isinstance(net, Bare):
        return net
    try:
        return net.within(currency)
    except ValueError as error:
        problems.append(Problem(str(row.ref), str(error), "correct the record, or map its currency"))
        return None


def _registration(
    row: Row, things: _Things, deals: Collection[str], problems: list[Problem]
) -> Registration | None:
    values = row.values
    deal = things.id("opportunities", values.get("opportunity"))
    if values.get("opportunity") is not None and deal not in deals:
        what = f"its opportunity {values['opportunity']} was deleted, or is not understood"
        problems.append(Problem(str(row.ref), what, "point it to an opportunity that dealsync can read"))
        return None
    partner = things.id("partners", values.get("partner"))
    if partner is None:
        what = f"its partner {values.get('partner') or '(empty)'} is no known partner"
        problems.append(Problem(str(row.ref), what, "fill in the partner, and mark that account as a partner"))
        return None
    if (contribution := values.get("contribution")) is not None and contribution < 0:
        what = f"its contribution {contribution} is below zero and does not count"
        problems.append(Problem(str(row.ref), what, "enter zero or more, or leave it empty"))
        values = {**values, "contribution": None}
    return Registration(
        id=row_thing_id(row),
        ref=row.ref,
        partner_id=partner,
        created_at=_created(row),
        opportunity_id=deal,
        roles=tuple(sorted((Role(role) for role in values.get("roles") or ()), key=list(Role).index)),
        customer_choice=_word(Choice, values.get("customer_choice")),
        joint_response=_word(Response, values.get("joint_response")),
        vote=_word(Vote, values.get("vote")),
        line_ids=values.get("lines") or (),
        **{path: values[path] for path in _SAME_NAME if values.get(path) is not None},
    )


def _created(row: Row) -> datetime:
    """When the row was made; where the CRM does not say, not after it was filed: its stamp is the last change."""
    stamps: list[datetime] = [row.stamp, *([filed] if (filed := row.values.get("submitted_at")) else [])]
    return row.values.get("created_at") or min(stamps)


def _word(words: Any, value: str | None) -> Any:
    return None if value is None else words(value)


_SAME_NAME = (
    "customer_name",
    "customer_domain",
    "customer_country",
    "families",
    "regions",
    "contribution",
    "lead",
    "sourcing",
    "tender_published_on",
    "declared_value",
    "expected_close",
    "submitted_at",
    "joint_key",
    "proposed_share",
    "evidence",
    "withdrawn",
    "extension_requested_at",
    "voter",
    "voted_at",
    "vote_reason",
    "paid",
    "paid_on",
)
"""Paths of a registration that carry over under their own name."""
