"""The demo, as somebody sees it who has just installed the program."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest

from .program import COMMAND, ENVIRONMENT, Ran

ESCAPE = "\x1b"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, float]:
    """The whole story through a pipe, and the seconds it took."""
    folder: Path = tmp_path_factory.mktemp("anywhere")
    begin = time.monotonic()
    ended = subprocess.run(
        [*COMMAND, "demo"], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=60
    )
    assert list(folder.iterdir()) == []
    return Ran(ended.returncode, ended.stdout, ended.stderr), time.monotonic() - begin


def test_it_ends_well_and_says_so(told: tuple[Ran, float]) -> None:
    ran, _ = told
    assert ran.code == 0, ran.out + ran.err
    assert ran.out.rstrip().endswith("Everything came out to the cent.")


def read_back(text: str) -> set[tuple[str, ...]]:
    """What the CRMs said when they were read back: CRM, share, amount, currency and status of each row."""
    row = re.compile(r"^ (sf|hs) .* ([\d.]+) % +([\d,.]+) (\w{3}) +(\w+) *$", re.MULTILINE)
    return set(row.findall(text))


def test_three_partners_share_one_deal_to_the_cent(told: tuple[Ran, float]) -> None:
    assert read_back(told[0].out) >= {
        ("sf", "44.45", "111,111.11", "USD", "Agreed"),
        ("sf", "33.33", "83,333.33", "USD", "Agreed"),
        ("sf", "22.22", "55,555.55", "USD", "Agreed"),
    }


def test_a_bundle_is_divided_by_its_lines_to_the_cent(told: tuple[Ran, float]) -> None:
    assert read_back(told[0].out) >= {
        ("hs", "34.5", "695,264.49", "EUR", "agreed"),
        ("hs", "43.02", "866,784.17", "EUR", "agreed"),
        ("hs", "22.48", "452,951.34", "EUR", "agreed"),
    }


def test_one_deal_in_two_crms_has_one_split_in_both(told: tuple[Ran, float]) -> None:
    for crm, status in (("sf", "Agreed"), ("hs", "agreed")):
        assert read_back(told[0].out) >= {
            (crm, "62.5", "60,000.00", "EUR", status),
            (crm, "37.5", "36,000.00", "EUR", status),
        }


def test_the_ruling_names_its_rule_and_offers_the_loser_another_role(told: tuple[Ran, float]) -> None:
    ran, _ = told
    assert "Lumen Software Resale was protected since" in ran.out
    assert "You may join in another role: PRESALES, IMPLEMENT, ADVISE, SUPPORT, TRAIN." in ran.out


def test_the_second_run_changes_and_writes_nothing(told: tuple[Ran, float]) -> None:
    ran, _ = told
    assert "0 changes, 0 writes" in ran.out.split("Run again")[1]


def test_a_pipe_gets_no_colours_and_no_chatter(told: tuple[Ran, float]) -> None:
    ran, _ = told
    assert ESCAPE not in ran.out
    assert ran.err == ""
