"""How urgent a hit is and how urgent many are: bounds that hold for any hits, and reasons that a person can read."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.priority import FIELD_FACTORS, LevelBounds, with_levels
from pipeline.schema import KINDS, LEVELS, VERDICTS
from pipeline.urgency.levels import REPEATS, Seen, at_least, drafted_level, episode_level, most_urgent
from tests.effort import tries

BOUNDS = LevelBounds(85, 65, 40, 15)
SEVERITIES = {"grave": "urgent", "middling": "medium", "slight": "low"}


def leveled(weight: float, field: str = "typed_text", view: str = "words", kind: str | None = "typed") -> str:
    hits = pl.DataFrame({"weight": [weight], "field": [field], "view": [view], "kind": [kind]})
    return str(with_levels(hits.cast({"kind": pl.String}), BOUNDS)["level"].item())


@pytest.mark.parametrize(
    ("weight", "level"),
    [(100, "urgent"), (85, "urgent"), (84.99, "high"), (65, "high"), (40, "medium"), (15, "low"), (14.99, "record"),
     (0, "record")],
)  # fmt: skip
def test_each_bound_belongs_to_its_level(weight: float, level: str) -> None:
    assert leveled(weight) == level


def test_what_shows_less_of_a_person_counts_for_less() -> None:
    assert leveled(85, "search_text", kind="typed") == "urgent"
    assert leveled(85, "title", kind="page") == "high"
    assert leveled(100, "path", kind="page") == "medium"
    # A listed site has its weight for being a site; words in a host name do not.
    assert leveled(85, "host", "suffix", "page") == "urgent"
    assert leveled(85, "host", "words", "page") == "high"
    assert leveled(100, kind="background") == "record"
    assert leveled(100, kind=None) == "urgent"
    assert leveled(100, "a field of later days") == "urgent"


@settings(max_examples=tries(60))
@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from([*FIELD_FACTORS, "other"]), st.sampled_from(KINDS)),
                max_size=8))  # fmt: skip
def test_more_weight_is_never_less_urgent(rows: list[tuple[float, str, str]]) -> None:
    schema = {"weight": pl.Float64, "field": pl.String, "kind": pl.String}
    hits = pl.DataFrame(rows, schema=schema, orient="row").with_columns(view=pl.lit("words"))
    table = with_levels(hits, BOUNDS)
    heavier = with_levels(hits.with_columns(pl.col("weight") + 1), BOUNDS)
    assert table.height == len(rows)
    assert set(table["level"].to_list()) <= set(LEVELS)
    for one, other in zip(table["level"], heavier["level"], strict=True):
        assert LEVELS.index(other) <= LEVELS.index(one)


def test_the_order_of_levels() -> None:
    assert at_least("medium") == ("urgent", "high", "medium")
    assert at_least("urgent") == ("urgent",)
    assert most_urgent(["low", "high", "record"]) == "high"


# ---------------------------------------------------------------- many hits together


def seen(level: str, text: str = "a", *, category: str = "grave", verdict: str = "allowed", field: str = "search_text",
         view: str = "words") -> Seen:  # fmt: skip
    return Seen(category, level, text, field, verdict, "typed", view)


def test_one_hit_says_what_it_shows() -> None:
    assert episode_level([seen("high")], SEVERITIES) == ("high", "grave", ["typed as a search"])
    assert episode_level([seen("low", field="unheard of")], SEVERITIES)[2] == ["unheard of"]


def test_repeats_raise_by_one_step() -> None:
    hits = [seen("medium", text) for text in "abc"]
    level, category, reasons = episode_level(hits, SEVERITIES)
    assert (level, category) == ("high", "grave")
    assert reasons == [
        "typed as a search",
        "3 different texts or sites of this kind, close together",
        "therefore high instead of medium",
    ]
    assert episode_level([seen("medium", "a")] * 50, SEVERITIES)[0] == "medium"


@pytest.mark.parametrize(
    ("level", "becomes"), [("record", "record"), ("low", "medium"), ("medium", "medium"), ("high", "high")]
)
@pytest.mark.parametrize("verdict", ["allowed", "blocked"])
def test_what_goes_on_is_looked_at_this_week_and_only_the_gravest_today(level: str, becomes: str, verdict: str) -> None:
    hits = [seen(level, str(text), category="grievous")._replace(verdict=verdict) for text in range(5)]
    found, _, reasons = episode_level(hits, {"grievous": "high"})
    assert found == becomes
    assert "it is said when, where or with what" not in reasons
    assert (f"therefore {becomes} instead of {level}" in reasons) == (level != becomes)
    gravest, _, _ = episode_level(hits, {"grievous": "urgent"})
    assert gravest == ("high" if level == "medium" else becomes)


def test_of_two_that_are_as_urgent_the_gravest_category_leads() -> None:
    lesser, grave = seen("high", "a", category="middling"), seen("high", "b")
    assert episode_level([lesser, grave], SEVERITIES)[1] == "grave"
    assert episode_level([seen("medium", "b"), lesser], SEVERITIES)[1] == "middling"
    first, second = (seen("high", text, category=name) for text, name in (("a", "grave"), ("b", "graver")))
    assert episode_level([first, second], {**SEVERITIES, "graver": "urgent"})[1] == "grave"


def test_of_less_grave_things_it_takes_more_of_them() -> None:
    few, many = ([seen("low", text, category="middling") for text in texts] for texts in ("abcd", "abcde"))
    assert episode_level(few, SEVERITIES)[0] == "low"
    assert episode_level(many, SEVERITIES)[0] == "medium"


def test_how_a_text_was_hidden_is_a_reason() -> None:
    assert episode_level([seen("high", view="digits")], SEVERITIES)[2] == [
        "typed as a search", "written in a hidden way: digits and signs in place of letters",
    ]  # fmt: skip


def test_what_grows_is_said_to_grow() -> None:
    rising = [seen(level, "a") for level in ("low", "medium", "high")]
    assert "grew more serious as it went on" in episode_level(rising, SEVERITIES)[2]
    for other in (rising[::-1], [*rising, seen("low", "a")], rising[:2], rising[1:]):
        assert "grew more serious as it went on" not in episode_level(other, SEVERITIES)[2]


def test_going_on_after_a_block_raises_and_stopping_does_not() -> None:
    blocked = seen("low", "a", verdict="blocked")
    assert episode_level([blocked, seen("low", "b"), seen("low", "c")], SEVERITIES)[0] == "medium"
    assert episode_level([seen("low", "b"), blocked], SEVERITIES) == ("low", "grave", ["typed as a search"])
    reasons = episode_level([blocked, blocked, seen("low", "b"), seen("low", "c")], SEVERITIES)[2]
    assert "went on after a block" in reasons


def drafted(*hits: Seen) -> str:
    return drafted_level(list(hits), SEVERITIES, {"middling"})[0]


def test_what_is_done_once_is_counted_and_going_on_is_drafted() -> None:
    search = seen("medium", "a", category="middling")
    assert drafted_level([search], SEVERITIES, {"middling"}) == ("low", "middling", ["typed as a search", "once only"])
    assert drafted(search, search) == "low"
    assert drafted(search, seen("low", "b", category="middling")) == "medium"
    assert drafted(search, seen("record", "b", category="middling")) == "low"
    assert drafted(search, seen("low", "b")) == "low"
    assert drafted(search, seen("medium", "b")) == "medium"
    assert drafted(seen("medium", "a")) == "medium"
    assert drafted(seen("high", "a", category="middling")) == "high"
    assert drafted(seen("medium", "a", category="middling", field="typed_text")) == "medium"


def test_a_site_that_was_let_through_was_looked_at_and_one_that_was_blocked_was_not() -> None:
    site = seen("medium", "shop.example", category="middling", field="host", view="suffix")
    assert drafted(site) == "medium"
    blocked, judged = site._replace(verdict="blocked"), site._replace(
        verdict="blocked", field="vendor_category", text="Middling"
    )  # fmt: skip
    assert drafted(blocked) == drafted(judged) == drafted(blocked, judged) == "low"
    assert drafted(blocked, judged, blocked, judged) == "low"
    # Two sites, to the filter one category.
    assert drafted(judged, judged) == "medium"
    assert drafted(blocked, blocked._replace(text="other.example")) == "medium"


_SEEN = st.builds(
    Seen,
    category=st.sampled_from(sorted(SEVERITIES)),
    level=st.sampled_from(LEVELS),
    text=st.sampled_from("abcd"),
    field=st.sampled_from([*FIELD_FACTORS]),
    verdict=st.sampled_from(VERDICTS),
    kind=st.sampled_from(KINDS),
    imminent=st.just(value=False),
)


@settings(max_examples=tries(200))
@given(st.lists(_SEEN, min_size=1, max_size=8))
def test_many_small_things_never_cry_like_one_great_one(hits: list[Seen]) -> None:
    level, category, reasons = episode_level(hits, SEVERITIES)
    highest = most_urgent(each.level for each in hits)
    raised = LEVELS.index(highest) - LEVELS.index(level)
    assert raised in {0, 1}
    assert category in {each.category for each in hits if each.level == highest}
    assert reasons[0]
    if highest == "record":
        assert level == "record"
    if raised:
        assert LEVELS.index(level) >= max(LEVELS.index("high"), LEVELS.index(SEVERITIES[category]))
        assert f"therefore {level} instead of {highest}" in reasons
        assert len({each.text for each in hits if each.category == category}) >= REPEATS
    # One more hit of what leads already never makes it less urgent.
    more = [*hits, next(each for each in hits if each.level == highest)]
    assert LEVELS.index(episode_level(more, SEVERITIES)[0]) <= LEVELS.index(level)


# ---------------------------------------------------------------- when, where, with what


def pressed(level: str, signs: int, *, category: str = "grave") -> tuple[str, str, list[str]]:
    """One find, and so many different lines beside it that say when, where or with what."""
    beside = [seen("record", f"sign {number}")._replace(imminent=True) for number in range(signs)]
    return episode_level([seen(level, category=category), *beside], SEVERITIES)


@pytest.mark.parametrize(
    ("level", "signs", "becomes"),
    [("high", 0, "high"), ("high", 1, "urgent"), ("urgent", 4, "urgent"), ("medium", 1, "medium"),
     ("medium", 2, "high"), ("medium", 3, "urgent"), ("low", 2, "low"), ("low", 3, "medium"), ("low", 4, "high"),
     ("record", 3, "record"), ("record", 4, "medium"), ("record", 6, "high"), ("record", 20, "high")],
)  # fmt: skip
def test_lines_that_say_when_where_or_with_what_make_grave_things_more_urgent(
    level: str, signs: int, becomes: str
) -> None:
    found, category, reasons = pressed(level, signs)
    assert (found, category) == (becomes, "grave")
    assert ("it is said when, where or with what" in reasons) == (level != becomes)
    assert (f"therefore {becomes} instead of {level}" in reasons) == (level != becomes)


def test_a_line_is_a_find_or_a_sign_and_not_both() -> None:
    both = seen("high", "at 3")._replace(imminent=True)
    assert episode_level([both], SEVERITIES)[0] == "high"
    assert episode_level([both, seen("medium", "another")], SEVERITIES)[0] == "high"
    assert episode_level([both, seen("high", "another")], SEVERITIES)[0] == "urgent"


def test_a_lesser_matter_is_not_made_more_urgent_and_does_not_hide_what_is() -> None:
    assert episode_level([seen("medium", category="middling"), seen("record", "at 3")], SEVERITIES)[0] == "medium"
    of_lesser = seen("record", "at 3", category="middling")._replace(imminent=True)
    assert episode_level([seen("high"), of_lesser], SEVERITIES)[0] == "high"
    level, category, reasons = pressed("medium", 4, category="middling")
    assert (level, category) == ("medium", "middling")
    signs = [seen("record", text)._replace(imminent=True) for text in ("at 3", "by the gate", "in my bag")]
    level, category, reasons = episode_level(
        [seen("medium", "b", category="middling"), seen("medium", "a"), *signs], SEVERITIES
    )
    assert (level, category) == ("urgent", "grave")
    assert "together with: middling" in reasons


def test_the_same_line_again_and_the_find_itself_are_no_further_sign() -> None:
    sign = seen("record", "at 3")._replace(imminent=True)
    assert episode_level([seen("medium"), *[sign] * 5], SEVERITIES)[0] == "medium"
    itself = seen("high", "at 3")._replace(imminent=True)
    assert episode_level([itself, sign], SEVERITIES)[0] == "high"


@settings(max_examples=tries(200))
@given(st.lists(st.tuples(_SEEN, st.booleans()), min_size=1, max_size=8))
def test_signs_never_make_an_episode_less_urgent(hits: list[tuple[Seen, bool]]) -> None:
    without = episode_level([each for each, _ in hits], SEVERITIES)[0]
    level, category, reasons = episode_level([each._replace(imminent=near) for each, near in hits], SEVERITIES)
    assert LEVELS.index(level) <= LEVELS.index(without)
    if level != without:
        assert SEVERITIES[category] == "urgent"
        assert "it is said when, where or with what" in reasons
