"""The transforms: how one canonical value is read from CRM text and written back.

Each row of TRANSFORMS has its sentence; `mappings/README.md` prints them. ``read`` raises ValueError with a
plain sentence when the text is not what the mapping says it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from connector.record import Ref, Text, datetime_text, number_text
from sync.domains import domain
from sync.model.money import Bare, Money, shortened
from sync.model.registration import Evidence

Texts = tuple[Text, ...]

DIGITS: Final = 30
"""Of a number, on each side of its point: more than any CRM holds, and short enough to be reckoned with."""


@dataclass(frozen=True, slots=True)
class Choices:
    """A picklist: CRM value to our word, and what to do with a value that is not in the map."""

    map: Mapping[str, str] = field(default_factory=dict)
    unmapped: str = "error"  # error, skip, or default:<word>

    def read(self, text: str) -> str | None:
        """Our word for a CRM value. Raises ValueError for an unmapped one under ``error``."""
        if text in self.map:
            return self.map[text]
        if self.unmapped == "error":
            known = ", ".join(sorted(self.map))
            raise ValueError(f"{text!r} is not in the picklist map (known: {known})")
        return self.unmapped.removeprefix("default:") if self.unmapped.startswith("default:") else None

    def write(self, word: str) -> str:
        """The CRM value for our word: the first that maps to it."""
        for value, ours in self.map.items():
            if ours == word:
                return value
        raise ValueError(f"no picklist value is mapped to {word}")


@dataclass(frozen=True, slots=True)
class Setting:
    """What a transform may know besides the text: picklist, target of a reference, default currency."""

    connection: str
    choices: Choices = Choices()
    refers: tuple[str, str] = ("", "")  # connection, object
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Transform:
    """One row of the table. ``width``: how many remote fields it takes at the most."""

    sentence: str
    read: Callable[[Texts, Setting], Any]
    write: Callable[[Any, Setting], Texts]
    width: int = 1


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{shortened(text)} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{shortened(text)} is not a number")
    if number.adjusted() >= DIGITS or number.as_tuple().exponent < -DIGITS:  # type: ignore[operator] # finite
        raise ValueError(f"{shortened(text)} has more than {DIGITS} digits before or after the point")
    return number


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is not true or false")
    return text == "true"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date and time") from None
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return moment.astimezone(UTC)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise ValueError(f"{text!r} is not a date") from None


def _words(text: str) -> tuple[str, ...]:
    words = text.strip()
    if ";" not in words:  # mostly it is one
        return (words,) if words else ()
    return tuple(dict.fromkeys(word.strip() for word in words.split(";") if word.strip()))


def _evidence(text: str) -> tuple[Evidence, ...]:
    found = []
    for number, line in enumerate(filter(None, map(str.strip, text.splitlines())), start=1):
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 4:
            raise ValueError(f"line {number} of the evidence is not kind|at|ref|verified: {line!r}")
        kind, at, ref, verified = parts
        moment = _moment(at if "T" in at else f"{at}T00:00:00Z")
        found.append(Evidence(kind.upper(), moment, ref, verified.lower() in ("true", "yes", "verified")))
    return tuple(found)


def _write_evidence(pieces: Iterable[Evidence] | None, _: Setting) -> Texts:
    """What somebody files is verified by nobody: only vendor staff adds that word."""
    return ("\n".join(f"{piece.kind}|{datetime_text(piece.at)}|{piece.ref}|" for piece in pieces or ()) or None,)


def _certifications(text: str) -> tuple[tuple[str, date | None], ...]:
    found = []
    for word in _words(text):
        code, _, until = word.partition(":")
        found.append((code.strip(), _day(until.strip()) if until.strip() else None))
    return tuple(found)


def _money(texts: Texts, setting: Setting) -> Money | None:
    amount, currency = texts[0], (texts[1] if len(texts) > 1 else None) or setting.currency
    if amount is None:
        return None
    if currency is None:
        raise ValueError("an amount without a currency, and the connection has no default currency")
    return Money.parse(amount, currency)


def _part(texts: Texts, setting: Setting) -> Money | Bare | None:
    amount, currency = texts[0], texts[1] if len(texts) > 1 else None
    if amount is None or currency is not None:
        return _money(texts, setting)
    return Bare(amount, setting.currency)


def _write_money(money: Money | None, _: Setting) -> Texts:
    return (None, None) if money is None else (number_text(money.major), money.currency)


def _one(read: Callable[[str], Any]) -> Callable[[Texts, Setting], Any]:
    return lambda texts, _: None if texts[0] is None else read(texts[0])


def _text(write: Callable[[Any], Text]) -> Callable[[Any, Setting], Texts]:
    return lambda value, _: (None if value is None else write(value),)


def _reference(text: str, setting: Setting) -> Ref:
    return Ref(*setting.refers, text)


def _first_reference(texts: Texts, setting: Setting) -> Ref | None:
    return next((_reference(word, setting) for word in _words(texts[0] or "")), None)


def _no_write(_: Any, setting: Setting) -> Texts:
    raise ValueError(f"this transform only reads (connection {setting.connection})")


TRANSFORMS: dict[str, Transform] = {
    "text": Transform("The text as it is.", _one(str), _text(str)),
    "number": Transform(
        "A decimal number, exact.", _one(_number), _text(lambda number: number_text(Decimal(number)))
    ),
    "flag": Transform(
        "True or false; an empty field reads as false.",
        lambda texts, _: texts[0] is not None and _flag(texts[0]),
        _text(lambda value: "true" if value else "false"),
    ),
    "day": Transform("A calendar day, without time or zone.", _one(_day), _text(date.isoformat)),
    "moment": Transform("A point in time, kept in UTC.", _one(_moment), _text(datetime_text)),
    "money": Transform(
        "An amount and its currency, from two fields; without the second the connection's currency.",
        _money,
        _write_money,
        width=2,
    ),
    "part": Transform(
        "An amount that is part of a deal, and its currency; without the second the deal's, else the connection's.",
        _part,
        _write_money,
        width=2,
    ),
    "domain": Transform("The registrable domain of a web or mail address.", _one(domain), _text(str)),
    "words": Transform(
        "Several words in one field, separated by semicolons.",
        lambda texts, _: () if texts[0] is None else _words(texts[0]),
        _text(lambda words: ";".join(words) or None),
    ),
    "choice": Transform(
        "One of a picklist's values, translated by the picklist map.",
        lambda texts, setting: None if texts[0] is None else setting.choices.read(texts[0]),
        lambda word, setting: (None if word is None else setting.choices.write(word),),
    ),
    "choices": Transform(
        "Several of a picklist's values, each translated by the picklist map.",
        lambda texts, setting: tuple(
            word for value in _words(texts[0] or "") if (word := setting.choices.read(value)) is not None
        ),
        lambda words, setting: (";".join(setting.choices.write(word) for word in words) or None,),
    ),
    "reference": Transform(
        "The id of another record; `refers` names its object, and its connection when it is another one.",
        _first_reference,
        lambda ref, _: (None if ref is None else ref.id,),
    ),
    "references": Transform(
        "The ids of several records, separated by semicolons.",
        lambda texts, setting: tuple(_reference(word, setting) for word in _words(texts[0] or "")),
        lambda refs, _: (";".join(ref.id for ref in refs) or None,),
    ),
    "evidence": Transform("One piece of evidence a line: kind|at|ref|verified.", _one(_evidence), _write_evidence),
    "certifications": Transform(
        "Certificates as code:valid_to, separated by semicolons.", _one(_certifications), _no_write
    ),
}
