"""Slides, opened by python-pptx as PowerPoint would: what stands on each, in ours and in a company's own template."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pptx
import pytest
from pptx.util import Inches, Pt
from pydantic_core import to_json

from adapters.rendering import pool
from adapters.rendering.document import Cell, Column
from adapters.rendering.pool import FormNotInstalled, RenderingPool
from adapters.rendering.reports import document
from adapters.rendering.slides import Area, boxed, fitting, height_of, put, slides, widths_of
from application.packs.registry import pack
from application.views.cuts import cut_at
from tests.application.packs.canaried import canaried
from tests.application.packs.test_what_customers_see import SHOWN, SHOWN_OF
from tests.histories import instant
from tests.reports import demo, demo_pack, nasty, parsed

MANUFACTURER = "Business review: "


def opened(file: bytes) -> Any:
    return pptx.Presentation(BytesIO(file))


def titles(presentation: Any) -> list[str]:
    return [slide.shapes.title.text for slide in presentation.slides]


def texts(presentation: Any) -> Iterator[str]:
    for slide in presentation.slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                yield shape.text_frame.text
            if shape.has_table:
                yield from (cell.text for row in shape.table.rows for cell in row.cells)


def made(name: str, report: bytes, template: Path | None = None) -> bytes:
    return slides(document(name, parsed(report)), template)


def test_a_business_review_for_the_customer_is_a_slide_a_section():
    shown = opened(made("qbr", demo_pack("qbr", "customer")))
    first, *others = titles(shown)
    assert first.startswith(MANUFACTURER)
    assert others[1:] == ["Agenda", "What was delivered", "Adoption and what it is measured by", "What we do together"]
    everything = "\n".join(texts(shown))
    assert "for ourselves" not in everything
    for outcome in json.loads(demo_pack("qbr", "customer"))["value"]:
        assert outcome["what"] in everything


def test_a_customer_sees_on_slides_what_they_may_see_and_nothing_else():
    known, canaries = canaried()
    made_for = to_json(pack("qbr", known, cut_at("now", known, instant("2026-01-28")), (), "customer"))
    file = made("qbr", made_for)
    words = "\n".join(texts(opened(file)))
    found = canaries.found_in(words)
    assert {origin for origin in found if (origin.event, origin.field) not in SHOWN} == set()
    assert {origin for origin in found if origin.about not in SHOWN_OF} == set()
    assert len(found) > 10
    core = opened(file).core_properties
    assert (core.author, core.last_modified_by) == ("", "")


def test_the_pack_for_ourselves_says_so_and_shows_who_is_in_the_room():
    shown = opened(made("qbr", demo_pack("qbr")))
    assert "for ourselves: not for the customer" in "\n".join(texts(shown))
    assert {"Before the review", "Who is in the room", "Risks"} <= set(titles(shown))


def test_no_table_reaches_beyond_its_slide_as_far_as_it_can_be_told_and_no_row_is_lost():
    long = json.loads(demo_pack("qbr", "customer"))
    [step, *_] = long["joint_plan"]["theirs"]
    long["joint_plan"]["theirs"] = [step | {"what": f"{number} {step['what']}"} for number in range(40)]
    shown = opened(slides(document("qbr", long)))
    assert "What we do together (2)" in titles(shown)
    words = list(texts(shown))
    assert all(any(text.startswith(f"{number} ") for text in words) for number in range(40))
    for slide in shown.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.left + shape.width <= shown.slide_width
            assert shape.top < shown.slide_height


def test_words_run_as_their_script_does_and_wide_signs_take_more_lines():
    deck = pptx.Presentation()
    frame = boxed(deck.slides.add_slide(deck.slide_layouts[6]), Area(0, 0, 1, 1))
    for words, runs in (("(2) مراجعة ربع سنوية", "1"), ("שלום, team", "1"), ("Team שלום", None), ("2026", None)):
        paragraph = frame.add_paragraph()
        put(paragraph, words, Pt(12))
        assert paragraph._p.get_or_add_pPr().get("rtl") == runs
    assert height_of(Cell("四半期業績評価" * 10), Inches(4)) > height_of(Cell("Quarter" * 10), Inches(4))


def test_a_row_too_high_for_any_slide_stands_alone():
    widths = widths_of([Column("", 1), Column("", 3)], Inches(8))
    assert widths == [Inches(2), Inches(6)]
    rows = [(Cell("short"), Cell(text)) for text in ("a", "b " * 2_000, "c", "d")]
    assert [len(fitting(rows[begun:], widths, Inches(4))) for begun in range(3)] == [1, 1, 2]


@pytest.mark.torture
def test_charts_are_pictures_that_say_in_words_what_they_show():
    shown = opened(made("said-vs-did", demo()))
    pictures = [shape for slide in shown.slides for shape in slide.shapes if shape.shape_type == 13]
    assert pictures
    assert all(len(each._element.nvPicPr.cNvPr.get("descr")) > 20 for each in pictures)
    assert all(each.image.content_type == "image/png" for each in pictures)


def test_the_same_report_is_the_same_file_and_any_words_can_stand_on_it():
    assert made("qbr", demo_pack("qbr")) == made("qbr", demo_pack("qbr"))
    assert '<script>alert("x")</script>' in "\n".join(texts(opened(made("said-vs-did", nasty()))))


def test_a_template_is_asked_by_name_and_its_own_slides_are_left_out(tmp_path):
    company = pptx.Presentation()
    company.slides.add_slide(company.slide_layouts[6])
    layout = company.slide_layouts.get_by_name("Title Slide")
    layout.placeholders[1].name = "Headline"
    title = company.slide_layouts.get_by_name("Title Only").placeholders[0]
    title.left, title.top, title.width, title.height = Inches(2), Inches(1), Inches(6), Inches(1)
    file = tmp_path / "company.pptx"
    company.save(str(file))
    shown = opened(made("qbr", demo_pack("qbr", "customer"), file))
    assert (shown.slide_width, shown.slide_height) == (company.slide_width, company.slide_height)
    first = shown.slides[0]
    assert first.shapes.title.text.startswith(MANUFACTURER)
    assert first.placeholders[1].text == document("qbr", parsed(demo_pack("qbr", "customer"))).headline
    tables = [shape for slide in shown.slides for shape in slide.shapes if shape.has_table]
    assert {shape.left for shape in tables} == {Inches(2)}
    assert all(shape.top > Inches(2) for shape in tables)


def test_without_the_library_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setattr(pool, "find_spec", lambda _: None)
    with RenderingPool() as press, pytest.raises(FormNotInstalled, match=r"pip install 'plantrail\[slides\]'"):
        press.made("qbr", "pptx", demo_pack("qbr"))
