"""A report in every form: the same sections and words in all, and nothing that users wrote is taken for more than
words."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache, partial
from html.parser import HTMLParser
from io import BytesIO, StringIO
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pypdf import PdfReader
from rich.console import Console

from adapters.cli.documents import terminal
from adapters.rendering.document import Cell, Column, Document, Fact, Figure, Section, Table, clean
from adapters.rendering.markdown import fact_line, inline, plain
from adapters.rendering.one_page import on_one_page, shortened
from adapters.rendering.pool import RenderingPool
from adapters.rendering.reports import document
from adapters.rendering.style import sheet
from application.packs.pack import PackKind
from tests.cases import for_each
from tests.examples import examples
from tests.pdfs import pages_of
from tests.reports import NASTY, demo, demo_pack, month, nasty, of_an_empty_plan, parsed, worked_case

SECTIONS = [
    "To decide today",
    "What was said",
    "What was carried over",
    "What was added since",
    "What changed",
    "Whitespace, unit by unit",
    "The score in figures",
    "Blind spots",
    "Signs of theatre",
    "Trend",
    "Head of the log",
]
MONTH_SECTIONS = [
    "All plans together",
    "By who promised",
    "By owner",
    "By tier",
    "Plan by plan",
    "The worst slips",
    "Departures noticed late",
]
PACK_SECTIONS: dict[PackKind, list[str]] = {
    "canvas": ["Why this account, and why us", "Whitespace", "Who decides", "What they would gain", "The next 90 days"],
    "weekly": ["Overdue", "Due", "Next steps", "Blocked"],
    "readout": ["Decisions required", "Risks", "Expansion path", "Said and done"],
    "qbr": ["Before the review", "Agenda", "What was delivered", "What we do together", "Who is in the room"],
    "annual": ["Where both want to be", "Goals that go on", "The year in numbers", "What we learned"],
}
Made = Callable[[str, str, bytes], str]
REPORTS = [
    ("said-vs-did", worked_case, SECTIONS),
    ("said-vs-did", demo, SECTIONS),
    ("said-vs-did", of_an_empty_plan, SECTIONS),
    ("month", lambda: month("retailer", "win-back"), MONTH_SECTIONS),
    ("month", lambda: month(), MONTH_SECTIONS),
    *((str(kind), partial(demo_pack, kind), sections) for kind, sections in PACK_SECTIONS.items()),
    ("qbr", partial(demo_pack, "qbr", "customer"), ["Agenda", "What was delivered", "What we do together"]),
]


@pytest.fixture(scope="module")
def press(_programs: None) -> Iterator[RenderingPool]:
    with RenderingPool() as press:
        yield press


@pytest.fixture(scope="module")
def in_words(press: RenderingPool) -> Made:
    """Return a function that gives the text of a report in a form."""

    @cache
    def made(name: str, form: str, report: bytes) -> str:
        if form == "text":
            return in_terminal(document(name, parsed(report)))
        content = press.made(name, form, report)  # type: ignore[arg-type]
        return {"html": text_of_page, "pdf": text_of_pdf, "md": bytes.decode}[form](content)

    return made


def in_terminal(document: Document, width: int = 260) -> str:
    console = Console(file=StringIO(), width=width, highlight=False, emoji=False)
    for part in terminal(document):
        console.print(part)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


class Page(HTMLParser):
    """The words of a page, its tags and its attributes."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attributes

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def text_of_page(content: bytes) -> str:
    return " ".join(Page(content).words)


def text_of_pdf(content: bytes) -> str:
    return "\n".join(pages_of(content))


def in_one_line(words: str) -> str:
    return " ".join(words.split())


@pytest.mark.torture
@for_each("form", ["md", "html", "pdf", "text"])
@for_each(("name", "report", "sections"), REPORTS)
def test_every_form_begins_with_the_score_and_has_every_section_in_order(form, name, report, sections, in_words):
    made = report()
    shown = in_one_line(in_words(name, form, made))
    headline = document(name, parsed(made)).headline
    first = plain(headline) if form == "md" else headline
    assert first in shown
    places = [shown.index(section, shown.index(first)) for section in sections]
    assert places == sorted(places)


@pytest.mark.parametrize("form", ["md", "text"])
def test_the_very_first_line_is_the_score(form, in_words):
    first = in_words("said-vs-did", form, worked_case()).splitlines()[0]
    assert first.startswith("# 2 of 6 promises kept" if form == "md" else "2 of 6 promises kept")


@pytest.mark.parametrize("form", ["md", "html", pytest.param("pdf", marks=pytest.mark.torture), "text"])
@for_each(("name", "report"), [(name, report) for name, report, _ in REPORTS])
def test_every_empty_list_says_that_it_is_empty(form, name, report, in_words):
    made = report()
    shown = in_one_line(in_words(name, form, made))
    blocks = [block for section in document(name, parsed(made)).sections for block in section.blocks]
    tables = [
        block.table if isinstance(block, Figure) else block for block in blocks if isinstance(block, Table | Figure)
    ]
    for table in tables:
        assert table.rows or (plain(table.empty) if form == "md" else table.empty) in shown


@pytest.mark.parametrize("form", ["md", "html", "pdf", "text"])
def test_what_became_of_each_promise_is_told_with_its_proof(form, in_words):
    shown = in_one_line(in_words("said-vs-did", form, worked_case())).replace("\\", "")
    for words in ("✓ kept", "→ slipped", "moved without a reason", "done without being said", "no evidence", "overdue"):
        assert words in shown


def test_markdown_of_the_worked_case(press):
    lines = press.made("said-vs-did", "md", worked_case()).decode().splitlines()
    assert lines[2:4] == [
        "**Said versus did: Acme Manufacturing**  ",
        "review R1, 2 Mar 2026 → review R2, 1 Apr 2026",
    ]
    assert lines[5:11] == [
        "- 33 % kept in time (2 of 6)",
        "- 50 % done at all (3 of 6)",
        "- 2 kept as said (never reworded)",
        "- 2 proven (with evidence, at once)",
        "- 1 pending (not due yet)",
        "- 20 % done unsaid (of all that was finished)",
    ]
    (exec_row,) = [line for line in lines if "<br> play exec |" in line and "planned 4, rescheduled 17" in line]
    assert exec_row.split(" | ")[1:4] == [
        "ann",
        "20 Mar 2026 <br> now 15 Apr 2026; moved once, +26 d in all",
        "→ slipped <br> 12 days past due",
    ]
    said = [line for line in lines[lines.index("## What was said") :] if line.startswith("| **")][:7]
    assert [re.findall(r"missed|slipped|late|dropped|pending|kept", line.split(" | ")[3])[0] for line in said] == (
        "missed slipped late dropped pending kept kept".split()
    )
    assert "### Promises that were open and not yet due: 7 of ours" in lines
    decide = lines[lines.index("## To decide today") : lines.index("## What was said")]
    assert [line.partition(" <br> ")[2].partition(" |")[0] for line in decide if line.startswith("| **")] == (
        ["play steerco", "action legal", "action qbr-date", "action intro", "play exec"]
    )
    assert "| Said | 2 | 1 | 0 | 1 | 1 | 1 | 1 | 33 % | 50 % |" in lines
    assert "| Carried over | 0 | 1 | 0 | 0 | 0 | 0 | 0 | 0 % | 100 % |" in lines
    assert "| Added | 1 | 0 | 0 | 0 | 0 | 1 | 0 | 50 % | 50 % |" in lines


def test_a_canvas_is_one_page_and_the_same_plan_makes_the_same_bytes(press):
    made = press.made("canvas", "pdf", demo_pack("canvas"))
    [page] = PdfReader(BytesIO(made)).pages
    assert page.mediabox.width > page.mediabox.height
    assert made == press.made("canvas", "pdf", demo_pack("canvas"))


def test_a_canvas_of_more_than_a_page_can_hold_is_shortened_and_says_so(press):
    long = json.loads(demo_pack("canvas"))
    long["plays"] = [each | {"title": each["title"] * 20} for each in long["plays"] * 12]
    [page] = PdfReader(BytesIO(press.made("canvas", "pdf", json.dumps(long).encode()))).pages
    text = " ".join(page.extract_text().split())
    assert "Shortened to fit on one page" in text
    assert re.search(r"and \d+ more", text)


def test_a_table_is_shortened_to_its_first_rows_and_keeps_its_sums():
    sums = [Cell("Still to win", ours=True), Cell("9")]
    rows = [[Cell(f"Plant {each}, line of the works", "note"), Cell("1")] for each in range(6)]
    table = Table("Units", [Column("Unit"), Column("Sum")], [*rows, sums], "None")
    canvas = Document("Canvas", "today", "A headline", [], [], [Section("s", "S", [table])], one_page=True)

    def names(of: Document) -> list[str]:
        return [row[0].text for row in of.sections[0].blocks[0].rows]

    assert names(shortened(canvas, 10, 4)) == [*(f"Plant {n},…" for n in range(4)), "and 2 more", "Still to…"]
    asked = []
    least = on_one_page(canvas, lambda shorter: len(asked) or asked.append(names(shorter)) or 2)
    assert names(least) == asked[0] == [*(row[0].text for row in rows), "Still to win"], "no more than it takes"
    most = on_one_page(canvas, lambda _: 2)
    assert names(most)[-2:] == ["and 3 more", "Still to win"]


# What users wrote


def test_a_page_shows_words_of_users_as_words(press):
    content = press.made("said-vs-did", "html", nasty())
    page = Page(content)
    assert NASTY in in_one_line(" ".join(page.words))
    assert "script" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]


def test_a_page_stands_alone_and_needs_no_leave_but_for_its_sheet_of_style(press):
    content = press.made("said-vs-did", "html", demo())
    page = Page(content)
    assert "style" not in dict(page.attributes)
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(page.tags)
    fetched = [value for name, value in page.attributes if name in ("src", "href", "xlink:href", "data")]
    assert fetched == []
    assert f"<style>{sheet()}</style>" in content.decode()
    assert "url(" not in sheet()
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))


def test_charts_are_drawn_with_patterns_that_are_there(press):
    content = press.made("said-vs-did", "html", demo()).decode()
    charts = [ElementTree.fromstring(found) for found in re.findall(r"<svg.*?</svg>", content, re.DOTALL)]
    assert len(charts) == 3
    used = set(re.findall(r"url\(#([a-z0-9-]+)\)", content))
    assert used
    assert used <= set(re.findall(r'<pattern id="([a-z0-9-]+)"', content))


def test_markdown_shows_words_of_users_as_words(press):
    content = press.made("said-vs-did", "md", nasty()).decode()
    shown = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(content)
    page = Page(shown.encode())
    assert NASTY in in_one_line(" ".join(page.words))
    assert set(page.tags) <= set("h1 h2 h3 p strong em br ul li table thead tbody tr th td".split())
    assert "$y$" not in content
    assert "https://" not in content
    # However many bars a title has, a row has as many cells as its table has columns.
    heads = [len(re.findall(r"(?<!\\)\|", line)) for line in content.splitlines() if line.startswith("|")]
    assert set(heads) <= {3, 4, 6, 7, 9, 11}


@for_each(
    ("words", "escaped"),
    [
        ("1. May", "1\\. May"),
        ("- a + b", "\\- a + b"),
        ("1) May", "1\\) May"),
        ("# top", "\\# top"),
        ("m-2026-02, +26 d in all (12.5 % = x)! {y}", "m-2026-02, +26 d in all (12.5 % = x)! {y}"),
        ("R&D < 3 &amp; <b>", "R&D < 3 \\&amp; \\<b>"),
        ("a * b", "a * b"),
        ("_a_ b_c", "\\_a\\_ b_c"),
        ("C:\\temp and \\*", "C:\\temp and \\\\\\*"),
        ("www.example.com ann@example.com", "w&#119;w.example.com ann&#64;example.com"),
        ("a_b*c", "a_b\\*c"),
    ],
)
def test_markdown_is_escaped(words, escaped):
    assert plain(words) == escaped


SIGNS = st.sampled_from([*"ab 1.-+*_~`#$<>&|[]()!={}\\\"'", "<b>", "&amp;", "www.", "**", "~~", "1. "])


@settings(max_examples=examples(30))
@given(st.lists(SIGNS, min_size=1, max_size=12).map("".join).map(clean).filter(bool))
def test_whatever_was_typed_is_what_a_reader_of_markdown_sees(words):
    table = f"| a |\n| --- |\n| x {inline(words)} y |\n"
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    assert in_one_line("".join(Page(rendered.render(table).encode()).words)) == in_one_line(f"a x {words} y")
    alone = rendered.render(f"{plain(words)}\n")
    assert in_one_line("".join(Page(alone.encode()).words)) == words
    assert set(Page(alone.encode()).tags) == {"p"}


def test_a_pdf_shows_words_of_users_as_words(press):
    shown = "".join(text_of_pdf(press.made("said-vs-did", "pdf", nasty())).split())
    # The typesetter breaks lines and makes quotes and dashes its own.
    for words in ("<script>alert(", "$y$`c`|*b*_i_", "#import", "\\u{41}@r//x"):
        assert words in shown


def test_a_pdf_has_a_title_and_numbered_pages_with_plan_and_period(press):
    made = press.made("said-vs-did", "pdf", demo())
    reader, pages = PdfReader(BytesIO(made)), pages_of(made)
    assert reader.metadata
    assert reader.metadata.title == (
        "Said versus did: Halden Stores, review m-2026-02, 26 Feb 2026 → review m-2026-03, 26 Mar 2026"
    )
    for number, page in enumerate(pages, 1):
        words = in_one_line(page)
        assert f"{number} / {len(pages)}" in words
        assert "Said versus did: Halden Stores review m-2026-02, 26 Feb 2026" in words


def test_a_terminal_is_not_steered_by_words_of_users():
    report = parsed(worked_case())
    report["said"][0]["title"] = "\x1b[2J[red]bold[/red]"
    shown = in_terminal(document("said-vs-did", report))
    assert "\x1b" not in shown
    assert "[red]bold[/red]" in shown


def test_a_fact_without_a_note_is_told_in_markdown_without_brackets():
    assert fact_line(Fact("overdue", "0")) == "- 0 overdue"
    assert fact_line(Fact("plays", "3", "1 late")) == "- 3 plays (1 late)"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width):
    for line in in_terminal(document("said-vs-did", parsed(demo())), width).splitlines():
        assert len(line) <= width
