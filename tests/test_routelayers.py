"""What a layer may add to the routes, and what it may not do to them."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.response.ahead import ahead
from casebook.response.contacts import load_contacts
from casebook.response.guidance import routes_of
from casebook.response.routelayers import with_layers
from casebook.response.routes import Route, load_routes
from pipeline.config import load_settings
from pipeline.errors import ConfigError
from pipeline.settings import policy
from pipeline.settings.policy import Policy

NEW = """
[[route_step]]
route = "pupil-victim"
id = "hub"
after = "child-protection"
by = "DSL"
do = "Ring the county's safeguarding hub."
contacts = ["hub"]
[[contact]]
id = "hub"
name = "the safeguarding hub"
telephone = "01632 960030"
"""
STEP = NEW.split("[[contact]]", maxsplit=1)[0]
UNNAMED = STEP.replace('contacts = ["hub"]', "")
WORDS = """
[[route_step]]
route = "illegal"
id = "report-content"
words = "In Example County the hub passes it on."
"""


def layer(folder: Path, text: str, name: str = "Example County") -> Policy:
    place = folder / name.replace(" ", "-")
    place.mkdir(exist_ok=True)
    (place / "policy.toml").write_text(text, encoding="utf-8")
    return policy.read(name, place)


def routes_with(*policies: Policy) -> dict[str, Route]:
    contacts = load_contacts(policies)
    return with_layers(load_routes(contacts=contacts), policies, contacts)


def ids(route: Route) -> list[str]:
    return [step.id for step in route.steps]


def test_a_step_of_a_layer_follows_the_one_it_names_and_says_whose_it_is(tmp_path: Path) -> None:
    route = routes_with(layer(tmp_path, NEW))["pupil-victim"]
    at = ids(route).index("hub")
    step = route.steps[at]
    assert ids(route)[at - 1] == "child-protection"
    assert (step.layer, step.contacts[0].telephone, step.closing) == ("Example County", "01632 960030", False)
    assert [each for each in ids(route) if each != "hub"] == ids(load_routes()["pupil-victim"])


def test_steps_after_the_same_one_stand_in_the_order_of_the_layers(tmp_path: Path) -> None:
    trust = STEP.replace('"hub"\nafter', '"trust"\nafter')
    route = routes_with(layer(tmp_path, NEW), layer(tmp_path, trust, "Example Trust"))["pupil-victim"]
    at = ids(route).index("child-protection")
    assert ids(route)[at : at + 4] == ["child-protection", "hub", "trust", "adult"]


def test_a_step_before_the_end_and_one_after_it(tmp_path: Path) -> None:
    text = NEW.replace('"child-protection"', '"outcome"')
    route = routes_with(layer(tmp_path, text))["pupil-victim"]
    assert ids(route)[-3:] == ["outcome", "hub", "debrief"]
    # It is one of the closing steps then, which come also where there was nothing in it.
    found = ahead(route, {"illegal": "no", "substance": "no"}, ())
    assert [step.id for step in found.next][-3:] == ["outcome", "hub", "debrief"]


def test_words_stand_beside_a_step_and_change_nothing_of_it(tmp_path: Path) -> None:
    before = next(step for step in load_routes()["illegal"].steps if step.id == "report-content")
    after = next(step for step in routes_with(layer(tmp_path, WORDS))["illegal"].steps if step.id == "report-content")
    assert after.words == (("Example County", "In Example County the hub passes it on."),)
    assert (after.do, after.when, after.contacts) == (before.do, before.when, before.contacts)


def test_a_step_of_a_layer_may_depend_on_what_was_asked_before_it(tmp_path: Path) -> None:
    text = NEW.replace('contacts = ["hub"]', 'when = [{ adult = ["yes"] }]').replace('"child-protection"', '"lado"')
    route = routes_with(layer(tmp_path, text))["pupil-victim"]
    found = ahead(route, {"illegal": "no", "substance": "yes", "adult": "no"}, ())
    assert "hub" in {step.id for step in found.set_aside}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (WORDS.replace("words =", "off = true\n#"), 5, "Example County takes the step 'report-content' of the route"),
        (WORDS + 'after = "stop"\n', 6, "Example County moves the step 'report-content' of the route 'illegal'"),
        (WORDS + 'when = [{ danger = ["no"] }]\n', 6, "changes the condition of the step 'report-content'"),
        (WORDS + 'unless = { danger = ["no"] }\n', 6, "changes the condition of the step 'report-content'"),
        (WORDS + 'do = "Nothing."\n', 6, "rewrites the step 'report-content'"),
        (WORDS + 'contacts = ["lado"]\n', 6, "rewrites the step 'report-content'"),
        (WORDS.replace("words", "#"), 4, "says nothing about the step 'report-content'"),
        (NEW.replace('after = "child-protection"', ""), 4, "has no step 'hub'"),
        (NEW.replace('"child-protection"', '"nowhere"'), 5, "has no step 'nowhere'"),
        (NEW.replace('"pupil-victim"', '"victim"'), 3, "there is no route 'victim'"),
        (NEW.replace('contacts = ["hub"]', 'contacts = ["hubb"]'), 8, "there is no contact 'hubb'"),
        (NEW.replace("contacts =", 'when = [{ solved = ["no"] }]\n#'), 8, "no step before asks 'solved'"),
        (NEW.replace("contacts =", 'when = [{ adult = ["no"] }]\n#'), 8, "no step before asks 'adult'"),
        (NEW.replace("contacts =", 'unless = { danger = ["soon"] }\n#'), 8, "'soon' is no answer to 'danger'"),
        (
            NEW.replace('"pupil-victim"', '"illegal"').replace('"child-protection"', '"stop"')
            .replace("contacts =", 'when = [{ danger = ["no"] }]\n#'),
            8, "makes a step of the route 'illegal' depend on an answer",
        ),
    ],
)  # fmt: skip
def test_a_refusal_names_the_layer_the_file_and_the_line(text: str, line: int, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        routes_with(layer(tmp_path, text))
    assert (Path(str(caught.value.path)).name, caught.value.line) == ("policy.toml", line)
    assert "Example County" in str(caught.value) or "Example-County" in str(caught.value)


def test_a_layer_cannot_ask_lead_elsewhere_or_end_a_route(tmp_path: Path) -> None:
    for key in ('ask = "who"', 'to = "accidental"', 'ends = ["no"]'):
        with pytest.raises(ConfigError, match=rf"policy\.toml:3: the key '{key.split()[0]}' is not known"):
            layer(tmp_path, f"[[route_step]]\nroute = 'illegal'\n{key}\nid = 'new'\n")


def test_the_school_is_the_last_layer_and_its_own_file_names_the_fault(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    begins = '[school]\nname = "Example"\n[[source]]\nname = "first"\nfiles = ["logs"]\n'
    config = tmp_path / "school.toml"
    config.write_text(begins + UNNAMED, encoding="utf-8")
    found = next(step for step in routes_of(load_settings(config))["pupil-victim"].steps if step.id == "hub")
    assert found.layer == "the school"
    config.write_text(begins + WORDS.replace("words =", "off = true\n#"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"school\.toml:10: the school takes the step"):
        routes_of(load_settings(config))
