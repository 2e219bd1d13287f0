"""Composite requests and graphs: several requests in one call that may use each other's results."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from connector.sandbox.salesforce.asks import Ask, Reply, Route, answer
from connector.sandbox.salesforce.errors import Refusal

_MOST_REQUESTS, _MOST_QUERIES = 25, 5
_MOST_NODES, _MOST_GRAPHS, _MOST_FAILED = 500, 75, 14
_REFERENCE = re.compile(r"@\{([^}]+)\}")
_DATA = re.compile(r"/services/data/(v\d+\.\d)(/.*)", re.I)
_ROWS = re.compile(r"/v\d+\.\d/sobjects/", re.I)
_WIDE = re.compile(r"/(query|queryall|composite/sobjects)\b", re.I)

Answered = dict[str, Any]


def composite(ask: Ask, routes: Callable[[], list[Route]]) -> Reply:
    """Up to 25 requests, run in order; with allOrNone one failure takes all back."""
    wanted = _requests(ask.fields())
    wide = sum(bool(_WIDE.search(str(request.get("url", "")))) for request in wanted)
    if len(wanted) > _MOST_REQUESTS or wide > _MOST_QUERIES:
        message = f"at most {_MOST_REQUESTS} requests, {_MOST_QUERIES} of them queries or collections"
        raise Refusal("INVALID_INPUT", f"Limit exceeded: {message}")
    answers, _ = _run(ask, wanted, routes(), all_or_none=bool(ask.fields().get("allOrNone", False)))
    return Reply(200, {"compositeResponse": answers})


def graph(ask: Ask, routes: Callable[[], list[Route]]) -> Reply:
    """Up to 75 graphs of together 500 nodes; each lands whole or not at all. After 14 failures all halt."""
    graphs = ask.fields().get("graphs", [])
    nodes = sum(len(_requests(one)) for one in graphs)
    if nodes > _MOST_NODES or len(graphs) > _MOST_GRAPHS:
        message = f"Limit exceeded: {nodes} nodes in {len(graphs)} graphs; at most {_MOST_NODES} in {_MOST_GRAPHS}"
        raise Refusal("INVALID_INPUT", message)
    if not all(_ROWS.search(str(request.get("url"))) for one in graphs for request in _requests(one)):
        raise Refusal("INVALID_INPUT", "a graph takes requests to /sobjects/ only")
    found: list[Answered] = []
    for one in graphs:
        if sum(not earlier["isSuccessful"] for earlier in found) > _MOST_FAILED:
            answers, done = [_never_run(request) for request in _requests(one)], False
        else:
            answers, done = _run(ask, _requests(one), routes(), all_or_none=True)
        response = {"compositeResponse": answers}
        found.append({"graphId": one.get("graphId"), "graphResponse": response, "isSuccessful": done})
    return Reply(200, {"graphs": found})


def _requests(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    wanted = body.get("compositeRequest")
    names = [request.get("referenceId") for request in wanted or ()]
    if not wanted or not all(names) or len(set(names)) < len(names):
        raise Refusal("INVALID_INPUT", "compositeRequest needs requests, each with a referenceId of its own")
    return list(wanted)


def _run(
    ask: Ask, wanted: list[dict[str, Any]], routes: list[Route], *, all_or_none: bool
) -> tuple[list[Answered], bool]:
    """The answers in order, and whether all went well."""
    done: dict[str, Answered] = {}
    try:
        with ask.org.tables.whole_or_nothing():
            for request in wanted:
                done[request["referenceId"]] = _one(ask, request, done, routes)
            if all_or_none and not all(map(_good, done.values())):
                raise _halted()
    except Refusal:
        return [_taken_back(one) for one in done.values()], False
    return list(done.values()), all(map(_good, done.values()))


def _one(ask: Ask, request: Mapping[str, Any], done: Mapping[str, Answered], routes: list[Route]) -> Answered:
    try:
        _, reply = answer(_subrequest(ask, _filled(dict(request), done)), routes)
    except Refusal as refusal:
        reply = Reply(refusal.status, refusal.body())
    answered = {"body": reply.body, "httpHeaders": dict(reply.headers), "httpStatusCode": reply.status}
    return {**answered, "referenceId": request["referenceId"]}


def _subrequest(ask: Ask, request: Mapping[str, Any]) -> Ask:
    url = urlsplit(str(request.get("url", "")))
    found = _DATA.fullmatch(url.path)
    if found is None:
        raise Refusal("INVALID_INPUT", f"the url of a subrequest starts with /services/data/vXX.X: {url.path}")
    headers = {str(name).lower(): str(text) for name, text in request.get("httpHeaders", {}).items()}
    method = str(request.get("method", "GET")).upper()
    query = dict(parse_qsl(url.query))
    return Ask(ask.org, ask.user, found[1], method, found[2], query, request.get("body"), headers)


def _filled(value: Any, done: Mapping[str, Answered]) -> Any:
    """The request with every ``@{reference.field}`` replaced by what the earlier answer holds there."""
    match value:
        case str():
            whole = _REFERENCE.fullmatch(value)
            if whole:
                return _looked_up(whole[1], done)
            return _REFERENCE.sub(lambda found: str(_looked_up(found[1], done)), value)
        case list():
            return [_filled(item, done) for item in value]
        case dict():
            return {name: _filled(item, done) for name, item in value.items()}
    return value


def _looked_up(path: str, done: Mapping[str, Answered]) -> Any:
    name, *steps = re.findall(r"[^.\[\]]+", path)
    if name in done and not _good(done[name]):
        raise _halted()
    found: Any = done[name]["body"] if name in done else None
    for step in steps:
        try:
            found = found[int(step)] if isinstance(found, list) else found[step]
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise Refusal("PROCESSING_HALTED", f"Invalid reference specified. No value for {path} found") from error
    if found is None:
        raise Refusal("PROCESSING_HALTED", f"Invalid reference specified. No value for {path} found")
    return found


def _good(one: Answered) -> bool:
    return bool(one["httpStatusCode"] < 300)


def _taken_back(one: Answered) -> Answered:
    return {**one, "body": _halted().body(), "httpHeaders": {}, "httpStatusCode": 400} if _good(one) else one


def _never_run(request: Mapping[str, Any]) -> Answered:
    halted = {"body": _halted().body(), "httpHeaders": {}, "httpStatusCode": 400}
    return {**halted, "referenceId": request["referenceId"]}


def _halted() -> Refusal:
    message = "The transaction was rolled back since another operation in the same transaction failed."
    return Refusal("PROCESSING_HALTED", message)
