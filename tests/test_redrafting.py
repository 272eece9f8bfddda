"""Changed rules are drafted with on trial: which drafts would come, go and change, without a name or a trace."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from cli import main
from pipeline.config import load_settings
from pipeline.episodes import episodes, heads
from pipeline.trials import redrafting
from pipeline.trials.redrafting import CHANGES, compared
from pipeline.trials.replaying import Replayed, replay, with_lists
from tests.effort import tries
from tests.made_night import School, search, squid
from tests.test_episodes import DRAFTING, TEN, table

_DAY = date(2026, 11, 10)
_EXCLUSION = (
    '[[exclusion]]\nrule = "cranes-words"\nowner = "J. Example"\nreason = "origami club"\nusers = ["b.example"]\n'
    "since = 2026-11-01\nuntil = 2027-07-20\n"
)
_HASHED = '[[watchlists.hashed]]\nfile = "list.txt"\ncategory = "secret"\nkind = "sha256"\n'


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> School:
    """A day of three users, the same for all: whoever uses it changes nothing in it."""
    place = School(tmp_path_factory.mktemp("shared")).made()
    place.log(
        "access.log",
        squid(0, search("blue lobster"), "a.example") + squid(60, search("red lobster"), "a.example")
        + squid(600, search("paper crane"), "b.example") + squid(660, search("pink heron"), "b.example")
        + squid(500, search("green heron"), "b.example") + squid(900, search("red lobster"), "c.example"),
    )  # fmt: skip
    place.night()
    return place


@pytest.fixture
def school(shared: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> School:
    """A copy, because a night takes its time; and a folder of its own for whatever is only temporary."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    shutil.copytree(shared.folder, tmp_path / "school")
    return replace(shared, folder=tmp_path / "school")


def replayed(school: School, *folders: Path, show: int = 0) -> Replayed:
    return replay(with_lists(load_settings(school.config), folders), _DAY, _DAY, show)


def told(account: Replayed) -> list[tuple[Any, ...]]:
    wanted = ("change", "category_before", "level_before", "category", "level")
    return account.changes.select(wanted).sort(wanted).rows()


def changed(school: School, name: str, *replaced: tuple[str, str]) -> None:
    path = school.folder / "lists" / f"{name}.toml"
    text = path.read_text("utf-8")
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, "utf-8")


def state(school: School) -> dict[str, tuple[bytes, int]]:
    """Everything in the store: what it holds, and when it was written."""
    paths = sorted(school.store.rglob("*"))
    return {str(each): (each.read_bytes() if each.is_file() else b"", each.stat().st_mtime_ns) for each in paths}


def test_what_would_appear_vanish_and_change_is_told_and_nothing_is_left_behind(school: School) -> None:
    before = state(school)
    changed(
        school, "lobsters", ('terms = ["blue lobster"]', 'terms = ["blue lobster", "red lobster"]'),
        ("weight = 90", "weight = 70"),
    )  # fmt: skip
    changed(school, "cranes", ('["paper crane"]', '["folded swan"]'))
    account = replayed(school)
    assert told(account) == [
        ("appears", None, None, "lobsters", "high"),
        ("changes", "lobsters", "urgent", "lobsters", "high"),
        ("vanishes", "cranes", "medium", None, None),
    ]
    assert account.drafted.drafts.height == 2
    lines = list(redrafting.as_lines(account.changes, 2))
    assert lines[0] == "Drafts: 0 as before, 1 would appear, 1 vanish, 1 have another level or category."
    assert [line.split(": ", 2)[-1] for line in lines[1:]] == [
        "lobsters, high", "lobsters, urgent -> high", "cranes, medium",
    ]  # fmt: skip
    assert not any(".example" in line or "crane " in line for line in lines)
    assert state(school) == before
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


def test_where_it_fails_the_temporary_folder_goes_too(school: School) -> None:
    for path in (school.store / "lake").glob("*/hits.parquet"):
        path.write_bytes(b"damaged")
    with pytest.raises(Exception, match="what was read before cannot be used"):
        replayed(school)
    assert list(Path(tempfile.gettempdir()).iterdir()) == []


def test_an_earlier_first_hit_gives_a_draft_another_id_and_it_is_known_all_the_same(school: School) -> None:
    changed(school, "cranes", ('terms = ["paper crane"]', 'terms = ["paper crane", "green heron"]'))
    account = replayed(school)
    assert told(account) == []
    now = account.drafted.drafts.filter(pl.col("category") == "cranes")
    assert now["draft_id"].item() != school.drafts().filter(pl.col("category") == "cranes")["draft_id"].item()


def test_an_exclusion_is_tried_before_it_counts(school: School) -> None:
    with school.config.open("a", encoding="utf-8") as stream:
        stream.write(_EXCLUSION)
    account = replayed(school)
    assert told(account) == [("vanishes", "cranes", "medium", None, None)]
    assert list(redrafting.set_aside_lines(account.drafted.became)) == [
        "set aside: 1 hit, by the exclusion 'origami club' of J. Example"
    ]


def test_another_folder_of_rules_is_tried_in_place_of_the_school_s(school: School) -> None:
    other = school.folder / "other"
    other.mkdir()
    text = (school.folder / "lists" / "cranes.toml").read_text("utf-8")
    (other / "cranes.toml").write_text(text.replace("weight = 50", "weight = 70"), "utf-8")
    assert told(replayed(school, other)) == [
        ("changes", "cranes", "medium", "cranes", "high"), ("vanishes", "lobsters", "urgent", None, None),
    ]  # fmt: skip
    both = ["--watchlists", str(other), "--watchlists", str(school.folder / "more")]
    asked = ["watchlist", "replay", "--config", str(school.config), "--since", "2026-11-10", "--until", "2026-11-10"]
    assert CliRunner().invoke(main, [*asked, *both]).exit_code == 1
    (school.folder / "more").mkdir()
    (school.folder / "lists" / "lobsters.toml").rename(school.folder / "more" / "lobsters.toml")
    data = json.loads(CliRunner().invoke(main, [*asked, *both, "--json"]).output)
    (change,) = data["changes"]
    assert (change["change"], change["level_before"], change["level"]) == ("changes", "medium", "high")
    assert (data["drafts"], change["day"]) == (2, "2026-11-10")
    assert sum(row["hits"] for row in data["became"]) == 2


@pytest.mark.parametrize("listed", [True, False])
def test_texts_of_what_is_withheld_are_shown_nowhere(school: School, *, listed: bool) -> None:
    """Neither those of a withheld category nor of a secret list, and not by way of another rule that finds the same."""
    text = (school.folder / "lists" / "lobsters.toml").read_text("utf-8").replace("lobsters", "secret")
    text = text.replace('route = "pupil-victim"', 'route = "illegal"').replace("blue lobster", "pink heron")
    (school.folder / "lists" / "secret.toml").write_text(text, "utf-8")
    school.log(
        "more.log", squid(5000, "http://hidden.example.org/bird", "d.example") + squid(5100, search("grey heron"))
    )
    school.night()
    changed(school, "cranes", ('terms = ["paper crane"]', 'terms = ["paper crane", "heron", "bird"]'),
            ('names = ["cranes.example"]', 'names = ["cranes.example", "hidden.example.org"]'))  # fmt: skip
    if listed:
        at = (text := school.config.read_text("utf-8")).index("[[source]]")
        school.config.write_text(f"{text[:at]}{_HASHED}{text[at:]}", "utf-8")
        (school.folder / "list.txt").write_text(hashlib.sha256(b"hidden.example.org").hexdigest() + "\n", "utf-8")
    account = replayed(school, show=100)
    shown = {text for _, text in account.appeared}
    assert {"green heron", "grey heron"} <= shown
    assert "pink heron" not in shown
    assert ({"hidden.example.org", "/bird"} & shown == set()) is listed
    # And when the rules for it are gone: nobody knows any more whether it may be shown.
    (school.folder / "lists" / "secret.toml").unlink()
    if not listed:
        assert "pink heron" not in {text for _, text in replayed(school, show=100).vanished}


_EVENTS = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["person:u", "person:v"]), st.sampled_from(["medium", "urgent"])),
    max_size=12, unique_by=lambda each: each[:2],
)  # fmt: skip


def drafted(rows: list[tuple[int, str, str]]) -> pl.DataFrame:
    hits = [
        {"ts": TEN + timedelta(minutes=20 * at), "subject": who, "level": level, "hit_id": f"{at:02}{who}",
         "event_id": f"{at:02}{who}"} for at, who, level in rows
    ]  # fmt: skip
    return heads(episodes(table(*hits), DRAFTING), DRAFTING)


@settings(max_examples=tries(100))
@given(_EVENTS, _EVENTS)
def test_every_draft_of_both_sides_is_accounted_for_once(then: list[Any], now: list[Any]) -> None:
    before, after = drafted(then), drafted(now)
    changes = compared(before, after)
    counts = dict(changes.group_by("change").len().iter_rows())
    appear, vanish, change = (counts.get(name, 0) for name in ("appears", "vanishes", "changes"))
    assert after.height - appear == before.height - vanish >= change
    assert set(changes.filter(change="vanishes")["draft_id"]) <= set(before["draft_id"]) - set(after["draft_id"])
    assert set(changes.filter(change="appears")["draft_id"]) <= set(after["draft_id"]) - set(before["draft_id"])
    assert compared(before, before).is_empty()
    assert compared(before, after.clear())["draft_id"].sort().equals(before["draft_id"].sort())
    assert changes.schema == CHANGES
