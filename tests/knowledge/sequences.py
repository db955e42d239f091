"""Random sequences of writes of two owners, handed over in random ways, with what goes wrong meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from memories.types import SourceKind

USERS = ("ann", "ben")
MAX_KILLS = 3  # of one owner: a write whose worker was killed three times is set aside
TEXTS = (
    "I live in Gent.",
    "I moved to Namur.",
    "I live in Antwerp now.",
    "I work at Acme.",
    "I now work for Globex.",
    "I no longer work at Acme.",
    "My sister Julia lives in Rome.",
    "Julia moved to Oslo.",
    "I have a dog called Rex.",
    "My favourite colour is green.",
    "My favourite colour is blue.",
    "Tom works at Globex as an engineer. He likes chess.",
    "I live in Gent. I moved to Namur.",
)
FORMS = (*["one"] * 3, *["batch"] * 2, "talk", *["change"] * 2, "erase", "edit", *["pass"] * 4)
SAID_AT = (None, None, None, None, "2024-05-01T10:00:00Z", "2025-05-01T10:00:00Z")


# --- what is sent ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Store:
    label: int
    user: str
    content: str
    verbatim: bool = False
    agent: str | None = None
    said_at: str | None = None

    def body(self) -> dict[str, Any]:
        said = {"content": self.content, "user_id": self.user, "skip_extraction": self.verbatim}
        more = {"agent_id": self.agent, "timestamp": self.said_at}
        return said | {name: value for name, value in more.items() if value is not None}


@dataclass(frozen=True)
class Talk:
    label: int
    user: str
    messages: tuple[tuple[str, str], ...]
    verbatim: bool = False
    agent: str | None = None

    def body(self) -> dict[str, Any]:
        turns = [{"role": role, "content": content} for role, content in self.messages]
        return {"messages": turns, "user_id": self.user, "options": {"infer": not self.verbatim}}


@dataclass(frozen=True)
class Change:
    """An update, supersede or restore of the first memory of the write `target`."""

    label: int
    user: str
    kind: SourceKind
    target: int
    agent: str | None
    content: str = ""


@dataclass(frozen=True)
class Erase:
    """An erasure of the first memory of the write `target`, or of all of the user."""

    user: str
    target: int | None


@dataclass(frozen=True)
class Edit:
    """A change of metadata, which takes effect at once."""

    user: str
    target: int
    value: int


@dataclass(frozen=True)
class Request:
    """Writes in one request: a batch if `together`, else the only one of them."""

    writes: tuple[Store | Talk | Change, ...]
    together: bool = False
    wait: bool = True


@dataclass(frozen=True)
class Pass:
    """A pass of a worker for `user`. `trouble` comes at its statement number `at` (of the model: at a call of it).

    killed: the worker ends there. cut: the connection breaks. away: the embedding model fails. overtaken: the worker
    stops until its lease has passed and another one has applied what was pending. erased: an erasure comes between.
    """

    user: str
    trouble: str = ""
    at: int = 0
    erase: Erase | None = None


Write = Store | Talk | Change
Step = Request | Pass | Erase | Edit
Operation = Write | Erase | Edit


@st.composite
def sequences(draw: st.DrawFn) -> list[Step]:
    """Steps whose targets are writes sent before them."""
    labels = iter(range(1000))
    stored: dict[str, list[Store | Talk]] = {user: [] for user in USERS}
    kills = dict.fromkeys(USERS, 0)
    users, texts = st.sampled_from(USERS), st.sampled_from(TEXTS)

    def store(user: str) -> Store:
        verbatim, agent = (
            draw(st.sampled_from([False, False, False, True])),
            draw(st.sampled_from([None, None, "scribe"])),
        )
        return Store(next(labels), user, draw(texts), verbatim, agent, draw(st.sampled_from(SAID_AT)))

    def talk(user: str) -> Talk:
        turns = st.lists(st.tuples(st.sampled_from(["user", "user", "assistant"]), texts), min_size=2, max_size=4)
        return Talk(next(labels), user, tuple(draw(turns)), draw(st.sampled_from([False, False, True])))

    def change(user: str) -> Change:
        kind = draw(st.sampled_from([SourceKind.UPDATE, SourceKind.SUPERSEDE, SourceKind.RESTORE]))
        target = draw(st.sampled_from(stored[user]))
        content = "" if kind is SourceKind.RESTORE else draw(texts)
        return Change(next(labels), user, kind, target.label, target.agent, content)

    def erase(user: str) -> Erase:
        return Erase(user, draw(st.sampled_from([None, *(one.label for one in stored[user])])))

    def work(user: str) -> Pass:
        trouble = draw(st.sampled_from(["", "", "killed", "killed", "cut", "away", "overtaken", "erased"]))
        if trouble in ("killed", "cut", "overtaken"):
            kills[user] += 1
            if kills[user] > MAX_KILLS:
                trouble = ""
        between = erase(user) if trouble == "erased" else None
        return Pass(user, trouble, draw(st.integers(0, 5) if trouble == "away" else st.integers(0, 80)), between)

    steps: list[Step] = []
    for _ in range(draw(st.integers(5, 14))):
        user, wait = draw(users), draw(st.booleans())
        form = draw(st.sampled_from(FORMS))
        if form in ("change", "erase", "edit") and not stored[user]:
            form = "one"
        made: list[Write] = []
        match form:
            case "one":
                made = [store(user)]
            case "batch":
                made = [store(one) for one in draw(st.lists(users, min_size=2, max_size=5))]
            case "talk":
                made = [talk(user)]
            case "change":
                made = [change(user)]
            case "erase":
                steps.append(erase(user))
            case "edit":
                steps.append(Edit(user, draw(st.sampled_from(stored[user])).label, draw(st.integers(0, 9))))
            case "pass":
                steps.append(work(user))
        if made:
            steps.append(Request(tuple(made), form == "batch", wait))
        for write in made:
            if not isinstance(write, Change):
                stored[write.user].append(write)
    return steps
