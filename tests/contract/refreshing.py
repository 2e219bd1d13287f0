"""One of two programs that use one rotating refresh token: again and again it wants another session than it has."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from connector.budget import CallCount
from connector.errors import TryAgain
from connector.retry import Patient
from connector.salesforce.crm import SalesforceCrm
from sync.store.opening import open_store
from sync.store.runs import StoreVault

REFRESH = {"flow": "refresh_token", "client_id": "dealsync", "refresh_token": "refresh-sandbox"}


def main(url: str, home: Path, rounds: int) -> int:
    """How many sessions were good, of as many as there are rounds."""
    store = open_store("sqlite:///dealsync.db", home)
    settings = {"url": url, **REFRESH}
    ledger = CallCount(now=lambda: datetime.now(UTC))
    crm = SalesforceCrm("sf", settings, ledger=ledger, vault=StoreVault(lambda: store))
    patient = Patient(
        crm, sleep=lambda seconds: time.sleep(seconds / 20), now=lambda: datetime.now(UTC), attempts=40
    )
    broker, done = crm._wire._broker, 0
    for _ in range(rounds):
        done += patient.whoami().org.startswith("00D")
        with suppress(TryAgain):  # the next round waits for whoever is signing in
            broker.renewed(broker.token())
    return done


if __name__ == "__main__":
    sys.stdout.write(str(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))))
