"""From the logs of a night to a pack that somebody else checks: by the commands, with a lake that a night has made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from casebook.outgoing import sha256_of
from casebook.packs import FILES, INDEX, LINES, RAW, lines, sealing
from cli import main
from pipeline import lake
from pipeline.store.ledgerfile import opened_ledger
from tests.made_night import NIGHT, School, search, squid

PASSWORD = "a sentence of my own"
STAFF = """
[[source]]
name = "filter"
files = ["logs/*"]
format = "squid"

[[casebook.staff]]
account = "d.lead"
name = "Dana Lead"
roles = ["dsl"]

[[casebook.staff]]
account = "n.network"
name = "Nour Network"
roles = ["network-manager"]
"""
INCIDENT = "I-2026-00001"


@pytest.fixture
def school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> School:
    made = School(tmp_path / "school", STAFF).made()
    log = [
        squid(-700, "http://www.example.org/long-before"),
        squid(0, "http://www.example.org/before"),
        squid(20, "http://www.example.org/of-somebody-else", user="b.example"),
        squid(60, search("where to see a blue lobster")),
        squid(70, "http://www.example.org/after\x1b[31m"),
        squid(61, search("blue lobster for sale")),
    ]
    made.log("access.log", "".join(log))
    assert made.night().exit_code == 0
    (tmp_path / "password.txt").write_text(f"{PASSWORD}\n", "utf-8")
    (tmp_path / "password.txt").chmod(0o600)
    (tmp_path / "elsewhere").mkdir()
    # Whoever checks a pack has neither the casebook nor a school.toml.
    monkeypatch.chdir(tmp_path / "elsewhere")
    return made


def ran(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["incident", *map(str, arguments)])


def exported(school: School, account: str = "d.lead") -> Result:
    return ran(
        "export", INCIDENT, "--config", school.config, "--as", account, "--output", school.folder.parent / "pack.zip",
        "--password-file", school.folder.parent / "password.txt", "--reason", "The police have asked for it.",
    )  # fmt: skip


def test_a_pack_holds_each_line_where_it_stands_in_the_log_and_those_around_it(school: School) -> None:
    done = exported(school)
    assert done.exit_code == 0, done.output
    pack = school.folder.parent / "pack.zip"
    assert sha256_of(pack) in done.output
    assert PASSWORD not in done.output
    members, _ = sealing.read(pack, PASSWORD.encode())
    log = (school.folder / "logs" / "access.log").read_bytes()
    found = list(lines.read(members[LINES], members[RAW]))
    assert [each["line"] for each, _ in found if each["because"] == "hit"] == [4, 6]
    assert [each["line"] for each, _ in found if each["because"] == "around"] == [2, 5]
    for each, raw in found:
        assert raw is not None
        assert log[each["byte_offset"] :].startswith(raw + b"\n")
        assert log[: each["byte_offset"]].count(b"\n") == each["line"] - 1
    files = json.loads(members[FILES])["files"]
    assert [(each["source"], each["read_to_byte"], each["read_lines"]) for each in files] == [("filter", len(log), 6)]
    assert "of-somebody-else" not in members[INDEX].decode() + members[RAW].decode()


def test_anybody_can_check_it_anywhere(school: School) -> None:
    assert exported(school).exit_code == 0
    pack, password = school.folder.parent / "pack.zip", school.folder.parent / "password.txt"
    checked = ran("verify-pack", pack, "--password-file", password, "--sha256", sha256_of(pack))
    assert checked.exit_code == 0, checked.output
    assert "The pack is whole, and it is the one" in checked.output
    assert "it is the very file that left the school" in checked.output
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.write_bytes(content)
    changed = ran("verify-pack", pack, "--password-file", password, "--json")
    assert changed.exit_code == 2
    assert json.loads(changed.output)["wrong"]
    assert ran("verify-pack", "not-there.zip", "--password-file", password).exit_code == 1


def test_when_the_events_are_gone_the_lines_of_hits_are_still_there(school: School) -> None:
    with opened_ledger(school.store, NIGHT.date()) as ledger:
        units = [each.unit_id for each in ledger.units()]
        ledger.purge(units)
    lake.remove_units(school.lake, units)
    assert exported(school).exit_code == 0
    members, _ = sealing.read(school.folder.parent / "pack.zip", PASSWORD.encode())
    found = [(each["line"], each["byte_offset"], raw is None) for each, raw in lines.read(members[LINES], members[RAW])]
    assert found == [(4, None, False), (6, None, False)]


def test_a_network_manager_makes_no_pack(school: School) -> None:
    done = exported(school, "n.network")
    assert done.exit_code == 1
    assert not (school.folder.parent / "pack.zip").exists()


def test_a_password_is_made_and_told_once_on_stderr(school: School) -> None:
    pack = school.folder.parent / "made.zip"
    done = ran("export", INCIDENT, "--config", school.config, "--as", "d.lead", "--output", pack, "--generate",
               "--reason", "The police have asked for it.")  # fmt: skip
    assert done.exit_code == 0, done.output
    password = done.stderr.splitlines()[-1]
    assert password not in done.stdout
    assert sealing.read(pack, password.encode())[1] == []
    both = ran("export", INCIDENT, "--config", school.config, "--generate", "--password-file", "x", "--reason", "So.")
    assert both.exit_code == 1


def test_a_table_is_written_and_told(school: School) -> None:
    table = school.folder.parent / "table.csv"
    done = ran("export-table", "--config", school.config, "--as", "d.lead", "--since", "2026-11-01", "--output", table,
               "--reason", "For the safeguarding system.")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "incidents: 1, of which as a reference only: 0" in done.output
    assert sha256_of(table) in done.output
    assert INCIDENT in table.read_text("utf-8")
    shown = CliRunner().invoke(main, ["audit", "verify", "--config", str(school.config)])
    assert shown.exit_code == 0, shown.output
