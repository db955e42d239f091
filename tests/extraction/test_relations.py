"""Relations out of sentences: one behaviour a case, the whole result each time."""

from __future__ import annotations

import datetime as dt

import pytest

from memories.extraction.extractor import TextExtractor
from memories.extraction.sentence_context import GUESSED
from memories.types import Item
from tests.extraction.reading import current, ended, stated, statements


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # work
        ("I work at Bosch as a test engineer.", {"user WORKS_AT Bosch", "user HAS_ROLE test engineer"}),
        ("Vera works for Telefónica.", {"Vera WORKS_AT Telefónica"}),
        ("I'm a midwife at Saint Luke's Hospital.", {"user HAS_ROLE midwife", "user WORKS_AT Saint Luke's Hospital"}),
        ("Tariq joined Lufthansa in April.", {"Tariq WORKS_AT Lufthansa"}),
        ("I got a job at Northwind Traders.", {"user WORKS_AT Northwind Traders"}),
        ("The CEO of Northwind is Ingrid Berg.", {"Ingrid Berg WORKS_AT Northwind", "Ingrid Berg HAS_ROLE CEO"}),
        ("Works at Capgemini as a tester.", {"user WORKS_AT Capgemini", "user HAS_ROLE tester"}),
        ("Olga reports to Henrik.", {"Olga REPORTS_TO Henrik"}),
        ("Henrik leads the Sparrow project.", {"Henrik MANAGES Sparrow"}),
        ("The Sparrow project is led by Henrik Dahl.", {"Henrik Dahl MANAGES Sparrow"}),
        ("Vestas hired Signe as an analyst.", {"Signe WORKS_AT Vestas", "Signe HAS_ROLE analyst"}),
        ("Signe was elected as treasurer.", {"Signe HAS_ROLE treasurer"}),
        ("Signe, a welder at Vestas, called.", {"Signe HAS_ROLE welder", "Signe WORKS_AT Vestas"}),
        ("My day job is at Vestas.", {"user WORKS_AT Vestas"}),
        ("Signe is in charge of Kestrel.", {"Signe MANAGES Kestrel"}),
        ("Signe works under Henrik.", {"Signe REPORTS_TO Henrik"}),
        ("Signe reports to Henrik, not to Vera.", {"Signe REPORTS_TO Henrik"}),
        ("The Kestrel team belongs to Vestas.", {"Kestrel PART_OF Vestas"}),
        ("I work at night.", set()),
        ("I work with Omar.", set()),
        # places
        ("I live in Bremen.", {"user LIVES_IN Bremen"}),
        ("I moved to Namur.", {"user MOVED_TO Namur", "user LIVES_IN Namur"}),
        ("We moved the server to Frankfurt.", set()),
        ("Our flat is in Namur.", {"user LIVES_IN Namur"}),
        ("These days home is Namur.", {"user LIVES_IN Namur"}),
        ("I've been in Namur since 2017.", {"user LIVES_IN Namur"}),
        ("Born and raised in Leeds.", {"user BORN_IN Leeds"}),
        ("I was born in Leeds.", {"user BORN_IN Leeds"}),
        ("We visited the Prado Museum in 2018.", {"user VISITED Prado Museum"}),
        ("I studied law at the University of Ghent.", {"user STUDIED_AT University of Ghent"}),
        # persons
        ("My sister Nora called.", {"user SIBLING_OF Nora"}),
        ("Nora (my sister) called.", {"user SIBLING_OF Nora"}),
        ("Nora and Ola are friends.", {"Nora FRIEND_OF Ola"}),
        ("I have two sons, Emil (9) and Axel (6).", {"user PARENT_OF Emil", "user PARENT_OF Axel"}),
        ("Nora, our plumber. Lives in Leeds.", {"Nora HAS_ROLE plumber", "Nora LIVES_IN Leeds"}),
        (
            "Marta Roth is the founder of Copper Works.",
            {"Marta Roth CREATED Copper Works", "Marta Roth HAS_ROLE founder"},
        ),
        ("I can't stand karaoke.", {"user DISLIKES karaoke"}),
        ("Nora is not a fan of olives.", {"Nora DISLIKES olives"}),
        ("Bergen is my favourite city.", {"user LIKES Bergen"}),
        ("Amira's brother Sami called.", {"Amira SIBLING_OF Sami"}),
        ("My wife's name is Johanna.", {"user MARRIED_TO Johanna"}),
        ("I have a son named Emil.", {"user PARENT_OF Emil"}),
        ("My dad, Robert, called.", {"Robert PARENT_OF user"}),
        ("My friends Ola and Petter came.", {"user FRIEND_OF Ola", "user FRIEND_OF Petter"}),
        ("My boss Keiko Mori called.", {"Keiko Mori MANAGES user"}),
        ("Hugo is married to Clara.", {"Hugo MARRIED_TO Clara"}),
        ("Hugo and Clara got married.", {"Hugo MARRIED_TO Clara"}),
        ("My sister-in-law Ewa called.", set()),
        # pets
        ("I have a cat called Felix.", {"user HAS_PET Felix"}),
        ("My dog's name is Balu.", {"user HAS_PET Balu"}),
        ("I adopted a rabbit.", {"user HAS_PET rabbit"}),
        # having and liking
        ("I bought a garden shed.", {"user OWNS garden shed"}),
        ("I have a kayak and a tent.", {"user OWNS kayak", "user OWNS tent"}),
        ("I have a question and an appointment.", set()),
        ("I love dumplings and I hate mustard.", {"user LIKES dumplings", "user DISLIKES mustard"}),
        ("I don't like beetroot.", {"user DISLIKES beetroot"}),
        ("I can't stand loud music.", {"user DISLIKES loud music"}),
        ("My favourite fruit is mango.", {"user LIKES mango"}),
        ("I'm a fan of jazz.", {"user LIKES jazz"}),
        ("I loved the soup.", set()),
        ("Grace Hopper invented COBOL.", {"Grace Hopper CREATED COBOL"}),
        ("I'm a member of the rowing club.", {"user MEMBER_OF rowing club"}),
    ],
)
def test_it_reads_relations(extractor: TextExtractor, text: str, expected: set[str]) -> None:
    assert current(extractor, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "My boss thinks I live in Hamburg.",
        "Suppose I work at NASA.",
        "Imagine that I have a dog named Rex.",
        "It is not true that I work at Shell.",
        "I almost moved to Peru.",
        "I never worked at Oracle.",
        "We might move to Antwerp next year.",
        "I plan to move to Oslo.",
        "I'm moving to Lyon in June.",
        "I'll join Zalando.",
        "If I worked at Airbus, I would be happy.",
        "Paula says that Igor lives in Minsk.",
        'Paula said "I work at Renault".',
        "Does Igor still work at Renault?",
        "Should I move to Prague?",
        "I'd love to see Kyoto.",
    ],
)
def test_what_is_not_claimed_is_no_relation(extractor: TextExtractor, text: str) -> None:
    (statement,) = statements(extractor, text)
    assert statement.graph.stated == ()


def test_what_the_speaker_vouches_for_is_one(extractor: TextExtractor) -> None:
    for text in ("I know that Kim works at Acme.", "Remember that Kim works at Acme.", "I think Kim works at Acme."):
        assert current(extractor, text) == {"Kim WORKS_AT Acme"}


def test_a_question_still_presupposes(extractor: TextExtractor) -> None:
    assert current(extractor, "Which gift would my sister Nora like?") == {"user SIBLING_OF Nora"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Anil no longer works at Wipro.", {"Anil WORKS_AT Wipro"}),
        ("Anil doesn't work at Wipro anymore.", {"Anil WORKS_AT Wipro"}),
        ("I quit my job at Equinor.", {"user WORKS_AT Equinor"}),
        ("I stopped working at Nokia.", {"user WORKS_AT Nokia"}),
        ("I worked at Nokia.", {"user WORKS_AT Nokia"}),
        ("I used to love olives.", {"user LIKES olives"}),
        ("We moved away from Turin.", {"user LIVES_IN Turin"}),
        ("I sold my canoe.", {"user OWNS canoe"}),
        ("Ravi left the rowing club.", {"Ravi MEMBER_OF rowing club"}),
        ("I left Bosch headquarters at six.", set()),
    ],
)
def test_what_is_over_ends_a_relation(extractor: TextExtractor, text: str, expected: set[str]) -> None:
    assert (ended(extractor, text), current(extractor, text)) == (expected, set())


def test_leaving_ends_a_job_or_a_home_without_telling_which(extractor: TextExtractor) -> None:
    found = stated(extractor, "I left Umicore.")
    assert {(s.type, s.target, s.ended) for s in found} >= {("WORKS_AT", "Umicore", True)}
    assert all(s.confidence == GUESSED for s in found if s.type == "LIVES_IN")


def test_the_dates_of_a_relation(extractor: TextExtractor) -> None:
    (works,) = stated(extractor, "I have worked at Bosch since 2019.")
    assert (works.valid_from, works.valid_to) == (dt.datetime(2019, 1, 1, tzinfo=dt.UTC), None)
    (worked,) = stated(extractor, "Anil no longer works at Wipro since March 2024.")
    assert (worked.ended, worked.valid_to) == (True, dt.datetime(2024, 3, 1, tzinfo=dt.UTC))


def test_a_role_is_a_property_of_the_job(extractor: TextExtractor) -> None:
    (works,) = stated(extractor, "Lena works at Miele as a technician.")
    assert (works.source, works.type, works.target, dict(works.properties)) == (
        "Lena",
        "WORKS_AT",
        "Miele",
        {"role": "technician"},
    )


def test_a_list_of_people_and_places_gives_a_bounded_number(extractor: TextExtractor) -> None:
    people = ", ".join(f"Ann{n}" for n in range(60))
    places = ", ".join(f"Graz{n}" for n in range(60))
    assert len(stated(extractor, f"{people} and Bo live in {places} and Linz.")) <= 50


def test_each_speaker_of_a_transcript_speaks_for_himself(extractor: TextExtractor) -> None:
    text = "Pieter: I live in Gent.\nElise: I live in Namur. I work at Umicore."
    assert current(extractor, text) == {"Pieter LIVES_IN Gent", "Elise LIVES_IN Namur", "Elise WORKS_AT Umicore"}


def test_an_assistant_is_nobody(extractor: TextExtractor) -> None:
    ((statement,),) = extractor.read([Item("I work at Acme.", "assistant")], frozenset({"assistant"}))
    assert (statement.fact.content, statement.graph.stated) == ("Assistant works at Acme", ())


def test_the_fields_of_a_profile_are_the_users_and_those_of_a_card_its_owners(extractor: TextExtractor) -> None:
    assert current(extractor, "## Profile\n- Name: Oksana\n- City: Gent\n- Job: nurse at UZ Gent") == {
        "user LIVES_IN Gent",
        "user WORKS_AT UZ Gent",
        "user HAS_ROLE nurse",
    }
    assert current(extractor, "- Name: Kofi Adjei\n- Role: CFO\n- Company: Sahel Power") == {
        "Kofi Adjei HAS_ROLE CFO",
        "Kofi Adjei WORKS_AT Sahel Power",
    }
    assert current(extractor, "## Database\n- Location: Frankfurt") == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Odile was hired by Vestas.", set()),  # in the past; who was hired is the person
        ("Siemens hired Ana last week.", {"Ana WORKS_AT Siemens"}),
        ("I got a new bike.", {"user OWNS bike"}),
        ("I bought a house in Tartu.", {"user OWNS house"}),
        ("I play chess with Bram.", set()),
        ("We have a rabbit named Heidi and a dog named Fritz.", {"user HAS_PET Heidi", "user HAS_PET Fritz"}),
        ("My cat died in May.", set()),
    ],
)
def test_who_has_what_now(extractor: TextExtractor, text: str, expected: set[str]) -> None:
    assert current(extractor, text) == expected


def test_a_fragment_about_the_speaker_is_reworded(extractor: TextExtractor) -> None:
    assert [s.fact.content for s in statements(extractor, "Love my new desk.")] == ["Love User's new desk"]
