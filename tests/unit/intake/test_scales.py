"""Which scale the contents of a column are points of."""

import pytest

from services.intake.domain.scales import Scale, numbers_from, scale_of


def found(*cells, each=50):
    scale = scale_of(dict.fromkeys(cells, each))
    return scale and (scale.low, scale.high, dict(scale.points))


@pytest.mark.parametrize(
    ("cells", "span"),
    [
        ("12345", (1, 5)),
        ("1234567", (1, 7)),
        ("345", (1, 5)),
        ("1234", (1, 4)),
        (("0", "4", "7", "10"), (0, 10)),
        (("1.0", "3.0", "5.0"), (1, 5)),
        (("0", "1", "2", "3"), (0, 3)),
    ],
)
def test_numbers_are_a_scale_from_the_least_on(cells, span):
    assert found(*cells)[:2] == span


def test_with_few_answers_the_usual_scale_is_taken():
    assert found("1", "3", "4", each=5)[:2] == (1, 5)
    assert found("1", "6", each=5)[:2] == (1, 7)


@pytest.mark.parametrize("stand_in", ["9", "99", "0"])
def test_numbers_that_stand_for_no_answer_are_no_points(stand_in):
    low, high, points = found("1", "2", "3", "4", "5", stand_in)
    assert (low, high) == (1, 5)
    assert stand_in not in points


@pytest.mark.parametrize("cells", [("0", "1"), ("1", "2"), ("18", "19", "20"), ("yes", "no")])
def test_what_is_no_scale_is_none(cells):
    assert found(*cells) is None


def test_number_may_stand_beside_words():
    low, high, points = found("1 - Very low", "2", "3", "4", "Very high (5)")
    assert (low, high) == (1, 5)
    assert points == {"1 - Very low": 1, "2": 2, "3": 3, "4": 4, "Very high (5)": 5}


@pytest.mark.parametrize(
    "ladder",
    [
        (
            "Not at all important, Slightly important, Moderately important, Very important, "
            "Extremely important"
        ),
        "Not at all important, Not very important, Somewhat important, Important, Very important",
        "Strongly disagree, Disagree, Neither agree nor disagree, Agree, Strongly agree",
        (
            "Strongly disagree, Disagree, Somewhat disagree, Neutral, Somewhat agree, Agree, "
            "Strongly agree"
        ),
        "Very dissatisfied, Dissatisfied, Neither, Satisfied, Very satisfied",
        "Very unsatisfied, Unsatisfied, Satisfied, Very satisfied",
        "Very poor, Poor, Fair, Good, Very good",
        "Never, Rarely, Sometimes, Often, Always",
        "Very low, Low, Medium, High, Very high",
        (
            "Not at all satisfied, Slightly satisfied, Moderately satisfied, Very satisfied, "
            "Extremely satisfied"
        ),
    ],
)
def test_words_are_put_in_order_however_they_come(ladder):
    words = ladder.split(", ")
    backwards = found(*reversed(words))
    assert backwards == (1, len(words), {word: n for n, word in enumerate(words, start=1)})


@pytest.mark.parametrize(
    "ladder",
    [
        "Überhaupt nicht wichtig, Weniger wichtig, Teils/teils, Wichtig, Sehr wichtig",
        "Unwichtig, Eher unwichtig, Eher wichtig, Sehr wichtig",
        (
            "Stimme überhaupt nicht zu, Stimme eher nicht zu, Teils/teils, Stimme eher zu, "
            "Stimme voll und ganz zu"
        ),
        "Trifft gar nicht zu, Trifft eher nicht zu, Trifft eher zu, Trifft voll zu",
        "Sehr unzufrieden, Unzufrieden, Weder noch, Zufrieden, Sehr zufrieden",
        "Nicht zufrieden, Wenig zufrieden, Zufrieden, Sehr zufrieden",
        "Nie, Selten, Manchmal, Häufig, Immer",
        "Sehr schlecht, Schlecht, Mittelmäßig, Gut, Sehr gut",
        "Nada importante, Poco importante, Algo importante, Importante, Muy importante",
        (
            "Totalmente en desacuerdo, En desacuerdo, Ni de acuerdo ni en desacuerdo, De acuerdo, "
            "Totalmente de acuerdo"
        ),
        "Muy insatisfecha, Insatisfecha, Neutral, Satisfecha, Muy satisfecha",
        "Nada satisfecho, Poco satisfecho, Bastante satisfecho, Muy satisfecho",
        "Nunca, Casi nunca, A veces, A menudo, Siempre",
        "Muy malo, Malo, Regular, Bueno, Muy bueno",
        "Pas du tout important, Peu important, Assez important, Très important",
        (
            "Pas du tout d'accord, Plutôt pas d'accord, Ni d'accord ni pas d'accord, "
            "Plutôt d'accord, Tout à fait d'accord"
        ),
        "Pas du tout d'accord, Pas d'accord, Neutre, D'accord, Tout a fait d'accord",
        "Très insatisfait, Plutôt insatisfait, Plutôt satisfait, Très satisfait",
        "Jamais, Rarement, Parfois, Souvent, Toujours",
        "Très mauvais, Mauvais, Moyen, Bon, Très bon",
    ],
)
def test_words_of_other_languages_are_put_in_order(ladder):
    test_words_are_put_in_order_however_they_come(ladder)


def test_word_that_nobody_chose_keeps_its_place():
    assert found("Disagree", "Neutral", "Agree", "Strongly agree")[2]["Disagree"] == 2
    important = found("Slightly important", "Very important", "Extremely important")
    assert important == (
        1, 5, {"Slightly important": 2, "Very important": 4, "Extremely important": 5}
    )  # fmt: skip


def test_scale_that_is_turned_round_has_its_best_at_the_least():
    assert Scale(1, 3, {"1": 1, "3": 3}, ("bad", "good")).turned() == Scale(
        1, 3, {"1": 3, "3": 1}, ("good", "bad")
    )


def test_scale_that_somebody_names_leaves_out_what_is_beyond_it():
    assert dict(numbers_from(["1", "5", "9", "n/a"], 1, 7).points) == {"1": 1, "5": 5}


def test_long_or_many_contents_are_looked_at_in_no_time():
    hostile = {f"{'a ' * 40_000}{n}": 1 for n in range(10)}
    assert scale_of(hostile) is None
    assert scale_of({"-" * 80: 1, "1" * 80: 1, " (" * 40: 1}) is None
