"""The pages in German: every message has its translation, and days, numbers and amounts read as they do there."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from adapters.web.languages import Speech, translations
from adapters.web.names import id_in_words
from domain.account_plan.stakeholders import IdTellsThePerson
from domain.cautions import about_a_stranger
from domain.refusals import Unknown
from tests.adapters.web.test_pages import FROM_HERE, signed_in, text_of
from tests.application.findings.stories import STORIES
from tests.application.findings.test_rules import found
from tests.messages import every_message, german, message_of

PLACE = re.compile(r"{[a-z_]+[0-9]*}")
RENEW = "python -m tests.messages brings the catalogue up to date"


def test_every_message_is_in_the_catalogue_and_nothing_else():
    known = {message_of(each) for each in german() if each.id}
    assert known == every_message(), RENEW


def test_every_message_is_said_in_german_with_the_same_places():
    """A place that holds a verb, `{given}`, or a noun with its English article may be left out."""
    for each in (each for each in german() if each.id):
        said = [each.string] if isinstance(each.string, str) else list(each.string)
        meant = [each.id] if isinstance(each.id, str) else list(each.id)
        assert all(said), f"nobody said yet in German: {meant[0]}"
        left_out = set(PLACE.findall(meant[-1])) - set(PLACE.findall(said[-1]))
        assert left_out <= ({"{given}", "{with_article}"} if each.context else set()), meant
        assert set(PLACE.findall(said[-1])) <= set(PLACE.findall(meant[-1])), meant
        assert set(PLACE.findall(said[0])) <= set(PLACE.findall(meant[-1])), meant


@pytest.mark.parametrize(("language", "day", "amount", "share", "far"), [
    ("en", "3 Mar 2026", "1,234.5 EUR", "12.5\xa0%", "in 3 days"),
    ("de", "3. März 2026", "1.234,5 EUR", "12,5\xa0%", "in 3 Tagen"),
])  # fmt: skip
def test_days_numbers_and_amounts_read_as_the_reader_writes_them(language, day, amount, share, far):
    say = Speech(language, "Europe/Berlin")
    assert say.day(date(2026, 3, 3)) == day
    assert say.instant(datetime(2026, 3, 3, 22, 30, tzinfo=UTC)) == f"{day}, 23:30"
    assert say.amount(Decimal("1234.5"), "EUR") == amount
    assert say.share(0.125) == share
    assert say.how_far(date(2026, 3, 6), date(2026, 3, 3)) == far


def test_words_of_ours_are_translated_and_words_of_theirs_are_not():
    say = Speech("de")
    assert say.value("strategic_bet", "bet") == "strategische Wette"
    assert say.value(2, "attitude") == "Fürsprecher"
    assert say.value(Decimal("0.6"), "probability") == "60\xa0%"
    assert say.value(True, "buying_center") == "ja"
    assert say.value("done", "statement") == "done", "a title that happens to be a word of ours"
    assert say.value(("Ann", "plan"), "challenges") == "Ann, plan"
    assert say.refusal(Unknown(kind="play", id="x", aggregate="plan")) == "Vorhaben „x“ gibt es hier nicht (Plan)."
    assert "{" not in say.refusal(IdTellsThePerson(id="held"))
    assert say.counted("{number} day", "{number} days", 1) == "1 Tag"


def test_a_reader_gets_the_language_they_chose_else_that_of_their_browser(acme):
    cookie = signed_in(acme)
    german = cookie | {"Accept-Language": "de-AT,en;q=0.5"}
    assert '<html lang="de">' in (page := acme.get(f"/plans/{acme.plan}", german).text)
    assert "Etwas eintragen" in page
    assert '<html lang="en">' in acme.get("/", cookie | {"Accept-Language": "fr, en;q=0.8, de;q=0.5"}).text
    assert '<html lang="de">' in acme.get("/", cookie | {"Accept-Language": "en;q=0.3, de;q=0.9"}).text
    chosen = acme.request("POST", "/settings/language", data={"language": "de"}, headers=cookie | FROM_HERE)
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/settings")
    kept = chosen.headers["set-cookie"]
    assert kept.startswith("plantrail_language=de;")
    both = {"Cookie": f"{cookie['Cookie']}; plantrail_language=de"}
    assert "Einstellungen" in text_of(acme.get("/settings", both).text)
    back = acme.request("POST", "/settings/language", data={"language": ""}, headers=both | FROM_HERE)
    assert "Max-Age=0" in back.headers["set-cookie"]
    wrong = {"id": "sow", "due_on": "2026-02-20"}
    acme.do("add-action", id="sow", statement="Sign", kind="task", owner="ann", due_on="2026-02-10")
    refused = acme.request(
        "POST", f"/plans/{acme.plan}/do/reschedule-play", data=wrong | {"id": "nothing"}, headers=german | FROM_HERE
    )
    assert "Vorhaben „nothing“ gibt es hier nicht" in text_of(refused.text)


def test_the_catalogue_is_read_as_it_is_written():
    assert translations("de").ugettext("Portfolio") == "Portfolio"
    assert Speech("de")("Since {day}, for one of each.", day="heute") == "Seit heute, für je eine Einheit."


ENGLISH = re.compile(r"\b(the|and|of|is|are|has|have|with|nobody|since|more|days?|at|to|or|by)\b")
"""Words that no German sentence holds."""


def test_whatever_a_rule_finds_is_told_in_german_but_for_what_somebody_wrote():
    say = Speech("de")
    for story in STORIES:
        for finding in found(story, loud=True):
            told = say.told(finding.sentence)
            said = re.sub("„[^“]*“", "", told)
            assert not ENGLISH.search(said), f"{finding.sentence}\n{told}"
            assert not re.search(r"\d{4}-\d\d-\d\d", said), told


@pytest.mark.parametrize(("part", "told"), [
    ("", ""),
    ("1 of 2 promises kept, one moved to a later day.", "1 von 2 Zusagen gehalten, eine auf später verschoben."),
    ("overdue, done without being said", "überfällig, getan, ohne gesagt zu sein"),
    ("on 16 Apr 2026, expected 2, came to 1.2", "am 16. Apr. 2026, erwartet: 2, wurde: 1.2"),
    ("lost to Corvane Retail Suite", "verloren an Corvane Retail Suite"),
    ("Tier strategic.", "Stufe strategisch."),
    ("Checks now, Comms later (said on 19 Mar 2026)", "Checks now, Comms later (gesagt am 19. März 2026)"),
    ("now 13 Nov 2026; moved once, +14 d in all", "jetzt 13. Nov. 2026; einmal verschoben, insgesamt +14 Tage"),
    ("must be one of task or touch, and this is empty", "muss eines sein von Aufgabe oder Kontakt, und dies ist leer"),
    ("must have 1 entry at least, and this is null", "muss mindestens 1 Eintrag haben, und dies ist null"),
    ("114 of 120 trained; six on holiday follow by video", "114 of 120 trained; six on holiday follow by video"),
    ("February on paper; the median of the weeks", "February on paper; the median of the weeks"),
])  # fmt: skip
def test_parts_of_a_note_are_told_and_what_somebody_wrote_is_left(part, told):
    assert Speech("de").told(part) == told


@pytest.mark.parametrize(("sentence", "told"), [
    (("The play “Meet at Oslo by 2026-01-01” was due on 2026-03-01, and and has not finished it. Finish it, move it,"
     " or drop it and say why."),
     ("Vorhaben „Meet at Oslo by 2026-01-01“ war am 1. März 2026 fällig, und and hat es nicht beendet. Beenden,"
     " verschieben oder verwerfen Sie es, und sagen Sie warum.")),
    (("2 of 3 open milestones of all plans are in the calendar; 80 % should be. Hold those of Sons and Co, Ox and 2"
     " more."),
     ("2 von 3 offenen Meilensteinen aller Pläne stehen im Kalender; 80 % sollen es. Halten Sie die von Sons and Co, Ox"
     " und 2 weitere fest.")),
    (("Of 16 cells still to be won, 16 were not assessed for more than 92 days; at most 60 % may be. Begin with “Hub”"
     " at “Oslo, rings and rollers” and “Data” at “Graz”."),
     ("Von 16 Feldern, noch zu gewinnen, wurden 16 länger als 92 Tage nicht bewertet; höchstens 60 % dürfen es sein."
     " Beginnen Sie mit „Hub“ bei „Oslo, rings and rollers“ und „Data“ bei „Graz“.")),
    ("It is 2026-03-01 {here}.", "It is 1. März 2026 {here}."),
    (about_a_stranger("/owner", "zoe", ["joe", "zoey"]).detail,
     "Von uns ist noch niemand als „zoe“ bekannt: Ist „joe“ oder „zoey“ gemeint?"),
    ("2031-03-01 is more than 2 years ahead: is the year right?",
     "1. März 2031 liegt mehr als 2 Jahre voraus: Stimmt das Jahr?"),
    ("2024-03-01 is more than a year back: is the year right?",
     "1. März 2024 liegt mehr als ein Jahr zurück: Stimmt das Jahr?"),
    ("There is an action of that name already, “call”: is it the same?",
     "Etwas dieses Namens gibt es schon, „call“: Ist es dasselbe?"),
    ("The template “start” does not suit this policy. 1 play is open; a plan works on at least 4. Plan 3 more plays.",
     ("Die Vorlage „start“ passt nicht zu diesem Regelwerk. 1 Vorhaben ist offen; ein Plan arbeitet an mindestens 4."
      " Planen Sie 3 weitere Vorhaben.")),
])  # fmt: skip
def test_a_sentence_that_was_filled_in_is_known_again(sentence, told):
    assert Speech("de").told(sentence) == told


def test_a_sentence_of_the_domain_names_fields_as_the_page_does():
    assert (
        Speech("de").about("Fewer plays are open than `plays.least`.")
        == "Weniger Vorhaben sind offen als „mindestens“."
    )
    assert "`" not in Speech("en").about("`{owner}` and `{today+30}` stand for what is so.")
    assert Speech("en").about("`buying_center` when it has a budget.") == "“buying center” when it has a budget."


def test_nothing_to_say_is_nothing_in_any_language():
    assert (Speech("de")(""), Speech("de").about("")) == ("", "")


def test_things_that_are_called_by_words_of_ours_are_called_so_in_german():
    say = Speech("de")
    assert id_in_words("member", "nia:account_executive", say) == f"nia · {say('account executive')}"
    assert id_in_words("phase", "stand_up", say) == say("stand up") != "stand up"
    assert id_in_words("stakeholder", "legal", say) == "legal"


def test_days_in_a_sentence_read_as_all_days_of_a_page():
    assert Speech("en").told("Due on 2026-03-01: “by 2026-04-01”.") == "Due on 1 Mar 2026: “by 2026-04-01”."


def test_numbers_and_counts_of_a_report_are_written_as_the_reader_writes_them():
    say = Speech("de")
    assert say.told("Three goals achieved, no goals rolled forward.") == (
        "Drei Ziele erreicht, keine Ziele weitergeführt."
    )
    figures = {"990,640 GBP": "990.640 GBP", "431.5k": "431,5k", "1,000.5": "1.000,5", "262 %": "262 %"}
    assert {text: say.figure_told(text) for text in figures} == figures
    assert say.figure_told("£990,640 hang on 1,000 GBP") == "£990,640 hang on 1,000 GBP", "what somebody wrote"
    assert Speech("en").figure_told("990,640 GBP") == "990,640 GBP"


def test_what_people_wrote_after_words_of_ours_is_left_as_it_is():
    assert Speech("de").told("proof: Time study of six stores, November 2025") == (
        "Beleg: Time study of six stores, November 2025"
    )
