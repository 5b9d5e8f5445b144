"""Names are compared as somebody types them on a keyboard without accents."""

from domain.folding import folded, words_of
from tests.cases import for_each


@for_each(
    ("written", "typed"),
    [
        ("Łódź", "lodz"),
        ("Ørsted", "orsted"),
        ("Đorđević", "dordevic"),
        ("Groß", "gross"),
        ("GROẞ", "gross"),
        ("Æther", "aether"),
        ("Œuvre", "oeuvre"),
        ("Müller", "muller"),
        ("Mu\u0308ller", "muller"),
        ("Þórður", "thordur"),
        ("Işık", "isik"),
        ("İstanbul", "istanbul"),
        ("Ħal Għaxaq", "hal ghaxaq"),
        ("ﬁne", "fine"),
        ("北京", "北京"),
    ],
)
def test_letters_are_folded_to_what_is_typed(written, typed):
    assert folded(written) == typed
    assert folded(folded(written)) == typed


def test_words_end_at_every_sign_that_is_neither_letter_nor_digit():
    assert words_of("O’Brien-Łoś, plant_2 (B3)") == ["o", "brien", "los", "plant", "2", "b3"]
    assert words_of(" … ") == []
