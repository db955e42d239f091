"""Relations out of sentences: one behaviour a case, the whole result each time."""

from __future__ import annotations

import datetime as dt

import pytest

from memories.providers.rules.extractor import RulesExtractor
from memories.providers.rules.types import Extraction, Relation
from memories.types import Item

SAID = dt.datetime(2024, 5, 10, 12, tzinfo=dt.UTC)  # a Friday


def read(rules: RulesExtractor, text: str) -> Extraction:
    (found,) = rules.read([Item(text, "user", said_at=SAID)])
    return found


def relations(found: Extraction) -> list[Relation]:
    return [relation for statement in found.statements for relation in statement.relations]


def held(found: Extraction) -> set[str]:
    return {f"{r.source} {r.type} {r.target}" for r in relations(found) if r.holds}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # work
        ("I work at Siemens as a data analyst.", {"user WORKS_AT Siemens", "user HAS_ROLE data analyst"}),
        ("Elena is employed by Ferrovial.", {"Elena WORKS_AT Ferrovial"}),
        ("I'm a nurse at Mercy General Hospital.", {"user HAS_ROLE nurse", "user WORKS_AT Mercy General Hospital"}),
        ("Chidi joined Zoho in May.", {"Chidi WORKS_AT Zoho"}),
        ("I started a new job at Blue Harbor Logistics.", {"user WORKS_AT Blue Harbor Logistics"}),
        ("Pekka reports to Rosa.", {"Pekka REPORTS_TO Rosa"}),
        ("Rosa manages the Falcon project.", {"Rosa MANAGES Falcon"}),
        ("The Falcon project is led by Amara Okafor.", {"Amara Okafor MANAGES Falcon"}),
        ("Emma, a freelance writer, called me.", {"Emma HAS_ROLE freelance writer"}),
        # places
        ("I live in Graz.", {"user LIVES_IN Graz"}),
        ("We moved to Austin from Chicago.", {"user MOVED_TO Austin", "user LIVES_IN Austin"}),
        ("I was born in Glasgow.", {"user BORN_IN Glasgow"}),
        ("I visited the Van Gogh Museum in 2019.", {"user VISITED Van Gogh Museum"}),
        ("I just got back from a trip to Costa Rica.", {"user VISITED Costa Rica"}),
        ("I studied physics at the University of Oslo.", {"user STUDIED_AT University of Oslo"}),
        # persons
        ("My sister Emily called.", {"user SIBLING_OF Emily"}),
        ("Keisha's sister Monique called.", {"Keisha SIBLING_OF Monique"}),
        ("My husband's name is Daniel.", {"user MARRIED_TO Daniel"}),
        ("I have a daughter named Lily.", {"user PARENT_OF Lily"}),
        ("My mom, Patricia, called.", {"Patricia PARENT_OF user"}),
        ("My friends Rachel and Mike came.", {"user FRIEND_OF Rachel", "user FRIEND_OF Mike"}),
        ("My boss Hiroshi Tanaka called.", {"Hiroshi Tanaka MANAGES user"}),
        ("Ibrahim is married to Leila.", {"Ibrahim MARRIED_TO Leila"}),
        ("Andre and Beatriz are married.", {"Andre MARRIED_TO Beatriz"}),
        ("My cousin Theo called.", set()),
        # pets
        ("I have a dog called Bruno.", {"user HAS_PET Bruno"}),
        ("My cat's name is Luna.", {"user HAS_PET Luna"}),
        ("Ziggy is our pet tortoise.", {"user HAS_PET Ziggy"}),
        ("I adopted a kitten. Her name is Saffron.", {"user HAS_PET Saffron"}),
        # having, liking, making
        ("I bought a coffee table.", {"user OWNS coffee table"}),
        ("My car is a 2018 Honda Civic.", {"user OWNS Honda Civic"}),
        ("I've got a road bike and a mountain bike.", {"user OWNS road bike", "user OWNS mountain bike"}),
        ("I have a meeting and an idea.", set()),
        ("I love ramen and hate cilantro.", {"user LIKES ramen", "user DISLIKES cilantro"}),
        ("I don't like olives.", {"user DISLIKES olives"}),
        ("I can't stand blue cheese.", {"user DISLIKES blue cheese"}),
        ("My favorite color is green.", {"user LIKES green"}),
        ("I'm really into pottery.", {"user LIKES pottery"}),
        ("I'd love to see Kyoto.", set()),
        ("Linus Torvalds created Git in 2005.", {"Linus Torvalds CREATED Git"}),
        ("I'm a member of the chess club.", {"user MEMBER_OF chess club"}),
    ],
)
def test_it_reads_relations(rules: RulesExtractor, text: str, expected: set[str]) -> None:
    assert held(read(rules, text)) == expected


def test_a_role_is_a_property_of_the_job(rules: RulesExtractor) -> None:
    found = read(rules, "User's name is John. He works at Google as a senior engineer.")
    works = next(r for r in relations(found) if r.type == "WORKS_AT")
    assert (works.source, works.target, dict(works.properties)) == ("John", "Google", {"role": "senior engineer"})


@pytest.mark.parametrize(
    ("text", "source", "kind", "target"),
    [
        ("Arjun no longer works at Infosys.", "Arjun", "WORKS_AT", "Infosys"),
        ("Katarzyna doesn't work at Orlen any more.", "Katarzyna", "WORKS_AT", "Orlen"),
        ("I quit my job at Philips.", "user", "WORKS_AT", "Philips"),
        ("I don't live in Turin any longer.", "user", "LIVES_IN", "Turin"),
        ("I sold my Vespa.", "user", "OWNS", "Vespa"),
        ("Hyun-woo left the chess club.", "Hyun-woo", "MEMBER_OF", "chess club"),
        ("Andre and Beatriz got divorced.", "Andre", "MARRIED_TO", "Beatriz"),
    ],
)
def test_what_ended_is_negated(rules: RulesExtractor, text: str, source: str, kind: str, target: str) -> None:
    found = read(rules, text)
    assert (source, kind, target) in {(r.source, r.type, r.target) for r in relations(found) if r.negated}
    assert held(found) == set()


@pytest.mark.parametrize(
    "text",
    [
        "We might move to Utrecht next year.",
        "I'm thinking of applying to work at Stripe.",
        "I want to live in Oslo.",
        "If I work at Siemens, I will be happy.",
        "Maybe I will join Zoho.",
    ],
)
def test_what_is_only_possible_holds_nothing(rules: RulesExtractor, text: str) -> None:
    assert held(read(rules, text)) == set()


@pytest.mark.parametrize(
    "text",
    ["Does Hassan still work at Careem?", "Does anyone know if Farah lives in Dubai?", "Should I move to Berlin?"],
)
def test_a_question_states_nothing(rules: RulesExtractor, text: str) -> None:
    assert read(rules, text).statements == ()


def test_a_question_still_presupposes(rules: RulesExtractor) -> None:
    found = read(rules, "Can you suggest a gift for my sister Emily?")
    assert held(found) == {"user SIBLING_OF Emily"}


def test_what_was_once_does_not_hold_now(rules: RulesExtractor) -> None:
    found = read(rules, "Back in 2019 I lived in Lyon.")
    (lived,) = relations(found)
    assert (lived.type, lived.target, lived.past, lived.holds, lived.valid_from) == (
        "LIVES_IN",
        "Lyon",
        True,
        False,
        "2019",
    )


def test_a_quotation_belongs_to_who_is_quoted(rules: RulesExtractor) -> None:
    assert held(read(rules, 'Priya said "I love ramen", but she lives in Pune.')) == {
        "Priya LIKES ramen",
        "Priya LIVES_IN Pune",
    }
    assert held(read(rules, 'My brother told me: "I work at Shell."')) == set()


def test_the_date_of_a_relation_is_its_start(rules: RulesExtractor) -> None:
    found = read(rules, "Ana moved to Porto in March 2024.")
    assert {(r.type, r.valid_from) for r in relations(found)} == {("MOVED_TO", "2024-03"), ("LIVES_IN", "2024-03")}


def test_a_profile_is_read_line_by_line(rules: RulesExtractor) -> None:
    found = read(rules, "- Name: Kwame Mensah\n- Role: CTO\n- Company: Zuri Health Ltd\n- Location: Accra, Ghana")
    assert held(found) == {
        "Kwame Mensah HAS_ROLE CTO",
        "Kwame Mensah WORKS_AT Zuri Health Ltd",
        "Kwame Mensah LIVES_IN Accra",
        "Accra PART_OF Ghana",
    }
    assert found.user_name == "Kwame Mensah"
