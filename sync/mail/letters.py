"""What a letter says, in the reader's language. Pure but for reading the catalogues that ship with it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

from babel.messages.pofile import read_po

from sync.model.letter import Letter

LANGUAGES: Final = ("en", "de", "fr")

SUBJECTS: Final[Mapping[str, str]] = {
    "INVITED": "You are invited to register jointly on %(title)s",
    "APPROVED": "Your registration on %(title)s is approved",
    "ASKED": "Your registration on %(title)s needs an answer",
    "EXPIRING": "The protection of your registration on %(title)s ends soon",
    "RULED": "A ruling on your registration on %(title)s",
}
BODY: Final = (
    "Where it stands, why, and what you can do: %(page)s\n\n"
    "This link signs you in once, within a day: %(link)s\n\n"
    "dealsync sends this because you register deals with us."
)
FROM_WHOM: Final = "%(name)s invites you."


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """The translations into one language; English needs none."""
    if language not in LANGUAGES or language == "en":
        return {}
    with (files("sync.mail") / "catalogue" / f"{language}.po").open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and entry.string}


def worded(letter: Letter, language: str, link: str, address: str) -> tuple[str, str]:
    """Subject and text. ``link`` signs in; ``address`` is where browsers reach us."""
    said = catalogue(language)
    values = {"title": letter.title, "name": letter.name, "page": f"{address}{letter.page}", "link": link}
    subject = said.get(SUBJECTS[letter.kind], SUBJECTS[letter.kind]) % values
    first = said.get(FROM_WHOM, FROM_WHOM) % values if letter.name else letter.message
    body = said.get(BODY, BODY) % values
    return " ".join(subject.split()), "\n\n".join(part for part in (f"{subject}.", first, body) if part)
