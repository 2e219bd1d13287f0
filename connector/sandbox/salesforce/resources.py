"""Queries, describes and limits: the resources that are not single rows."""

from __future__ import annotations

import re
from email.utils import format_datetime

from connector.sandbox.salesforce.asks import Ask, Reply
from connector.sandbox.salesforce.describe import describe_object, summary
from connector.sandbox.salesforce.errors import Refusal
from connector.sandbox.salesforce.select import select

_PAGE, _SMALLEST_PAGE = 2000, 200


def query(ask: Ask) -> Reply:
    return _query(ask, include_deleted=False)


def query_all(ask: Ask) -> Reply:
    return _query(ask, include_deleted=True)


def _query(ask: Ask, *, include_deleted: bool) -> Reply:
    if "q" not in ask.query:
        raise Refusal("MALFORMED_QUERY", "SOQL statement is required")
    selection = select(ask.org.tables, ask.query["q"], include_deleted=include_deleted)
    return Reply(200, ask.org.cursors.first(ask.user, selection, _page_size(ask), ask.version))


def query_more(ask: Ask, locator: str) -> Reply:
    if ask.org.settings.get("invalid_locators"):
        ask.org.cursors.close()
    return Reply(200, ask.org.cursors.next(ask.user, locator, ask.version))


def _page_size(ask: Ask) -> int:
    if "page_size" in ask.org.settings:
        return int(ask.org.settings["page_size"])
    asked = re.search(r"batchSize=(\d+)", ask.headers.get("sforce-query-options", ""))
    return min(max(int(asked[1]), _SMALLEST_PAGE), _PAGE) if asked else _PAGE


def sobjects(ask: Ask) -> Reply:
    seen = [summary(spec, ask.version) for spec in ask.org.schema.objects]
    return Reply(200, {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": seen})


def describe(ask: Ask, kind: str) -> Reply:
    spec = ask.org.schema.object(kind)
    edited = ask.org.described_since()
    since = ask.since("if-modified-since")
    headers = {"last-modified": format_datetime(edited, usegmt=True)}
    if since and since >= edited:
        return Reply(304, headers=headers)
    return Reply(200, describe_object(ask.org.schema, spec, ask.version), headers)


def limits(ask: Ask) -> Reply:
    most = ask.org.daily_limit
    body = {"DailyApiRequests": {"Max": most, "Remaining": max(0, most - ask.org.used())}}
    for name, untouched in (("DailyBulkApiBatches", 15_000), ("DailyBulkV2QueryJobs", 10_000)):
        body[name] = {"Max": untouched, "Remaining": untouched}
    return Reply(200, body)


def resources(ask: Ask) -> Reply:
    root = f"/services/data/{ask.version}"
    return Reply(200, {name: f"{root}/{name}" for name in ("sobjects", "query", "queryAll", "composite", "limits")})
