"""What is said of somebody by name is found as what is said of him or her, whoever it is."""

from __future__ import annotations

import tomllib

import polars as pl
import pytest

from pipeline.match import match_texts
from pipeline.matching.watchfolders import shipped
from pipeline.priority import LevelBounds
from pipeline.spelling.misspelt import everyday
from pipeline.spelling.names import READINGS, first_names, owned_names, somebody, with_owners
from pipeline.spelling.views import NAMED
from pipeline.trials.explaining import explained
from pipeline.words.finding import found_in
from pipeline.words.sieve import holds_any
from tests.shipped import shipped_matcher

#: Of many families; no two sound alike.
_NAMED = (
    "jayden",
    "Oluwaseun",
    "Agnieszka",
    "muhammad",
    "Simran",
    "Caoimhe",
    "gethin",
    "Mehmet",
    "Kwame",
    "Ioana",
    "Huw",
)


def _weights(texts: list[str]) -> dict[str, dict[str, float]]:
    """Of each text the rules that find something, and what each weighs."""
    table = pl.DataFrame({"field": ["typed_text"] * len(texts), "text": texts})
    found: dict[str, dict[str, float]] = {text: {} for text in texts}
    for text, rule, weight in match_texts(table, shipped_matcher()).select("text", "rule_id", "weight").iter_rows():
        found[text][rule] = weight
    return found


@pytest.mark.parametrize(
    "said",
    [
        "gonna smash {}s face in", "everyone ignore {} tomorrow", "im gonna stab {} after school", "who has {}s nudes",
        "{} touches me when mum is out", "nobody sit next to {}", "boot {}'s teeth out",
    ],
)  # fmt: skip
def test_no_name_makes_a_threat_less_of_one(said: str) -> None:
    texts = [said.format(name) for name in _NAMED]
    found = _weights(texts)
    assert all(max(found[text].values(), default=0.0) >= 40 for text in texts), said
    # But for rules that list some names themselves, whoever it is about is no matter.
    least = set.intersection(*(set(each) for each in found.values()))
    assert least


@pytest.mark.parametrize(
    "said",
    [
        "{} got 3 kills in a row", "is {} coming to football", "{} made me laugh so hard", "happy birthday {}",
        "{} scored in the last minute", "sit next to {} in maths", "{}s shoes are nice",
    ],
)  # fmt: skip
def test_no_name_makes_an_ordinary_line_a_draft(said: str) -> None:
    texts = [said.format(name) for name in _NAMED]
    assert all(max(found.values(), default=0.0) < 40 for found in _weights(texts).values()), said


@pytest.mark.parametrize(
    ("searched", "is_found"),
    [
        ("why did they throw stones at agnieszka", False), ("why did agnieszka want to kill herself", False),
        ("how to hurt agnieszka so bad", True), ("how to get back at kwame for beating up my brother", True),
        ("agnieszka is gonna kill herself what do i do", True),
        # A word that is put right makes nobody known.
        ("why did ppl throw stones at agnieszka becuase", False), ("how do you kill agnieszka and kwame", False),
    ],
)  # fmt: skip
def test_whoever_is_searched_for_by_name_must_be_known_to_the_writer(searched: str, *, is_found: bool) -> None:
    table = pl.DataFrame({"field": ["search_text"], "text": [searched]})
    named = match_texts(table, shipped_matcher()).filter(pl.col("view").is_in([NAMED, "misspelt"]))
    assert bool(named.height) is is_found
    said = explained("search_text", searched, shipped_matcher(), LevelBounds(85, 65, 40, 15))
    assert is_found or "Nothing is found." in said or any("nothing beside it says" in line for line in said)


def test_a_name_is_no_everyday_word_and_no_pronoun() -> None:
    assert not first_names() & everyday()
    assert not first_names() & {word for reading in READINGS for each in reading for word in each.split()} - {"liam"}
    assert not owned_names() & everyday()
    assert all(name.isascii() and name.isalpha() and name.islower() for name in first_names())
    # What is looked for under these is something else.
    assert first_names().isdisjoint({"ana", "mia", "ira", "rose", "mark", "will", "grace", "roma", "isis", "mo"})


def test_the_name_that_stands_for_any_is_among_those_that_rules_list() -> None:
    sets = tomllib.loads((shipped() / "words.toml").read_text("utf-8"))["words"]
    assert READINGS[-1].name in sets["given-name"]


def test_an_apostrophe_belongs_to_the_name_before_it() -> None:
    words = with_owners(["boil", "ali", "s", "lobster", "s"])
    assert words == ["boil", "ali s", "lobster", "s"]
    assert [somebody(word) for word in [*words, "alis"]] == [None, 2, None, None, 1]
    assert [reading[2] for reading in READINGS] == ["his", "he s", "liam s"]
    assert with_owners(["s", "s"]) == ["s", "s"]


def test_no_name_is_a_slip_in_another_word() -> None:
    assert (first_names() | owned_names()).isdisjoint(shipped_matcher().phrases.misspelt)


def test_a_short_text_that_only_a_name_lets_through_passes_the_sieve() -> None:
    texts = [f"at {name}s flat" for name in ("jon", "ben", "jayden", "matt")]
    assert all(_weights(texts).values())
    assert holds_any(pl.Series(texts), shipped_matcher().phrases).to_list() == [True] * len(texts)


def test_a_long_text_full_of_names_takes_no_longer_than_its_length() -> None:
    # Each name is him, and he: what no pupil types is not read so.
    said = "smash jaydens face " * 20_000
    phrases = shipped_matcher().phrases
    assert not any(each.view.of_somebody for each in found_in(said, phrases))
    assert any(each.view.of_somebody for each in found_in(said[:1_000], phrases))
