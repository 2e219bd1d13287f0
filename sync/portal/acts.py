"""What a signed-in partner does: file, correct, withdraw, invite, answer, appeal; kept with who and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from connector.record import Ref
from sync.domains import domain, tells_apart
from sync.filing import faults
from sync.model.filing import Filing, FilingState, Form
from sync.model.ids import name
from sync.model.portal import Answer, Invitation, Note, NoteKind
from sync.model.problem import BadInput, Problem
from sync.model.registration import Response, State
from sync.page import judge_page
from sync.portal.company import Company
from sync.portal.own import Own, opinion
from sync.store import filings, talk
from sync.store.own import groups_of, named_alike
from sync.world import World

LONGEST: Final = 2000
"""Characters of a note."""


MANY: Final = 100
"""Latest filings among which one for the same customer is looked for."""


@dataclass(frozen=True, slots=True)
class Who:
    """The person that acts, for which partner; ``now`` is when, ``files_to`` the CRM that registrations go to."""

    company: Company
    login: str
    now: datetime
    files_to: str


def file_new(world: World, who: Who, ident: str, form: Form, deal: Ref | None = None) -> list[Problem]:
    """File a new registration; everything that is wrong with it comes back, and then nothing was filed.

    ``ident`` comes from the form that was shown: the same form sent twice files once. ``deal``: of an invitation.
    """
    if not who.files_to:
        fix = "an admin names a connection as files_to in [portal] of config.toml"
        return [Problem("portal", "registrations cannot be filed here yet", fix)]
    known = deal if deal and deal.connection == who.files_to else None
    complete = replace(form, partner=who.company.row_in(who.files_to), opportunity=known, submitted_at=who.now)
    return _file(world, Filing(ident, who.company.id, who.login, who.now, who.files_to, complete))


def correct(world: World, who: Who, ident: str, own: Own, form: Form) -> list[Problem]:
    """Say more about a registration that is there, or take it back; what is wrong with it comes back."""
    return _file(world, Filing(ident, who.company.id, who.login, who.now, own.ref.connection, form, own.ref))


def _file(world: World, filing: Filing) -> list[Problem]:
    today = world.policies.at(filing.at).today(filing.at)
    wrong = list(faults(filing, today))
    if not wrong:
        with world.store.write() as connection:
            filings.add_filing(connection, filing)
    return wrong


def alike(world: World, who: Who, form: Form) -> list[str]:
    """Which of the partner's own registrations and waiting filings name the same customer.

    Ids of registrations, and for a filing that no CRM has yet the customer that it names.
    """
    with world.store.read() as connection:
        registered = named_alike(connection, who.company.rows)
        filed = filings.of_partner(connection, who.company.id, MANY)
    waiting = [entry.filing.form for entry in filed if entry.state is FilingState.WAITING]
    texts = list(registered.items())
    for one in waiting:
        words = [word for word in (one.customer_name, one.customer_domain) if word]
        texts += [(words[0], words)] if words else []
    return [ident for ident, said in texts if _same_customer(form, said)]


def _same_customer(form: Form, texts: Sequence[str]) -> bool:
    place = domain(form.customer_domain)
    if place and tells_apart(place) and place in {domain(text) for text in texts}:
        return True
    called = (form.customer_name or "").casefold().strip()
    return bool(called) and called in {text.casefold().strip() for text in texts}


def request_extension(world: World, who: Who, ident: str, own: Own) -> list[Problem]:
    """Ask that the protection window becomes longer."""
    if own.state is not State.APPROVED or not own.protection_end:
        raise _refused(own, "only a protected registration can be extended")
    return correct(world, who, ident, own, Form(extension_requested_at=who.now))


def withdraw(world: World, who: Who, ident: str, own: Own) -> list[Problem]:
    """Take a registration back."""
    if not own.state.live:
        raise _refused(own, f"it is {own.state.replace('_', ' ').lower()} already")
    return correct(world, who, ident, own, Form(withdrawn=True))


def respond(world: World, who: Who, ident: str, own: Own, response: Response) -> list[Problem]:
    """Accept or decline the joint registration that one's own is invited to."""
    if not own.filed.joint_key:
        raise _refused(own, "it belongs to no joint registration")
    return correct(world, who, ident, own, Form(joint_response=response))


def say(world: World, who: Who, own: Own, kind: NoteKind, text: str, due: date | None = None) -> None:
    """Write a note, a next step or an appeal on a registration. Raises BadInput for an empty one."""
    text = worded(text, needed=True)
    if kind is NoteKind.APPEAL and own.state not in (State.REJECTED, State.REVOKED):
        raise _refused(own, "only what was rejected or revoked can be appealed")
    ident = name("note", own.id, who.login, who.now.isoformat(), kind, text)
    shared = bool(own.joined) and kind is not NoteKind.APPEAL
    with world.store.write() as connection:
        made = Note(ident, own.id, who.company.id, who.login, who.now, kind, text, due, shared=shared)
        talk.add_note(connection, made)


def rate(world: World, who: Who, own: Own, kind: NoteKind, text: str) -> None:
    """Say whether the latest ruling is found fair; once a ruling. Raises BadInput where there is none, or twice."""
    text = worded(text, needed=False)
    if own.ruling is None:
        raise _refused(own, "nothing was decided yet")
    rule, ident = own.ruling.rule, opinion(own.ruling.id)
    with world.store.write() as connection:
        made = Note(ident, own.id, who.company.id, who.login, who.now, kind, text, rule=rule)
        if not talk.add_note(connection, made):
            raise _refused(own, "you said before what you think of this ruling")


def worded(text: str, *, needed: bool) -> str:
    """A text as it is kept. Raises BadInput for one that is too long, or empty where one is ``needed``."""
    text = text.strip()
    if len(text) > LONGEST or (needed and not text):
        what = f"it has {len(text):,} characters" if text else "it is empty"
        raise BadInput([Problem("text", what, f"write up to {LONGEST:,} characters")])
    return text


def invite(world: World, who: Who, own: Own, to: str) -> Invitation:
    """Invite somebody of another partner to register jointly on the deal of ``own``. Raises BadInput."""
    to = to.strip().casefold()
    if "@" not in to or len(to) > 200 or any(letter.isspace() for letter in to):
        raise BadInput([Problem("to", f"{to[:40]!r} is no e-mail address", "give the address they sign in with")])
    if not own.state.live:
        raise _refused(own, "nobody can join a registration that has ended")
    if to == who.login.casefold():
        raise _refused(own, "this is your own address: nobody registers jointly with itself")
    key = own.filed.joint_key or name("jnt", own.id)
    made = Invitation(
        id=name("inv", own.id, to),
        key=key,
        registration=own.id,
        partner=who.company.id,
        name=own.partner,
        customer=own.title,
        to=to,
        by=who.login,
        at=who.now,
    )
    with world.store.read() as connection:
        if any(known.id == made.id for known in talk.invitations_of(connection, who.company.id, own.id)):
            raise _refused(own, f"{to} was invited before")
    if not own.filed.joint_key:  # whoever invites has agreed
        form = Form(joint_key=key, joint_response=Response.ACCEPTED, lead=True)
        if wrong := correct(world, who, name("fil", made.id), own, form):
            raise BadInput(wrong)
    with world.store.write() as connection:
        talk.invite(connection, [made])
    return made


def decline(world: World, who: Who, ident: str) -> None:
    """Say no to an invitation. Raises BadInput for one that is not there any more."""
    _answer(world, who, ident, Answer.DECLINED)


def accept(world: World, who: Who, ident: str, form_id: str, form: Form) -> list[Problem]:
    """Say yes to an invitation by filing one's own registration with its word; what is wrong with it comes back."""
    invited = invitation(world, who, ident)
    if invited.partner == who.company.id:
        raise BadInput([Problem(ident, "your own company invites", "it is for somebody of another partner")])
    joined = replace(form, joint_key=invited.key, joint_response=Response.ACCEPTED)
    wrong = file_new(world, who, form_id, joined, _deal(world, invited, who))
    if not wrong:
        _answer(world, who, ident, Answer.ACCEPTED)
    return wrong


def _deal(world: World, invited: Invitation, who: Who) -> Ref | None:
    """The row of the deal in the CRM that is filed to, where the registration that invites has found its deal."""
    with world.store.read() as connection:
        groups = groups_of(connection, [invited.registration])
    for judged in judge_page(world, sorted(set(groups.values())), who.now):
        meant = {e.opportunity_id for e in judged.facts.registrations if e.id == invited.registration}
        members = (ref for deal in judged.facts.opportunities if deal.id in meant for ref in deal.members)
        return next((ref for ref in members if ref.connection == who.files_to), None)
    return None


def invitation(world: World, who: Who, ident: str) -> Invitation:
    """One invitation to this person that still waits. Raises BadInput."""
    with world.store.read() as connection:
        known = talk.invitations_to(connection, who.login)
    found = next((own for own in known if own.id == ident), None)
    if found is None:
        raise BadInput([Problem(ident, "this invitation was answered, or is not for you", "your list shows all")])
    return found


def _answer(world: World, who: Who, ident: str, said: Answer) -> None:
    with world.store.write() as connection:
        if not talk.answer(connection, ident, who.login, said):
            what = "this invitation was answered, or is not for you"
            raise BadInput([Problem(ident, what, "your list shows all")])


def _refused(own: Own, why: str) -> BadInput:
    return BadInput([Problem(own.title, why, "its page shows where it stands")])
