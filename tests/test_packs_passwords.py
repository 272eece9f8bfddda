"""The password of a pack: long enough, never seen, never an option."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from casebook.kinds import CasebookError
from casebook.packs import passwords


def written(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "password.txt"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_the_first_line_of_a_file_is_taken(tmp_path: Path) -> None:
    assert passwords.read_from(written(tmp_path, "twelve chars\nmore\n"), new=True) == b"twelve chars"
    assert passwords.read_from(written(tmp_path, "\ufeffzwölf Zeichen\r\n"), new=True) == "zwölf Zeichen".encode()


@pytest.mark.parametrize("text", ["eleven char", "", "\n", "ööööööööööö"])
def test_a_short_one_is_refused_and_not_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(CasebookError, match="12 characters") as refused:
        passwords.read_from(written(tmp_path, text), new=True)
    assert not text.strip() or text.strip() not in str(refused.value)


def test_an_old_one_may_be_short_but_not_empty(tmp_path: Path) -> None:
    assert passwords.read_from(written(tmp_path, "short"), new=False) == b"short"
    with pytest.raises(CasebookError, match="empty"):
        passwords.read_from(written(tmp_path, "\n"), new=False)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps its rights elsewhere")
def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CasebookError, match="chmod 600"):
        passwords.read_from(written(tmp_path, "twelve chars\n", 0o644), new=True)


def test_made_ones_differ_and_can_be_read_out(tmp_path: Path) -> None:
    made = {passwords.generated() for _ in range(50)}
    assert len(made) == 50
    assert all(re.fullmatch(r"([bdfghjkmnprstvwz][aeiou]){2}[b-z](-([b-z][aeiou]){2}[b-z]){5}", each) for each in made)
    assert passwords.read_from(written(tmp_path, min(made)), new=True)


def test_without_a_terminal_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    with pytest.raises(CasebookError, match="--password-file"):
        passwords.asked(twice=True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_at_a_terminal_it_is_asked_twice_and_never_shown() -> None:
    import pty
    import subprocess

    ours, theirs = pty.openpty()
    program = "from casebook.packs import passwords; print(len(passwords.asked(twice=True)))"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        cwd=Path(__file__).parent.parent,
    ) as child:  # fmt: skip
        os.close(theirs)
        shown = b""
        # Typed only when it is asked for: what comes earlier the terminal would show by itself.
        for typed in (b"my very own words\n", b"my very own wards\n", b"my very own words\n", b"my very own words\n"):
            while not shown.endswith(b": "):
                shown += os.read(ours, 1024)
            os.write(ours, typed)
            shown += os.read(ours, 1024)
        while b"17\r\n" not in shown:
            shown += os.read(ours, 1024)
    os.close(ours)
    assert child.returncode == 0
    assert b"my very" not in shown
