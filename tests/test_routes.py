"""The routes: the seven of them, in order, and what a broken file is told."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from casebook.response.routes import load_routes
from pipeline.errors import ConfigError
from pipeline.lists.watchtoml import ROUTES

SHIPPED = resources.files("casebook.response").joinpath("routes.toml").read_text(encoding="utf-8")


def _load(text: str, folder: Path) -> None:
    path = folder / "routes.toml"
    path.write_text(text, encoding="utf-8")
    load_routes(path)


def test_every_route_that_a_category_can_name_is_there() -> None:
    assert tuple(load_routes()) == ROUTES


def test_an_illegal_route_asks_for_immediate_danger_first_and_forbids_looking() -> None:
    illegal = load_routes()["illegal"]
    assert illegal.withhold
    assert "999" in illegal.steps[0].do
    told = " ".join(illegal.warnings).casefold()
    assert all(word in told for word in ("open", "copy", "print", "forward", "screenshot"))
    # The common opening asks for the address to be written down: not here.
    assert "record" not in [step.id for step in illegal.steps]


def test_the_illegal_steps_keep_their_order() -> None:
    ids = [step.id for step in load_routes()["illegal"].steps]
    wanted = ["immediate-risk", "stop", "isolate", "preserve", "account", "report-content", "report-child", "await"]
    assert [each for each in ids if each in wanted] == wanted
    assert ids.index("not-confirmed") > ids.index("await")


def test_only_the_illegal_route_withholds() -> None:
    assert [route.id for route in load_routes().values() if route.withhold] == ["illegal"]


@pytest.mark.parametrize("name", ROUTES)
def test_every_route_ends_with_outcome_and_debrief(name: str) -> None:
    route = load_routes()[name]
    assert [step.id for step in route.steps[-2:]] == ["outcome", "debrief"]
    assert len({step.id for step in route.steps}) == len(route.steps)
    assert set(route.leads_to) <= set(ROUTES) - {name}
    assert route.version


def test_danger_comes_before_the_common_opening_when_a_pupil_is_at_risk() -> None:
    ids = [step.id for step in load_routes()["pupil-victim"].steps]
    assert ids[0] == "safe-now"
    assert ids.index("to-illegal") < ids.index("second-person")


def test_staff_concerns_go_to_hr_and_lado_before_the_member_of_staff() -> None:
    ids = [step.id for step in load_routes()["staff-instigator"].steps]
    assert ids.index("lado-first") < ids.index("remove")


def test_a_file_of_the_schools_own_is_read(tmp_path: Path) -> None:
    _load("\ufeff" + SHIPPED, tmp_path)


def test_an_unknown_key_is_named_with_its_line(tmp_path: Path) -> None:
    broken = SHIPPED.replace('by = "network manager"', 'bye = "network manager"', 1)
    line = broken[: broken.index("bye =")].count("\n") + 1
    with pytest.raises(ConfigError, match=rf"routes\.toml:{line}: .*bye"):
        _load(broken, tmp_path)


def test_a_missing_route_is_named(tmp_path: Path) -> None:
    broken = SHIPPED[: SHIPPED.rindex("[[route]]")]
    with pytest.raises(ConfigError, match="missing: accidental"):
        _load(broken, tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "accidental"', 'id = "illegal"', "defined twice"),
        ('id = "accidental"', 'id = "other"', "no route"),
        ('to = "illegal"', 'to = "elsewhere"', "cannot lead to 'elsewhere'"),
        ('to = "illegal"', 'to = "pupil-victim"', "cannot lead to 'pupil-victim'"),
        ('when = [{ danger = ["yes"] }]', 'when = [{ dangerous = ["yes"] }]', "call: no step before asks 'dangerous'"),
        ('when = [{ danger = ["yes"] }]', 'when = [{ danger = ["soon"] }]', "'soon' is no answer to 'danger'"),
        ('when = [{ danger = ["yes"] }]', "when = [{}]", "when"),
        ('unless = { illegal = ["no"] }', 'unless = { lawful = ["no"] }', "no step before asks 'lawful'"),
        ('ask = "network"', 'ask = "illegal"', "asks 'illegal' twice"),
        ('ask = "danger"\n', "", "a question has `ask`"),
        ('answers = ["yes", "no"]', 'answers = ["yes"]', "at least two `answers`"),
        ('ends = ["no"]', 'ends = ["perhaps"]', "`ends` names answers"),
        ('when = [{ subject = ["staff"] }]\nto', "to", "says `when`"),
        ('contacts = ["emergency"]', 'contacts = ["somebody"]', "no contact 'somebody'"),
        ('id = "note-sites"', 'id = "debrief"', "two steps called 'debrief'"),
        ("version = 2026-11-29", 'version = "soon"', "version"),
        ("opening = false", 'opening = "no"', "opening"),
        ('title = "Illegal, or may be"', 'title = " "', "title"),
        ("[[closing]]", "[[closing", "not TOML"),
    ],
)
def test_a_broken_file_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    assert old in SHIPPED
    with pytest.raises(ConfigError, match=said) as caught:
        _load(SHIPPED.replace(old, new, 1), tmp_path)
    assert caught.value.line > 0


def test_a_missing_file_and_odd_bytes_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_routes(tmp_path / "none.toml")
    path = tmp_path / "routes.toml"
    path.write_bytes(b"version = 1\n# caf\xe9\n")
    with pytest.raises(ConfigError, match=r"routes\.toml:2: this is not UTF-8"):
        load_routes(path)
