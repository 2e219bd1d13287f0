"""``dealsync mapping``: show, draft, compare, test, publish and undo field mappings."""

from __future__ import annotations

import json as texts
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from sync import drafts
from sync.cli import screen
from sync.cli.golive import By, who
from sync.cli.linting import show as show_faults
from sync.cli.session import DONE, ERROR, PENDING, Home, Json, now, reading
from sync.config import load
from sync.drafts import Said
from sync.impact import Impact, impact
from sync.lint import failed_tests, located
from sync.mapped import passes
from sync.mapping.layout import formatted
from sync.mapping.schema import json_schema
from sync.sources import each_mapping
from sync.store.published import versions

Name = Annotated[str, typer.Argument(metavar="MAPPING", help="Its name, as in mappings/NAME.toml.")]
AnyName = Annotated[str, typer.Argument(metavar="[MAPPING]", help="Only this one.")]
Why = Annotated[str, typer.Option("--why", help="Why; it is kept with the version.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it; without it, only show.")]

mapping = typer.Typer(name="mapping", no_args_is_help=True, help="Field mappings: show, draft, publish, undo.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.add_typer(mapping)


@mapping.command()
def show(name: AnyName = "", home: Home = Path(), json: Json = False) -> int:
    """Show the mappings, or one with its fields and its published versions."""
    with reading(home) as (config, world):
        found = [m for m in config.mappings.all if name in ("", m.id)]
        if name:
            drafts.file_of(config, name)
        with world.store.read() as connection:
            kept = versions(connection, name) if name else []
        drafted = {m.id: drafts.draft_of(config, m.id).exists() for m in found}
    view = [
        {
            "mapping": m.id,
            "connection": m.connection,
            "object": m.object,
            "canonical": m.canonical,
            "version": m.hash[:12],
            "draft": drafted[m.id],
            "scope": m.scope.text if m.scope else "",
            "fields": {rule.path: list(rule.remotes) for rule in m.rules},
        }
        for m in found
    ]
    history = [{key: value for key, value in asdict(entry).items() if key != "body"} for entry in kept]
    if json:
        screen.print_json({"mappings": view, "versions": history})
    else:
        _show(view, history, whole=bool(name))
    return DONE


def _show(view: list[dict[str, Any]], history: list[dict[str, Any]], *, whole: bool) -> None:
    table = Table("mapping", "object", "fields", "version", "draft", box=None)
    for entry in view:
        row = (entry["mapping"], f"{entry['connection']} {entry['object']}", str(len(entry["fields"])))
        table.add_row(*row, entry["version"], "yes" if entry["draft"] else "")
    screen.out.print(table)
    for entry in view if whole else ():
        if entry["scope"]:
            screen.say(f"  scope  {entry['scope']}")
        for path, remotes in entry["fields"].items():
            screen.say(f"  {path}  {', '.join(remotes)}")
    for entry in history:
        why = f": {entry['why']}" if entry["why"] else ""
        screen.say(f"  version {entry['number']} {entry['how']} by {entry['by']} at {entry['at']}{why}")


@mapping.command()
def draft(name: Name, home: Home = Path()) -> int:
    """Begin a draft: a copy to edit, while the published one goes on running."""
    path = drafts.begin(load(home), name)
    screen.say(f"edit {path}; then: dealsync mapping diff {name}, dealsync mapping publish {name}")
    return DONE


@mapping.command()
def diff(name: Name, home: Home = Path(), json: Json = False) -> int:
    """Compare the draft with what runs: the lines, and what publishing would change. Exit code 2: they differ."""
    with reading(home) as (config, world):
        old, new = drafts.file_of(config, name).read_text(encoding="utf-8"), drafts.drafted(config, name)
        weighed = impact(world, name, drafts.rehearse(config, name, new), now())
    lines = drafts.text_difference(old, new, name)
    if json:
        screen.print_json({"lines": lines, "impact": asdict(weighed)})
    else:
        for line in lines:
            screen.say(line, {"+": "green", "-": "red"}.get(line[:1], ""))
        _show_impact(weighed)
    return PENDING if lines else DONE


def _show_impact(weighed: Impact) -> None:
    screen.say(f"publishing it concerns {weighed}", "bold")
    if weighed.fields:
        screen.say(f"  fields: {', '.join(weighed.fields)}")
    screen.say(f"  {weighed.rows:,} rows read differently; {weighed.writes:,} writes would follow")
    if weighed.problems:
        screen.warn(f"  {weighed.problems:,} values would no longer be understood")
    for example in weighed.examples:
        screen.say(f"  {example}")


@mapping.command()
def publish(
    name: Name,
    home: Home = Path(),
    yes: Yes = False,
    later: Annotated[
        bool, typer.Option("--from-now-on", help="Only what changes from now on; `backfill` catches up.")
    ] = False,
    by: By = "",
    why: Why = "",
) -> int:
    """Let a draft run, once its impact is known; who, when and why are kept. `mapping undo` takes it back.

    A draft that fails the tests inside it is not published.
    """
    with reading(home) as (config, world):
        weighed = impact(world, name, drafts.rehearse(config, name, drafts.drafted(config, name)), now())
        passes(config, name)
        if yes:
            entry = drafts.publish(config, world, name, Said(who(by), why), now(), later=later)
    _show_impact(weighed)
    undo_it = f"; take it back with: dealsync mapping undo {name}"
    screen.say(f"{name} is version {entry.number} now{undo_it}" if yes else "nothing is published yet: add --yes")
    return DONE if yes else PENDING


@mapping.command()
def undo(name: Name, home: Home = Path(), by: By = "", why: Why = "") -> int:
    """Publish the version before the present one."""
    with reading(home) as (config, world):
        entry = drafts.undo(config, world, name, Said(who(by), why), now())
    screen.say(f"{name} is version {entry.number} now: {entry.why}")
    return DONE


@mapping.command()
def fmt(
    home: Home = Path(), check: Annotated[bool, typer.Option("--check", help="Only say which files.")] = False
) -> int:
    """Bring every mapping file into even form. Comments and order stay; what a file means stays."""
    config = load(home)
    odd = {
        path: even
        for path in drafts.names(config).values()
        if (even := formatted(text := path.read_text(encoding="utf-8"))) != text
    }
    for path, even in odd.items():
        if not check:
            path.write_text(even, encoding="utf-8")
        screen.say(f"{'would change' if check else 'changed'} {path}")
    screen.say(f"{len(odd)} files {'would change' if check else 'changed'}")
    return PENDING if check and odd else DONE


@mapping.command()
def test(name: AnyName = "", home: Home = Path()) -> int:
    """Run the tests inside the mappings."""
    config = load(home)
    if name:
        drafts.file_of(config, name)
    forms = dict(each_mapping(home, config.form.mappings, config.form.environment, []))
    chosen = {source: form for source, form in forms.items() if name in ("", form.id)}
    found = [problem for source, form in chosen.items() for problem in failed_tests(source, form)]
    if found:
        show_faults(sorted(located(home, found)))
    screen.say(f"{sum(len(form.test) for form in chosen.values())} tests, {len(found)} failures", "bold")
    return ERROR if found else DONE


@mapping.command()
def schema() -> int:
    """Print the JSON Schema of mapping files, for editors."""
    screen.out.print(texts.dumps(json_schema(), indent=2), markup=False, soft_wrap=True)
    return DONE
