"""A pack that was changed is found out, whatever was changed in it, by whoever gets it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import pyzipper
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook.intake import take_in
from casebook.kinds import CasebookError
from casebook.outgoing import sha256_of
from casebook.packs import CHAIN, CUSTODY, LINES, MANIFEST, MEMBERS, RAW, checking, sealing
from casebook.packs.contents import manifest
from tests.effort import tries
from tests.made_casebook import NOW, casebook, do
from tests.made_packs import PASSWORD, by_category, exported, opened_pack, reveal, the_night


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    with casebook(folder) as book:
        take_in(book, the_night(), NOW)
        incident = by_category(book, "self-harm")
        do(book, "d.lead", incident, "review")
        do(book, "d.lead", incident, "confirm", reason="She said so herself.")
        reveal(book, incident)
        return exported(book, incident, folder / "pack.zip").path


def looked_at(members: dict[str, bytes]) -> checking.Verdict:
    """What `verify` says of a pack with these members, whoever has packed them."""
    verdict = checking.Verdict("")
    checking.look_at_members(members, verdict)
    return verdict


@pytest.fixture(scope="module")
def members(pack: Path) -> dict[str, bytes]:
    return opened_pack(pack)


def test_a_pack_that_nobody_touched_is_whole_and_is_known_by_its_hash(pack: Path) -> None:
    verdict = checking.verify(pack, PASSWORD, sha256_of(pack))
    assert verdict.wrong == []
    assert "it is the very file that left the school" in verdict.right
    assert any("those that the night found" in each for each in verdict.right)
    assert "it is not the file that left the school: its SHA-256 is another" in checking.verify(
        pack, PASSWORD, "0" * 64
    ).wrong  # fmt: skip


@settings(max_examples=tries(1_000))
@given(chosen=st.data())
def test_any_byte_that_was_changed_in_any_member_is_found(members: dict[str, bytes], chosen: st.DataObject) -> None:
    name = chosen.draw(st.sampled_from(MEMBERS))
    at = chosen.draw(st.integers(0, len(members[name]) - 1))
    byte = chosen.draw(st.integers(1, 255))
    changed = bytearray(members[name])
    changed[at] ^= byte
    assert looked_at(members | {name: bytes(changed)}).wrong


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_that_is_missing_cut_short_or_longer_is_found(members: dict[str, bytes], name: str) -> None:
    without = {other: content for other, content in members.items() if other != name}
    assert looked_at(without).wrong
    assert looked_at(members | {name: members[name][:-1]}).wrong
    assert looked_at(members | {name: members[name] + b"\n"}).wrong


@settings(max_examples=tries(300))
@given(chosen=st.data())
def test_a_changed_line_is_found_even_where_its_hash_and_the_manifest_were_changed_too(
    members: dict[str, bytes], chosen: st.DataObject
) -> None:
    log = bytearray(members[RAW])
    at = chosen.draw(st.sampled_from([place for place, byte in enumerate(log) if byte != 10]))
    log[at] ^= chosen.draw(st.integers(1, 255))
    references = [json.loads(each) for each in members[LINES].decode().splitlines()]
    for each in references:
        each["sha256"] = hashlib.sha256(log[each["at"] : each["at"] + each["length"]]).hexdigest()
    changed = members | {RAW: bytes(log), LINES: "".join(f"{json.dumps(each)}\n" for each in references).encode()}
    verdict = looked_at(changed | {MANIFEST: manifest(changed)})
    assert any("not those that the night found" in each for each in verdict.wrong)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("She said so herself.", "She said nothing.", "had its personal part changed"),
        ('"author":"d.lead"', '"author":"h.head"', "its hash does not fit"),
        ('"kind":"confirm"', '"kind":"dismiss"', "its hash does not fit"),
    ],
)
def test_a_changed_decision_is_found_even_where_the_manifest_was_changed_too(
    members: dict[str, bytes], old: str, new: str, found: str
) -> None:
    assert old in members[CHAIN].decode()
    changed = members | {CHAIN: members[CHAIN].decode().replace(old, new).encode()}
    assert any(found in each for each in looked_at(changed | {MANIFEST: manifest(changed)}).wrong)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda each: st.lists(each) | st.dictionaries(
        st.text() | st.sampled_from(["seq", "body", "salt", "facts", "at", "length", "head", "version"]), each
    )
)  # fmt: skip


@settings(max_examples=tries(500))
@given(name=st.sampled_from([CHAIN, CUSTODY, LINES, RAW]), value=_VALUES, raw=st.binary(), is_raw=st.booleans())
def test_whatever_is_in_a_pack_is_a_verdict_and_never_a_failure(
    members: dict[str, bytes], name: str, value: object, raw: bytes, *, is_raw: bool
) -> None:
    changed = members | {name: raw if is_raw else json.dumps(value).encode() + b"\n"}
    verdict = looked_at(changed | {MANIFEST: manifest(changed)})
    assert verdict.wrong or any("another version" in each for each in verdict.unknown)


def test_a_pack_of_another_version_is_not_called_wrong(members: dict[str, bytes]) -> None:
    changed = members | {CUSTODY: members[CUSTODY].replace(b'"version": 1', b'"version": 2')}
    verdict = looked_at(changed | {MANIFEST: manifest(changed)})
    assert verdict.wrong == []
    assert any("another version" in each for each in verdict.unknown)


def test_decisions_that_were_moved_or_taken_from_between_others_are_found(members: dict[str, bytes]) -> None:
    rows = members[CHAIN].decode().splitlines(keepends=True)
    for broken in (rows[::-1], [rows[0], rows[2], rows[1]]):
        changed = members | {CHAIN: "".join(broken).encode()}
        verdict = looked_at(changed | {MANIFEST: manifest(changed)})
        assert any("stands in the wrong place" in each for each in verdict.wrong)


@settings(max_examples=tries(300))
@given(chosen=st.data())
def test_any_byte_of_the_file_that_was_changed_is_found_by_its_hash_and_never_reads_as_something_else(
    pack: Path, chosen: st.DataObject
) -> None:
    content = bytearray(pack.read_bytes())
    at = chosen.draw(st.integers(0, len(content) - 1))
    content[at] ^= chosen.draw(st.integers(1, 255))
    path = pack.with_name("changed.zip")
    path.write_bytes(content)
    try:
        assert checking.verify(path, PASSWORD, sha256_of(pack)).wrong
        unnoticed = not checking.verify(path, PASSWORD).wrong
    except CasebookError:
        return
    # A byte that says when a member was packed is no part of what it says.
    assert not unnoticed or sealing.read(path, PASSWORD) == sealing.read(pack, PASSWORD)


def test_a_file_that_was_cut_off_or_is_another_one_is_refused(pack: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.zip").write_bytes(pack.read_bytes()[:-30])
    (tmp_path / "text.zip").write_text("not a zip", "utf-8")
    for name in ("cut.zip", "text.zip"):
        with pytest.raises(CasebookError, match="no zip file"):
            checking.verify(tmp_path / name, PASSWORD)


def test_a_wrong_password_is_called_that(pack: Path) -> None:
    with pytest.raises(CasebookError, match="with this password"):
        checking.verify(pack, b"wrong horse battery")


def test_something_that_was_put_into_a_pack_is_found(pack: Path, tmp_path: Path) -> None:
    path = tmp_path / "more.zip"
    path.write_bytes(pack.read_bytes())
    with pyzipper.AESZipFile(path, "a", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(PASSWORD)
        archive.writestr("../open-me.html", b"hello")
    assert any("not of the pack" in each for each in checking.verify(path, PASSWORD).wrong)
