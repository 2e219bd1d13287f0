"""Statements as PDF: one page or more a partner and currency, with the totals that the ledger has."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Flowable, PageBreak, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from sync.statement import Account, Statement

PLAIN: Final = ParagraphStyle("plain", fontName="Vera", fontSize=8, leading=10)
TITLE: Final = ParagraphStyle("title", fontName="VeraBd", fontSize=13, leading=18)
WIDTHS: Final = tuple(width * mm for width in (20, 50, 28, 42, 25, 25))
MARGINS: Final = {f"{side}Margin": 9 * mm for side in ("left", "right", "top", "bottom")}
LOOK: Final = TableStyle(
    [
        ("FONT", (0, 0), (-1, -1), "Vera", 8),
        ("FONT", (0, 0), (-1, 0), "VeraBd", 8),
        ("FONT", (0, -1), (-1, -1), "VeraBd", 8),
        ("ALIGN", (4, 0), (5, -1), "RIGHT"),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.6, colors.black),
        ("LINEABOVE", (0, -1), (-1, -1), 0.6, colors.black),
    ]
)


def write_pdf(found: Sequence[Statement], path: Path) -> None:
    """All statements that have anything in them, in one document. Raises OSError when it cannot be written."""
    face = _face()
    pages: list[Flowable] = []
    for entry in found:
        for account in entry.accounts:
            if pages:
                pages.append(PageBreak())
            pages += _account(entry, account, face)
    if not pages:
        pages = [Paragraph("No entries.", PLAIN)]
    with path.open("wb") as file:
        SimpleDocTemplate(file, pagesize=A4, **MARGINS, title="Statements", author="dealsync").build(
            pages, onFirstPage=_number, onLaterPages=_number
        )


@cache
def _face() -> Any:
    """The font that comes with the PDF library, embedded; what it can show."""
    for name in ("Vera", "VeraBd"):
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    return pdfmetrics.getFont("Vera").face.charToGlyph


def readable(text: str, face: Any) -> str:
    """``text`` in letters that the font has: a letter that it lacks loses its accent before it becomes a ``?``."""
    return "".join(letter if ord(letter) in face else _plainer(letter, face) for letter in text)


def _plainer(letter: str, face: Any) -> str:
    plain = [part for part in unicodedata.normalize("NFKD", letter) if ord(part) in face]
    return "".join(plain) or "?"


def _account(entry: Statement, account: Account, face: Any) -> Iterator[Flowable]:
    title = f"{entry.name}: {entry.period.label}, {account.currency}"
    yield Paragraph(escape(readable(title, face)), TITLE)
    days = f"{entry.period.first.isoformat()} to {entry.period.last.isoformat()}"
    yield Paragraph(f"{days}. Amounts in {account.currency}; weights are exact parts of the deal.", PLAIN)
    yield Spacer(0, 4 * mm)
    table = Table([_HEAD, *_rows(account, face)], colWidths=WIDTHS, repeatRows=1)
    table.setStyle(LOOK)
    yield table


_HEAD: Final = ("Day", "Deal", "Roles, weight", "Why", "Amount", "Balance")


def _rows(account: Account, face: Any) -> Iterator[tuple[object, ...]]:
    balance = account.opening.major
    yield "", "Opening", "", "", "", f"{balance:,}"
    for own in account.entries:
        balance += own.delta.major
        why = f"{own.cause.lower().replace('_', ' ')}: {own.reason}"
        part = f"{', '.join(own.roles)} {own.weight if len(own.weight) < 12 else ''}"
        cells = (Paragraph(escape(readable(text, face)), PLAIN) for text in (own.deal, part, why))
        yield own.day.isoformat(), *cells, f"{own.delta.major:,}", f"{balance:,}"
    yield "", "Closing", "", "", "", f"{account.closing.major:,}"


def _number(canvas: Any, document: Any) -> None:
    canvas.setFont("Vera", 7)
    canvas.drawRightString(A4[0] - 15 * mm, 8 * mm, f"dealsync · page {document.page}")
