"""Whom to call: what travels with the program, what layers and the school say, and what is told where nobody has."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib import resources
from pathlib import Path

import pytest

from casebook.response.contacts import load_contacts, shipped
from casebook.response.guidance import doubts
from casebook.response.routes import load_routes
from pipeline.errors import ConfigError
from pipeline.settings import policy


def written(folder: Path, text: str) -> Path:
    path = folder / "contacts.toml"
    path.write_text(text, encoding="utf-8")
    return path


def contact(name: str, *lines: str) -> str:
    return "\n".join(["[[contact]]", f'id = "{name}"', *lines, ""])


def test_999_is_always_there_and_no_file_says_otherwise(tmp_path: Path) -> None:
    assert load_contacts()["emergency"].telephone == "999"
    path = written(tmp_path, contact("lado", 'telephone = "01632 960013"') + contact("emergency", 'telephone = "112"'))
    with pytest.raises(ConfigError, match=r"contacts\.toml:5: an emergency is 999"):
        load_contacts((), path)


def test_what_is_national_says_where_it_comes_from_and_when() -> None:
    for each in tomllib.loads(resources.files("casebook.response").joinpath("contacts.toml").read_text("utf-8"))[
        "contact"
    ]:
        if {"telephone", "web", "email"} & each.keys():
            assert each["source"]
            assert isinstance(each["as_of"], date)
        else:
            assert each.keys() == {"id", "name"}, "what a school fills in has no number of ours"


def test_a_number_of_the_school_takes_the_place_of_a_layers_and_keeps_what_else_that_said(tmp_path: Path) -> None:
    (tmp_path / "county").mkdir()
    said = contact("lado", 'telephone = "01632 960013"', 'hours = "weekdays 9 to 17"', 'out_of_hours = "01632 960014"')
    (tmp_path / "county" / "policy.toml").write_text(said, encoding="utf-8")
    county = policy.read("Example County", tmp_path / "county")
    path = written(tmp_path, contact("lado", 'telephone = "01632 960099"'))
    assert load_contacts([county])["lado"].telephone == "01632 960013"
    of_school = load_contacts([county], path)["lado"]
    assert of_school.in_words == "The LADO: 01632 960099 (weekdays 9 to 17), at other times 01632 960014"


def test_a_contact_that_nobody_has_entered_is_a_doubt_and_one_that_is_entered_is_not(tmp_path: Path) -> None:
    told = doubts(load_routes())
    lado = next(each for each in told if "the LADO" in each)
    assert lado.startswith("Contacts: no number for the LADO in contacts.toml (named by illegal, pupil-victim, staff")
    assert not [each for each in told if "emergency" in each or "Internet Watch" in each or "Childline" in each]
    path = written(tmp_path, contact("lado", 'telephone = "01632 960013"'))
    assert [each for each in told if each != lado] == doubts(load_routes(contacts=load_contacts((), path)))


def test_every_contact_is_named_by_some_step_and_the_first_file_offers_what_is_missing() -> None:
    named = {each.id for route in load_routes().values() for step in route.steps for each in step.contacts}
    assert named == set(shipped())
    first = resources.files("casebook.response").joinpath("first_contacts.toml").read_text("utf-8")
    assert tomllib.loads(first) == {}
    # Taken out of its comments, the file is one that is read.
    lines = [
        line.removeprefix("# ") for line in first.splitlines() if line.startswith(("# [[", "# ")) and _is_toml(line)
    ]
    offered = {each["id"] for each in tomllib.loads("\n".join(lines))["contact"]}
    assert {each.id for each in shipped().values() if not each.is_known} <= offered


def _is_toml(line: str) -> bool:
    return line.startswith("# [[contact]]") or line[2:].split(" = ", maxsplit=1)[0] in {
        "id", "name", "telephone", "hours", "out_of_hours", "email", "web", "note",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (contact("ladoo", 'telephone = "01632 960013"'), r":2: there is no contact 'ladoo'\. Did you mean 'lado'\?"),
        (contact("school-nurse", 'telephone = "1"'), r":2: .*A contact of your own needs a name\."),
        (contact("lado", 'hours = "always"'), "telephone, email or web"),
        (
            contact("lado", 'telephone = "ring the office"'),
            r":3: telephone: 'ring the office' is no telephone number; write digits",
        ),
        (contact("lado", "telephone = 1632"), r":3: telephone: text is wanted"),
        (contact("lado", 'telephone = "1"', 'fax = "2"'), r":4: the key 'fax' is not known"),
        (contact("lado", 'telephone = "1"') * 2, r":5: the contact 'lado' stands here twice"),
        ("[[contact]\n", r":1: is not TOML"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=rf"contacts\.toml{said}" if said.startswith(":") else said):
        load_contacts((), written(tmp_path, text))


def test_a_contact_of_ones_own_has_a_name(tmp_path: Path) -> None:
    path = written(
        tmp_path, contact("hub", 'name = "the hub"', 'email = "hub@county.example"', 'note = "encrypted only"')
    )
    assert load_contacts((), path)["hub"].in_words == "The hub: hub@county.example, encrypted only"


def test_a_file_that_is_no_text_or_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "contacts.toml"
    with pytest.raises(ConfigError, match="cannot be read"):
        load_contacts((), path)
    path.write_bytes(b"# caf\xe9\n")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load_contacts((), path)
