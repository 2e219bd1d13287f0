"""aio-sf as its manual says: sign in, write by collections, and read by query and by bulk job.

Argument: the address. ``read FIELDS FILE``: every opportunity by a query into a file of JSON lines, as a peer.
"""

import asyncio
import json
import sys
from pathlib import Path

from aio_sf import ClientCredentialsAuth, SalesforceClient


def client(url):
    return SalesforceClient(ClientCredentialsAuth(url, "dealsync", "sandbox-secret"), version="v62.0")


async def talk(url):
    async with client(url) as salesforce:
        names = [field["name"] for field in (await salesforce.describe.sobject("Account"))["fields"]]
        made = await salesforce.collections.insert([{"Name": f"Made {n}"} for n in range(250)], "Account")
        rows = [row["Name"] async for row in await salesforce.query.soql("SELECT Id, Name FROM Account")]
        gone = await salesforce.query.soql("SELECT Id FROM Account", include_deleted=True)
        return {
            "described": "Name" in names,
            "made": sum(result["success"] for result in made),
            "rows": sum(name.startswith("Made") for name in rows),
            "all": gone.total_size,
        }


async def read(url, fields, file):
    async with client(url) as salesforce:
        found = await salesforce.query.soql(f"SELECT Id, SystemModstamp, {fields} FROM Opportunity", True)
        count = 0
        with Path(file).open("w", encoding="utf-8") as lines:
            async for row in found:
                lines.write(json.dumps(row) + "\n")
                count += 1
        return count


if __name__ == "__main__":
    url, *wanted = sys.argv[1:]
    sys.stdout.write(json.dumps(asyncio.run(read(url, *wanted[1:]) if wanted else talk(url))))
