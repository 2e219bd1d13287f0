"""The pipelines of deals and their stages, by id: labels are renamed, and two pipelines may share one.

Source: developers.hubspot.com, "Pipelines".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from connector.hubspot.answers import Answer
from connector.hubspot.decode import text
from connector.hubspot.gateway import Gateway
from connector.hubspot.routes import Route
from connector.record import FieldInfo, FieldType, RecordTypes, Value, value_text

PIPELINES, STAGES = "pipelines", "pipeline_stages"


class Metadata(Answer, frozen=True):
    probability: str | None = None
    is_closed: str | None = None


class Stage(Answer, frozen=True):
    id: str
    label: str
    updated_at: str
    display_order: int = 0
    metadata: Metadata = Metadata()
    archived: bool = False


class Pipeline(Answer, frozen=True):
    id: str
    label: str
    updated_at: str
    stages: list[Stage]
    display_order: int = 0
    archived: bool = False


class Listed(Answer, frozen=True):
    results: list[Pipeline]


DEAL_PIPELINES = Route(Listed, "GET", "/crm/pipelines/{v}/{0}", "/crm/v3/pipelines/{0}")

PIPELINE_FIELDS = (
    FieldInfo("id", "Pipeline id", FieldType.ID, writable=False),
    FieldInfo("label", "Pipeline", FieldType.TEXT, writable=False),
    FieldInfo("displayOrder", "Place", FieldType.NUMBER, writable=False),
    FieldInfo("archived", "Archived", FieldType.BOOLEAN, writable=False),
)
STAGE_FIELDS = (
    FieldInfo("id", "Stage id", FieldType.ID, writable=False),
    FieldInfo("label", "Stage", FieldType.TEXT, writable=False),
    FieldInfo("pipeline", "Pipeline id", FieldType.REFERENCE, writable=False, refers_to=(PIPELINES,)),
    FieldInfo("displayOrder", "Place", FieldType.NUMBER, writable=False),
    FieldInfo("probability", "Probability", FieldType.NUMBER, writable=False),
    FieldInfo("isClosed", "Closed", FieldType.BOOLEAN, writable=False),
    FieldInfo("archived", "Archived", FieldType.BOOLEAN, writable=False),
)


def pipelines(gateway: Gateway) -> Iterator[tuple[str, str, Mapping[str, Value]]]:
    """Every pipeline of deals. Raises CrmError."""
    for pipeline in gateway.send(DEAL_PIPELINES, "deals").results:
        yield pipeline.id, pipeline.updated_at, _values(pipeline)


def stages(gateway: Gateway) -> Iterator[tuple[str, str, Mapping[str, Value]]]:
    """Every stage of every pipeline of deals. Raises CrmError."""
    for pipeline in gateway.send(DEAL_PIPELINES, "deals").results:
        for stage in pipeline.stages:
            chance = text("number", stage.metadata.probability)
            more = {"pipeline": pipeline.id, "probability": chance, "isClosed": stage.metadata.is_closed}
            yield stage.id, stage.updated_at, _values(stage) | more


def narrowed(gateway: Gateway) -> RecordTypes:
    """The stages that each pipeline of deals offers, by the pipeline's label; an archived one offers none."""
    return {
        pipeline.label: {"dealstage": tuple(stage.id for stage in pipeline.stages if not stage.archived)}
        for pipeline in gateway.send(DEAL_PIPELINES, "deals").results
        if not pipeline.archived
    }


def _values(named: Pipeline | Stage) -> dict[str, Value]:
    return {
        "id": named.id,
        "label": value_text(named.label),
        "displayOrder": value_text(named.display_order),
        "archived": value_text(named.archived),
    }
