"""The questions of ``dealsync init``, asked one by one at a terminal or answered beforehand, and what is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import typer

from connector.crm import Crm
from connector.errors import CrmError
from connector.record import Identity
from connector.registry import NEEDS
from sync import guided
from sync.cli import screen
from sync.guided import KINDS, SECRETS, URLS, Answered
from sync.mapping.form import MappingForm
from sync.mapping.paths import PATHS
from sync.model.problem import BadInput, Problem, did_you_mean
from sync.sign_in import Clock
from sync.suggest import Org, Suggestion, as_mapping, differing, suggest

LEFT_OUT = "-"
"""The answer that leaves a path, or a value, out."""


@dataclass(slots=True)
class Answers:
    """Answers given beforehand, by key; what is not among them is asked where ``asks``, else taken as usual."""

    given: Mapping[str, str]
    asks: bool
    tell: Callable[[str], None] = screen.warn
    used: set[str] = field(default_factory=set)

    def __call__(self, key: str, question: str, usual: str) -> str:
        """The answer to one question."""
        if key in self.given:
            self.used.add(key)
            return self.given[key]
        return str(typer.prompt(question, default=usual, err=True)) if self.asks else usual

    def unused(self) -> Iterator[Problem]:
        """Answers to questions that nobody asked: a mistyped key must not go unnoticed."""
        for key in self.given.keys() - self.used:
            yield Problem(f"--answer {key}", "nothing asks for it", "dealsync init --help shows the keys")


def answers(pairs: Sequence[str]) -> dict[str, str]:
    """``KEY=VALUE`` of the command line. Raises BadInput with every one that is not."""
    problems = [
        Problem(f"--answer {pair}", "it is not KEY=VALUE", "write e.g. sf.url=https://…")
        for pair in pairs
        if "=" not in pair
    ]
    if problems:
        raise BadInput(problems)
    return {key.strip(): value.strip() for key, _, value in (pair.partition("=") for pair in pairs)}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What came out: the texts to write, and all that was found on the way, for ``--json``."""

    config: str
    mappings: Mapping[str, str]
    report: Mapping[str, Any]
    write: bool


def guide(folder: Path, ask: Answers, clock: Clock) -> Chosen:
    """From no installation to its files: CRMs, sign-in, objects, mappings, five records. Writes nothing."""
    names = _crms(ask)
    signed = [_signed(name, folder, ask, clock) for name in names]
    report: dict[str, Any] = {
        "connections": [_identity(answered, who) for answered, _, who in signed],
        "mappings": [],
    }
    texts: dict[str, str] = {}
    for answered, crm, who in signed:
        for form in guided.shipped(answered.name):
            if form.canonical == "attribution" and not who.own_objects:
                continue
            content, said = _mapped(crm, form, answered, ask)
            report["mappings"].append(said)
            if content:
                texts[form.id] = guided.mapping_text(form, content)
    write = ask("write", f"Write all this to {folder}? yes or no", "yes").casefold() in ("y", "yes")
    if problems := list(ask.unused()):
        raise BadInput(problems)
    return Chosen(guided.config_text([answered for answered, _, _ in signed]), texts, report, write)


def _crms(ask: Answers) -> list[str]:
    said = ask(
        "crms", "Which CRMs? salesforce, hubspot or both; the first one's word counts on a deal in both", "both"
    )
    wanted = list(KINDS.values()) if said == "both" else [word.strip() for word in said.replace(",", " ").split()]
    if unknown := [word for word in wanted if word not in KINDS.values()]:
        raise BadInput(
            [
                Problem(
                    "crms",
                    f"unknown CRM {unknown[0]!r}",
                    did_you_mean(unknown[0], KINDS.values(), "salesforce, hubspot or both"),
                )
            ]
        )
    return [name for word in wanted for name, kind in KINDS.items() if kind == word]


def _signed(name: str, folder: Path, ask: Answers, clock: Clock) -> tuple[Answered, Crm, Identity]:
    """One connection, signed in; at a terminal, what cannot be used is asked again."""
    while True:
        answered = _answered(name, ask)
        try:
            crm, who = guided.signed_in(answered, folder, clock)
        except (BadInput, CrmError) as fault:
            if not ask.asks:
                raise
            screen.warn(str(fault))
            continue
        ask.tell(f"{name}: signed in to org {who.org} ({who.edition}) as {who.user}")
        if ask(f"{name}.right", "Is that the right org? yes or no", "yes").casefold() in ("y", "yes"):
            return answered, crm, who
        if not ask.asks:
            raise BadInput([Problem(f"{name}.url", f"org {who.org} answers", "correct the address or the sign-in")])


def _answered(name: str, ask: Answers) -> Answered:
    url = ask(f"{name}.url", f"Address of {KINDS[name]}", URLS[name])
    flows = NEEDS[KINDS[name]]
    flow = ask(f"{name}.flow", f"Sign-in, one of {', '.join(flows)}", next(iter(flows)))
    if flow not in flows:
        raise BadInput([Problem(f"{name}.flow", f"unknown flow {flow!r}", f"one of {', '.join(flows)}")])
    hint = "where it is: env:NAME, file:PATH or keyring:SERVICE/NAME"
    parts = {key: ask(f"{name}.{key}", f"{key}, {hint}", SECRETS[name, key]) for key in guided.asked_of(name, flow)}
    currency = ask(f"{name}.currency", "Currency of amounts that carry none", "USD" if name == "sf" else "EUR")
    return Answered(name, url, currency, {"flow": flow} | parts)


def _identity(answered: Answered, who: Identity) -> dict[str, Any]:
    names = ("org", "user", "edition", "daily_limit", "daily_used", "own_objects")
    return {"name": answered.name, "kind": answered.kind} | {name: getattr(who, name) for name in names}


def _mapped(crm: Crm, form: MappingForm, answered: Answered, ask: Answers) -> tuple[Mapping[str, Any] | None, Any]:
    """One object: where it is, what each path stands in, and five records through that."""
    kind = ask(f"{form.id}.object", f"{form.title}: which object", form.object)
    org = guided.look(crm, form, kind)
    if org is None:
        ask.tell(f"{form.id}: {answered.name} has no {kind} yet, for us; the mapping stays as shipped")
        return None, {"id": form.id, "object": kind, "there": False, "suggestions": [], "preview": []}
    found = [_confirmed(each, form, org, ask) for each in suggest(form, org)]
    field_map = guided.compiled(form, found, kind, answered.currency)
    shown = guided.preview(crm, field_map)
    _show(form, found, shown, ask)
    fields = ("path", "remote", "reason", "doubt", "values", "unknown", "others")
    said = [{name: getattr(each, name) for name in fields} for each in found]
    report = {"id": form.id, "object": kind, "there": True, "suggestions": said, "preview": shown}
    return as_mapping(form, found, kind), report


def _confirmed(each: Suggestion, form: MappingForm, org: Org, ask: Answers) -> Suggestion:
    """A suggestion as a person leaves it: what is in doubt is asked, everything can be answered beforehand."""
    key = f"{form.id}.{each.path}"
    usual = ", ".join(each.remote) or LEFT_OUT
    asked = ask if each.doubt or key in ask.given else replace(ask, asks=False)
    others = f"; also {', '.join(each.others)}" if each.others else ""
    said = asked(
        key, f"{form.id} {each.path}: {each.reason}{'; ' if each.doubt else ''}{each.doubt}{others}", usual
    )
    if said != usual:
        names = () if said == LEFT_OUT else tuple(name.strip() for name in said.split(","))
        each = replace(each, remote=names, reason="a person said so", doubt="", values=None, unknown=())
        _there(key, names, org)
    if each.values is None:
        return each
    words = PATHS[form.canonical][each.path].words
    given = {
        value: _word(f"{form.id}.{each.path}", value, each.hints.get(value, LEFT_OUT), words, ask)
        for value in each.unknown
    }
    values = {**each.values, **{value: word for value, word in given.items() if word != LEFT_OUT}}
    left = tuple(value for value, word in given.items() if word == LEFT_OUT)
    return replace(each, values=values, unknown=left, doubt=each.doubt if left else "")


def _there(key: str, names: Sequence[str], org: Org) -> None:
    problems = [
        Problem(
            key,
            f"the CRM has no field {name}",
            did_you_mean(name, org.named, "correct its name, or grant its right"),
        )
        for name in names
        if not name.endswith("?") and "#" not in name and name not in org.named
    ]
    if problems:
        raise BadInput(problems)


def _word(path: str, value: str, hint: str, words: Sequence[str], ask: Answers) -> str:
    """Our word for a value that is none by its spelling. A mere likeness is offered, and never taken unasked."""
    key = f"{path}:{value}"
    usual = hint if ask.asks else LEFT_OUT
    said = ask(key, f"{path}: what is {value!r}? {', '.join(words)}, or {LEFT_OUT}", usual)
    if said not in (*words, LEFT_OUT):
        fix = did_you_mean(said, words, f"one of {', '.join(words)}")
        raise BadInput([Problem(key, f"{said!r} is no word of ours", fix)])
    return said


def _show(form: MappingForm, found: Sequence[Suggestion], shown: Sequence[Mapping[str, Any]], ask: Answers) -> None:
    """What differs from the shipped mapping, what is in doubt, and five records."""
    changed = {each.path for each in differing(form, found)}
    ask.tell(f"{form.id}: {len(found) - len(changed)} fields as shipped, {len(changed)} others")
    for each in found:
        if each.path in changed or each.doubt:
            doubt = f"  ({each.doubt})" if each.doubt else ""
            ask.tell(f"  {each.path} = {', '.join(each.remote) or 'left out'}: {each.reason}{doubt}")
            ask.tell(
                f"    values: {', '.join(f'{v} = {w}' for v, w in each.values.items())}"
            ) if each.values else None
    for record in shown:
        values = ", ".join(f"{path} {value}" for path, value in list(record["values"].items())[:6])
        ask.tell(f"  {record['id']}: {values}")
        for problem in record["problems"]:
            ask.tell(f"    ! {problem}")
