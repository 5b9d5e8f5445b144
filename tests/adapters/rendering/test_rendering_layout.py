"""What a PDF looks like: rows in one piece, words in their columns, every script, and what no font has is named."""

import re
from io import BytesIO

import pytest
from pypdf import PageObject, PdfReader

from adapters.rendering.fonts import families, without_a_glyph
from adapters.rendering.pool import RenderingPool
from tests.pdfs import pages_of
from tests.reports import LONG, demo, of_every_script

HEADS = ("Promise Owner Due", "What Of From", "Signal Seen", "Promises ✓ kept")


@pytest.fixture(scope="module")
def report(_programs: None) -> bytes:
    with RenderingPool() as press:
        return press.made("said-vs-did", "pdf", of_every_script())


@pytest.fixture(scope="module")
def texts(report: bytes) -> list[str]:
    return pages_of(report)


def words_of(text: str) -> str:
    return " ".join(text.replace("\u200b", "").split())


@pytest.mark.torture
def test_a_row_is_on_one_page_from_its_name_to_its_last_word(texts):
    shown = "".join(words_of(text) + "\f" for text in texts)
    rows = re.findall(r"play p\d+ .{0,400}?planned \d+, rescheduled \d+", shown, re.DOTALL)
    assert len(rows) == 24
    assert not [row for row in rows if "\f" in row]


def test_no_page_ends_with_a_head_and_every_page_begins_a_table_with_its_head(texts):
    for number, text in enumerate(texts):
        body = words_of(text).partition("plantrail: made from the events of the plan")[0].rstrip()
        assert not body.endswith(("Worth knowing Proof", "Who Why", "Proof", *HEADS)), number
        if "planned " in body:
            assert "Promise Owner Due Outcome Worth knowing Proof" in body, number


def test_a_word_that_is_wider_than_its_column_breaks_and_is_read_whole(texts):
    lines = [line for text in texts for line in text.splitlines()]
    there = "".join("".join(lines).replace("\u200b", "").split())
    assert there.count(LONG) >= 24
    assert not [line for line in lines if LONG in line.replace("\u200b", "")]


def test_every_script_has_its_font_in_the_file(report, texts):
    fonts = {str(font["/BaseFont"]) for page in PdfReader(BytesIO(report)).pages for font in fonts_of(page)}
    for name in ("NotoSansThai", "NotoSansCJK", "NotoEmoji", "LibertinusSerif"):
        assert any(name in font for font in fonts), (name, fonts)
    shown = "".join(map(words_of, texts))
    for words in ("การเจรจา", "新しい契約", "합의", "東京支社"):
        assert words in "".join(shown.split())


def fonts_of(page: PageObject) -> list[dict[str, str]]:
    return [font.get_object() for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]


def test_what_no_font_has_is_named_instead_of_shown_as_a_box(texts):
    assert "they are named instead: [U+13000] egyptian hieroglyph a001." in words_of(texts[0])
    assert "Settle [U+13000] the rest before" in "".join(map(words_of, texts))


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ("plain words – 12.5 % “so”", ""),
        ("✓ ◔ ✗ ⊘ → ● ○ ▲ ▼ ◑ ◕ × −", ""),
        ("Łódź Ελλάδα Москва שלום مرحبا नमस्ते ไทย 한국어 中文 日本", ""),
        ("🚀 👍🏽 👩‍💻 🇩🇪 ❤️ e\u0301", ""),
        ("\U00013000 a \U00012000\U00013000", "\U00012000\U00013000"),
    ],
)
def test_what_is_missing_is_what_the_typesetter_finds_in_no_font(words, missing):
    assert "".join(without_a_glyph([words])) == missing


def test_the_text_font_is_asked_first_and_none_of_the_machine_at_all():
    assert families()[0] == "Libertinus Serif"
    assert all(name.startswith("Noto ") for name in families()[1:])


@pytest.mark.program
def test_event_numbers_lead_to_the_page_of_the_event_where_there_is_one():
    with RenderingPool(address="https://plans.example.com") as press:
        report = PdfReader(BytesIO(press.made("said-vs-did", "pdf", demo())))
        page = press.made("said-vs-did", "html", demo()).decode()
        markdown = press.made("said-vs-did", "md", demo()).decode()
    links = {
        str(note.get_object()["/A"]["/URI"])
        for page in report.pages
        for note in page.get("/Annots", [])
        if "/A" in note.get_object()
    }
    event = next(link for link in links if link.endswith(":132"))
    assert re.fullmatch(r"https://plans\.example\.com/events/[0-9a-f-]{36}:132", event)
    assert f'rescheduled <a href="{event}">132</a>' in page
    assert f"rescheduled [132]({event})" in markdown
