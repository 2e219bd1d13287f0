"""What is wrong, or will be, before a run finds out: the installation, the store, each CRM as our user sees it."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from connector.crm import Crm
from connector.errors import CrmError
from connector.finding import Finding, Severity, Use
from connector.record import FieldType
from connector.registry import open_crm
from connector.retry import Unhurried
from sync.config import Config
from sync.conflicts.inputs import blunt, unavailable
from sync.drift import misfitting, resting
from sync.mapping.fieldmap import FieldMap, Rule
from sync.mapping.paths import PATHS
from sync.model.problem import BadInput
from sync.policy.advice import advise
from sync.runtime.schedule import trigger
from sync.sign_in import Clock, counting, kept
from sync.sources import each_mapping
from sync.store import brakes, intake, outbox, runs
from sync.store.groups import count_problems
from sync.store.opening import Store, open_store
from sync.store.programme import programme
from sync.store.published import LATEST, schemas

OLD: Final = timedelta(days=1)
"""How long ago the last run that wrote may be before it is said."""

TYPES: Final[Mapping[str, tuple[FieldType, ...]]] = {
    "number": (FieldType.NUMBER,),
    "money": (FieldType.NUMBER,),
    "flag": (FieldType.BOOLEAN, FieldType.CHOICE),
    "day": (FieldType.DATE, FieldType.DATETIME),
    "moment": (FieldType.DATETIME,),
}
"""What a field must hold for a transform that writes it; transforms that are not here take any text."""


class Checked(Protocol):
    """An adapter that can look at its own CRM."""

    def check(self, uses: Sequence[Use], now: datetime) -> Sequence[Finding]:
        """What is wrong with how ``uses`` meets the CRM; reads only."""


def uses(maps: Iterable[FieldMap]) -> list[Use]:
    """What the mappings of one connection use of each object; fields that an org may lack are not asked of it."""
    return [
        Use(
            kind=field_map.object,
            reads=tuple(remote for remote in field_map.fields if not field_map.may_miss(remote)),
            writes=tuple(dict.fromkeys(remote for remote, _ in _written(field_map))),
            key=field_map.key if field_map.canonical == "attribution" else None,  # the rows that we create
            options={
                remote: tuple(rule.setting.choices.map)
                for remote, rule in _written(field_map)
                if rule.setting.choices.map
            },
            types={
                remote: TYPES[transform]
                for remote, rule in _written(field_map)
                if (transform := PATHS[field_map.canonical][rule.path].transform) in TYPES
            },
        )
        for field_map in maps
    ]


def _written(field_map: FieldMap) -> Iterator[tuple[str, Rule]]:
    for rule in field_map.rules:
        if rule.writes:
            yield rule.remotes[0], rule


def examine(config: Config, clock: Clock, only: str | None = None) -> Iterator[Finding]:
    """Every finding, as it is found; ``only``: about one connection. Raises nothing: what fails is a finding."""
    if only is None:
        yield from installation(config, clock.now())
    for connection in config.form.connection:
        if only in (None, connection):
            yield from _hints(config, connection)
            yield from _connection(config, connection, clock)


def installation(config: Config, now: datetime) -> Iterator[Finding]:
    """What can be said of settings and store without asking any CRM. Raises nothing: what fails is a finding."""
    yield Finding("config.toml", "settings, policies and mappings are sound", "", Severity.OK)
    yield from _schedule(config)
    yield from _rights(config)
    for kind, why in unavailable(config.mappings.all).items():
        fix = "map these fields, or switch the detector off in [conflicts]"
        yield Finding(f"detector {kind}", f"is not looked for everywhere: {why}", fix, Severity.NOTE)
    for kind, (canonical, misses) in blunt(config.mappings.all).items():
        fix = f'nothing, or status = "active" in the mapping of `{canonical}`'
        yield Finding(f"detector {kind}", misses, fix, Severity.NOTE)
    try:
        store = open_store(config.store_url, config.home)
    except BadInput as error:
        yield from (Finding(p.where, p.what, p.fix, Severity.ERROR) for p in error.problems)
        return
    try:
        yield from _store(store, config, now)
        yield from _schemas(store, config)
    finally:
        store.close()


def _schedule(config: Config) -> Iterator[Finding]:
    for text in filter(None, (config.form.schedule.sync, config.form.schedule.reconcile)):
        try:
            trigger(text)
        except BadInput as error:
            yield from (Finding(p.where, p.what, p.fix, Severity.ERROR) for p in error.problems)


def _rights(config: Config) -> Iterator[Finding]:
    """What others on this machine may do: the store holds deals and people, config.toml rules both CRMs."""
    for name, right in (("config.toml", 0), (config.form.store.url.removeprefix("sqlite:///"), stat.S_IROTH)):
        path = config.home / name
        if path.is_file() and path.stat().st_mode & (stat.S_IWOTH | right):
            what = "others on this machine may read or change it"
            yield Finding(str(path), what, f"chmod o-rwx {path}", Severity.NOTE, f"rights {path}")


def _schemas(store: Store, config: Config) -> Iterator[Finding]:
    """Fields that rest since a CRM's schema changed, and objects whose schema was never looked at."""
    with store.read() as connection:
        rests, known = resting(connection, config.mappings), schemas(connection, LATEST)
        forms = each_mapping(config.home, config.form.mappings, config.form.environment, [])
        unsaid = list(misfitting(connection, forms, config.form.connection))
        read = [m for m in config.mappings.all if intake.read_through(connection, m)]
    for problem in unsaid:
        yield Finding(problem.where, problem.what, problem.fix, Severity.WARNING)
    for rest in rests:
        mend = f"rename {rest.mapping} {rest.field} {rest.renamed}" if rest.renamed else ""
        place = f"{rest.connection}: {rest.object}.{rest.field}"
        yield Finding(place, f"rests: it {rest.what}", rest.fix, Severity.WARNING, mend)
    if unseen := [m.id for m in read if (m.connection, m.object) not in known and not m.optional]:
        what = f"no schema was pulled for {', '.join(unseen)}: what changes there is found by failing"
        yield Finding("schema", what, "dealsync schema pull", Severity.NOTE, "schema")


def _store(store: Store, config: Config, now: datetime) -> Iterator[Finding]:
    with store.read() as connection:
        pauses, losses = brakes.paused(connection), brakes.losses(connection)
        writes, problems = outbox.count_states(connection), count_problems(connection)
        holder, latest = runs.lease_holder(connection, "cycle", now), runs.last_runs(connection, 1)
        advice = list(advise(config.policies, programme(connection, config.mappings)))
        unread = [m.id for m in config.mappings.all if not m.optional and not intake.read_through(connection, m)]
    yield Finding("store", "it opens, and its tables are those of this version", "", Severity.OK)
    for problem in advice:
        yield Finding(problem.where, problem.what, problem.fix, Severity.NOTE)
    for crm, pause in pauses.items():
        yield Finding(crm or "everything", str(pause), "dealsync resume", Severity.WARNING)
    for place, loss in losses.items():
        what = f"went from {loss.before} to {loss.after} rows at once"
        yield Finding(place, what, "read the plan, then apply it, or mend the CRM", Severity.WARNING)
    if failed := writes.get("failed", 0):
        yield Finding("writes", f"{failed} did not land and wait for an edit", "dealsync status", Severity.WARNING)
    for what, number in list(problems.items())[:10]:
        yield Finding("records", f"{number} x {what}", "correct the records, or the mapping", Severity.WARNING)
    if unread:
        yield Finding("store", f"not read to the end yet: {', '.join(unread)}", "dealsync plan", Severity.NOTE)
    if holder:
        yield Finding("store", f"{holder} is working now", "", Severity.NOTE)
    if latest and now - datetime.fromisoformat(latest[0]["started_at"]) > OLD:
        what = f"the last run that wrote began {latest[0]['started_at']}"
        yield Finding("schedule", what, "is `dealsync up` running?", Severity.NOTE)


def _connection(config: Config, name: str, clock: Clock) -> Iterator[Finding]:
    """One CRM as our user sees it; of this look only its calls are kept, which count for everyone."""
    try:
        with counting(config, clock) as ledger:
            crm: Crm = open_crm(name, config.settings(name), ledger=Unhurried(ledger, clock.sleep))
            everything = [m for m in (*config.mappings.all, *config.mappings.projections) if m.connection == name]
            maps = kept(everything, () if _own_objects(crm) else (name,))
            checked: Checked = crm  # type: ignore[assignment]  # every adapter that open_crm opens can
            yield from checked.check(uses(maps), clock.now())
    except BadInput as error:
        yield from (Finding(p.where, p.what, p.fix, Severity.ERROR) for p in error.problems)
    except CrmError as error:
        yield Finding(name, error.message, "mend that, then run doctor again", Severity.ERROR)


def _hints(config: Config, name: str) -> Iterator[Finding]:
    """Whether the connection's webhooks can be heard: their secret is there, and the address that is signed."""
    try:
        if config.hints_secret(name) and not config.form.console.url:
            what = "webhooks are signed for the address that HubSpot calls, and nothing says which that is"
            fix = f"set [console] url; the app's target URL is then URL/hooks/{name}"
            yield Finding("config.toml: console.url", what, fix, Severity.WARNING)
    except BadInput as error:
        yield from (Finding(p.where, p.what, p.fix, Severity.ERROR) for p in error.problems)


def _own_objects(crm: Crm) -> bool:
    try:
        return crm.whoami().own_objects
    except CrmError:
        return True  # the checks say what is wrong with it
