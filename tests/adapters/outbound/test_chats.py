"""Messages for chats: what happened, read by the chats' own rules; what people typed stays text."""

from typing import Any

import pytest

from adapters.outbound.chats.events import event_message
from adapters.outbound.chats.message import LONGEST_TEXT, LONGEST_TITLE, ChatMessage, Line, Section
from adapters.outbound.chats.slack import MOST_BYTES as MOST_FOR_SLACK
from adapters.outbound.chats.slack import slack_message
from adapters.outbound.chats.teams import MOST_BYTES as MOST_FOR_TEAMS
from adapters.outbound.chats.teams import teams_message
from tests.chats import parts_of, read_by_slack, read_by_teams, rows_of
from tests.histories import History, opened

ADDRESS = "https://plans.example"
TYPED = [
    "<!channel> <@U024BE7LH> <#C024BE7LR> @here",
    "<https://evil.example|your bank>",
    "[your bank](https://evil.example) **bold** <at>Ann</at>",
    "{{DATE(2026-01-01T00:00:00Z, LONG)}} ${$root.secret}",
    "{{{DATE(2026-01-01T00:00:00Z, LONG)}}} $${{{{$root.secret}}}}",
    "@everyone <!everyone> <!subteam^S024|ours> <@everyone>",
    "a\u2066\u2067b\u2069 \u3164\u115f \U000e0041\U000e0042",
    "one\nBy: the CEO\u2028\u202eNNA",
    '"},{"type":"link","url":"https://evil.example',
    ":fire: *bold* _italic_ `code`",
]


def written(message: ChatMessage) -> list[dict[str, Any]]:
    return [read_by_slack(slack_message(message)), read_by_teams(teams_message(message))]


@pytest.fixture
def acme() -> History:
    acme = opened()
    acme.on("2026-01-05", "add-stakeholder", id="coo", name="Maria Held", title="COO", level="executive")
    acme.on("2026-01-05", "plan-play", id="tour", title="Tour of the depot", kind="discovery", owner="ann",
            due_on="2026-02-01", success_measure="Three causes of delay named", expected="90")  # fmt: skip
    return acme


def last(acme: History, personal_data: bool = False) -> ChatMessage:
    return event_message(acme.known, acme.known.records[-1], ADDRESS, personal_data)


def test_an_event_is_told_with_its_plan_its_thing_who_and_why(acme):
    acme.on("2026-01-12", "reschedule-play", id="tour", due_on="2026-03-01", reason="new rails are laid there")
    slack, teams = written(last(acme))
    assert slack["text"] == "Acme Manufacturing: play rescheduled"
    expected = ["Play: Tour of the depot", "Due on: 2026-03-01", "Former: 2026-02-01", "By: ann",
                "Because: new rails are laid there"]  # fmt: skip
    assert rows_of(slack) == [*expected, "Open in plantrail"]
    assert rows_of(teams) == ["Acme Manufacturing: play rescheduled", *expected]
    plan = f"{ADDRESS}/plans/{acme.known.id}"
    assert [part["url"] for part in parts_of(slack) if "url" in part] == [plan]
    assert [part["url"] for part in parts_of(teams) if "url" in part] == [plan]


def test_what_was_said_of_people_is_told_only_where_there_is_the_right_to_it(acme):
    acme.on("2026-01-12", "restate-play", id="tour", title="Tour with Maria", about=["coo"], reason="Maria asked")
    acme.on("2026-01-12", "change-sentiment", id="coo", attitude=1, evidence="Maria smiled")
    acme.on("2026-01-12", "start-play", id="tour")
    *_, restated, changed, started = acme.known.records
    for record, words in ((restated, "Tour with Maria"), (changed, "Maria smiled"), (started, "Tour with Maria")):
        for personal_data in (True, False):
            for read in written(event_message(acme.known, record, ADDRESS, personal_data)):
                assert (words in str(read)) is personal_data
                assert ("Maria" in str(read)) is personal_data


@pytest.mark.parametrize("typed", TYPED)
def test_what_people_typed_can_neither_mention_nor_lead_anywhere_nor_look_like_ours(acme, typed):
    acme.on("2026-01-12", "add-action", id="call", statement=typed, kind="task", owner="ann", due_on="2026-02-01")
    message = last(acme)
    slack, teams = written(message)
    places = {"text", "plain_text", "rich_text", "rich_text_section", "rich_text_list", "header", "link"}
    assert {part["type"] for part in parts_of(slack["blocks"]) if "type" in part} <= places
    cards = {"AdaptiveCard", "RichTextBlock", "TextRun", "Action.OpenUrl"}
    assert {part["type"] for part in parts_of(teams) if "type" in part} == cards
    for read in (slack, teams):
        assert {part["url"] for part in parts_of(read) if "url" in part} == {f"{ADDRESS}/plans/{acme.known.id}"}
        assert not any("msteams" in part for part in parts_of(read))
        texts = [part["text"] for part in parts_of(read) if isinstance(part.get("text"), str)]
        assert not any(sign in text for text in texts for sign in "\n\u2028\u202e\u2067\u3164\U000e0041")
    assert not {"{{", "${"} & {text[i : i + 2] for text in rows_of(teams) for i in range(len(text))}
    # The text of the notification is the only one in which Slack reads markup.
    forged = written(ChatMessage(typed, message.sections, message.link))[0]["text"]
    assert not {"<", ">"} & set(forged)
    assert (slack["mrkdwn"], slack["unfurl_links"], slack["unfurl_media"]) == (False, False, False)


@pytest.mark.parametrize("sign", ["😀", "&", '"', *(pytest.param(sign, marks=pytest.mark.torture) for sign in "xü長")])
def test_a_message_is_never_larger_than_the_chat_takes(sign):
    lines = [Line(sign * 400, sign * 4_000, ADDRESS)] * 200
    message = ChatMessage(sign * 400, [Section(lines, f"Heading {sign}")] * 5, ADDRESS)
    for body, read, most in (
        (slack_message(message), read_by_slack, MOST_FOR_SLACK),
        (teams_message(message), read_by_teams, MOST_FOR_TEAMS),
    ):
        assert len(body) <= most
        told = rows_of(read(body))
        left_out = [int(row.split()[0]) for row in told if row.endswith(" more")]
        shown = [row for row in told if row.startswith(sign * 2) and "more" not in row]
        assert sum(left_out) + sum(": " in row for row in shown) == 5 * 200
        assert all(len(row) <= 2 * LONGEST_TEXT for row in told)
        # Slack refuses a header of more than 150 characters, of which an emoji is two.
        assert len(told[0].encode("utf-16-le")) <= 2 * LONGEST_TITLE
