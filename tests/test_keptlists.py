"""Compiled watchlists that an earlier run kept: taken only if nothing has changed, and nothing in them can run."""

from __future__ import annotations

import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typing_extensions import override

from pipeline import rules
from pipeline.config import Settings, load_settings
from pipeline.errors import ConfigError, WatchlistError
from pipeline.matching import keptlists
from pipeline.matching.matcher import Matcher, compile_watchlists
from pipeline.watchlist import Watchlists
from pipeline.words.finding import found_in
from pipeline.words.sieve import holds_any, worth_weighing
from pipeline.words.weighted import WEIGHTED
from tests.made_night import School

#: Before any test, and so before `conftest` has it keep nothing.
keep = keptlists.keep
LISTED = "lobsters.toml"


@pytest.fixture
def school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> School:
    """A school that keeps its lists, however short."""
    monkeypatch.setattr(keptlists, "_FEW", 1)
    monkeypatch.setattr(keptlists, "keep", keep)
    made = School(tmp_path / "school").made()
    made.store.mkdir(exist_ok=True)
    return made


def ready(school: School, *, may_keep: bool = True) -> tuple[Watchlists, Matcher]:
    return rules.ready_watchlists(load_settings(school.config), keep=may_keep)


def is_read(school: School, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the lists are taken as they were kept."""

    def refuse(settings: Settings) -> Watchlists:
        raise WatchlistError(f"{settings.store} is not read")

    with monkeypatch.context() as patch:
        patch.setattr(rules, "load_watchlists", refuse)
        try:
            ready(school)
        except WatchlistError:
            return False
    return True


def same(one: Matcher, other: Matcher) -> bool:
    return (one.rules, one.phrases, one.helping) == (other.rules, other.phrases, other.helping) and one.domains.equals(
        other.domains
    )


def made_anew(school: School) -> Matcher:
    return compile_watchlists(rules.load_watchlists(load_settings(school.config)))


def test_what_was_kept_is_what_was_made(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, matcher = ready(school)
    assert is_read(school, monkeypatch)
    again, kept = ready(school)
    assert again == lists == rules.told_watchlists(load_settings(school.config))
    assert same(kept, matcher)
    for text in ("a blue lobster", "a paper crane", "blue lobsetr", "blu3 l0bster", "BlueLobster"):
        found = [found_in(text, each.phrases) for each in (kept, matcher)]
        assert [[(each.rule, each.start, each.end) for each in views] for views in found] == [
            [(each.rule, each.start, each.end) for each in found[0]]
        ] * 2
        assert found[0]


def test_without_leave_nothing_is_kept(school: School) -> None:
    ready(school, may_keep=False)
    assert not (school.store / keptlists.NAME).exists()


def other_rule(school: School) -> None:
    path = school.folder / "lists" / LISTED
    path.write_text(path.read_text("utf-8").replace("blue lobster", "red lobster"), "utf-8")


def other_folder(school: School) -> None:
    (school.folder / "lists").rename(school.folder / "others")
    school.config.write_text(school.config.read_text("utf-8").replace('"lists"', '"others"'), "utf-8")


def another_file(school: School) -> None:
    (school.folder / "lists" / "words.toml").write_text('[words]\nwaders = ["snipe"]\n', "utf-8")


def other_weight(school: School) -> None:
    with school.config.open("a", encoding="utf-8") as stream:
        stream.write('\n[[change]]\nrule = "lobsters-words"\nweight = 60\n')


@pytest.mark.parametrize("change", [other_rule, other_folder, another_file, other_weight])
def test_any_change_makes_them_anew(
    school: School, change: Callable[[School], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(school)
    change(school)
    assert not is_read(school, monkeypatch)
    assert same(ready(school)[1], made_anew(school))
    assert is_read(school, monkeypatch)


def test_a_changed_program_makes_them_anew(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(school)
    with monkeypatch.context() as patch:
        patch.setattr(keptlists, "_program", lambda: "another")
        assert not is_read(school, monkeypatch)
    assert is_read(school, monkeypatch)


def test_a_phrase_list_of_the_schools_own_counts_too(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    phrases = school.folder / "phrases.txt"
    phrases.write_text("grey egret\n", "utf-8")
    with school.config.open("a", encoding="utf-8") as stream:
        stream.write('\n[[watchlists.phrases]]\nfile = "phrases.txt"\ncategory = "cranes"\nweight = 30\n')
    ready(school)
    assert is_read(school, monkeypatch)
    phrases.write_text("grey egret\nbittern\n", "utf-8")
    assert not is_read(school, monkeypatch)
    phrases.unlink()
    with pytest.raises(ConfigError, match=r"phrases\.txt"):
        ready(school)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "folder"])
def test_a_damaged_file_is_made_anew(school: School, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(school)
    path = school.store / keptlists.NAME
    raw = bytearray(path.read_bytes())
    if damage == "folder":
        path.unlink()
        path.mkdir()
    elif damage == "flipped":
        raw[-20] ^= 1
        path.write_bytes(raw)
    else:
        path.write_bytes(raw[: len(raw) // 2 if damage == "cut" else 0])
    assert not is_read(school, monkeypatch)
    assert same(ready(school)[1], made_anew(school))
    assert is_read(school, monkeypatch) == (damage != "folder")
    assert [each.name for each in school.store.glob(f".{keptlists.NAME}*")] == []


def test_what_tells_texts_apart_is_kept_too(school: School) -> None:
    texts = pl.Series(["a blue lobster", "blue lobsetr", "blu3 l0bster", "BlueLobster", "a paper boat"])
    assert ready(school)[1].phrases.lookups is None
    kept = ready(school)[1].phrases
    assert kept.lookups is not None
    assert holds_any(texts, kept).to_list() == [True, True, True, True, False]
    assert "whole" not in vars(kept.owners)


def test_columns_are_plain_numbers_and_texts() -> None:
    for raw, kind in ((b"\0" * 8, "|O"), (b"\0" * 8, "<M8[s]"), (b"\0" * 7, "<i4"), (b"\0" * 8, "i4,i4")):
        with pytest.raises(ValueError, match=r"kind|size"):
            keptlists._numbers(raw, kind)
    # numpy would count these as three.
    assert keptlists._numbers(b"\3\0", "|b1").sum() == 1
    assert keptlists._texts(0, "").to_list() == []
    assert keptlists._texts(2, "\n").to_list() == ["", ""]
    with pytest.raises(ValueError, match="2 texts"):
        keptlists._texts(2, "a\nb\nc")


class Runs:
    """What a pickle can do that takes any name."""

    @override
    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (Path("it-ran"),)


def test_nothing_in_it_runs(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    ready(school)
    path = school.store / keptlists.NAME
    stamp = json.loads(path.read_bytes().split(b"\n", 1)[0])["stamp"]
    monkeypatch.chdir(school.folder)
    for body in (
        pickle.dumps(Runs()),
        pickle.dumps(["plain"]),
        pickle.dumps(print),
        b"cos\nsystem\n(S'touch it-ran'\ntR.",
    ):
        header = json.dumps({"stamp": stamp, "sha256": hashlib.sha256(body).hexdigest()}).encode()
        path.write_bytes(header + b"\n" + body)
        assert not is_read(school, monkeypatch)
    assert not (school.folder / "it-ran").exists()


def test_short_lists_are_not_worth_keeping(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keptlists, "_FEW", 2_000)
    ready(school)
    assert not (school.store / keptlists.NAME).exists()


def test_weighted_words_that_were_in_use_are_kept_too(school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = "word,any,lobsters\n(start),0,0\nsnails,100,300\n"
    (school.folder / "lists" / WEIGHTED).write_text(listed, "utf-8")
    lists, matcher = ready(school, may_keep=False)
    assert lists.weighted is not None
    # What it has worked out for itself is no part of it.
    assert worth_weighing(pl.Series(["three garden snails"]), lists.weighted).to_list() == [True]
    keep(school.store, "stamp", lists, matcher)
    kept = keptlists.read(school.store, "stamp")
    assert kept is not None
    assert kept[0].weighted == kept[1].weighted == lists.weighted
    ready(school)
    assert is_read(school, monkeypatch)
    (school.folder / "lists" / WEIGHTED).write_text(listed.replace("300", "200"), "utf-8")
    assert not is_read(school, monkeypatch)
