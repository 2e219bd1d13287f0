"""What HubSpot's own SDK for dated paths does with a portal; prints what it saw as one JSON line.

It validates every answer against HubSpot's models, so that a wrong answer ends it.
"""

from __future__ import annotations

import json
import sys

import hubspot_sdk

DEAL = {"dealname": "One", "dealstage": "contractsent", "pipeline": "default", "hubspot_owner_id": "77"}


def main() -> None:
    """Talk to the address in the first argument."""
    hs = hubspot_sdk.HubSpot(
        access_token="pat-sandbox", base_url=sys.argv[1], max_retries=0, _strict_response_validation=True
    )
    deals = hs.crm.objects.deals
    ids = [deals.create(properties=DEAL, associations=[]).id for _ in range(3)]
    listed = [deal.id for deal in deals.list(limit=2, properties=["dealname"])]
    filters = [{"filters": [{"propertyName": "hs_object_id", "operator": "GT", "value": ids[0]}]}]
    found = deals.search(after="", filter_groups=filters, limit=10, properties=["dealname"], sorts=["hs_object_id"])
    inputs = [{"id": key, "idProperty": "engine_key", "properties": {"share": "60"}} for key in ("a", "b")]
    path = "/crm/objects/2026-03/partner_attribution/batch/upsert"
    upserted = hs.post(path, body={"inputs": inputs}, cast_to=dict[str, object])
    divided = hs.crm.deal_splits.batch.upsert(
        inputs=[{"id": int(ids[0]), "splits": [{"ownerId": 77, "percentage": 1.0}]}]
    )
    saw = {
        "listed": listed[-3:] == ids,
        "found": [deal.id for deal in found.results] == ids[1:],
        "upserted": upserted["status"],
        "split": divided.results[0].splits[0].properties["hs_deal_split_percentage"],
        "refused": refused(hs),
    }
    print(json.dumps(saw))  # noqa: T201


def refused(hs: hubspot_sdk.HubSpot) -> list[object]:
    """What becomes of a stage that does not exist."""
    try:
        hs.crm.objects.deals.create(properties=DEAL | {"dealstage": "nowhere"}, associations=[])
    except hubspot_sdk.BadRequestError as error:
        return [error.status_code, error.body["category"]]  # type: ignore[index]
    return []


main()
