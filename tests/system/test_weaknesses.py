"""Whether a package that we install has a known weakness, as far as the advisory database can be asked."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ("pip-audit", "--strict", "--disable-pip", "--require-hashes", "-r", "requirements.lock")


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md"])
def test_the_command_that_people_are_told_is_the_one_that_is_run(name: str) -> None:
    assert " ".join(COMMAND) in (ROOT / name).read_text("utf-8")


def test_no_package_that_we_install_has_a_known_weakness(pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--deep"):
        pytest.skip("SKIPPED: known weaknesses are looked for with --deep: that asks the network")
    found = shutil.which(COMMAND[0]) or shutil.which(COMMAND[0], path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip("SKIPPED: pip-audit is not installed; known weaknesses were not looked for")
    asked = [found, *COMMAND[1:], "--progress-spinner", "off"]
    run = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    if re.search("ConnectionError|not found on PyPI|Max retries|ServiceError", run.stdout + run.stderr):
        pytest.skip(f"SKIPPED: the advisory database was not reached: {run.stderr.strip()[-200:]}")
    assert run.returncode == 0, run.stdout + run.stderr
