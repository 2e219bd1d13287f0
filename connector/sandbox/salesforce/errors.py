"""What the stand-in refuses, in the shapes that Salesforce puts on the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class Refusal(Exception):
    """A refused request or row: HTTP status, ``errorCode`` (``statusCode`` in a row's errors), message, fields."""

    def __init__(
        self,
        code: str,
        message: str,
        fields: Sequence[str] = (),
        *,
        status: int = 400,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.more = dict(more or {})
        self.code = code
        self.message = message
        self.fields = tuple(fields)
        self.status = status

    def body(self) -> list[dict[str, object]]:
        """The body of a refused request: a list of one error."""
        # the vendor's own spelling, in answers about one row only
        more = {"duplicateResut" if name == "duplicateResult" else name: fact for name, fact in self.more.items()}
        error: dict[str, object] = {"message": self.message, "errorCode": self.code, **more}
        return [error | {"fields": list(self.fields)} if self.fields else error]

    def row(self) -> dict[str, object]:
        """The error of one row in an answer about several."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields), **self.more}


def not_found(message: str = "The requested resource does not exist") -> Refusal:
    """404 NOT_FOUND."""
    return Refusal("NOT_FOUND", message, status=404)


def rolled_back() -> Refusal:
    """What innocent rows get when all-or-none failed for another row."""
    return Refusal(
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
    )
