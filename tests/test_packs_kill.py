"""kill -9 at every step of an export: the casebook says that a pack left if, and only if, there is one.

A process of its own makes the casebook once, and then a child for each step: the child is killed as it is about to take
that step (a call into the operating system's or the database's code), and what it leaves is looked at, before and after
the next run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from casebook.outgoing import exports_of, sha256_of
from casebook.packs import checking
from casebook.verifying import verify
from tests.effort import THOROUGH
from tests.made_casebook import casebook
from tests.made_packs import PASSWORD, by_category, exported

if sys.platform == "win32":
    pytest.skip("Windows has no signal that ends a process at once", allow_module_level=True)

ROOT = Path(__file__).resolve().parent.parent
#: Every so many steps are tried, and the last ones; all of them when thorough.
STRIDE = 1 if THOROUGH else 4
PROGRAM = """
import json, os, shutil, signal, sys
from pathlib import Path
from casebook.intake import take_in
from tests.made_casebook import NOW, casebook
from tests.made_packs import by_category, exported, the_night

root, stride = Path(sys.argv[1]), int(sys.argv[2])
(root / "first").mkdir()
with casebook(root / "first") as book:
    take_in(book, the_night(), NOW)
    incident = by_category(book, "self-harm")
# What can be seen from outside, or is a question to the database.
TELLING = {"open", "fsync", "rename", "unlink", "execute", "commit", "link", "flush"}

def child(folder, last):
    taken = 0
    def count(frame, event, called):
        nonlocal taken
        if event == "c_call" and called.__name__ in TELLING:
            taken += 1
            if taken == last:
                os.kill(os.getpid(), signal.SIGKILL)
    with casebook(folder) as book:
        sys.setprofile(count)
        exported(book, incident, folder / "pack.zip")
        sys.setprofile(None)
    (folder / "steps").write_text(str(taken))
    os._exit(0)

def run(name, last):
    folder = root / name
    shutil.copytree(root / "first", folder)
    pid = os.fork()
    if not pid:
        child(folder, last)
    return os.waitpid(pid, 0)[1]

assert run("undisturbed", 0) == 0
steps = int((root / "undisturbed" / "steps").read_text())
# What matters most happens at the end: the action is kept, and the file gets its name.
killed = sorted({*range(1, steps + 1, stride), *range(steps - 5, steps + 1)})
assert all(os.WIFSIGNALED(run(str(step), step)) for step in killed)
print(json.dumps(killed))
"""


def left(folder: Path) -> tuple[list[dict[str, Any]], bool, list[Path]]:
    """What the casebook says, whether the pack has its name, and what lies beside it."""
    with casebook(folder) as book, book.reading() as connection:
        told = exports_of(connection, [by_category(book, "self-harm")])
    return told, (folder / "pack.zip").exists(), list(folder.glob(".*.unfinished"))


def test_killed_at_any_step_a_pack_is_there_if_and_only_if_the_history_says_so(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), str(STRIDE)], cwd=ROOT, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    killed = json.loads(ran.stdout)
    met = set()
    for step in killed:
        folder = tmp_path / str(step)
        told, has_name, beside = left(folder)
        # Killed as it is: the name stands for an action, and an action for a whole file, named or not.
        assert len(told) <= 1
        assert not has_name or told
        whole = [sha256_of(path) for path in (*beside, *folder.glob("pack.zip"))]
        assert not told or told[0]["sha256"] in whole
        met.add("named" if has_name else "told" if told else "begun" if beside else "nothing")
        with casebook(folder) as book:
            if has_name:
                continue
            made = exported(book, by_category(book, "self-harm"), folder / "pack.zip")
            assert made.finished == bool(told)
            assert not verify(book).faults
        told, has_name, beside = left(folder)
        assert ([each["sha256"] for each in told], has_name, beside) == ([sha256_of(folder / "pack.zip")], True, [])
        assert not checking.verify(folder / "pack.zip", PASSWORD, told[0]["sha256"]).wrong
    assert met == {"nothing", "begun", "told", "named"}
