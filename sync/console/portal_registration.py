"""One registration of the partner that looks at it: where it stands and why, and everything it may say to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from starlette.responses import Response

from sync.console.fields import Sent, one
from sync.console.portal import company, form_id, new_form, who
from sync.console.portal_filing import CHOICES, read_words
from sync.console.visit import Here, Visit
from sync.model.portal import NoteKind
from sync.model.problem import BadInput, Problem
from sync.model.registration import Response as Answer
from sync.portal import acts
from sync.portal.form import texts_of
from sync.portal.own import Own, own_one
from sync.store import talk


@dataclass(frozen=True, slots=True)
class Said:
    """One form about one registration, by whoever is signed in."""

    visit: Visit
    own: Own
    sent: dict[str, list[str]]

    @property
    def text(self) -> str:
        return one(self.sent, "text")

    @property
    def ident(self) -> str:
        return form_id(self.visit, self.sent)


def page(visit: Here, ident: str) -> Response:
    """Where it stands, why, and what can be said to it."""
    return _show(visit, own_one(visit.world, company(visit), ident, visit.now), {})


def act(visit: Here, ident: str, sent: Sent) -> Response:
    """One of `ACTS`; what is wrong with it is shown beside what was written."""
    own = own_one(visit.world, company(visit), ident, visit.now)
    what = one(sent, "act")
    if what not in ACTS:
        raise BadInput([Problem("act", "nothing was chosen", "choose one of the buttons of the page")])
    do, told = ACTS[what]
    try:
        problems = do(Said(visit, own, sent))
    except BadInput as error:
        problems = list(error.problems)
    if problems:
        return _show(visit, own, sent, problems)
    with visit.site.store.write() as connection:
        visit.note(connection, what.replace("_", " "), own.id)
    return visit.see(f"/portal/registration/{own.id}", told)


def _show(visit: Visit, own: Own, sent: Mapping[str, list[str]], problems: Iterable[Problem] = ()) -> Response:
    wrong: dict[str, list[Problem]] = {}
    for problem in problems:
        wrong.setdefault(problem.where, []).append(problem)
    with visit.site.store.read() as connection:
        invited = talk.invitations_of(connection, company(visit).id, own.id)
    texts = sent or texts_of(own.filed)
    values = {"own": own, "texts": texts, "wrong": wrong, "invited": invited, "form": new_form(), **CHOICES}
    return visit.page("portal_registration.html", 422 if wrong else 200, **values)


def _correct(said: Said) -> list[Problem]:
    read, problems = read_words(said.visit, said.sent)
    return problems or acts.correct(said.visit.world, who(said.visit), said.ident, said.own, read)


def _withdraw(said: Said) -> list[Problem]:
    return acts.withdraw(said.visit.world, who(said.visit), said.ident, said.own)


def _extension(said: Said) -> list[Problem]:
    return acts.request_extension(said.visit.world, who(said.visit), said.ident, said.own)


def _respond(answer: Answer) -> Callable[[Said], list[Problem]]:
    def respond(said: Said) -> list[Problem]:
        return acts.respond(said.visit.world, who(said.visit), said.ident, said.own, answer)

    return respond


def _invite(said: Said) -> list[Problem]:
    acts.invite(said.visit.world, who(said.visit), said.own, one(said.sent, "to"))
    return []


def _note(kind: NoteKind) -> Callable[[Said], list[Problem]]:
    def say(said: Said) -> list[Problem]:
        try:
            due = date.fromisoformat(one(said.sent, "due")) if one(said.sent, "due") else None
        except ValueError:
            return [Problem("due", "this is no day like 2026-12-31", "correct it")]
        acts.say(said.visit.world, who(said.visit), said.own, kind, said.text, due)
        return []

    return say


def _rate(kind: NoteKind) -> Callable[[Said], list[Problem]]:
    def rate(said: Said) -> list[Problem]:
        acts.rate(said.visit.world, who(said.visit), said.own, kind, said.text)
        return []

    return rate


SENT: Final = "Sent. The next run takes it to the CRM, and decides."

ACTS: Final[Mapping[str, tuple[Callable[[Said], list[Problem]], str]]] = {
    "correct": (_correct, SENT),
    "withdraw": (_withdraw, SENT),
    "ask_for_extension": (_extension, SENT),
    "accept": (_respond(Answer.ACCEPTED), SENT),
    "decline": (_respond(Answer.DECLINED), SENT),
    "invite": (_invite, "Invited. They find it in their portal, and by mail where mail is set up."),
    "note": (_note(NoteKind.NOTE), "Noted."),
    "step": (_note(NoteKind.STEP), "Noted."),
    "appeal": (_note(NoteKind.APPEAL), "Your appeal is before the people who decide whether to look again."),
    "fair": (_rate(NoteKind.FAIR), "Thank you: it is counted for the rule that decided."),
    "unfair": (_rate(NoteKind.UNFAIR), "Thank you: it is counted for the rule that decided."),
}
"""What a partner can say: the button, who does it, and what is read afterwards."""
