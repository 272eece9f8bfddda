"""Policy in layers: inherited, added to, tightened; what is locked is not weakened, and the refusal says by whom."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.config import Settings, load_settings
from pipeline.errors import ConfigError, EsafetyError
from pipeline.rules import load_watchlists
from pipeline.schema import LEVELS
from pipeline.watchlist import Watchlists
from pipeline.words.weighted import WEIGHTED, WeightedWords
from tests.effort import tries
from tests.made_night import School

_START = '[school]\nname = "Example"\n[[source]]\nname = "filter"\nfiles = ["logs/*"]\n'
_OWN = '[watchlists]\nshipped = false\nfolders = ["lists"]\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A school with two small lists of its own (`lobsters`, `cranes`), which here come from the county."""
    (tmp_path / "logs").mkdir()
    School(tmp_path / "made").made()
    for layer in ("county", "trust"):
        (tmp_path / layer).mkdir()
    for path in (tmp_path / "made" / "lists").glob("*.toml"):
        path.rename(tmp_path / "county" / path.name)
    return tmp_path


def loaded(place: Path, county: str = "", trust: str = "", school: str = "") -> tuple[Settings, Watchlists]:
    for layer, text in (("county", county), ("trust", trust)):
        (place / layer / "policy.toml").write_text(text, encoding="utf-8")
    layers = "".join(f'[[layer]]\nname = "Example {each}"\nfolder = "{each}"\n' for each in ("county", "trust"))
    more = "" if "[watchlists]" in school else "[watchlists]\nshipped = false\n"
    (place / "school.toml").write_text(_START + layers + more + school, encoding="utf-8")
    chosen = load_settings(place / "school.toml")
    return chosen, load_watchlists(chosen)


def refusal(place: Path, **layers: str) -> str:
    with pytest.raises(EsafetyError) as refused:
        loaded(place, **layers)
    return str(refused.value).replace(f"{place}/", "")


def weights(lists: Watchlists) -> dict[str, float]:
    texts = {rule.id: rule.weight for each in lists.lists for rule in each.text_rules}
    return texts | {rule.id: rule.weight for each in lists.lists for rule in each.domain_rules}


def test_each_layer_inherits_what_lies_above_it_and_the_last_word_counts(place: Path) -> None:
    chosen, lists = loaded(
        place,
        county="[thresholds]\nmedium = 30\nlow = 10\n[retention]\nevents_days = 200\n",
        trust='[thresholds]\nmedium = 35\n[[change]]\nrule = "cranes-words"\nweight = 20\n',
        school='[[change]]\nrule = "cranes-sites"\noff = true\n',
    )
    limits = chosen.thresholds
    assert (limits.high, limits.medium, limits.low, chosen.retention.events_days) == (65, 35, 10, 200)
    assert weights(lists) == {"lobsters-words": 90, "lobsters-sites": 90, "cranes-words": 20}


def test_a_changed_rule_is_told_apart_by_its_hash_and_the_others_stay(place: Path) -> None:
    before = {each.category.id: each.sha256 for each in loaded(place)[1].lists}
    change = '[[change]]\nrule = "cranes-words"\nweight = 20\n'
    after = {each.category.id: each.sha256 for each in loaded(place, trust=change)[1].lists}
    assert before["lobsters"] == after["lobsters"]
    assert before["cranes"] != after["cranes"]


def test_a_layer_may_add_lists_and_change_a_severity(place: Path) -> None:
    (place / "trust" / "cranes.toml").write_text(
        '[category]\nid = "cranes"\n[[rule]]\nid = "cranes-more"\nweight = 40\nterms = ["folded bird"]\n'
        'match = ["a folded bird"]\nno_match = ["a bird"]\n',
        encoding="utf-8",
    )
    _, lists = loaded(place, school='[[change]]\ncategory = "cranes"\nseverity = "high"\n')
    assert {each.category.severity for each in lists.lists if each.category.id == "cranes"} == {"high"}
    assert weights(lists)["cranes-more"] == 40


_LOCKED = '[[lock]]\ncategory = "lobsters"\n[[lock]]\nrule = "cranes-words"\n[[lock]]\nsetting = "thresholds"\n'


@pytest.mark.parametrize(
    ("school", "said"),
    [
        (
            '[[change]]\nrule = "lobsters-words"\nweight = 89\n',
            ":14: rule 'lobsters-words' is locked by Example county",
        ),
        (
            '[[change]]\nrule = "lobsters-sites"\noff = true\n',
            "'lobsters-sites' is locked by Example county (county",
        ),
        (
            '[[change]]\ncategory = "lobsters"\nseverity = "high"\n',
            "the category 'lobsters' is locked by Example cou",
        ),
        ('[[change]]\ncategory = "lobsters"\noff = true\n', "'lobsters-words' is locked by Example county (county"),
        (
            '[[change]]\ncategory = "cranes"\noff = true\n',
            "'cranes-words' is locked by Example county (county/",
        ),
        ("[thresholds]\nmedium = 41\n", "school.toml:15: thresholds.medium is locked by Example county (c"),
        ('[thresholds]\ndraft = "high"\n', "Take the line out: only a less urgent level is stricter."),
        ("[thresholds]\nsmall_number = 4\n", "Take the line out: only a higher number is stricter."),
        ("[thresholds]\nepisode_gap_minutes = 31\n", "Take the line out: it must stay as it is."),
    ],
)
def test_what_is_locked_is_not_weakened_and_the_refusal_says_by_whom(place: Path, school: str, said: str) -> None:
    assert said in refusal(place, county=_LOCKED, school=school)
    # The same from a layer between, and nothing of it without the lock.
    assert "is locked by Example county (county/policy.toml:" in refusal(place, county=_LOCKED, trust=school)
    loaded(place, school=school)


@pytest.mark.parametrize(
    "school",
    [
        '[[change]]\nrule = "lobsters-words"\nweight = 91\n',
        '[[change]]\nrule = "cranes-sites"\noff = true\n',
        '[[change]]\ncategory = "cranes"\nseverity = "low"\n',
        '[thresholds]\nmedium = 39\ndraft = "low"\nsmall_number = 6\nepisode_gap_minutes = 30\n',
    ],
)
def test_what_is_stricter_or_not_locked_may_be_changed(place: Path, school: str) -> None:
    loaded(place, county=_LOCKED, school=school)


def test_a_lock_holds_what_was_there_and_not_what_a_lower_layer_adds(place: Path) -> None:
    (place / "trust" / "lobsters.toml").write_text(
        '[category]\nid = "lobsters"\n[[rule]]\nid = "lobsters-more"\nweight = 40\nterms = ["red claw"]\n'
        'match = ["a red claw"]\nno_match = ["a claw"]\n',
        encoding="utf-8",
    )
    lock, change = '[[lock]]\ncategory = "lobsters"\n', '[[change]]\nrule = "lobsters-more"\noff = true\n'
    assert "lobsters-more" not in weights(loaded(place, county=lock, school=change)[1])
    assert "is locked by Example trust" in refusal(place, trust=lock, school=change)


def test_the_lists_of_the_program_can_be_locked(place: Path) -> None:
    lock = '[[lock]]\nsetting = "watchlists.shipped"\n'
    assert ":13: watchlists.shipped is locked by Example trust (trust/policy.toml:1)." in refusal(place, trust=lock)


@pytest.mark.parametrize(
    ("county", "said"),
    [
        ("[thresholds]\nmediun = 3\n", "county/policy.toml:2: the key 'mediun' is not known. Did you mean 'medium'?"),
        ("[school]\nname = 'x'\n", "county/policy.toml:1: the key 'school' is not known."),
        ("[", "county/policy.toml: cannot be read as TOML: "),
        (
            '[[lock]]\nsetting = "thresholds.mediun"\n',
            "there is no setting 'thresholds.mediun'; did you mean",
        ),
        ('[[lock]]\nsetting = "thresh"\n', "there is no setting 'thresh'"),
        ('[[lock]]\nrule = "a"\ncategory = "b"\n', "a lock names one of rule, category and setting"),
        (
            '[[change]]\nrule = "cranes-word"\noff = true\n',
            ":2: there is no rule 'cranes-word' to change. Did you",
        ),
        (
            '[[change]]\ncategory = "crane"\noff = true\n',
            "there is no category 'crane' to change. Did you mean",
        ),
        ('[[change]]\nrule = "cranes-words"\n', "a change says what becomes different"),
        ('[[change]]\nrule = "cranes-words"\nseverity = "high"\n', "a rule has a weight"),
        ('[[change]]\ncategory = "cranes"\nweight = 1\n', "a category has a severity"),
        ("[[change]]\noff = true\n", "a change names either a rule or a category"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(place: Path, county: str, said: str) -> None:
    assert said in refusal(place, county=county)


def test_the_levels_of_all_layers_together_must_fall(place: Path) -> None:
    said = refusal(place, county="[thresholds]\nurgent = 70\nhigh = 60\n", school="[thresholds]\nmedium = 62\n")
    assert said.startswith("school.toml:14: the thresholds of all layers together do not fall")


def test_nobody_writes_what_is_found_by_reading(place: Path) -> None:
    assert "the key 'policies' is not known." in refusal(place, school="[[policies]]\nlayer = 'x'\n")
    (place / "school.toml").write_text(_START + '[[layer]]\nname = "x"\nfolder = "none"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"school.toml:8: the folder .*none is not there"):
        load_settings(place / "school.toml")


_NUMBERS = st.integers(16, 64)


@settings(max_examples=tries(100))
@given(county=_NUMBERS, trust=_NUMBERS, school=_NUMBERS, draft=st.sampled_from(LEVELS[:-1]))
def test_under_a_lock_no_layer_ends_weaker_than_it_began(
    tmp_path_factory: pytest.TempPathFactory, county: int, trust: int, school: int, draft: str
) -> None:
    place = tmp_path_factory.mktemp("layers")
    (place / "logs").mkdir()
    for layer in ("county", "trust"):
        (place / layer).mkdir()
    lock = f'[thresholds]\nmedium = {county}\n[[lock]]\nsetting = "thresholds"\n'
    own = f'[thresholds]\nmedium = {school}\ndraft = "{draft}"\n'
    layers = "".join(f'[[layer]]\nname = "{each}"\nfolder = "{each}"\n' for each in ("county", "trust"))
    (place / "county" / "policy.toml").write_text(lock, encoding="utf-8")
    (place / "trust" / "policy.toml").write_text(f"[thresholds]\nmedium = {trust}\n", encoding="utf-8")
    (place / "school.toml").write_text(_START + layers + own, encoding="utf-8")
    if school <= trust <= county and LEVELS.index(draft) >= LEVELS.index("medium"):
        assert load_settings(place / "school.toml").thresholds.medium == school
    else:
        with pytest.raises(ConfigError, match="is locked by county"):
            load_settings(place / "school.toml")


_WEIGHTED = "word,any,lobsters,cranes\n(start),0,0,0\nsnails,100,300,200\nwaves,100,,100\nfeed,10,,\n"


def words_of(place: Path, school: str = "", county: str = "") -> WeightedWords:
    (place / "county" / WEIGHTED).write_text(_WEIGHTED, "utf-8")
    _, lists = loaded(place, county=county, school=school)
    assert lists.weighted is not None
    return lists.weighted


@pytest.mark.parametrize("change", ['rule = "weighted-words.lobsters"', 'category = "lobsters"'])
def test_weighted_words_may_be_taken_out_for_a_category(place: Path, change: str) -> None:
    said = words_of(place).of("feed snails waves")
    assert said is not None
    assert said.rule_id == "weighted-words.lobsters"
    # What leads there is not found under another name either.
    after = words_of(place, school=f"[[change]]\n{change}\noff = true\n")
    assert after.of("feed snails waves") is None
    # A hit says by this with which list it was found.
    assert after.sha256 != words_of(place).sha256
    other = after.of("waves waves feed at")
    assert other is not None
    assert other.category == "cranes"


def test_weighted_words_have_no_weight_and_a_locked_category_keeps_them(place: Path) -> None:
    words_of(place)
    change = '[[change]]\nrule = "weighted-words.lobsters"\n'
    assert "school.toml:15: 'weighted-words.lobsters' has no weight of its own." in refusal(
        place, school=f"{change}weight = 40\n"
    )
    locked = '[[lock]]\ncategory = "lobsters"\n'
    by_rule = '[[lock]]\nrule = "weighted-words.lobsters"\n'
    said = "rule 'weighted-words.lobsters' is locked by Example county"
    assert said in refusal(place, county=locked, school=f"{change}off = true\n")
    assert said in refusal(place, county=by_rule, school=f"{change}off = true\n")
    assert said in refusal(place, county=by_rule, school='[[change]]\ncategory = "lobsters"\noff = true\n')
    words_of(place, county=by_rule, school='[[change]]\nrule = "weighted-words.cranes"\noff = true\n')
    assert "Did you mean" in refusal(place, school='[[change]]\nrule = "weighted-words.lobster"\noff = true\n')
