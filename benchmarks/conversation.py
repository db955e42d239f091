"""Conversations that nobody had, as long as one likes: seeded, varied, and with questions that they answer. Pure.

A turn is one to four sentences, each of a frame and some 2,000 words (`data/vocabulary.toml`); the first one states
something that a question asks for. The first n turns are the same however many are made.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VOCABULARY = Path(__file__).parent / "data" / "vocabulary.toml"
WORDS = {
    kind: tuple(" ".join(word.split()) for word in words.split(","))
    for kind, words in tomllib.loads(VOCABULARY.read_text()).items()
} | {"numbers": tuple(map(str, range(11, 1000)))}
TURNS = 20  # of a session
CIRCLE = WORDS["people"][::9]  # who speak: a person has few friends, so that a name is in many turns
BEGIN = dt.datetime(2022, 1, 1, 9, tzinfo=dt.UTC)
SESSIONS_APART = dt.timedelta(hours=3, minutes=7)

# What is stated, and what is asked for, in words filled in alike.
FRAMES = (
    ("I {got} a {adjectives} {things} in {cities} {whens}.", "Where was the {adjectives} {things} {got} by {speaker}?"),
    ("My {kin} {people} gave me a {adjectives} {things} for my birthday.", "Who gave {speaker} a {things}?"),
    ("I went to the {events} at the {places} with {people} {whens}.", "Who was with {speaker} at the {events}?"),
    ("{people} is training to be a {jobs} in {cities}.", "What is {people} from {cities} training to be?"),
    ("I have taken up {hobbies}, {reasons}.", "Why has {speaker} taken up {hobbies}?"),
    ("We cooked {foods} for {people} {whens}, and there was nothing left.", "What did {speaker} cook for {people}?"),
    ("{people} has adopted a {adjectives} {animals} called {people2}.", "What is the name of {people}'s {animals}?"),
    ("I'm reading a book about {topics} that my {kin} lent me.", "Who lent {speaker} the book about {topics}?"),
    ("I felt so {feelings} at the {places} {whens}.", "How did {speaker} feel at the {places} {whens}?"),
    ("My {kin} is moving to {cities} to work as a {jobs}.", "Where is the {kin} of {speaker}, a {jobs}, moving to?"),
    ("{people} and I missed the {events} in {cities}, {reasons}.", "Why did {speaker} miss the {events} in {cities}?"),
    ("There is a lecture on {topics} at the {places} in {cities}.", "Where can {speaker} hear about {topics}?"),
    ("I sold the {things} to a {jobs} named {people}, {reasons}.", "To whom did {speaker} sell the {things}?"),
    ("My {kin} is {feelings} about the {events} {whens}.", "What is the {kin} of {speaker} {feelings} about?"),
    ("{people} taught me {hobbies} near the {places} of {cities}.", "Who taught {speaker} {hobbies} in {cities}?"),
    ("The {animals} ate my {foods} while I was at the {places}.", "What did the {animals} of {speaker} eat?"),
)
ASIDES = (
    "{asides}",
    "{asides}",
    "By the way, {people} is {feelings} about the {events}.",
    "It reminds me of the {adjectives} {things} that {people} {got} in {cities}.",
    "After that we had {foods} near the {places}.",
    "Do you still go to the {places} for {hobbies}?",
    "I talked about {topics} with a {jobs} from {cities}.",
    "{people} wanted to come too, {reasons}.",
    "It cost {numbers} euros, can you believe it?",
    "We met in room {numbers} of the {places}.",
)


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """What `speaker` said at `said_at` in a session, and a question that it answers."""

    session: str
    speaker: str
    said_at: dt.datetime
    text: str
    question: str


def turns(count: int, seed: int = 7) -> Iterator[ConversationTurn]:
    """The first `count` turns of a long friendship."""
    return itertools.islice(itertools.chain.from_iterable(session(n, seed) for n in itertools.count()), count)


def session(number: int, seed: int = 7) -> list[ConversationTurn]:
    """Two people talking for TURNS turns."""
    dice = random.Random(f"{seed}-{number}")
    pair = dice.sample(CIRCLE, 2)
    begun = BEGIN + number * SESSIONS_APART
    made = []
    for place in range(TURNS):
        text, question = _said(dice, pair[place % 2])
        made.append(
            ConversationTurn(f"session-{number}", pair[place % 2], begun + dt.timedelta(minutes=place), text, question)
        )
    return made


def questions(most: int, count: int, seed: int = 7) -> list[str]:
    """Up to `most` different questions, all answered by the first `count` turns and spread evenly over them."""
    found = list(dict.fromkeys(turn.question for turn in turns(count, seed)))
    step = max(1.0, len(found) / most)
    return [found[int(place * step)] for place in range(min(most, len(found)))]


def _said(dice: random.Random, speaker: str) -> tuple[str, str]:
    """A turn's text, and the question that its first sentence answers."""
    statement, question = dice.choice(FRAMES)
    words = _Words(dice, speaker=speaker)
    sentences = [statement.format_map(words)]
    for _ in range(dice.choice((0, 1, 1, 2, 3))):
        sentences.append(dice.choice(ASIDES).format_map(_Words(dice)))
    return " ".join(sentences), question.format_map(words)


class _Words(dict[str, str]):
    """The words of a sentence, each thrown when it is first needed: {people2} is another one of {people}."""

    def __init__(self, dice: random.Random, **known: str) -> None:
        super().__init__(known)
        self._dice = dice

    def __missing__(self, name: str) -> str:
        return self.setdefault(name, self._dice.choice(WORDS[name.removesuffix("2")]))
