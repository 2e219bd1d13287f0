"""How many small faults in the deciding core its fast tests notice: a seeded sample of mutants, each in a fork.

`python tests/bench/mutants.py [NUMBER [SEED]]`. The mutants are cosmic-ray's, without those that cannot change what
the program does: in annotations, and in what is fixed when a class is made. Files stay as they are: a fork runs the
mutated code of one module, and of the tests those that come by the place, the quickest first.
"""

from __future__ import annotations

import ast
import gc
import os
import resource
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from time import perf_counter
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import settings

try:
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator, operator_names
except ImportError:  # not among the locked packages: one that it needs is published without a wheel
    sys.exit("skipped: this bench needs cosmic-ray, `.venv/bin/python -m pip install 'cosmic-ray>=8.7,<9'`")

ROOT = Path(__file__).resolve().parents[2]
CORE = (
    *("sync/resolve", "sync/conflicts", "sync/lifecycle", "sync/objections.py"),
    *("sync/ladder.py", "sync/judge.py", "sync/claim.py", "sync/joint.py"),
)
STEPS = (
    *("ladder", "claim", "conflicts", "entitlement", "records", "incumbents", "meetings", "lifecycle", "votes"),
    *("approvals", "clocks", "said", "outside", "joint", "judge", "judge_people", "judge_lines", "dispute_facts"),
    *("objections", "asking", "inputs", "edges", "decide", "judge_laws", "judge_all"),
)
"""The tests that are asked, with those of the scenarios."""
PATIENCE = 60
"""Seconds of work after which a mutant that never ends counts as noticed."""

SAME = ("RemoveDecorator", "Operator_Is_Eq", "Operator_IsNot_NotEq")
"""No faults: decorators make classes and properties, and only a member of an enum, or None, is equal to itself."""
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mutant:
    path: Path
    operator: str
    occurrence: int
    start: Place
    end: Place

    @property
    def module(self) -> str:
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")

    def code(self) -> CodeType:
        source = mutate_code(self.path.read_text(encoding="utf-8"), get_operator(self.operator)(), self.occurrence)
        assert source is not None
        return compile(source, str(self.path), "exec")

    def around(self) -> ast.stmt:
        """The innermost statement that it is in."""
        tree = ast.parse(self.path.read_text(encoding="utf-8"))
        found = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and node.lineno <= self.start[0]]
        reaching = (node for node in found if self.start[0] <= (node.end_lineno or 0))
        return max(reaching, key=lambda node: (node.lineno, node.col_offset))

    def __str__(self) -> str:
        line = self.path.read_text(encoding="utf-8").splitlines()[self.start[0] - 1].strip()
        return f"{self.path.relative_to(ROOT)}:{self.start[0]}:{self.start[1]} {self.operator[5:]}  {line}"


def files() -> list[Path]:
    return [path for root in CORE for path in (sorted((ROOT / root).glob("*.py")) or [ROOT / root])]


def sample(number: int, seed: int) -> list[Mutant]:
    """``number`` places of the core, each with one of the faults that can be made there."""
    at: dict[tuple[Path, Place, Place], list[Mutant]] = defaultdict(list)
    for mutant in (mutant for path in files() for mutant in mutants(path)):
        at[mutant.path, mutant.start, mutant.end].append(mutant)
    dice = Random(seed)
    chosen = dice.sample(sorted(at), min(number, len(at)))
    say(f"{len(at)} places, {sum(map(len, at.values()))} mutants; a sample of {len(chosen)} places")
    return [dice.choice(at[place]) for place in chosen]


def mutants(path: Path) -> Iterator[Mutant]:
    source = path.read_text(encoding="utf-8")
    tree, still = get_ast(source), list(without_effect(ast.parse(source)))
    for name in operator_names():
        operator = get_operator(name)
        if operator.arguments() or name.endswith(SAME):
            continue
        made = operator()
        places = (place for node in ast_nodes(tree) for place in made.mutation_positions(node))
        for occurrence, (start, end) in enumerate(places):
            if not any(first <= start and end <= last for first, last in still):
                yield Mutant(path, name, occurrence, start, end)


def without_effect(tree: ast.Module) -> Iterator[tuple[Place, Place]]:
    """Where annotations, decorators, defaults and the fields of classes stand."""
    for node in ast.walk(tree):
        found = [getattr(node, name, None) for name in ("annotation", "returns")]
        found += [*getattr(node, "decorator_list", ()), *getattr(node, "defaults", ())]
        if isinstance(node, ast.ClassDef):
            found += [part for part in node.body if isinstance(part, ast.Assign | ast.AnnAssign)]
        for part in found:
            if part is not None:
                yield (part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)


class Watch:
    """Which lines of the core each test runs: only a test that comes by a fault can notice it."""

    def __init__(self) -> None:
        self.passing: dict[tuple[str, int], list[pytest.Item]] = defaultdict(list)
        self._files = {str(path) for path in files()}
        self._seen: set[tuple[str, int]] = set()

    def __call__(self, frame: FrameType, event: str, argument: object) -> Any:
        return self._line if frame.f_code.co_filename in self._files else None

    def _line(self, frame: FrameType, event: str, argument: object) -> Any:
        self._seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line

    def run(self, item: pytest.Item) -> None:
        self._seen = set()
        sys.settrace(self)
        passed = passes(item)
        sys.settrace(None)
        assert passed, f"{item.nodeid} fails without any fault"
        for place in self._seen:
            self.passing[place].append(item)

    def coming_by(self, mutant: Mutant) -> set[pytest.Item]:
        """The tests that run the statement; outside all functions, those that run anything of its file."""
        node = mutant.around()
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
        lines = range(node.lineno, max(node.lineno, last) + 1)
        own = {line for path, line in self.passing if path == str(mutant.path)}
        asked = own if node.col_offset == 0 else own.intersection(lines)
        return {item for line in asked for item in self.passing[str(mutant.path), line]}


class Noticing:
    """Once pytest has collected the tests: what they notice of the mutants inside functions."""

    def __init__(self, chosen: Sequence[Mutant]) -> None:
        self.chosen, self.alive = chosen, list[Mutant]()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        watch = Watch()
        timed: dict[str, float] = {}
        for item in session.items:
            began = perf_counter()
            watch.run(item)
            timed[item.nodeid] = perf_counter() - began
        say(f"{len(timed)} tests pass without any fault")
        for mutant in self.chosen:
            asked = sorted(watch.coming_by(mutant), key=lambda item: timed[item.nodeid])
            if forked(partial(unnoticed, mutant, asked)):
                self.alive.append(mutant)
                say(f"  not noticed by {len(asked)} tests: {mutant}")
        return True


def passes(item: pytest.Item) -> bool:
    return all(report.outcome != "failed" for report in runtestprotocol(item, log=False, nextitem=None))


def unnoticed(mutant: Mutant, asked: Sequence[pytest.Item]) -> bool:
    """Whether all of these tests pass when the functions of the module, or its constant, are the mutated ones."""
    whole, node = mutant.code(), mutant.around()
    instead = dict(codes(whole))
    for function in [thing for thing in gc.get_objects() if isinstance(thing, FunctionType)]:
        code = function.__code__
        if code.co_filename == str(mutant.path) and named(code) in instead:
            function.__code__ = instead[named(code)]
    if isinstance(node, ast.Assign | ast.AnnAssign) and node.col_offset == 0:
        module = vars(sys.modules[mutant.module])
        fresh = {"__name__": mutant.module, "__package__": module["__package__"]}
        exec(whole, fresh)
        stored = (part for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store))
        module.update({part.id: fresh[part.id] for part in stored})
    return all(passes(item) for item in asked)


def codes(code: CodeType) -> Iterator[tuple[tuple[str, int], CodeType]]:
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield named(part), part
            yield from codes(part)


def named(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def forked(work: Callable[[], bool]) -> bool:
    """The answer of ``work``, asked in a process of its own; one that never ends, or breaks, says no."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        os._exit(0 if work() else 1)
    finally:
        os._exit(1)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    number, seed = (*map(int, arguments), *(100, 1)[len(arguments) :])
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    settings.register_profile("mutants", max_examples=15, derandomize=True, database=None)
    settings.load_profile("mutants")
    noticing = Noticing(sample(number, seed))
    plain = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:faulthandler"]
    plain += ["-W", "ignore::pytest.PytestAssertRewriteWarning", "-k", "not ids_mirrored and not together"]
    steps = [f"tests/steps/test_{name}.py" for name in STEPS]
    pytest.main([*plain, *steps, "tests/scenarios/test_scenarios.py"], plugins=[noticing])
    chosen, alive = noticing.chosen, noticing.alive
    say(f"{len(chosen) - len(alive)} of {len(chosen)} noticed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
