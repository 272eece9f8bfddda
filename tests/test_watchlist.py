"""Watchlists: how strictly they are read, and what those that travel with the program find and leave alone."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import WatchlistError
from pipeline.lists.watchtoml import DEFAULT_FIELDS, ROUTES, TEXT_FIELDS
from pipeline.match import check_examples, match_texts
from pipeline.matching.matcher import compile_watchlists
from pipeline.matching.watchfolders import load, shipped
from pipeline.settings.tomlplace import Place
from pipeline.watchlist import Category, DomainFile, TermFile, TextRule, Watchlists
from pipeline.words.terms import Phrase, Spelt
from tests.shipped import shipped_lists, shipped_matcher

CATEGORY = """[category]
id = "fishing"
title = "Fishing"
meaning = \"\"\"
Looking for
fish.\"\"\"
severity = "low"
four_cs = "conduct"
uksic = ""
user_action = "Fishing in lessons"
route = "accidental"
prevent = false
version = 2026-09-01
source = "made up for the tests"
"""
RULE = """
[[rule]]
id = "fishing-rod"
terms = [
    "fishing rod",
    "fishing rods",
]
weight = 20
match = ["a fishing rod"]
no_match = ["a rod"]
"""
DOMAINS = """
[[domains]]
id = "fishing-sites"
names = [
    "fish.example",
    "xn--bcher-kva.example",
]
weight = 30.5
match = ["www.fish.example"]
no_match = ["notfish.example"]
"""
WHOLE = CATEGORY + RULE + DOMAINS


def folder_with(folder: Path, **files: str | bytes) -> Path:
    """A folder of watchlists; `fishing="..."` becomes `fishing.toml`."""
    folder.mkdir(parents=True, exist_ok=True)
    for stem, content in files.items():
        path = folder / f"{stem}.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def line_with(text: str, part: str) -> int:
    """The line of a text, counted from 1, that holds a part of it."""
    return next(number for number, line in enumerate(text.split("\n"), 1) if part in line)


def refusal(folder: Path, text: str | bytes) -> WatchlistError:
    """How a folder with one file of this text is refused."""
    with pytest.raises(WatchlistError) as caught:
        load([folder_with(folder, fishing=text)])
    return caught.value


# ---------------------------------------------------------------- what is read


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    lists = load([folder_with(tmp_path, fishing=WHOLE)])
    (watchlist,) = lists.lists
    path = tmp_path / "fishing.toml"
    assert watchlist.category == Category(
        id="fishing",
        title="Fishing",
        meaning="Looking for fish.",
        severity="low",
        four_cs="conduct",
        uksic="",
        user_action="Fishing in lessons",
        route="accidental",
        prevent=False,
        version="2026-09-01",
        source="made up for the tests",
        help_seeking=False,
    )
    assert watchlist.text_rules == (
        TextRule(
            id="fishing-rod",
            category="fishing",
            terms=(Spelt(((Phrase("fishing rod"),),)), Spelt(((Phrase("fishing rods"),),))),
            weight=20.0,
            fields=DEFAULT_FIELDS,
            unless=(),
            lowers=(),
            raises=(),
            needs=(),
            match=("a fishing rod",),
            no_match=("a rod",),
            place=Place(path, path.read_text("utf-8"), ("rule", 0)),
        ),
    )
    (sites,) = watchlist.domain_rules
    assert (sites.names[0], sites.weight, sites.place.line) == ("fish.example", 30.5, line_with(WHOLE, "[[domains]]"))
    assert watchlist.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(lists.categories) == ["fishing"]


def test_byte_order_mark_and_windows_line_ends_are_no_matter(tmp_path: Path) -> None:
    plain = load([folder_with(tmp_path / "plain", fishing=WHOLE)]).lists[0]
    windows = b"\xef\xbb\xbf" + WHOLE.replace("\n", "\r\n").encode()
    saved_on_windows = load([folder_with(tmp_path / "windows", fishing=windows)]).lists[0]
    assert saved_on_windows.category == plain.category
    assert [rule.place.line for rule in saved_on_windows.text_rules] == [rule.place.line for rule in plain.text_rules]
    assert saved_on_windows.sha256 != plain.sha256


def test_the_same_term_may_belong_to_two_rules(tmp_path: Path) -> None:
    twice = WHOLE + RULE.replace("fishing-rod", "fishing-gear")
    lists = load([folder_with(tmp_path, fishing=twice)])
    owners = [rule.id for rule in lists.lists[0].text_rules if Spelt(((Phrase("fishing rod"),),)) in rule.terms]
    assert owners == ["fishing-rod", "fishing-gear"]


def test_a_later_folder_adds_rules_to_a_category(tmp_path: Path) -> None:
    own = '[category]\nid = "fishing"\n' + RULE.replace("fishing-rod", "our-rod")
    folders = [folder_with(tmp_path / "first", fishing=WHOLE), folder_with(tmp_path / "own", fishing=own)]
    first, second = load(folders).lists
    assert second.category is first.category
    assert [rule.id for rule in second.text_rules] == ["our-rod"]


# ---------------------------------------------------------------- what is refused, and where

FAULTS: dict[str, tuple[Callable[[str], str], str, str]] = {
    "unknown key of a rule": (
        lambda text: text.replace("weight = 20", "wieght = 20"), "wieght", "unknown key 'rule.wieght'"),
    "unknown key of the category": (
        lambda text: text.replace("uksic", "uk_sic"), "uk_sic", "unknown key 'category.uk_sic'"),
    "unknown table": (lambda text: text + "\n[[regex]]\nid = 'x'\n", "[[regex]]", "unknown key 'regex'"),
    "unknown severity": (lambda text: text.replace('"low"', '"mild"'), "mild", "'urgent', 'high'"),
    "unknown route": (lambda text: text.replace('"accidental"', '"punish"'), "punish", "'pupil-victim'"),
    "unknown of the 4 Cs": (lambda text: text.replace('"conduct"', '"contract"'), "contract", "'commerce'"),
    "unknown field": (
        lambda text: text.replace("weight = 20", 'weight = 20\nfields = ["body"]'), "body", "'typed_text'"),
    "no fields at all": (
        lambda text: text.replace("weight = 20", "weight = 20\nfields = []"), "fields = []", "'rule.fields' is empty"),
    "weight above 100": (lambda text: text.replace("30.5", "100.5"), "100.5", "between 0 and 100"),
    "weight below 0": (lambda text: text.replace("weight = 20", "weight = -1"), "-1", "between 0 and 100"),
    "weight that is no number": (lambda text: text.replace("30.5", "nan"), "nan", "between 0 and 100"),
    "weight in quotation marks": (lambda text: text.replace("weight = 20", 'weight = "20"'), '"20"', "the wrong kind"),
    "no examples to find": (lambda text: text.replace('match = ["a fishing rod"]\n', ""), "[[rule]]", "must find"),
    "no examples to leave": (lambda text: text.replace('no_match = ["a rod"]\n', ""), "[[rule]]", "must not"),
    "empty examples": (lambda text: text.replace('["a rod"]', "[]"), "no_match = []", "'rule.no_match' is empty"),
    "no terms": (lambda text: re.sub(r"terms = \[[^]]*]", "terms = []", text), "terms = []", "'rule.terms' is empty"),
    "empty term": (lambda text: text.replace('"fishing rods"', '" "'), '" "', "Write a text"),
    "term without letter or digit": (
        lambda text: text.replace('"fishing rods"', '"?!"'), '"?!"', "neither a letter nor a digit"),
    "context without letter or digit": (
        lambda text: text.replace("weight = 20", 'weight = 20\nunless = ["--"]'), '"--"', "can never be found"),
    "the same term twice": (lambda text: text.replace("fishing rods", "Fishing-ROD!"), "ROD!", "stands twice"),
    "id with capitals": (lambda text: text.replace('"fishing-rod"', '"Fishing Rod"'), "Fishing Rod", "small letters"),
    "scheme": (lambda text: text.replace('"fish.example"', '"https://fish.example"'), "https", "not a host name"),
    "path": (lambda text: text.replace('"fish.example"', '"fish.example/pike"'), "/pike", "no path"),
    "port": (lambda text: text.replace('"fish.example"', '"fish.example:80"'), ":80", "no port"),
    "star": (lambda text: text.replace('"fish.example"', '"*.fish.example"'), '"*.', "no *"),
    "capitals": (lambda text: text.replace('"fish.example"', '"Fish.example"'), '"Fish.', "small letters"),
    "address": (lambda text: text.replace('"fish.example"', '"192.0.2.7"'), "192.0.2.7", "not a host name"),
    "single label": (lambda text: text.replace('"fish.example"', '"fish"'), '"fish",', "not a host name"),
    "other letters": (lambda text: text.replace('"fish.example"', '"bücher.example"'), "bücher", "xn-- form"),
    "example with a path": (lambda text: text.replace('"notfish.example"', '"fish/x"'), "fish/x", "not a host name"),
    "missing key of the category": (
        lambda text: text.replace("prevent = false\n", ""), "[category]", "the key 'category.prevent' is missing"),
    "version in quotation marks": (
        lambda text: text.replace("2026-09-01", '"2026-09-01"'), '"2026-', "of the wrong kind"),
    "another category than the file's": (
        lambda text: text.replace('"fishing"', '"angling"'), '"angling"', "'fishing.toml'"),
    "rule id twice": (lambda text: text + RULE + "# again", "", "'fishing-rod' is taken by"),
    "no TOML": (lambda text: text.replace("weight = 20", "weight : 20"), "weight : 20", "this is not TOML"),
    "no TOML at the end": (lambda text: text + "\n[[rule]", "[[rule]", "this is not TOML"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_with_its_line_and_a_remedy(tmp_path: Path, fault: str) -> None:
    spoil, place, words = FAULTS[fault]
    text = spoil(WHOLE)
    assert text != WHOLE
    error = refusal(tmp_path, text)
    # The second rule of the same id is the one at fault; "[[rule]" without its end stands last.
    last = text.count("\n", 0, text.rindex("[[rule]")) + 1
    line = last if fault in {"rule id twice", "no TOML at the end"} else line_with(text, place)
    assert str(error).startswith(f"{tmp_path / 'fishing.toml'}:{line}: ")
    assert words in str(error)
    assert error.remedy.endswith(".")


def test_the_first_of_several_faults_is_named(tmp_path: Path) -> None:
    text = WHOLE.replace('"low"', '"mild"').replace("weight = 20", "weight = 200")
    assert refusal(tmp_path, text).line == line_with(text, "mild")


def test_what_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    error = refusal(tmp_path, WHOLE.encode().replace(b"fishing rods", b"p\xeache"))
    assert error.line == line_with(WHOLE, "fishing rods")
    assert "UTF-8" in str(error)


def test_a_file_without_rules_is_refused(tmp_path: Path) -> None:
    assert "no rules" in str(refusal(tmp_path, CATEGORY))


@pytest.mark.parametrize("kind", ["empty", "missing"])
def test_a_folder_without_watchlists_is_refused(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / kind
    if kind == "empty":
        folder_with(folder).joinpath("notes.txt").write_text("none here")
    with pytest.raises(WatchlistError, match="no watchlists here"):
        load([folder])


def test_a_rule_id_may_not_stand_in_two_files(tmp_path: Path) -> None:
    sailing = WHOLE.replace('"fishing"', '"sailing"').replace("fishing-sites", "sailing-sites")
    folder = folder_with(tmp_path, fishing=WHOLE, sailing=sailing)
    with pytest.raises(WatchlistError) as caught:
        load([folder])
    assert caught.value.path == folder / "sailing.toml"
    assert f"taken by {folder / 'fishing.toml'}:{line_with(WHOLE, '[[rule]]')}" in str(caught.value)


def test_a_category_is_defined_once(tmp_path: Path) -> None:
    again = WHOLE.replace("fishing-", "again-")
    folders = [folder_with(tmp_path / "first", fishing=WHOLE), folder_with(tmp_path / "own", fishing=again)]
    with pytest.raises(WatchlistError, match="leave only 'id'") as caught:
        load(folders)
    assert (caught.value.path, caught.value.line) == (folders[1] / "fishing.toml", 1)


def test_an_addition_needs_a_category_to_add_to(tmp_path: Path) -> None:
    error = refusal(tmp_path, '[category]\nid = "fishing"\n' + RULE)
    assert error.line == 2
    assert "no earlier folder defines" in str(error)


def plain_lists(tmp_path: Path, *plain: TermFile | DomainFile) -> Watchlists:
    """The folder of one file with long plain lists of the school's own beside it."""
    terms = [each for each in plain if isinstance(each, TermFile)]
    domains = [each for each in plain if isinstance(each, DomainFile)]
    return load([folder_with(tmp_path / "lists", fishing=WHOLE)], terms, domains)


def test_plain_lists_are_kept_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("pike.example\n")
    names, phrases = DomainFile("own-names", "fishing", path, 30), TermFile("own-phrases", "fishing", path, 30)
    lists = plain_lists(tmp_path, names, phrases)
    assert (lists.domain_files, lists.term_files) == ((names,), (phrases,))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"category": "angling"}, "no watchlist defines its category 'angling'"),
        ({"weight": 101.0}, "its weight is 101.0"),
        ({"fields": ("body",)}, "typed_text"),
        ({"fields": ()}, "its fields are ()"),
        ({"path": Path("not-there.txt")}, "there is no such file"),
        ({"id": "fishing-rod"}, "'fishing-rod' is taken by"),
    ],
)
def test_plain_lists_that_do_not_fit_are_refused(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    path = tmp_path / "names.txt"
    path.write_text("pike\n")
    wanted: dict[str, object] = {"id": "own", "category": "fishing", "path": path, "weight": 30.0} | changes
    with pytest.raises(WatchlistError, match=re.escape(words)):
        plain_lists(tmp_path, TermFile(**wanted))  # type: ignore[arg-type]  # one table of changes for all fields


def test_a_plain_list_without_any_category_to_choose_is_told_where_categories_come_from(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("pike\n")
    with pytest.raises(WatchlistError, match=r"None is defined: set `shipped = true` under \[watchlists\]"):
        load([], [TermFile("own", "fishing", path, 30.0)])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = folder_with(tmp_path_factory.mktemp("any"), fishing=content)
    with pytest.raises(WatchlistError, match=r"fishing\.toml"):
        load([folder])


# ---------------------------------------------------------------- what travels with the program

#: domain.md, section 3.
WANTED = {
    "illegal-content", "terrorism", "grooming", "self-harm", "eating-disorders", "bullying", "discrimination",
    "violence", "violence-against-women", "pornography", "nudes", "drugs", "gambling", "hacking", "filter-bypass",
    "piracy", "misinformation", "gaming", "social-media", "shopping", "personal-data", "plagiarism", "generative-ai",
    "help-seeking",
}  # fmt: skip
COUNTED_ONLY = {
    "misinformation", "gaming", "social-media", "shopping", "plagiarism", "generative-ai", "offensive-language",
    "help-seeking",
}  # fmt: skip
#: From this weight on a hit drafts an incident by itself.
DRAFTS = 40


def found_in(text: str, field: str) -> dict[str, float]:
    """The highest weight of each category in a text."""
    hits = match_texts(pl.DataFrame({"field": [field], "text": [text]}), shipped_matcher())
    best: dict[str, float] = {}
    for category, weight in hits.select("category", "weight").iter_rows():
        best[category] = max(weight, best.get(category, 0.0))
    return best


def test_every_category_of_the_domain_is_there() -> None:
    assert set(shipped_lists().categories) >= WANTED


def test_every_rule_does_what_its_examples_say() -> None:
    check_examples(shipped_lists(), shipped_matcher())


def test_categories_speak_the_words_of_the_domain() -> None:
    for category in shipped_lists().categories.values():
        assert category.four_cs in {"content", "contact", "conduct", "commerce"}
        assert category.route in ROUTES
        assert len(category.meaning.split()) >= 8, f"{category.id}: say in plain English what it is"
        assert "\n" not in category.meaning


def test_lesser_matters_are_drafted_when_they_go_on() -> None:
    lesser = [each for each in shipped_lists().categories.values() if not each.drafted_once]
    assert {each.id for each in lesser} == {"filter-bypass", "gambling", "piracy", "pornography"}
    assert {each.severity for each in lesser} == {"medium"}


def test_only_looking_for_help_is_help_seeking() -> None:
    assert [each.id for each in shipped_lists().categories.values() if each.help_seeking] == ["help-seeking"]


def test_what_is_only_counted_never_drafts_by_itself() -> None:
    for watchlist in shipped_lists().lists:
        if watchlist.category.id in COUNTED_ONLY:
            assert watchlist.category.severity in {"low", "record"}
            for rule in watchlist.text_rules:
                raised = min(rule.weight * (1.3 if rule.raises else 1.0), 100)
                assert raised < DRAFTS, f"{rule.id} can draft an incident"
            assert all(rule.weight < DRAFTS for rule in watchlist.domain_rules)


def test_looking_for_help_weighs_nothing() -> None:
    helping = [each for each in shipped_lists().lists if each.category.help_seeking]
    weights = [rule.weight for each in helping for rule in each.text_rules]
    weights += [rule.weight for each in helping for rule in each.domain_rules]
    assert max(weights) < 15


def test_rules_look_only_into_fields_that_exist() -> None:
    assert all(set(rule.fields) <= set(TEXT_FIELDS) for each in shipped_lists().lists for rule in each.text_rules)


ORDINARY = [
    "romeo and juliet suicide scene analysis", "macbeth murder of duncan quotes", "sex education lesson year 9",
    "reproduction sex cells ks3 biology", "holocaust gcse history revision", "why did hitler become chancellor",
    "effects of drugs on the body pshe poster", "kill process python", "shooting guard drills", "bomb calorimeter",
    "breast cancer awareness", "university of sussex open day", "essex county cricket", "scunthorpe united fixtures",
    "penistone grammar school", "cocktail dress for prom", "assassin's creed valhalla map", "drug discovery timeline",
    "joint angles in the knee", "weed killer for lawns", "rock climbing crack technique", "great tits and blue tits",
    "of mice and men quotes about crooks", "suffragettes hunger strike", "the trojan war", "bath bombs recipe",
    "proxy wars of the cold war", "what is a vpn gcse computer science", "types of malware gcse", "analysis of class",
    "shiitake mushroom risotto", "moby dick chapter 1", "cut and paste worksheet", "jihad meaning re gcse",
    "alcohol functional group a level chemistry", "the great fire of london", "gothic architecture", "arsenal fixtures",
    "probability of rolling a die", "greek god isis and osiris", "cumulus clouds", "coke oven steel production",
    "medieval torture methods ks3 history", "first aid for burns", "how to shoot a film on a phone", "hack squat form",
    "blackjack in python", "how to hang wallpaper", "my knee hurts after netball", "girls football club near me",
]  # fmt: skip


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_work_drafts_no_incident(text: str) -> None:
    assert not {category: weight for category, weight in found_in(text, "search_text").items() if weight >= DRAFTS}


CONCERNING = [
    ("i want to kill myself", "self-harm"), ("how many paracetamol to die", "self-harm"), ("KYS loser", "bullying"),
    ("how to make myself throw up", "eating-disorders"), ("am i being groomed", "grooming"), ("send me nudes", "nudes"),
    ("he leaked my nudes", "nudes"), ("my dad hits me", "abuse-disclosure"), ("was i raped", "violence-against-women"),
    ("shoot up my school", "violence"), ("where to buy a zombie knife", "violence"), ("how to join isis", "terrorism"),
    ("muslims should be killed", "discrimination"), ("where to buy weed", "drugs"), ("pornhub", "pornography"),
    ("free spins no deposit", "gambling"), ("how to hack school wifi", "hacking"), ("fake id uk", "fraud"),
    ("unblocked games 76", "filter-bypass"), ("123movies", "piracy"), ("find someone's address", "personal-data"),
    ("csam", "illegal-content"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "category"), CONCERNING)
def test_clear_concern_drafts_an_incident(text: str, category: str) -> None:
    assert found_in(text, "search_text").get(category, 0) >= DRAFTS


@pytest.mark.parametrize("lesson", ["gcse essay", "romeo and juliet", "my english homework", "minecraft", "lol"])
@pytest.mark.parametrize("words", ["i want to kill myself", "dont want to be alive", "my dad hits me", "he raped me"])
def test_nothing_beside_it_takes_away_what_a_child_says_of_itself(words: str, lesson: str) -> None:
    alone = max(found_in(words, "typed_text").values())
    assert alone >= 65
    for text in (f"{words} {lesson}", f"{lesson}: {words}"):
        assert max(found_in(text, "typed_text").values(), default=0) >= alone


@pytest.mark.parametrize(
    ("words", "urgent"),
    [
        ("i want to kill myself", True), ("he raped me", True), ("dont want to be alive", False),
        ("dont want to be alive, goodbye", True), ("my dad hits me", False), ("my dad is hitting me right now", True),
        ("how to join isis", False), ("fly to turkey to join isis", True),
    ],
)  # fmt: skip
def test_a_plan_or_a_danger_now_is_urgent_and_a_wish_is_high(words: str, urgent: bool) -> None:
    weight = max(found_in(words, "typed_text").values(), default=0)
    assert weight >= 85 if urgent else 65 <= weight < 85


def test_the_examples_in_the_readme_are_read_and_add_to_ours(tmp_path: Path) -> None:
    english, polish = re.findall(
        r"```toml\n(\[category].*?)```", (shipped() / "README.md").read_text("utf-8"), re.DOTALL
    )
    folder_with(tmp_path / "languages", gaming=polish)
    lists = load([shipped(), folder_with(tmp_path, gaming=english)])
    assert [rule.id for each in lists.lists[-2:] for rule in each.text_rules] == ["gaming-block-blast", "gaming-polish"]
    assert lists.lists[-1].category.title == shipped_lists().categories["gaming"].title
    added = replace(lists, lists=lists.lists[-2:])
    check_examples(added, compile_watchlists(added))
