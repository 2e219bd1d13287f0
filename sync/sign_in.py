"""The way in: the store opened, every CRM signed in and recognised, or everything that is wrong said at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Final, Protocol

from connector.crm import Crm
from connector.errors import CrmError, PauseMapping, StopCrm
from connector.registry import open_crm
from sync.config import Config
from sync.drift import news, rested
from sync.mapping.fieldmap import FieldMap, Mappings
from sync.model.problem import BadInput, Problem
from sync.scoped import Scoped
from sync.store import intake, runs
from sync.store.budgets import StoreLedger
from sync.store.opening import Store, is_there, open_store
from sync.world import Progress, World, quietly

SIGN_IN_ATTEMPTS: Final = 2
"""Whoever mistyped an address must not wait for the patience that a long run has."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Where time comes from: the skins pass the real one."""

    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    tell: Progress = quietly
    on_wait: Callable[[str, float], None] = lambda _why, _seconds: None


@contextmanager
def open_world(config: Config, clock: Clock) -> Iterator[World]:
    """The store and every CRM, signed in and recognised.

    A CRM that was read before and cannot be signed in to now leaves the others going (`World.silent` says why).
    Raises BadInput or StopCrm with every fault at once, before anything is stored, when a secret is missing, a CRM
    that was never read cannot be signed in to, none can, or another org answers than this connection was made for.
    """
    settings = _settings(config)
    with ExitStack() as stack:
        ledger = StoreLedger(clock.now, config.calls_percent)
        store = cache(lambda: _shared(ledger, config, stack))
        vault = runs.StoreVault(store)  # opens the store only where a token is kept in it
        if is_there(config.store_url, config.home):
            store()  # from the first call on: the command before this one has just made some
        crms: dict[str, Crm] = {}
        plain: set[str] = set()
        orgs: dict[str, str] = {}
        silent: dict[str, str] = {}
        refused: dict[tuple[str, str], str] = {}
        for connection, own in settings.items():
            try:
                crm = open_crm(connection, own, ledger=ledger, vault=vault)
                patient = _opened(crm, config.mappings, clock, store)
                identity = replace(patient, attempts=SIGN_IN_ATTEMPTS).whoami()
                orgs[connection] = identity.org
                plain |= set() if identity.own_objects else {connection}
                refused |= _refused(crm, config.mappings.projections)
                crms[connection] = patient
            except StopCrm as fault:
                silent[connection] = fault.message
            except CrmError as fault:
                silent[connection] = f"{fault.message}; check its url in config.toml, or run again later"
        if silent and not (crms and _read_before(config, silent)):
            raise StopCrm("\n".join(silent.values()))
        if strangers := list(_strangers(store(), orgs, clock.now())):
            raise StopCrm("\n".join(strangers))
        yield World(
            store=store(),
            crms=crms,
            **_resting(store(), _mappings(config.mappings, crms, plain, refused)),
            **config.rules,
            observe=config.form.mode == "observe",
            silent=silent,
            calls=lambda: ledger.calls,
            tell=clock.tell,
        )


@contextmanager
def counting(config: Config, clock: Clock) -> Iterator[StoreLedger]:
    """A count of calls for a look at the CRMs: with everyone else's where there is a store, and it makes none."""
    with ExitStack() as stack:
        ledger = StoreLedger(clock.now, config.calls_percent)
        with suppress(BadInput):  # what is wrong with the store is said by whoever needs it
            if is_there(config.store_url, config.home):
                _shared(ledger, config, stack)
        yield ledger


def _shared(ledger: StoreLedger, config: Config, stack: ExitStack) -> Store:
    """The store, in which ``ledger`` counts from now on. Raises BadInput."""
    store = stack.enter_context(closing(open_store(config.store_url, config.home)))
    ledger.share(store)
    stack.callback(ledger.release)
    return store


def _opened(crm: Crm, mappings: Mappings, clock: Clock, store: Callable[[], Store]) -> Scoped:
    """The CRM with patience, and only what the scopes of its mappings take in."""
    scopes = {entry.object: entry for entry in mappings.of_connection(crm.name) if entry.scope}
    return Scoped(crm, sleep=clock.sleep, now=clock.now, on_wait=clock.on_wait, scopes=scopes, store=store)


def kept(maps: Iterable[FieldMap], plain: Collection[str]) -> Iterator[FieldMap]:
    """The mappings without those of rows that no connection in ``plain`` can keep, having no objects of ours.

    What such a row would say of its deal stands in the deal's own fields there.
    """
    return (entry for entry in maps if not (entry.connection in plain and entry.canonical == "attribution"))


def _resting(store: Store, fitted: Mappings) -> dict[str, Any]:
    """The mappings without what rests since a CRM's schema changed, and what of that was not said yet."""
    with store.write() as connection:
        mappings, found = rested(connection, fitted)
        return {"mappings": mappings, "alerts": tuple(map(str, news(connection, found)))}


def _settings(config: Config) -> dict[str, dict[str, str]]:
    problems: list[Problem] = []
    found: dict[str, dict[str, str]] = {}
    for connection in config.form.connection:
        try:
            found[connection] = dict(config.settings(connection))
        except BadInput as error:
            problems += error.problems
    if problems:
        raise BadInput(problems)
    return found


def _read_before(config: Config, connections: Iterable[str]) -> bool:
    """Whether every one of some connections was read to the end before: then its rows are known, only not fresh."""
    if not is_there(config.store_url, config.home):
        return False
    with closing(open_store(config.store_url, config.home)) as store, store.read() as connection:
        return all(
            intake.read_through(connection, field_map)
            for name in connections
            for field_map in config.mappings.of_connection(name)
            if not field_map.optional
        )


class Choosy(Protocol):
    """An adapter that knows which of its CRM's own lists this org can hold."""

    def refuses(self, kind: str) -> str | None:
        """Why it cannot hold one, for a person; ``None`` where it can."""


def _refused(crm: Crm, projections: Iterable[FieldMap]) -> dict[tuple[str, str], str]:
    """Why an org cannot hold a list that config.toml switches on."""
    choosy: Choosy = crm  # type: ignore[assignment]  # every adapter that open_crm opens is
    kinds = [field_map.object for field_map in projections if field_map.connection == crm.name]
    return {(crm.name, kind): why for kind in kinds if (why := choosy.refuses(kind))}


def _mappings(
    all_: Mappings, crms: Mapping[str, Crm], plain: Collection[str], refused: Mapping[tuple[str, str], str]
) -> Mappings:
    fitted = tuple(_fitted(entry, crms.get(entry.connection)) for entry in kept(all_.all, plain))
    return Mappings(fitted, all_.projections, refused, all_.off)


def _fitted(field_map: FieldMap, crm: Crm | None) -> FieldMap:
    """The mapping without the optional fields that this org does not have, where it would write them."""
    optional = {remote for rule in field_map.rules if rule.writes for remote in rule.optional}
    if not optional or crm is None:
        return field_map
    try:
        there = {field.name for field in crm.describe(field_map.object)}
    except PauseMapping:
        return field_map  # the reading says why
    return replace(field_map, lacking=frozenset(optional - there))


def _strangers(store: Store, orgs: Mapping[str, str], now: datetime) -> Iterator[str]:
    """Connections behind which another org answers than the one this store was made with."""
    with store.write() as connection:
        for crm, org in orgs.items():
            pinned = runs.pin_org(connection, crm, org, now)
            if pinned != org:
                yield (
                    f"{crm}: org {org} answers, but this store belongs to org {pinned}. Nothing was read or "
                    "written. Correct the address or the sign-in, or start a new store for the new org."
                )
