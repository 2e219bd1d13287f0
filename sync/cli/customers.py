"""Who the customer is: what looks like one, and the commands by which a person says what is one and what is two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from sync.cli import screen
from sync.cli.golive import By, who
from sync.cli.session import DONE, Home, Json, now, reading
from sync.model.directive import Act, Directive
from sync.rulings import Speaker
from sync.world import World

Row = Annotated[str, typer.Argument(metavar="ROW", help="An account or a deal, by its id or its full name.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is recorded.")]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    for command in (link, separate):
        app.command()(command)


def link(one: Row, other: Row, home: Home = Path(), json: Json = False, by: By = "", reason: Reason = "") -> int:
    """Say that two rows are one account, or one deal. No rule and no number takes it back; `separate` does."""
    from sync.rulings.customers import say_same  # noqa: PLC0415 only here are the libraries of names needed

    return _speak(home, json, Speaker(who(by), now(), reason), lambda world, by: say_same(world, one, other, by))


def separate(
    one: Row, other: Row, home: Home = Path(), json: Json = False, by: By = "", reason: Reason = ""
) -> int:
    """Say that two rows are two, whatever they share. Nothing joins them again but `link`."""
    from sync.rulings.customers import say_apart  # noqa: PLC0415 only here are the libraries of names needed

    return _speak(home, json, Speaker(who(by), now(), reason), lambda world, by: say_apart(world, one, other, by))


def _speak(home: Path, json: bool, speaker: Speaker, say: Callable[[World, Speaker], Directive]) -> int:
    with reading(home) as (_, world):
        word = say(world, speaker)
    if json:
        screen.print_json({"act": word.act, "one": word.subject, "other": word.winner, "by": word.by})
    else:
        are = "one" if word.act is Act.LINK else "two"
        screen.say(f"recorded by {word.by}: {word.subject} and {word.winner} are {are}")
        screen.say("They are judged so by the next run: dealsync run --once", "dim")
    return DONE


def identity_cases(home: Path, json: bool, only_open: bool) -> int:
    """Accounts that look like one and that nobody has spoken about; those that changed are compared first."""
    from sync.recognise import compare_changed  # noqa: PLC0415 as above
    from sync.rulings.customers import identity_view  # noqa: PLC0415 as above

    with reading(home) as (_, world):
        compare_changed(world, now())
        view = identity_view(world, only_open=only_open)
    if json:
        screen.print_json(view)
    else:
        _show(view)
    return DONE


def _show(view: Mapping[str, Any]) -> None:
    for pair in view["pairs"]:
        screen.say(Text.assemble((f"{pair['outcome'].lower()} ", "yellow"), (f"{pair['score']:+.2f}", "bold")))
        for side in pair["sides"]:
            known = [f"{path} {value}" for path, value in side.items() if value and path not in ("row", "name")]
            screen.say(Text.assemble("    ", (side["name"] or "(no name)", "bold"), f"  {' · '.join(known)}"))
            screen.say(f"      {side['row']}", "dim")
        screen.say(f"    {'; '.join(pair['reasons'])}", "dim")
        rows = " ".join(side["row"] for side in pair["sides"])
        screen.say(f"    dealsync link {rows}, or dealsync separate {rows}", "dim")
    for answer in view["answers"]:
        screen.say(f"{answer['at'][:16]} {answer['by']}: {answer['act'].lower()} {answer['one']} {answer['other']}")
    if not view["pairs"]:
        screen.say("No accounts look like one that nobody has spoken about.")
