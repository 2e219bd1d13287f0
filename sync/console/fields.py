"""What a form sends, field by field, for pages whose fields are not all there every time."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from fastapi import Depends, Request


async def _sent(request: Request) -> dict[str, list[str]]:
    form = await request.form()
    return {key: [text for text in form.getlist(key) if isinstance(text, str)] for key in form}


Sent: TypeAlias = Annotated[dict[str, list[str]], Depends(_sent)]
"""The parameter of a view function that reads a whole form: every field with its values."""


def one(sent: dict[str, list[str]], field: str) -> str:
    """The first value of a field, without the space around it; empty when there is none."""
    return (sent.get(field) or [""])[0].strip()
