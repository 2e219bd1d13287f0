"""Reports, plans and explanations as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rich.table import Table
from rich.text import Text

from sync.cli.screen import out, say, warn

_MARK: Final = {"create": ("+", "green"), "update": ("~", "cyan"), "delete": ("-", "red")}
_MOST: Final = 40


def plan(view: Mapping[str, Any], apply_with: str | None) -> None:
    """What would be written: deal by deal, then the counts, then what to do next."""
    _changes(view["changes"])
    held(view["held"])
    counts = view["counts"]
    say(
        f"{counts['create']} create, {counts['update']} update, {counts['delete']} delete, "
        f"{counts['held']} held · {counts['unchanged']} unchanged · {_calls(view['calls']['planned'])} to write",
        "bold",
    )
    _notes(view)
    for reason in view["unsafe"]:
        warn(f"held for a person: {reason}")
    if not any(counts[kind] for kind in ("create", "update", "delete")):
        say("Nothing to do: the CRMs say what was decided.", "green")
    elif apply_with:
        say(f"Apply with: {apply_with}")


def _changes(changes: Iterable[Mapping[str, Any]]) -> None:
    shown = list(changes)
    for change in shown[:_MOST]:
        mark, style = _MARK[change["kind"]]
        say(
            Text.assemble(
                (f"  {mark} ", style), (change["title"], "bold"), f"   {change['crm']} {change['object']}"
            )
        )
        for field, (before, after) in change["fields"].items() if change["kind"] != "delete" else ():
            was = "" if change["kind"] == "create" else f"{_value(before)} -> "
            say(f"      {field:<24} {was}{_value(after)}", "dim" if change["kind"] == "create" else "")
    if len(shown) > _MOST:
        say(f"  … and {len(shown) - _MOST} more (dealsync plan --json shows them all)", "dim")


def _value(text: str | None) -> str:
    if text is None:
        return "(empty)"
    return f'"{text}"' if len(text) <= 60 else f'"{text[:57]}…"'


def held(held: Iterable[Mapping[str, Any]]) -> None:
    for entry in list(held)[:_MOST]:
        place = f"{entry['crm']} {entry['object']} {entry['key']} {entry['field']}".rstrip()
        named = [(entry["title"], "bold"), f"   {place}"] if entry["title"] else [(place, "bold")]
        say(Text.assemble(("  ! ", "yellow"), *named))
        say(f"      {entry['reason']}")


def _calls(calls: Mapping[str, Mapping[str, int]]) -> str:
    totals = [f"{sum(limits.values())} {crm}" for crm, limits in calls.items()]
    return f"{' + '.join(totals) or 'no'} calls"


def _notes(view: Mapping[str, Any]) -> None:
    for note in view["notes"]:
        warn(note)
    for what, number in list(view["problems"].items())[:5]:
        warn(f"{number} x {what}", "dim")


def run(view: Mapping[str, Any]) -> None:
    """What a run did."""
    if view["pulled"]:
        read = sum(counts["read"] for counts in view["pulled"].values())
        changed = sum(counts["changed"] for counts in view["pulled"].values())
        say(f"read {read:,} rows, {changed:,} new or changed · {view['groups']:,} groups judged")
    if view["decisions"]:
        made = ", ".join(f"{number} {event}" for event, number in sorted(view["decisions"].items()))
        say(f"decisions: {made}")
    if view["sent"]:
        outcomes = (
            ", ".join(f"{number} {state}" for state, number in sorted(view["outcomes"].items()))
            or "nothing to write"
        )
        say(f"writes: {outcomes}", "bold")
    else:
        counts = view["counts"]
        say(f"not written: {counts['create']} create, {counts['update']} update, {counts['delete']} delete", "bold")
    if view["agreement"]:
        agreement(view["agreement"])
    held(view["held"])
    _faults(view["faults"])
    for reason in view["unsafe"]:
        warn(f"held for a person: {reason}. Read it with `dealsync plan -o FILE`, then `dealsync apply FILE`.")
    _notes(view)
    say(f"used {_calls(view['calls']['used'])}", "dim")


def _faults(faults: Iterable[Mapping[str, Any]]) -> None:
    """What did not land, by its cause: a cause that many share is said once."""
    causes: dict[str, list[str]] = {}
    for fault in faults:
        causes.setdefault(fault["why"], []).append(f"{fault['title']} ({fault['crm']} {fault['object']})")
    for why, titles in list(causes.items())[:_MOST]:
        if len(titles) < 4:
            for title in titles:
                warn(f"{title}: {why}")
        else:
            warn(f"{len(titles)} writes ({titles[0]}, {titles[1]}, …): {why}")


def agreement(view: Mapping[str, Any]) -> None:
    """Observe mode: how often the rules say what people did, and where not."""
    for what in ("registrations", "splits"):
        counts = view[what]
        if total := sum(counts.values()):
            said = ", ".join(f"{counts.get(word, 0)} {text}" for word, text in _WORDS)
            say(f"observed {total} {what} that people decided: {said}", "bold")
    if view["rules"]:
        table = Table("decided by", "agree", "differ", "would ask", box=None)
        for rule, words in view["rules"].items():
            table.add_row(rule, *(str(words.get(word, 0)) for word, _ in _WORDS))
        out.print(table)
    if view["moved"]:
        say(f"the policy would give {', '.join(view['moved'])} to other partners than people did")
    differing = [entry for entry in view["differing"] if entry["word"] == "differ"]
    for entry in differing[:_MOST]:
        say(Text.assemble("  ", (entry["title"], "bold"), f"   people: {entry['theirs']}   rules: {entry['ours']}"))
        say(f"      {entry['rule']}: {entry['why']}", "dim")
    if not sum(view["registrations"].values()) and not sum(view["splits"].values()):
        say("Nothing to compare yet: the CRMs hold no decision of a person.")


_WORDS: Final = (("agree", "agree"), ("differ", "differ"), ("ask", "the rules would ask a person"))


def _waiting(cases: int) -> str:
    return f"{cases} case{'' if cases == 1 else 's'} wait{'s' if cases == 1 else ''} for a person"


def status(view: Mapping[str, Any]) -> None:
    """How the installation is."""
    say(f"mode {view['mode']} · {view['due']} groups due · {_waiting(sum(view['open_cases'].values()))}")
    table = Table("connection", "kind", "object", "rows", box=None)
    for name, connection in view["connections"].items():
        for obj, number in connection["rows"].items():
            table.add_row(name, connection["kind"], obj, f"{number:,}")
        if not connection["rows"]:
            table.add_row(name, connection["kind"], "nothing read yet", "")
    out.print(table)
    for name, why in view["paused"].items():
        warn(f"{name}: {why}. `dealsync resume{'' if name == 'everything' else f' {name}'}` lets it go on.")
    for place, loss in view["losses"].items():
        warn(
            f"{place} went from {loss['before']:,} to {loss['after']:,} rows at once ({loss['at']}): nothing is "
            "concluded from it before you read the plan (`dealsync plan -o FILE`) and apply it."
        )
    if view["working"]:
        say(f"working now: {view['working']}")
    for entry in view["runs"]:
        report = entry["report"] or {}
        outcomes = ", ".join(f"{number} {state}" for state, number in report.get("outcomes", {}).items())
        state = outcomes or ("nothing to write" if entry["finished_at"] else "did not finish")
        say(f"run {entry['started_at']}  {'; '.join((state, *report.get('notes', ())))}")
    if not view["runs"]:
        say("no run has written anything yet")
    for fault in view["faults"]:
        warn(f"{fault['state']}: {fault['title']} ({fault['crm']} {fault['object']}): {fault['why']}")
    for what, number in view["problems"].items():
        warn(f"{number} x {what}", "dim")
