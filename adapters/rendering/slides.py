"""Reports as slides (PowerPoint), in the company's own template if there is one.

A template is used by names: its layouts `Title Slide` and `Title Only`, and in the former the placeholders `Title`,
`Period` and `Headline`. If a name is missing, the first placeholder of the right type is used. Tables remain editable
tables; charts are pictures with a description.
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Any
from unicodedata import bidirectional, east_asian_width

import pptx
from pptx.dml.color import RGBColor
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.enum.text import PP_ALIGN
from pptx.util import Emu, Inches, Pt

from adapters.rendering.document import Block, Cell, Column, Document, Figure, Sentence, Table, Tone

WIDE = (Inches(13.333), Inches(7.5))
MARGIN = Inches(0.6)
TITLE, TEXT, NOTE, SMALL = Pt(28), Pt(15), Pt(11), Pt(9)
SIGNS_AN_INCH = 10.0
"""The approximate number of characters per inch. It decides where tables continue on the next slide."""
LINE, NOTE_LINE, PADDING = Pt(19), Pt(14), Pt(10)
HEADING, CAPTION, GAP = Pt(26), Pt(32), Pt(18)
"""The heights of a table's first row, of the line above it, and of the gap below it."""
PICTURE_PIXELS_PER_POINT = 2.0
INK, PAPER = RGBColor.from_string("1B2430"), RGBColor.from_string("FFFFFF")
COLOURS: dict[Tone, RGBColor] = {
    "good": RGBColor.from_string("1E6B4A"),
    "bad": RGBColor.from_string("A62B22"),
    "warning": RGBColor.from_string("8A5A00"),
    "quiet": RGBColor.from_string("5A6572"),
    "strong": INK,
    "": INK,
}
NO_XML = {0xFFFE: "�", 0xFFFF: "�"}
THE_BEGINNING = (1980, 1, 1, 0, 0, 0)
"""The timestamp of all parts of the file, so that the same report always makes the same file."""


@dataclass(frozen=True)
class Area:
    """A rectangle on a slide, in English Metric Units."""

    left: int
    top: int
    width: int
    height: int


def slides(document: Document, template: Path | None = None) -> bytes:
    """Return the document as a presentation, in a template if one is given."""
    deck = Deck(pptx.Presentation(str(template) if template else None), is_ours=template is None)
    deck.open_with(document)
    for section in document.sections:
        deck.begin(section.title)
        for block in section.blocks:
            deck.show(block)
    return saved(deck.presentation, document)


class Deck:
    """A presentation under construction."""

    def __init__(self, presentation: Any, is_ours: bool) -> None:
        self.presentation, self._is_ours = presentation, is_ours
        self._footer, self._title, self._number = "", "", 0
        self._slide: Any = None
        self._left = Area(0, 0, 0, 0)
        """The area of the current slide that is still free."""
        for slide in list(presentation.slides._sldIdLst):  # Remove the example slides of the template.
            presentation.part.drop_rel(slide.rId)
            presentation.slides._sldIdLst.remove(slide)
        if is_ours:
            presentation.slide_width, presentation.slide_height = WIDE
        self._first = layout_named(presentation, "Title Slide", PP_PLACEHOLDER.CENTER_TITLE)
        self._other = layout_named(presentation, "Title Only", PP_PLACEHOLDER.TITLE)
        if is_ours:
            widened(self._first, Area(MARGIN, Inches(1.9), WIDE[0] - 2 * MARGIN, Inches(1.4)))
            widened(self._other, Area(MARGIN, Inches(0.35), WIDE[0] - 2 * MARGIN, Inches(0.9)))

    # The first slides

    def open_with(self, document: Document) -> None:
        self._footer = document.footer
        slide = self.presentation.slides.add_slide(self._first)
        said = {"Title": document.title, "Period": document.period, "Headline": document.headline}
        left = dict(said)
        for place in self._first.placeholders:
            if place.name in said and place.placeholder_format.idx in indices(slide):
                written(slide.placeholders[place.placeholder_format.idx].text_frame, left.pop(place.name))
        if "Title" in left and slide.shapes.title is not None:
            written(slide.shapes.title.text_frame, left.pop("Title"))
        rest = [words for words in left.values() if words]
        free = [each for each in slide.placeholders if not each.has_text_frame or not each.text_frame.text]
        if rest and free:
            written(free[0].text_frame, *rest)
        elif rest:
            area = self._area()
            written(boxed(slide, Area(area.left, area.top, area.width, Inches(1))), *rest)
        self._foot(slide)
        if document.facts or document.remarks:
            self.begin(document.headline)
            columns = [Column("", 4), Column("", 3), Column("", 5)]
            rows = [(Cell(each.label), Cell(each.value, tone="strong"), Cell(each.note)) for each in document.facts]
            if rows:
                self.show(Table("", columns, rows, ""))
            for remark in document.remarks:
                self.show(remark)

    # Further slides: one block below the other; a full slide is followed by another

    def begin(self, title: str) -> None:
        """Begin a section on a new slide."""
        self._title, self._number, self._slide = title, 0, None

    def show(self, block: Block) -> None:
        match block:
            case Sentence(text=words, tone=tone):
                put(self._box(height_of(Cell(words), self._area().width)), words, TEXT, tone)
            case Table():
                self._table(block)
            case Figure():
                self._figure(block)

    def _box(self, height: int) -> Any:
        """Return the paragraph of a new text box of this height."""
        return boxed(self._slide_for(height), self._taken(height)).paragraphs[0]

    def _figure(self, figure: Figure) -> None:
        slide = self._slide_for(Inches(4))
        put(self._box(CAPTION), figure.caption, TEXT, "quiet")
        picture = slide.shapes.add_picture(BytesIO(drawn(figure)), self._left.left, self._left.top)
        scale = min(self._left.width / picture.width, self._left.height / picture.height)
        picture.width, picture.height = Emu(int(picture.width * scale)), Emu(int(picture.height * scale))
        picture.left = Emu(self._left.left + (self._left.width - picture.width) // 2)
        picture._element.nvPicPr.cNvPr.set("descr", figure.description.translate(NO_XML))
        self._taken(picture.height)
        if figure.table_beside:
            self._table(figure.table)

    def _table(self, table: Table) -> None:
        if not table.rows:
            self.show(Sentence(table.empty, "quiet"))
            return
        above = (CAPTION if table.caption else 0) + (HEADING if any(column.title for column in table.columns) else 0)
        widths, rows = widths_of(table.columns, self._area().width), list(table.rows)
        while rows:
            self._slide_for(above + height_of_row(rows[0], widths))
            part = fitting(rows, widths, self._left.height - above)
            if table.caption:
                put(self._box(CAPTION), table.caption, TEXT, "quiet")
            height = above - (CAPTION if table.caption else 0) + sum(height_of_row(row, widths) for row in part)
            self._rows(self._slide, self._taken(height + GAP), table.columns, widths, part)
            rows = rows[len(part) :]

    def _rows(
        self, slide: Any, area: Area, columns: Sequence[Column], widths: Sequence[int], rows: Sequence[Sequence[Cell]]
    ) -> None:
        headed = any(column.title for column in columns)
        shape = slide.shapes.add_table(
            len(rows) + headed, len(columns), area.left, area.top, area.width, HEADING * (len(rows) + headed)
        )
        table = shape.table
        table.first_row = headed
        for place, width in enumerate(widths):
            table.columns[place].width = Emu(width)
        if headed:
            for place, column in enumerate(columns):
                paragraph = emptied(table.cell(0, place))
                put(paragraph, column.title, NOTE, "strong", PAPER)
                paragraph.alignment = PP_ALIGN.RIGHT if column.right else PP_ALIGN.LEFT
        for number, row in enumerate(rows, int(headed)):
            for place, cell in enumerate(row):
                paragraph = emptied(table.cell(number, place))
                put(paragraph, cell.text, TEXT, cell.tone)
                paragraph.alignment = PP_ALIGN.RIGHT if columns[place].right else PP_ALIGN.LEFT
                if cell.note:
                    put(table.cell(number, place).text_frame.add_paragraph(), cell.note, NOTE, "quiet")

    def _slide_for(self, height: int) -> Any:
        """Return the current slide, or a new one if less than this height is left on it."""
        if self._slide is None or (height > self._left.height and self._left.top > self._area().top):
            self._number += 1
            self._slide = self.presentation.slides.add_slide(self._other)
            if self._slide.shapes.title is not None:
                title = self._title if self._number == 1 else f"{self._title} ({self._number})"
                self._head(self._slide.shapes.title.text_frame, title)
            self._foot(self._slide)
            self._left = self._area()
        return self._slide

    def _taken(self, height: int) -> Area:
        """Take this height from the free area, and return the area taken."""
        left = self._left
        self._left = Area(left.left, left.top + height, left.width, left.height - height)
        return Area(left.left, left.top, left.width, height)

    def _head(self, frame: Any, words: str) -> None:
        """Write a title: as the template formats it, or in our own layout on the left and small enough for a
        sentence.
        """
        written(frame, words)
        if self._is_ours:
            for paragraph in frame.paragraphs:
                paragraph.alignment = PP_ALIGN.LEFT
                paragraph.font.size, paragraph.font.bold, paragraph.font.color.rgb = TITLE, True, INK

    def _foot(self, slide: Any) -> None:
        if self._footer:
            height, area = self.presentation.slide_height, self._area()
            frame = boxed(slide, Area(area.left, height - Inches(0.4), area.width, Inches(0.3)))
            put(frame.paragraphs[0], self._footer, SMALL, "quiet")

    def _area(self) -> Area:
        """Return the area for the contents of a slide: below the title, between the title's margins."""
        width, height = self.presentation.slide_width, self.presentation.slide_height
        [title, *_] = [each for each in self._other.placeholders if each.placeholder_format.idx == 0] or [None]
        left, top = (title.left, title.top + title.height) if title is not None else (MARGIN, MARGIN)
        return Area(left, top + Inches(0.1), width - 2 * left, height - top - Inches(0.6))


def layout_named(presentation: Any, name: str, kind: Any) -> Any:
    """Return the layout with a name, else the first with a placeholder of this type or any title, else the first."""
    layouts = list(presentation.slide_layouts)
    by_name = [each for each in layouts if each.name == name]
    by_kind = [each for each in layouts if any(place.placeholder_format.type == kind for place in each.placeholders)]
    titled = [each for each in layouts if any(place.placeholder_format.idx == 0 for place in each.placeholders)]
    return [*by_name, *by_kind, *titled, *layouts][0]


def indices(slide: Any) -> set[int]:
    return {each.placeholder_format.idx for each in slide.placeholders}


def widened(layout: Any, title: Area) -> None:
    """Place the title and contents of our own layout on a wide slide."""
    under = Area(title.left, title.top + title.height + Inches(0.2), title.width, Inches(1.6))
    for place in layout.placeholders:
        area = title if place.placeholder_format.idx == 0 else under
        if place.placeholder_format.type in (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER):
            place._element.getparent().remove(place._element)
            continue
        place.left, place.top, place.width, place.height = map(Emu, (area.left, area.top, area.width, area.height))


# Text


def boxed(slide: Any, area: Area) -> Any:
    """Return the text frame of a new box."""
    frame = slide.shapes.add_textbox(area.left, area.top, area.width, area.height).text_frame
    frame.word_wrap = True
    return frame


def written(frame: Any, *paragraphs: str) -> None:
    """Write into a placeholder, which defines the format of its text."""
    frame.text = "\n".join(paragraphs).translate(NO_XML)
    for paragraph in frame.paragraphs:
        directed(paragraph)


def emptied(cell: Any) -> Any:
    cell.margin_top = cell.margin_bottom = Pt(3)
    return cell.text_frame.paragraphs[0]


def put(paragraph: Any, words: str, size: Any, tone: Tone = "", colour: RGBColor | None = None) -> None:
    run = paragraph.add_run()
    run.text = words.translate(NO_XML)
    run.font.size, run.font.bold = size, tone == "strong"
    run.font.color.rgb = colour or COLOURS[tone]
    directed(paragraph)


def directed(paragraph: Any) -> None:
    """Let a paragraph run from right to left if its first letter does. Slides do not find that out by themselves."""
    letters = (bidirectional(sign) for sign in paragraph.text)
    if next((kind for kind in letters if kind in ("L", "R", "AL")), "L") != "L":
        paragraph._p.get_or_add_pPr().set("rtl", "1")


# How much fits on a slide


def widths_of(columns: Sequence[Column], width: int) -> list[int]:
    """Distribute a width to columns as they ask for it; a column that asks for none counts as narrow."""
    wanted = [column.wide or 2 for column in columns]
    return [width * each // sum(wanted) for each in wanted]


def fitting(rows: Sequence[Sequence[Cell]], widths: Sequence[int], height: int) -> Sequence[Sequence[Cell]]:
    """Return as many of the first rows as fit into a height, at least one."""
    used = 0
    for number, row in enumerate(rows):
        used += height_of_row(row, widths)
        if number and used > height:
            return rows[:number]
    return rows


def height_of_row(row: Sequence[Cell], widths: Sequence[int]) -> int:
    return max(height_of(cell, width) for cell, width in zip(row, widths, strict=True))


def height_of(cell: Cell, width: int) -> int:
    signs = max(1, int(width / Inches(1) * SIGNS_AN_INCH) - 2)
    lines = max(1, ceil(length_of(cell.text) / signs))
    notes = ceil(length_of(cell.note) / (signs * TEXT / NOTE))
    return int(lines * LINE + notes * NOTE_LINE + PADDING)


def length_of(text: str) -> int:
    """Return how many signs of Latin letters a text is as long as: one of Chinese or Korean is as wide as two."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def drawn(figure: Figure) -> bytes:
    """Return the chart as a picture. The library is imported here, because that takes seconds."""
    from adapters.rendering import charts

    return charts.png(figure.chart, PICTURE_PIXELS_PER_POINT)


# The file


def saved(presentation: Any, document: Document) -> bytes:
    """Return the file. It contains its title but neither author nor time, so the same report always makes the same
    bytes."""
    told = presentation.core_properties
    told.title, told.author, told.last_modified_by, told.keywords = document.title[:255].translate(NO_XML), "", "", ""
    for name in ("created", "modified"):
        for element in told._element.findall(f"{{http://purl.org/dc/terms/}}{name}"):
            told._element.remove(element)
    file = BytesIO()
    presentation.save(file)
    made = BytesIO()
    with zipfile.ZipFile(file) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            new.writestr(zipfile.ZipInfo(part.filename, THE_BEGINNING), old.read(part), zipfile.ZIP_DEFLATED)
    return made.getvalue()
