"""A record of a company, brought to the form in which two of them can be compared."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple
from unicodedata import category

from anyascii import anyascii
from cleanco.termdata import terms_by_country, terms_by_type
from stdnum import lei as lei_number
from stdnum.eu import vat as vat_number

from sync.domains import domain, duns_number, tells_apart

LONGEST_NAME: Final = 200
"""Letters of a name that are looked at; what comes after is left out, and said."""


class Profile(NamedTuple):
    """One record, comparable. Lists are words parted by blanks; what is unknown is empty.

    ``name``: every word; ``core``: without legal forms and small words, one spelling for all languages; ``also``:
    the same of a second name in brackets; ``marks``: numbers and single letters, which tell series apart; ``ids``:
    checked registration numbers as ``kind:number``; ``remarks``: what could not be used, and why; ``row``: the row
    that it is of; ``above``: the row of its parent.
    """

    name: str = ""
    core: str = ""
    also: str = ""
    initials: str = ""
    marks: str = ""
    foreign: str = ""
    domain: str = ""
    host: str = ""
    mail: str = ""
    country: str = ""
    city: str = ""
    street: str = ""
    postcode: str = ""
    phone: str = ""
    ids: str = ""
    remarks: str = ""
    row: str = ""
    above: str = ""

    @property
    def joined(self) -> str:
        """The core in one piece."""
        return self.core.replace(" ", "")


FIELDS: Final = (
    "name",
    "country",
    "city",
    "street",
    "postcode",
    "website",
    "email_domain",
    "phone",
    "duns",
    "lei",
    "vat",
)
"""What a record may say of itself; anything else is ignored, what is absent is unknown."""


def profile(record: Mapping[str, object]) -> Profile:
    """The profile of a record with any of ``FIELDS``. Nothing is refused; what is unusable is in ``remarks``."""
    said = {field: text for field in FIELDS if (text := _text(record.get(field)))}
    remarks: list[str] = []
    written = said.get("name", "")
    if len(written) > LONGEST_NAME:
        remarks.append(f"the name has {len(written)} letters: {LONGEST_NAME} were compared")
        written = written[:LONGEST_NAME]
    main, brackets = _bracketed(written)
    words = _words(main) or _words(written)
    core = _core(words)
    if not core:
        remarks.append("the name has no letters to compare" if written else "there is no name")
    site, host, mail = _place(said, remarks)
    return Profile(
        name=" ".join(words),
        core=" ".join(core),
        also=" ".join(_core(_words(brackets))),
        initials="".join(word[0] for word in core),
        marks=" ".join(_marks((*core, *(word for word in _words(brackets) if word.isdigit())))),
        foreign="" if written.isascii() else _script(written),
        domain=site,
        host=host,
        mail=mail,
        country=said.get("country", "").upper()[:2],
        city=" ".join(_words(said.get("city", ""))),
        street=" ".join(_words(said.get("street", "")[:LONGEST_NAME])),
        postcode="".join(_words(said.get("postcode", ""))),
        phone=_phone(said.get("phone", "")),
        ids=" ".join(_ids(said, remarks)),
        remarks="; ".join(remarks),
    )


def core_name(text: str) -> str:
    """A company's name in one piece: without legal forms and small words, one spelling for all languages."""
    return "".join(_core(_words(text[:LONGEST_NAME])))


def _text(value: object) -> str:
    """Text without control characters and half characters, which no database keeps."""
    if not isinstance(value, str):
        return ""
    if not value.isprintable():
        value = "".join(letter if letter.isprintable() else " " for letter in value)
    return value.strip()


def _lists(text: str) -> frozenset[str]:
    return frozenset(text.split())


_WORDS: Final = tomllib.loads((files(__package__) / "words.toml").read_text("utf-8"))
_STOP: Final = _lists(_WORDS["stop"])
_FORMS: Final = _lists(_WORDS["forms"])
_UNSPACED: Final = re.compile("|".join(map(re.escape, _WORDS["unspaced"].split())))
_ALIKE: Final[Mapping[str, str]] = {
    other: kept for kept, others in _WORDS["alike"].items() for other in others.split()
}
_SPLIT: Final = re.compile(r"[^\W_]+")
_TIGHT: Final = re.compile(r"\b[dl]['`]|['`]|(?<=\w)&(?=\w)|(?<=\b[a-z])\.(?=[a-z]\b)")
_BRACKETS: Final = re.compile(r"[(\[（【]([^()\[\]（）【】]*)[)\]）】]?")


@lru_cache(maxsize=65536)
def _words(text: str) -> tuple[str, ...]:
    """The words of a text in small ASCII letters; letters spelt one by one (``A. B. C.``, ``s. r. l.``) are one."""
    if not text.isascii():
        text = anyascii(_UNSPACED.sub(" ", "".join(" " if category(letter) == "So" else letter for letter in text)))
    plain = _TIGHT.sub("", text.lower())
    return tuple(_gathered(_SPLIT.findall(plain)))


def _gathered(words: Iterable[str]) -> Iterator[str]:
    letters = ""
    for word in words:
        if len(word) == 1 and not word.isdigit():
            letters += word
            continue
        if letters:
            yield letters
            letters = ""
        yield word
    if letters:
        yield letters


def _ending_forms() -> frozenset[str]:
    """The forms that cleanco knows, in our spelling, in one piece."""
    listed = [*terms_by_type.values(), *terms_by_country.values()]
    known = {"".join(_words(term)) for terms in [*listed, _WORDS["phrases"]] for term in terms}
    return frozenset(known | _FORMS) - {"", "at", "uk"}


_ENDINGS: Final = _ending_forms()


def _core(words: tuple[str, ...]) -> tuple[str, ...]:
    """Without legal forms (anywhere, or those of two letters only at the end) and small words."""
    kept = list(words)
    while len(kept) > 1 and (length := _ending(kept)):
        kept = kept[:-length]
    core = tuple(_ALIKE.get(word, word) for word in kept if word not in _STOP and word not in _FORMS)
    if kept[1:] and kept[-1] == "i":
        core = (*core, "1")  # a Roman number; elsewhere it is the Slavic "and"
    return core or tuple(kept)


def _ending(words: list[str]) -> int:
    for length in (4, 3, 2, 1):
        if len(words) > length and "".join(words[-length:]) in _ENDINGS:
            return length
    return 0


def _marks(core: tuple[str, ...]) -> list[str]:
    """Numbers, and letters that stand alone after the first word."""
    numbers = {word for word in core if word.isdigit()}
    return sorted(numbers | {word for word in core[1:] if len(word) == 1})


def _bracketed(name: str) -> tuple[str, str]:
    """A name and what stands in brackets beside it."""
    if "(" not in name and "[" not in name and "（" not in name:
        return name, ""
    return _BRACKETS.sub(" ", name), " ".join(_BRACKETS.findall(name))


def _script(name: str) -> str:
    """``far`` when most letters are not Latin: transliterated names then say little."""
    letters = [letter for letter in name if letter.isalpha()]
    far = sum(letter > "ɏ" for letter in letters)
    return "far" if far * 2 > len(letters) else ""


_HOSTED: Final = _lists(_WORDS["hosted"])
"""Where everybody may have a page, or nobody does: such a domain tells nobody apart."""


def _place(said: Mapping[str, str], remarks: list[str]) -> tuple[str, str, str]:
    """Registered domain, host with the first part of the path, and the domain of mail; empty where unusable."""
    found = {}
    for field in ("website", "email_domain"):
        if text := said.get(field):
            name = domain(text[:LONGEST_NAME])
            if name is None:
                remarks.append(f"{field} {text[:60]!r} is no domain")
            elif not tells_apart(name) or name in _HOSTED:
                remarks.append(f"{name} is everybody's domain")
            else:
                found[field] = name
    mail = found.get("email_domain", "")
    site = found.get("website", mail)
    return site, _host(said["website"]) if "website" in found else mail, mail


def _host(address: str) -> str:
    """``https://www.Acme.com/de/x`` is ``acme.com/de``."""
    bare = address.casefold().rpartition("://")[2].rpartition("@")[2].removeprefix("www.")
    host, _, path = bare.partition("/")
    first = re.split(r"[/?#]", path, maxsplit=1)[0]
    return f"{host.partition(':')[0]}/{first}".rstrip("/")


def _phone(text: str) -> str:
    digits = "".join(letter for letter in text if letter.isascii() and letter.isdigit())
    return digits[-9:] if len(digits) >= 7 else ""


def _ids(said: Mapping[str, str], remarks: list[str]) -> Iterator[str]:
    """Registration numbers whose form and check digits hold."""
    for kind, valid in (("duns", duns_number), ("lei", lei_number.is_valid), ("vat", vat_number.is_valid)):
        if text := said.get(kind):
            number = re.sub(r"[\W_]", "", text).upper()
            if len(number) < LONGEST_NAME and valid(number):
                yield f"{kind}:{number}"
            else:
                remarks.append(f"{kind} {text[:60]!r} is no valid number and was not used")
