"""What is kept of a text, how it reads by itself, and what it mentions."""

from __future__ import annotations

import datetime as dt

import pytest

from memories.providers.rules.extractor import RulesExtractor
from memories.providers.rules.types import Statement
from memories.types import Item

SAID = dt.datetime(2024, 5, 10, 12, tzinfo=dt.UTC)  # a Friday


def statements(rules: RulesExtractor, text: str, speaker: str | None = None) -> tuple[Statement, ...]:
    return rules.extract([Item(text, "user", speaker, SAID)])


def contents(rules: RulesExtractor, text: str, speaker: str | None = None) -> list[str]:
    return [statement.fact.content for statement in statements(rules, text, speaker)]


def test_the_name_of_the_user_is_carried_by_what_follows(rules: RulesExtractor) -> None:
    (john,) = statements(rules, "User's name is John. He works at Google as a senior engineer.")
    assert john.fact.content == "John works at Google as a senior engineer"
    assert john.fact.evidence == "He works at Google as a senior engineer."
    assert john.subject == "John"


def test_a_name_alone_is_kept(rules: RulesExtractor) -> None:
    assert contents(rules, "User's name is John.") == ["User's name is John"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I work at Siemens.", "User works at Siemens"),
        ("I'm a nurse.", "User is a nurse"),
        ("I've moved to Graz.", "User has moved to Graz"),
        ("I don't eat meat.", "User doesn't eat meat"),
        ("My sister Emily lives in Denver.", "User's sister Emily lives in Denver"),
        ("I was born in Glasgow.", "User was born in Glasgow"),
        ("I fly to Oslo and carry my bike.", "User flies to Oslo and carries User's bike"),
        ("Elena works at Ferrovial.", "Elena works at Ferrovial"),
    ],
)
def test_the_first_person_becomes_the_user(rules: RulesExtractor, text: str, expected: str) -> None:
    assert contents(rules, text) == [expected]


def test_the_first_person_becomes_the_speaker_by_name(rules: RulesExtractor) -> None:
    assert contents(rules, "I live in Kumasi.", speaker="Kofi") == ["Kofi lives in Kumasi"]


def test_a_pronoun_takes_the_name_of_the_sentence_before(rules: RulesExtractor) -> None:
    assert contents(rules, "My sister Emily is a doctor. She lives in Denver.") == [
        "User's sister Emily is a doctor",
        "Emily lives in Denver",
    ]


def test_a_pronoun_of_the_other_sex_is_left_alone(rules: RulesExtractor) -> None:
    assert contents(rules, "My sister Emily is a doctor. He lives in Denver.")[1] == "He lives in Denver"


def test_quoted_words_stay_as_they_are(rules: RulesExtractor) -> None:
    assert contents(rules, 'Priya said "I love Kyoto".') == ['Priya said "I love Kyoto"']


@pytest.mark.parametrize(
    "text",
    [
        "hey! good morning :)",
        "Thanks, that worked perfectly.",
        "Thank you so much, this is really helpful!",
        "What's the best way to clean a skillet?",
        "How are you",
        "lol yes exactly",
        "Please rewrite this email in a friendlier tone.",
        "Can you make the second paragraph shorter",
        "Sounds great, let's go with option B then.",
        "I'd like to know more about yogurt.",
        "I was wondering if you could help.",
        "```python\nx = 1\n```",
        "def total(items):\n    return sum(i.price for i in items)",
        "SELECT name FROM users;",
        "ok so 18% of 240 is what?",
        "",
        "   \n\t ",
        "!!! ... ???",
    ],
)
def test_it_keeps_nothing_of_small_talk_questions_orders_and_code(rules: RulesExtractor, text: str) -> None:
    assert statements(rules, text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "I'm allergic to peanuts.",
        "sold the vespa yesterday",
        "The launch is planned for 12 May.",
        "Can you recommend a tripod for my Canon EOS R6?",
        "I might move to York.",
        "Linus Torvalds created Git.",
        "Please always reply in French.",
    ],
)
def test_it_keeps_states_events_plans_and_preferences(rules: RulesExtractor, text: str) -> None:
    assert len(statements(rules, text)) == 1


def test_a_plan_is_hedged_and_less_sure(rules: RulesExtractor) -> None:
    (plan,), (state,) = statements(rules, "I might move to York."), statements(rules, "I live in York.")
    assert (plan.hedged, state.hedged) == (True, False)
    assert (plan.fact.confidence, state.fact.confidence) == (0.6, 0.9)


def test_a_denial_is_marked(rules: RulesExtractor) -> None:
    (denied,) = statements(rules, "I don't eat meat.")
    assert denied.negated


def test_a_fact_knows_its_message(rules: RulesExtractor) -> None:
    items = [Item("Hello!", "user"), Item("I live in Graz.", "user", "Ada", SAID, "2024-05-10T12:00:00Z")]
    (fact,) = (statement.fact for statement in rules.extract(items))
    assert (fact.position, fact.role, fact.speaker, fact.said_at, fact.stamp) == (
        1,
        "user",
        "Ada",
        SAID,
        "2024-05-10T12:00:00Z",
    )


def test_the_assistant_states_nothing_about_the_user(rules: RulesExtractor) -> None:
    items = [Item("I live in Graz.", "assistant"), Item("I live in Oslo.", "user")]
    assert [s.fact.evidence for s in rules.extract(items)] == ["I live in Oslo."]
    assert [s.fact.evidence for s in rules.extract(items, frozenset({"assistant"}))] == ["I live in Graz."]


def test_every_item_has_its_extraction(rules: RulesExtractor) -> None:
    items = [
        Item("", "user"),
        Item("I live in Oslo.", "user"),
        Item("I live in Graz.", "assistant"),
        Item("Hi!", "user"),
    ]
    assert [len(found.statements) for found in rules.read(items)] == [0, 1, 0, 0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My sister Emily lives in Denver.", [("Emily", "PERSON"), ("Denver", "LOCATION")]),
        ("I have a parrot called Captain.", [("Captain", "PERSON")]),
        ("I work at Noma.", [("Noma", "ORG")]),
        (
            "I study at the University of Illinois at Urbana-Champaign.",
            [("University of Illinois at Urbana-Champaign", "ORG")],
        ),
        ("We met at the Museum of Modern Art.", [("Museum of Modern Art", "LOCATION")]),
        ("I went to the Portland Film Festival.", [("Portland Film Festival", "EVENT")]),
        ("My 2018 Ford Mustang GT is fast.", [("Ford Mustang GT", "PRODUCT")]),
        (
            'I read "The Silent Patient" by Alex Michaelides.',
            [("The Silent Patient", "PRODUCT"), ("Alex Michaelides", "PERSON")],
        ),
        ("I see Dr. Alvarez on Mondays.", [("Dr. Alvarez", "PERSON")]),
        ('I joined a group called "Book Lovers Unite".', [("Book Lovers Unite", "ORG")]),
        ("I have a GPA of 3.8 and an MBA.", []),
        ("My mixed ethnicity is Irish and Italian.", []),
    ],
)
def test_it_finds_names_and_what_they_are(rules: RulesExtractor, text: str, expected: list[tuple[str, str]]) -> None:
    (found,) = rules.read([Item(text, "user", said_at=SAID)])
    assert [(m.name, m.type) for m in found.mentions] == expected


def test_a_mention_stands_where_its_span_says(rules: RulesExtractor) -> None:
    (statement,) = statements(rules, "My sister Emily moved to Denver in March 2024.")
    evidence = statement.fact.evidence
    assert [(m.name, evidence[m.span.start : m.span.stop]) for m in statement.mentions] == [
        ("Emily", "Emily"),
        ("Denver", "Denver"),
        ("March 2024", "March 2024"),
    ]
