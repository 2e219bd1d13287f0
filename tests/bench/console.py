"""The console with many deals in the store: one visitor, then fifty while a whole cycle runs; needs no CRM."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from sync.cli.session import now
from sync.commands import write_new
from sync.console.sign_in import new_link
from sync.model.user import User, UserRole
from sync.store.measured_tables import measured_claim
from sync.store.tables import case_file, involved
from sync.store.users import add_user
from tests.bench.cycle import fill, timed
from tests.console.desk import token
from tests.machine.office import START, Office

DEALS = 100_000
USERS = 50
SECONDS = 40
READS = 5
PORT = 18479
URL = f"http://127.0.0.1:{PORT}"


def signed_in(path: str) -> httpx.Client:
    """A visitor with a link that was used."""
    browser = httpx.Client(base_url=URL, timeout=60)
    browser.post(path, data={"csrf": token(browser.get(path).text)})
    return browser


def p95(times: list[float]) -> int:
    """Milliseconds in which 95 of 100 answers are there."""
    return round(1000 * sorted(times)[max(0, -(-len(times) * 95 // 100) - 1)]) if times else 0


def asked(browser: httpx.Client, path: str, seen: dict[str, list[float]], errors: list[str]) -> None:
    """One page, and how long it took."""
    took, answer = timed(lambda: browser.get(path))
    seen.setdefault(path.partition("?")[0].split("/")[1] or "home", []).append(took)
    if answer.status_code != 200:
        errors.append(f"{answer.status_code} {path}")


def visits(links: list[str], paths: list[str], seconds: float) -> dict[str, Any]:
    """What so many visitors meet who each look at a page for `READS` seconds."""
    seen: dict[str, list[float]] = {}
    errors: list[str] = []
    end = time.monotonic() + seconds

    def visitor(number: int, browser: httpx.Client) -> None:
        turn = number
        while time.monotonic() < end:
            asked(browser, paths[turn % len(paths)], seen, errors)
            turn += 1
            time.sleep(READS)

    browsers = [signed_in(link) for link in links]
    threads = [threading.Thread(target=visitor, args=each) for each in enumerate(browsers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = [took for times in seen.values() for took in times]
    return {"pages": len(every), "p95_ms": p95(every), "errors": errors[:5], "by": _by(seen)}


def _by(seen: dict[str, list[float]]) -> dict[str, int]:
    return {name: p95(times) for name, times in sorted(seen.items())}


def alone(link: str, paths: list[str], rounds: int = 20) -> dict[str, Any]:
    """One visitor, page after page, after each was seen once."""
    browser, seen, errors, cold = signed_in(link), {}, [], {}
    for path in paths:
        asked(browser, path, cold, errors)
    for _ in range(rounds):
        for path in paths:
            asked(browser, path, seen, errors)
    return {"first_ms": _by(cold), "p95_ms": _by(seen), "errors": errors[:5]}


def main() -> int:
    """The figures, a line each."""
    deals = int(sys.argv[1]) if len(sys.argv) > 1 else DEALS
    with tempfile.TemporaryDirectory() as folder:
        write_new(Path(folder), ("http://127.0.0.1:9", "http://127.0.0.1:9"))
        office = Office(Path(folder))
        fill(office, deals)
        dispute(office)
        say({"deals": deals, "first_cycle_s": round(timed(office.run)[0], 1)})
        with office.world.store.write() as connection:
            people = [
                add_user(connection, User("", f"u{n}", "", UserRole.CHANNEL_MANAGER), now())
                for n in range(USERS + 1)
            ]
            links = [new_link(connection, user, now()) for user in people]
        deal = "/deals/" + office.put("sf", "opportunity", name="Known", stage="QUALIFIED")
        office.run()
        paths = ["/", "/cases", deal, "/search?q=Deal%2077", "/search?q=stomer%204", "/insight"]
        paths += known(office)
        command = [sys.executable, "-P", "-m", "sync.cli", "console", "--home", folder, "--port", str(PORT)]
        served = subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL)
        try:
            until_it_answers()
            say({"alone": alone(links[0], paths)})
            calm = timed(office.run)[0]
            found: dict[str, Any] = {}
            crowd = threading.Thread(target=lambda: found.update(visits(links[1:], paths, SECONDS)))
            crowd.start()
            time.sleep(SECONDS / 4)
            say({"cycle_alone_s": round(calm, 2), "cycle_beside_s": round(timed(office.run)[0], 2)})
            crowd.join()
            say({"users": USERS} | found)
        finally:
            served.terminate()
            served.wait()
            office.close()
    return 0


def known(office: Office) -> list[str]:
    """Pages of what is much in demand: a disputed deal, a case, a registration, a partner with many deals."""
    with office.world.store.read() as connection:
        case = connection.scalar(select(case_file.c.id).where(case_file.c.state == "OPEN"))
        claim = connection.execute(select(measured_claim).where(measured_claim.c.state == "SUBMITTED")).first()
        partner = connection.scalar(select(involved.c.partner))
    waiting = [f"/deals/{claim.opportunity_id}", f"/registrations/{claim.id}"] if claim else []
    return [f"/cases/{case}", *waiting, f"/accounts/{partner}"]


def dispute(office: Office) -> None:
    """Every 500th deal is claimed by two partners that nothing separates, every 250th waits for an answer."""
    rivals = [office.put("sf", "account", name=f"Rival {number}", is_partner=True) for number in range(10)]
    for number, deal in enumerate(list(office.crms["sf"].rows["Opportunity"])):
        claim = {"opportunity": deal, "roles": ("RESELL",), "submitted_at": START}
        several = rivals[:2] if number % 500 == 7 else [rivals[number % 10]] if number % 250 == 9 else []
        for rival in several:
            office.put("sf", "registration", partner=rival, **claim)


def until_it_answers() -> None:
    """The console has started."""
    for _ in range(300):
        try:
            httpx.get(f"{URL}/login")
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise SystemExit("the console did not start")


def say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
