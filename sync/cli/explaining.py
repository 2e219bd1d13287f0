"""`dealsync explain`: why things stand as they do, read like a ruling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table
from rich.text import Text

from sync.cli import screen
from sync.cli.screen import out, say, warn
from sync.cli.session import DONE, Home, Json, now, reading
from sync.cli.show import held
from sync.explain import explain_view, partners_view


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(explain)


def explain(
    ident: Annotated[
        str, typer.Argument(metavar="ID", help="An id of a CRM record, one of dealsync's, or its beginning.")
    ],
    home: Home = Path(),
    json: Json = False,
    as_partner: Annotated[
        str, typer.Option("--as-partner", metavar="PARTNER", help="Only what this partner may read.")
    ] = "",
) -> int:
    """Show why things stand as they do, for a deal, registration, partner, account, case, decision or split.

    Who, what, by which rule, why, and what would have changed it; --json has every rule that was asked.
    """
    with reading(home) as (_, world):
        view = partners_view(world, ident, now(), as_partner) if as_partner else explain_view(world, ident, now())
    if json:
        screen.print_json(view)
    elif as_partner:
        partners_part(view)
    else:
        explanation(view)
    return DONE


def partners_part(view: Mapping[str, Any]) -> None:
    """What one partner may read."""
    for entry in view["registrations"]:
        roles = ", ".join(entry["roles"])
        what = (view["partner"], "bold"), f"  {roles}  ", (entry["state"], "bold"), f" {entry['reason']}"
        say(Text.assemble(*what))
        if entry["message"]:
            say(f"    {entry['message']}")
        if entry["works_with"]:
            say(f"    together with {', '.join(entry['works_with'])}")
        if entry["share"]:
            say(f"    your part: {entry['share']['percent'] or ''} % {entry['share']['amount'] or ''}".rstrip())
        for sentence in entry["open_to_you"]:
            say(f"    {sentence}")


def explanation(view: Mapping[str, Any]) -> None:
    """Why things stand as they stand."""
    for deal in view["deals"]:
        _deal(deal)
    for entry in view["alone"]:
        _registration(entry)
        _decisions(entry["decisions"])
    for problem in view["problems"]:
        warn(f"not judged: {problem['where']}: {problem['what']}")
        warn(f"    fix: {problem['fix']}", "dim")
    if view["more_groups"]:
        warn(f"and {view['more_groups']} more groups of deals; ask about one of them")
    if not view["deals"] and not view["alone"] and not view["problems"]:
        say("There is no registration here: dealsync has decided nothing, and writes nothing.")


def _deal(deal: Mapping[str, Any]) -> None:
    account = f" · {deal['account']}" if deal["account"] else ""
    say(Text.assemble((deal["name"], "bold"), f"{account} · {deal['stage']} · {deal['amount'] or 'no amount'}"))
    say(f"  {deal['id']}   rows: {', '.join(deal['rows'])}", "dim")
    if deal["link"]:
        say(f"  one deal because {deal['link']}", "dim")
    for registration in deal["registrations"]:
        _registration(registration)
    for case in deal["cases"]:
        _case(case)
    for joint in deal["joint"]:
        say(f"  joint registration {joint['key'] or '(proposed)'}: {joint['state']} {joint['text'] or ''}".rstrip())
    if deal["split"]:
        split(deal["split"])
    held(deal["held"])
    _decisions(deal["decisions"])


def _registration(entry: Mapping[str, Any]) -> None:
    roles = ", ".join(entry["roles"])
    say(
        Text.assemble(
            "  ", (entry["partner"], "bold"), f"  {roles}  ", (entry["state"], "bold"), f" {entry['reason']}"
        )
    )
    if entry["protection_end"]:
        say(f"      protected {entry['protection_start']} to {entry['protection_end']}")
    for label, moment in _clocks(entry):
        say(f"      {label} {moment}")
    for ask in entry["ruling"]["decides_next"]:
        say(f"      {asked_of(ask)}", "dim")
    if entry["message"]:
        say(f"      to the partner: {entry['message']}")
    _ruling(entry["ruling"])


def _clocks(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What is late, what comes next, and why a vote does not count, where there is something to say."""
    known = {
        "overdue since": (entry["breached_at"] or "")[:16].replace("T", " "),
        "the partner is reminded next on": entry["ruling"]["next_reminder"],
        "rivals are told after": entry["grace_end"] if entry["state"] == "EXPIRED" else None,
        "vote ignored:": entry["vote_ignored"],
    }
    yield from ((label, value) for label, value in known.items() if value)


def asked_of(ask: Mapping[str, Any]) -> str:
    """Who decides next, in one line."""
    who = f"{ask['role']} ({', '.join(ask['people']) or 'nobody is free'})" if ask["role"] else "anybody who may"
    days = f" within {ask['business_days']} business days" if ask["business_days"] is not None else ""
    until = f" by {ask['due'][:16].replace('T', ' ')}" if ask["due"] else days
    return "; ".join([f"to decide: {who}{until}", *ask["excluded"]])


def _ruling(ruling: Mapping[str, Any]) -> None:
    """By which rule, what did not decide, and what would have changed it."""
    if ruling["by"] and ruling["event"] not in _ROUTINE:
        for step in ruling["decisive"]:
            rule = f", {step['rule']}" if step["rule"] != ruling["event"] else ""
            say(f"      {ruling['event']} by {ruling['by']}{rule}: {step['text']}", "dim")
    if ruling["declined"]:
        say(f"      asked before: {', '.join(step['rule'] for step in ruling['declined'])}", "dim")
    for flip in ruling["would_change"][:_MOST]:
        say(f"      {flip['then']} if {flip['if']}", "dim")


def _case(case: Mapping[str, Any]) -> None:
    end = case["resolution"] or "waits for a person"
    say(Text.assemble("  ", (f"case {case['kind']} ", "yellow"), f"{case['text']} ", (f"[{end}]", "bold")))
    _trace(case["trace"])


def _trace(steps: Iterable[Mapping[str, Any]]) -> None:
    for step in steps:
        say(f"      {step['rule']:<18} {step['result']:<13} {step['text']}", "dim")


def _decisions(decisions: Iterable[Mapping[str, Any]]) -> None:
    """Every move with its date, who is concerned and who made it; automatic first steps are one word each."""
    for decision in decisions:
        when = decision["at"][:16].replace("T", " ")
        by = f"person {decision['actor']}" if decision["person"] else "rule"
        pending = "  (pending)" if decision["pending"] else ""
        text = "" if decision["event"] in _ROUTINE else f": {decision['text']}"
        say(f"  {when}  {decision['partner']:<22} {decision['event']:<16} by {by}{text}{pending}", "dim")


_ROUTINE: Final = ("create", "submit", "pick_up")
_MOST: Final = 4


def split(view: Mapping[str, Any]) -> None:
    """Who gets what, with the arithmetic."""
    table = Table("partner", "roles", "weight", "percent", "amount", "counts as", box=None, title_justify="left")
    for column in (3, 4):
        table.columns[column].justify = "right"
    for portion in view["portions"]:
        kinds = [kind for kind in ("sourced", "influenced", "fulfilled") if portion[kind]]
        table.add_row(
            portion["partner"],
            ", ".join(portion["roles"]),
            portion["weight"] if len(portion["weight"]) < 9 else "",  # of a bundle: the amounts say it better
            f"{portion['percent']} %" if portion["percent"] else "",
            portion["amount"] or "",
            ", ".join(kinds),
        )
    state = f"{view['status']}, {view['model']}, policy {view['policy']}"
    say(f"  split v{view['version']} of {view['amount']}: {state}")
    out.print(table)
    for sentence in view["arithmetic"]:
        say(f"      {sentence}", "dim")
