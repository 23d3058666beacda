"""Documents in the layout of official papers (GB/T 9704-2012): margins, lines, fonts by name, tables, signatures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from app.reports.packing import repack
from app.reports.texts import clean
from app.reports.workbooks import SAVED_AT

__all__ = ["Paper"]

BODY_FONT, TITLE_FONT, HEAD_FONT, SUBHEAD_FONT = "仿宋_GB2312", "方正小标宋简体", "黑体", "楷体_GB2312"
"""Named, not brought along: the office's computer has them, and another takes its own in their place."""

LATIN_FONT = "Times New Roman"

BODY_PT, TITLE_PT, TABLE_PT, PAGE_PT = 16.0, 22.0, 11.0, 14.0
"""Sizes 3号, 2号, 小四 less a point, and 4号."""

LONGEST_PROPERTY = 255
"""Characters of a title among the properties of a document."""

LINE_PT = 28.9
"""22 lines on 225 mm."""


class Paper:
    """A document that grows from its title down."""

    def __init__(self, title: str, *, landscape: bool = False) -> None:
        self.document: Document = docx.Document()
        self._lay_out(landscape=landscape)
        properties = self.document.core_properties
        properties.title, properties.author, properties.comments = clean(title)[:LONGEST_PROPERTY], "", ""
        properties.created = properties.modified = SAVED_AT
        properties.last_modified_by, properties.revision = "", 1
        self.title(title)

    def _lay_out(self, *, landscape: bool) -> None:
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin = Mm(37), Mm(35)
        section.left_margin, section.right_margin = Mm(28), Mm(26)
        if landscape:
            section.orientation = WD_ORIENT.LANDSCAPE
            section.page_width, section.page_height = section.page_height, section.page_width
            section.top_margin, section.bottom_margin = Mm(26), Mm(24)
        section.footer_distance = Mm(25 if not landscape else 14)
        style = self.document.styles["Normal"]
        style.font.size = Pt(BODY_PT)
        style.font.name = LATIN_FONT
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), BODY_FONT)
        foot = section.footer.paragraphs[0]
        foot.alignment = WD_ALIGN_PARAGRAPH.CENTER
        self._run(foot, "— ", "宋体", PAGE_PT)
        _add_page_number(self._run(foot, "", "宋体", PAGE_PT))
        self._run(foot, " —", "宋体", PAGE_PT)

    def title(self, text: str) -> None:
        """Write a title in its middle, and a line of space below it."""
        paragraph = self._paragraph(text, TITLE_FONT, TITLE_PT, indent=False)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.line_spacing = Pt(34)
        paragraph.paragraph_format.space_after = Pt(LINE_PT / 2)
        paragraph.paragraph_format.keep_with_next = True

    def head(self, text: str) -> None:
        """Write a heading of the first level: 一、."""
        self._paragraph(text, HEAD_FONT, BODY_PT).paragraph_format.keep_with_next = True

    def subhead(self, text: str) -> None:
        """Write a heading of the second level: （一）."""
        self._paragraph(text, SUBHEAD_FONT, BODY_PT).paragraph_format.keep_with_next = True

    def say(self, text: str, *, indent: bool = True) -> None:
        """Write a paragraph of the body."""
        self._paragraph(text, BODY_FONT, BODY_PT, indent=indent)

    def sign(self, unit: str, date: str = "    年  月  日") -> None:
        """Write who issues the paper, and when, at the right."""
        for number, text in enumerate((unit, date)):
            paragraph = self._paragraph(text, BODY_FONT, BODY_PT, indent=False)
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            paragraph.paragraph_format.right_indent = Pt(4 * BODY_PT)
            paragraph.paragraph_format.space_before = Pt(2 * LINE_PT if not number else 0)

    def attach(self, names: Sequence[str]) -> None:
        """List what is attached."""
        for number, name in enumerate(names):
            lead = "附件：" if not number else "　　　"
            self._paragraph(f"{lead}{number + 1}. {name}", BODY_FONT, BODY_PT)

    def next_page(self, title: str) -> None:
        """Go on with another title on a new page."""
        self.title(title)
        self.document.paragraphs[-1].paragraph_format.page_break_before = True

    def table(
        self,
        head: Sequence[str],
        rows: Sequence[Sequence[Any]],
        widths_mm: Sequence[float],
        *,
        row_mm: float = 0.0,
    ) -> None:
        """Draw a table with a header that comes again on every page.

        Parameters
        ----------
        head, rows
            What stands in it; numbers go to the right.
        widths_mm
            Of its columns.
        row_mm
            The least height of a row, where something is to be written in by hand.
        """
        table = self.document.add_table(rows=1 + len(rows), cols=len(head))
        table.style = "Table Grid"
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        table.autofit = False
        for column, width in zip(table.columns, widths_mm, strict=True):
            column.width = Mm(width)
        for number, row in enumerate(table.rows):
            values = head if not number else rows[number - 1]
            if not number:
                _repeat_as_header(row)
            elif row_mm:
                row.height = Mm(row_mm)
            _keep_together(row)
            for cell, value, width in zip(row.cells, values, widths_mm, strict=True):
                cell.width = Mm(width)
                self._fill(cell, value, bold=not number)

    def picture(self, png: bytes, width_mm: float) -> None:
        """Put a picture in the middle of the page."""
        paragraph = self.document.add_paragraph()
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.add_run().add_picture(io.BytesIO(png), width=Mm(width_mm))

    def caption(self, text: str) -> None:
        """Write a small line in the middle, below a picture or above a table."""
        paragraph = self._paragraph(text, SUBHEAD_FONT, 12.0, indent=False)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.line_spacing = Pt(20)

    def save(self) -> bytes:
        """Return the document; the same content is the same bytes."""
        held = io.BytesIO()
        self.document.save(held)
        return repack(held.getvalue())

    def _paragraph(self, text: str, font: str, size: float, *, indent: bool = True) -> Paragraph:
        paragraph = self.document.add_paragraph()
        form = paragraph.paragraph_format
        form.line_spacing = Pt(LINE_PT)
        form.space_before = form.space_after = Pt(0)
        if indent:
            form.first_line_indent = Pt(2 * size)
        self._run(paragraph, text, font, size)
        return paragraph

    def _run(self, paragraph: Paragraph, text: str, font: str, size: float, *, bold: bool = False) -> Run:
        run = paragraph.add_run(clean(text))
        run.font.size = Pt(size)
        run.font.name = LATIN_FONT
        run.font.bold = bold
        run.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
        return run

    def _fill(self, cell: _Cell, value: Any, *, bold: bool) -> None:
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.space_after = Pt(0)
        paragraph.paragraph_format.line_spacing = Pt(16)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if bold:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        elif number:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        text = f"{value:,}" if number else clean(value)
        self._run(paragraph, text, HEAD_FONT if bold else BODY_FONT, TABLE_PT, bold=False)
        cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER


def _add_page_number(run: Run) -> None:
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run.element.append(element)


def _repeat_as_header(row: Any) -> None:
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)  # noqa: SLF001  python-docx has no word for it


def _keep_together(row: Any) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))  # noqa: SLF001  nor for this
