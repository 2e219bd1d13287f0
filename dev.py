#!/usr/bin/env python3
"""The one command for a first-time user and for CI: builds .venv from the hash-locked files, then runs in it."""

import contextlib
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

try:
    import fcntl
except ImportError:
    sys.exit("dev.py needs Linux or macOS; on Windows, run it inside WSL.")

if sys.version_info < (3, 11):  # noqa: UP036 (this file is also started by older interpreters, to say so)
    sys.exit(
        f"dealsync needs Python 3.11 or newer, and {sys.executable} is {platform.python_version()}: "
        "install a newer one and start dev.py with it, for example `python3.12 dev.py`."
    )

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "dealsync-stamp.json"
LOCKS = {"runtime": "requirements.lock", "dev": "requirements-dev.lock"}
BENCHES = ROOT / "tests" / "bench"

HELP = """\
usage: python3 dev.py COMMAND [ARG ...]

  demo [ARG ...]    the try-out against two stand-in CRMs on this machine (installs the runtime only)
  test [ARG ...]    all tests; arguments go to pytest: `dev.py test -k ladder`, `dev.py test --deep`
  check             every gate: format, lint, types, imports, quick tests, 200 examples of the state machine
  bench [NAME ...]  the benchmarks in tests/bench, all of them or by name

The first command builds .venv, which takes a minute or so and needs the network; later ones start at
once. A changed lock file, another Python or an interrupted build makes the next command build it again.
uv is used when it is on PATH, otherwise pip. Exit code: that of what was run.
"""

DEALSYNC = """\
#!/bin/sh
# Written by dev.py: the program from this checkout, started from anywhere.
root=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
PYTHONPATH="$root" exec "$root/.venv/bin/python" -P -m sync.cli "$@"
"""

Stamp = Mapping[str, str]


def say(line: str) -> None:
    """Progress goes to stderr: what a command prints on stdout stays its own."""
    sys.stderr.write(f"dev.py: {line}\n")


def wanted(level: str) -> Stamp:
    """The stamp of a finished .venv: what it was built from."""
    locks = b"".join((ROOT / name).read_bytes() for name in LOCKS.values())
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()} {sys.base_prefix}",
        "locks": hashlib.sha256(locks).hexdigest(),
        "level": level,
    }


def next_step(have: Stamp | None, want: Stamp) -> str:
    """``keep``, ``add`` (the dev packages to a runtime) or ``rebuild``. No stamp: it was never finished."""
    if have is None or any(have.get(key) != want[key] for key in ("python", "locks")):
        return "rebuild"
    return "keep" if have.get("level") in (want["level"], "dev") else "add"


def recipe(uv: str | None, lock: str, *, ensurepip: bool) -> tuple[list[str], list[str]]:
    """The command that creates .venv, and the one that installs ``lock`` into it: wheels only, hashes required.

    With uv where there is one; else with the venv's own pip; without ensurepip, with pip from outside it.
    """
    base = getattr(sys, "_base_executable", sys.executable)  # we may run inside the .venv we are to replace
    venv, python = str(VENV), str(PYTHON)
    what = ["install", "--quiet", "--only-binary", ":all:", "--require-hashes", "-r", str(ROOT / lock)]
    if uv:
        return [uv, "venv", "--quiet", "--python", base, venv], [uv, "pip", *what, "--python", python]
    calm = ["--quiet", "--disable-pip-version-check", "--no-input", "--no-compile"]
    if ensurepip:
        return [base, "-m", "venv", venv], [python, "-m", "pip", *what, *calm]
    return [base, "-m", "venv", "--without-pip", venv], [base, "-m", "pip", "--python", python, *what, *calm]


def environment(outer: Mapping[str, str]) -> dict[str, str]:
    """What commands see: this checkout first on PYTHONPATH, .venv first on PATH, no empty HOME.

    Compiled modules are kept: without them every start compiles the CRM clients anew, which takes seconds.
    """
    dropped = ("PYTHONHOME", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in outer.items() if name not in dropped and (name, value) != ("HOME", "")}
    path = os.pathsep.join([str(VENV / "bin"), outer.get("PATH", os.defpath)])
    return {**kept, "PYTHONPATH": str(ROOT), "VIRTUAL_ENV": str(VENV), "PATH": path}


def read_stamp() -> Stamp | None:
    """The stamp of .venv, or ``None`` where .venv is missing, unfinished or not ours."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) and PYTHON.exists() else None


def write_whole(path: Path, text: str, mode: int = 0o644) -> None:
    """The file appears complete or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(mode)
    draft.replace(path)


@contextlib.contextmanager
def alone() -> Iterator[int]:
    """One builder at a time; yields the lock's descriptor. The kernel lets go when a builder is killed."""
    with (ROOT / ".venv.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another dev.py that is building .venv")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def build(command: Sequence[str], lock: int) -> None:
    """Run a step of the build. It holds the lock too: pip may outlive a dev.py that was killed."""
    code = subprocess.run(command, env=environment(os.environ), cwd=ROOT, pass_fds=[lock], check=False).returncode
    if code:
        sys.exit(
            f"dev.py: building .venv failed with exit code {code} at: {' '.join(command)}\n"
            "Its own message stands above. No module named pip: install uv, or pip with venv (Debian, Ubuntu: "
            "`apt install python3-venv`). No download: check network and proxy (pip reads PIP_INDEX_URL, uv reads "
            "UV_DEFAULT_INDEX). Then start again: what is half-built is rebuilt."
        )


def ready(level: str) -> None:
    """Leave with a finished .venv of at least this level, or exit with a sentence."""
    if next_step(read_stamp(), wanted(level)) == "keep":
        return
    with alone() as lock:
        step = next_step(read_stamp(), wanted(level))  # another dev.py may have built it meanwhile
        if step != "keep":
            install(step, level, lock)


def install(step: str, level: str, lock: int) -> None:
    """Build or complete .venv. The stamp goes first and comes last: in between, killed means rebuilt."""
    started, stamp = time.monotonic(), json.dumps(wanted(level))
    uv, ensurepip = shutil.which("uv"), find_spec("ensurepip") is not None
    create, fill = recipe(uv, LOCKS[level], ensurepip=ensurepip)
    STAMP.unlink(missing_ok=True)
    if step == "rebuild":
        say(f"building .venv with {uv or 'pip'}")
        remove(VENV)
    if step == "rebuild" or not uv:  # a .venv that uv made has no pip: creating it again adds that
        build(create, lock)
    count = (ROOT / LOCKS[level]).read_text(encoding="utf-8").count("==")
    say(f"installing up to {count} packages from {LOCKS[level]}; the first time takes a minute or so")
    build(fill, lock)
    write_whole(VENV / "bin" / "dealsync", DEALSYNC, 0o755)
    write_whole(STAMP, stamp)
    say(f".venv is ready after {time.monotonic() - started:.0f} s")


def remove(venv: Path) -> None:
    """Whatever stands there: a folder, a link to one, or nothing."""
    if venv.is_symlink():
        venv.unlink()
    elif venv.exists():
        say("removing the old .venv: unfinished, out of date or not built by dev.py")
        shutil.rmtree(venv)


def become(*command: str) -> NoReturn:
    """Replace this process, so that signals and the exit code are the command's own."""
    os.chdir(ROOT)
    os.execve(command[0], command, environment(os.environ))  # noqa: S606 (no shell is wanted)


def demo(rest: Sequence[str]) -> NoReturn:
    """The try-out."""
    ready("runtime")
    become(str(PYTHON), "-m", "sync.cli", "demo", *rest)


def test(rest: Sequence[str]) -> NoReturn:
    """All tests, on two processes; a later ``-n`` among the arguments wins."""
    ready("dev")
    become(str(PYTHON), "-m", "pytest", "-n", "2", *rest)


def gates() -> list[tuple[str, list[str]]]:
    """Every gate by its name and command; all must pass before a change lands."""
    python = [str(PYTHON), "-m"]
    quick = ["tests/steps", "tests/golden", "tests/test_house.py"]
    return [
        ("format", [*python, "ruff", "format", "--check"]),
        ("lint", [*python, "ruff", "check"]),
        ("types", [*python, "mypy"]),
        ("imports", [str(VENV / "bin" / "lint-imports"), "--no-logo"]),
        ("tests", [*python, "pytest", "-n", "2", *quick]),
        ("machine", [*python, "pytest", "-n", "2", "tests/machine/test_machine.py"]),
    ]


def pass_gate(name: str, command: Sequence[str]) -> bool:
    """Run one gate: a line with verdict, time and its closing words; everything it printed when it failed."""
    sys.stdout.write(f"{name:<8} ")
    sys.stdout.flush()
    started = time.monotonic()
    run = subprocess.run(
        command,
        env=environment(os.environ),
        cwd=ROOT,
        text=True,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    passed, lines = run.returncode == 0, run.stdout.split("\n")
    closing = next((line.strip() for line in reversed(lines) if line.strip()), "")
    sys.stdout.write(f"{'ok' if passed else 'FAILED':<6} {time.monotonic() - started:6.1f} s  {closing}\n")
    if not passed:
        sys.stdout.write("".join(f"    {line}\n" for line in lines))
    return passed


def check(rest: Sequence[str]) -> int:
    """Every gate, also after one failed: a person wants to see all there is to mend."""
    if rest:
        sys.exit(f"dev.py: check takes no arguments, got {' '.join(rest)}; single tests: `dev.py test ...`")
    ready("dev")
    verdicts = [pass_gate(name, command) for name, command in gates()]
    return 0 if all(verdicts) else 1


def benchmarks(names: Sequence[str], folder: Path) -> list[Path]:
    """The benchmark files by these names, or all of them; exits with a sentence for a name that is not there."""
    known = {path.stem: path for path in sorted(folder.glob("[!_]*.py"))}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(
            f"dev.py: no benchmark {', '.join(unknown)} in tests/bench; there are: {', '.join(known) or 'none'}"
        )
    return [known[name] for name in names or known]


def bench(rest: Sequence[str]) -> int:
    """Benchmarks one after another, each in its own process; stops at the first failure, with its exit code."""
    files = benchmarks(rest, BENCHES)
    ready("dev")
    for path in files:
        say(f"bench {path.stem}")
        run = subprocess.run([str(PYTHON), "-P", str(path)], env=environment(os.environ), cwd=ROOT, check=False)
        if run.returncode:
            return run.returncode
    return 0


COMMANDS: Mapping[str, Callable[[Sequence[str]], int]] = {
    "demo": demo,
    "test": test,
    "check": check,
    "bench": bench,
}


def main(arguments: Sequence[str]) -> int:
    """Run one command; its exit code. 2: there is no such command."""
    name, *rest = arguments or ["--help"]
    if {name, *rest[:1]} & {"-h", "--help", "help"}:
        sys.stdout.write(HELP)
        return 0
    if name not in COMMANDS:
        say(f"there is no command {name}; there are {', '.join(COMMANDS)}, and --help")
        return 2
    return COMMANDS[name](rest)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
