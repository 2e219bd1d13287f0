"""Pipelines of deals and their stages, as a portal describes and makes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from connector.sandbox.hubspot import errors
from connector.sandbox.hubspot.errors import invalid
from connector.sandbox.hubspot.schema import EPOCH
from connector.sandbox.hubspot.wire import Answer, Call

PIPELINES_MOST = 100
FIRST_STAGE = 900_000_001


def list_pipelines(call: Call) -> Answer:
    """The pipelines of deals; no other type has any here."""
    pipelines = call.portal.pipelines if call.kind().name == "deals" else []
    return Answer(200, {"results": [_pipeline(each, at) for at, each in enumerate(pipelines)]})


def create_pipeline(call: Call) -> Answer:
    """A new pipeline of deals; HubSpot numbers its stages."""
    call.kind()
    portal, label, stages = call.portal, call.body.get("label"), call.body.get("stages") or []
    if not label or not stages or not all(stage.get("label") for stage in stages):
        raise invalid("A pipeline needs a label, and stages with a label each")
    if len(portal.pipelines) >= portal.setting("pipelines_most", PIPELINES_MOST):
        raise invalid("The limit of pipelines of this account is reached")
    if any(each["label"] == label for each in portal.pipelines):
        raise invalid(f"A pipeline named {label} already exists", {"label": [label]})
    first = FIRST_STAGE + 100 * len(portal.pipelines)
    made = {
        "id": str(first),
        "label": label,
        "stages": [
            {"id": str(first + at), "label": stage["label"], "probability": _probability(stage)}
            for at, stage in enumerate(stages, 1)
        ],
    }
    portal.pipelines.append(made)
    portal.offer_stages()
    return Answer(201, _pipeline(made, len(portal.pipelines) - 1))


def _probability(stage: Mapping[str, Any]) -> str:
    """What a deal stage says of its chances; HubSpot does without none."""
    probability = str((stage.get("metadata") or {}).get("probability", ""))
    if not re.fullmatch(r"0\.\d|1\.0", probability):
        raise invalid(f"Stage {stage['label']} needs a probability from 0.0 to 1.0", {"metadata": [probability]})
    return probability


def get_pipeline(call: Call) -> Answer:
    """One pipeline of deals."""
    for at, each in enumerate(call.portal.pipelines):
        if each["id"] == call.path["pipeline"] and call.kind().name == "deals":
            return Answer(200, _pipeline(each, at))
    raise errors.not_found()


def _pipeline(pipeline: Mapping[str, Any], place: int) -> dict[str, Any]:
    stages = [_stage(stage, at) for at, stage in enumerate(pipeline["stages"])]
    stamps = {"displayOrder": place, "archived": False, "createdAt": EPOCH, "updatedAt": EPOCH}
    return {"id": pipeline["id"], "label": pipeline["label"], "stages": stages} | stamps


def _stage(stage: Mapping[str, Any], place: int) -> dict[str, Any]:
    closed = "true" if stage["probability"] in {"0.0", "1.0"} else "false"
    metadata = {"isClosed": closed, "probability": stage["probability"]}
    stamps = {"displayOrder": place, "archived": False, "createdAt": EPOCH, "updatedAt": EPOCH}
    rest = {"metadata": metadata, "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT"}
    return {"id": stage["id"], "label": stage["label"]} | rest | stamps
