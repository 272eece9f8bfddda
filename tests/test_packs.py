"""Evidence packs: what is in them and what is not, who may make one, and that none is without its action."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from casebook import deciding
from casebook.access import NIGHT
from casebook.intake import take_in
from casebook.kinds import CasebookError, Refused, said
from casebook.outgoing import exports_of, sha256_of
from casebook.packs import CASE, CHAIN, CUSTODY, INDEX, LINES, RAW, checking, lines
from casebook.projection import stored
from casebook.store import Casebook, history
from casebook.tables import CONTENT
from casebook.verifying import verify
from pipeline.errors import StoreError
from tests.made_casebook import ACCESS, NOW, casebook, do, routes, who
from tests.made_drafts import draft, drafts, hit
from tests.made_packs import PASSWORD, by_category, exported, hashed, opened_pack, reveal, the_night
from tests.made_pages import HOSTILE, assert_harmless, assert_sound

#: What would tell the address of the made-up illegal draft.
ADDRESS = "withheld-address"


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Casebook]:
    with casebook(tmp_path) as opened:
        take_in(opened, the_night(), NOW)
        yield opened


def exports(book: Casebook, incident: str) -> list[dict[str, Any]]:
    with book.reading() as connection:
        return exports_of(connection, [incident])


# ---------------------------------------------------------------- what is in it


def test_the_original_lines_are_there_byte_for_byte_with_file_and_line(book: Casebook, tmp_path: Path) -> None:
    raw = bytes(range(256)) + b"\r \x1b[31m"
    row = hashed(draft("Bo Bytes", [hit("strange", "strange", raw=raw, line=7), hit("more", "more", raw=b"", line=8)]))
    take_in(book, drafts(row), NOW)
    with book.reading() as connection:
        incident = next(
            str(acted.about) for number in range(1, 8)
            for acted in history(connection, f"I-2026-{number:05}") if acted.facts.get("draft_id") == row["draft_id"]
        )  # fmt: skip
    made = opened_pack(exported(book, incident, tmp_path / "pack.zip").path)
    found = list(lines.read(made[LINES], made[RAW]))
    assert [(each["file"], each["line"], line) for each, line in found] == [
        (row["hits"][0]["source_sha256"], 7, raw), (row["hits"][0]["source_sha256"], 8, b""),
    ]  # fmt: skip
    assert made[RAW] == raw + b"\n" + b"\n"
    assert not checking.verify(tmp_path / "pack.zip", PASSWORD).wrong


def test_a_pack_holds_the_decisions_and_who_had_it_before(book: Casebook, tmp_path: Path) -> None:
    incident = by_category(book, "self-harm")
    do(book, "d.lead", incident, "review")
    do(book, "d.lead", incident, "confirm", reason="She said so herself.")
    first = exported(book, incident, tmp_path / "first.zip")
    second = exported(book, incident, tmp_path / "second.zip", account="h.head")
    made = opened_pack(second.path)
    custody = json.loads(made[CUSTODY])
    assert [each["sha256"] for each in custody["before"]] == [first.sha256]
    assert custody["exported"] | {"at": ""} == {
        "at": "", "author": "h.head", "role": "head", "via": "cli:tests", "reason": "For the local authority.",
        "program": "esafety 0.1.0", "machine": "office-7",
    }  # fmt: skip
    chain = [json.loads(each) for each in made[CHAIN].decode().splitlines()]
    assert [each["kind"] for each in chain] == ["drafted", "review", "confirm", "export"]
    page = made[INDEX].decode()
    assert "She said so herself." in page
    assert "ten minutes before and after" in page.lower()
    assert first.sha256 in page


def test_the_history_has_the_hash_of_the_very_file(book: Casebook, tmp_path: Path) -> None:
    incident = by_category(book, "self-harm")
    made = exported(book, incident, tmp_path / "pack.zip")
    told = exports(book, incident)[-1]
    assert (told["action"], told["sha256"], told["what"]) == (made.action, sha256_of(made.path), "pack")
    assert made.path.stat().st_mode & 0o077 == 0
    assert not verify(book).faults


def everything(made: dict[str, bytes], *without: str) -> str:
    return b"\n".join(content for name, content in made.items() if name not in without).decode().lower()


def test_people_are_pseudonyms_and_only_the_lines_name_them(book: Casebook, tmp_path: Path) -> None:
    incident = by_category(book, "self-harm")
    made = opened_pack(exported(book, incident, tmp_path / "pack.zip").path)
    assert "amira" not in everything(made, RAW)
    assert "name accounts in any case" in made[INDEX].decode()
    assert "pupil " in json.loads(made[CASE])["incidents"][0]["parties"][0]["person"]
    assert [json.loads(each).get("left_out") for each in made[CHAIN].decode().splitlines()] == ["names"]


def test_without_lines_there_are_references_and_hashes(book: Casebook, tmp_path: Path) -> None:
    incident = by_category(book, "self-harm")
    made = opened_pack(exported(book, incident, tmp_path / "pack.zip", with_lines=False).path)
    assert RAW not in made
    assert "aexample" not in everything(made)
    references = [each for each, _ in lines.read(made[LINES], None)]
    assert [each["line"] for each in references] == [48_020, 48_112, 48_190]
    assert all(len(each["sha256"]) == 64 for each in references)
    assert not checking.verify(tmp_path / "pack.zip", PASSWORD).wrong
    assert exports(book, incident)[-1]["what"] == "pack-without-lines"


def test_names_are_there_for_whom_they_are_open_and_only_then(book: Casebook, tmp_path: Path) -> None:
    incident = by_category(book, "self-harm")
    reveal(book, incident)
    made = opened_pack(exported(book, incident, tmp_path / "pack.zip").path)
    assert "Amira Example" in made[INDEX].decode()
    assert not [each for each in made[CHAIN].decode().splitlines() if "left_out" in json.loads(each)]
    other = opened_pack(exported(book, incident, tmp_path / "other.zip", account="p.deputy").path)
    assert "amira" not in everything(other, RAW)


@pytest.mark.parametrize(("category", "is_proven"), [("self-harm", True), ("bypass", False)])
def test_the_page_says_where_the_logs_do_not_prove_who_it_was(
    book: Casebook, tmp_path: Path, category: str, *, is_proven: bool
) -> None:
    made = opened_pack(exported(book, by_category(book, category), tmp_path / "pack.zip").path)
    assert ("do not prove who this was" in made[INDEX].decode()) is not is_proven


def test_every_hit_and_every_line_of_a_draft_is_in_its_pack_once(book: Casebook, tmp_path: Path) -> None:
    for row in the_night().iter_rows(named=True):
        if row["category"] == "illegal-content":
            continue
        with book.reading() as connection:
            incident = next(name for name, rows in stored(connection).items()
                            if rows["drafted"][0]["draft_id"] == row["draft_id"])  # fmt: skip
        made = opened_pack(exported(book, incident, tmp_path / f"{incident}.zip", account="h.head").path)
        told = json.loads(made[CASE])["incidents"][0]["drafts"][0]
        assert sorted(each["hit_id"] for each in told["hits"]) == sorted(each["hit_id"] for each in row["hits"])
        assert len(told["around"]) == len(row["around"])
        found = {(each["file"], each["line"]): raw for each, raw in lines.read(made[LINES], made[RAW])}
        assert found == {(each["source_sha256"], each["line"]): each["raw"] for each in row["hits"]}
        assert len(made[LINES].splitlines()) == len(found)


def test_hostile_words_do_nothing_on_the_page(book: Casebook, tmp_path: Path) -> None:
    row = next(each for each in the_night().iter_rows(named=True) if each["category"] == "self-harm")
    hits = [
        each | {"text": text, "start": 0, "end": 1, "host": text, "source": text, "raw": text.encode(), "line": place}
        for place, (each, text) in enumerate(zip(row["hits"] * 4, HOSTILE, strict=False))
    ]
    around = [each | {"what": text} for each, text in zip(row["around"] * 2, HOSTILE, strict=False)]
    changed = row | {"hits": hits, "around": around, "facts": list(HOSTILE), "reasons": list(HOSTILE)}
    take_in(book, drafts(hashed(changed | {"subject_name": HOSTILE[0], "lesson": HOSTILE[5]})), NOW)
    incident = by_category(book, "self-harm")
    for text in HOSTILE:
        do(book, "d.lead", incident, "note", text=text.replace("\0", " "))
    reveal(book, incident)
    page = opened_pack(exported(book, incident, tmp_path / "pack.zip").path)[INDEX].decode()
    assert_harmless(page)
    assert_sound(page)


# ---------------------------------------------------------------- what may be illegal


def test_what_may_be_illegal_leaves_as_references_and_only_when_two_agree(book: Casebook, tmp_path: Path) -> None:
    incident = by_category(book, "illegal-content")
    with pytest.raises(CasebookError, match="one person alone"):
        exported(book, incident, tmp_path / "pack.zip")
    do(book, "d.lead", incident, "agree", agreed="export", reason="I ask for it.")
    with pytest.raises(CasebookError, match="one person alone"):
        exported(book, incident, tmp_path / "pack.zip")
    do(book, "p.deputy", incident, "agree", agreed="export", reason="The police have asked for it.")
    do(book, "d.lead", incident, "note", text=f"It was on {ADDRESS}.example.test, she says.")
    do(book, "d.lead", incident, "note", text="See https://elsewhere.example/ as well.")
    reveal(book, incident)
    made = opened_pack(exported(book, incident, tmp_path / "pack.zip").path)
    said = everything(made)
    assert ADDRESS not in said
    assert "elsewhere.example" not in said
    assert "neighbour" not in said
    assert RAW not in made
    assert "the police have asked for it." in said
    assert "do not open the address" in said
    assert [each["line"] for each, _ in lines.read(made[LINES], None)] == [90_331]
    assert not checking.verify(tmp_path / "pack.zip", PASSWORD).wrong
    # What was agreed to is used up.
    with pytest.raises(CasebookError, match="one person alone"):
        exported(book, incident, tmp_path / "again.zip")


def test_what_was_merged_into_another_takes_its_protection_with_it(book: Casebook, tmp_path: Path) -> None:
    hidden, into = by_category(book, "illegal-content"), by_category(book, "self-harm")
    do(book, "p.deputy", hidden, "agree", agreed="dismiss", reason="One matter.")
    deciding.merge(book, ACCESS, routes(), who("d.lead"), hidden, into, "The same device.", NOW)
    with pytest.raises(CasebookError, match="one person alone"):
        exported(book, into, tmp_path / "pack.zip")
    do(book, "p.deputy", into, "agree", agreed="export", reason="The police have asked for it.")
    made = opened_pack(exported(book, into, tmp_path / "pack.zip").path)
    assert [each["id"] for each in json.loads(made[CASE])["incidents"]] == [into, hidden]
    assert ADDRESS not in everything(made)
    assert RAW not in made
    assert not checking.verify(tmp_path / "pack.zip", PASSWORD).wrong


def test_what_was_merged_and_may_not_be_seen_is_named_and_not_shown(book: Casebook, tmp_path: Path) -> None:
    other, into = by_category(book, "extremism"), by_category(book, "self-harm")
    do(book, "d.lead", other, "party", person="p.deputy", part="witness", person_kind="staff")
    deciding.merge(book, ACCESS, routes(), who("d.lead"), other, into, "The same afternoon.", NOW)
    do(book, "d.lead", into, "not-party", person="p.deputy", reason="Only there at the other.")
    seen = opened_pack(exported(book, into, tmp_path / "both.zip").path)
    assert [each["id"] for each in json.loads(seen[CASE])["incidents"]] == [into, other]
    made = opened_pack(exported(book, into, tmp_path / "one.zip", account="p.deputy").path)
    case = json.loads(made[CASE])
    assert ([each["id"] for each in case["incidents"]], case["not_shown"]) == ([into], [other])
    assert "video.example.test" in everything(seen)
    assert "video.example.test" not in everything(made)
    assert not checking.verify(tmp_path / "one.zip", PASSWORD).wrong


# ---------------------------------------------------------------- who may


@pytest.mark.parametrize("account", ["n.network", "g.governor", "a.auditor", "s.senior", "c.chair"])
def test_who_may_not_see_a_case_cannot_export_it_and_nothing_is_left(
    book: Casebook, tmp_path: Path, account: str
) -> None:
    incident = by_category(book, "self-harm")
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(Refused, match="no incident"):
        exported(book, incident, tmp_path / "pack.zip", account=account)
    assert exports(book, incident) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_no_file_is_replaced_and_then_nothing_is_in_the_history(book: Casebook, tmp_path: Path) -> None:
    incident = by_category(book, "self-harm")
    (tmp_path / "pack.zip").write_bytes(b"the thesis")
    with pytest.raises(CasebookError, match="there already"):
        exported(book, incident, tmp_path / "pack.zip")
    assert (tmp_path / "pack.zip").read_bytes() == b"the thesis"
    assert exports(book, incident) == []


def test_what_lies_beside_a_pack_and_is_another_ones_stays(book: Casebook, tmp_path: Path) -> None:
    others = [tmp_path / ".other.zip.0.unfinished", tmp_path / ".p.zip", tmp_path / ".pack[1]*.zip.unfinished"]
    for path in others:
        path.write_bytes(b"of somebody else")
    own = tmp_path / ".pack[1]*.zip.0123456789abcdef.unfinished"
    own.write_bytes(b"of a killed run")
    exported(book, by_category(book, "self-harm"), tmp_path / "pack[1]*.zip")
    assert [path.exists() for path in others] == [True, True, True]
    assert not own.exists()


def test_a_pack_that_cannot_be_written_is_not_in_the_history(
    book: Casebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = by_category(book, "self-harm")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("casebook.outgoing.flush", full)
    with pytest.raises(OSError, match="No space"):
        exported(book, incident, tmp_path / "pack.zip")
    assert exports(book, incident) == []
    assert not list(tmp_path.glob("*.zip")) + list(tmp_path.glob(".*.unfinished"))


def test_many_who_export_into_the_same_file_make_one_pack_and_one_action(tmp_path: Path) -> None:
    with casebook(tmp_path) as book:
        take_in(book, the_night(), NOW)
        incident = by_category(book, "self-harm")

    def one(_: int) -> str:
        with casebook(tmp_path) as book:
            try:
                return exported(book, incident, tmp_path / "pack.zip").sha256
            except CasebookError as refused:
                return str(refused)

    with ThreadPoolExecutor(4) as pool:
        given = {each for each in pool.map(one, range(8)) if "there already" not in each}
    with casebook(tmp_path) as book:
        told = [each["sha256"] for each in exports(book, incident)]
    assert given == set(told) == {sha256_of(tmp_path / "pack.zip")}
    assert len(told) == 1
    assert not list(tmp_path.glob(".*.unfinished"))


def test_where_the_name_cannot_be_given_the_next_run_gives_it(
    book: Casebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = by_category(book, "self-harm")
    with monkeypatch.context() as broken:
        broken.setattr("casebook.outgoing.flush_folder", lambda _: None)
        broken.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError(13, "Permission denied")))
        with pytest.raises(StoreError, match="run the same command again"):
            exported(book, incident, tmp_path / "pack.zip")
    assert not (tmp_path / "pack.zip").exists()
    made = exported(book, incident, tmp_path / "pack.zip")
    assert made.finished
    assert [each["sha256"] for each in exports(book, incident)] == [made.sha256]
    assert not checking.verify(made.path, PASSWORD, made.sha256).wrong


def test_an_erased_personal_part_leaves_a_pack_that_still_fits(book: Casebook, tmp_path: Path) -> None:
    incident = by_category(book, "self-harm")
    do(book, "d.lead", incident, "note", text="She has moved away.")
    with book.changing() as writer:
        seq = writer.head[0]
        writer.connection.execute(delete(CONTENT).where(CONTENT.c.seq == seq))
        fields = {"rule": "dismissed", "days": 365, "layer": "the school", "before": "2026-01-01", "sha256": "0" * 64}
        receipt = said("purge", **fields, counts={"texts": 1}, incidents=[incident], erased=[(seq, seq)])
        writer.append(receipt, None, NIGHT, NOW + timedelta(minutes=1))
    made = exported(book, incident, tmp_path / "pack.zip")
    verdict = checking.verify(made.path, PASSWORD)
    assert verdict.wrong == []
    assert any("it was erased" in each for each in verdict.unknown)
