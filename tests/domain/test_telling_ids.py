"""Ids that tell who somebody is: they stay when the name is forgotten."""

from domain.account_plan.telling_ids import tells
from tests.cases import for_each


@for_each(
    ("id", "told"),
    [
        ("jane", True), ("doe-2", True), ("janedoe", True), ("doejane", True), ("j.doe", True), ("muller", True),
        ("coo", False), ("jan", False), ("hollandoe", False), ("d0e", False), ("edoenaj", False),
    ],
)  # fmt: skip
def test_an_id_tells_when_a_word_of_it_is_a_word_of_the_name_or_the_whole_name_in_either_order(id, told):
    assert tells(id, "Jane Doe" if id != "muller" else "Anna Müller", "") is told


def test_a_word_of_the_mail_address_tells_too():
    assert tells("jd-halden", "Jane Doe", "boss.halden")
    assert not tells("jd-halden", "Jane Doe", "")


def test_initials_written_together_with_a_name_tell_nobody():
    assert not tells("jdoe", "J Doe", "")
    assert tells("jodoe", "Jo Doe", "")
