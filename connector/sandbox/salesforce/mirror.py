"""What the platform does by itself when a partner is put on an opportunity: the reverse row, and one primary."""

from __future__ import annotations

from connector.sandbox.salesforce.tables import Row, Tables

PARTNER = "OpportunityPartner"


def reverse_of(tables: Tables, row: Row) -> Row | None:
    """The row of the other direction for a new forward row: the opportunity's own account as the partner."""
    deal = tables.table(tables.schema.object("Opportunity")).rows.get(str(row["OpportunityId"]))
    account = deal["AccountId"] if deal else None
    if account is None or row["ReversePartnerId"] is not None:
        return None
    table = tables.table(tables.schema.object(PARTNER))
    reverse: Row = {
        "Id": table.fresh_id(),
        "AccountToId": account,
        "IsPrimary": False,
        "ReversePartnerId": row["Id"],
    }
    return row | reverse


def other_primaries(tables: Tables, row: Row) -> list[Row]:
    """The partners that stop being the primary one because this row is it now."""
    if not row["IsPrimary"]:
        return []
    rows = tables.table(tables.schema.object(PARTNER)).rows.values()
    same_deal = (other for other in rows if other["OpportunityId"] == row["OpportunityId"])
    return [other for other in same_deal if other["IsPrimary"] and other["Id"] != row["Id"]]
