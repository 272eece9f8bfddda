"""kill -9 at random moments of a night and of its re-run, then one to the end: the lake, the drafts and the digest of
an undisturbed night. Twenty kills in all in the automatic checks, otherwise four.

The night runs as a process of its own, over several logs, in units so small that there is always one half done. It
tells of every step that it takes in the school's folder (a file opened, renamed, taken away), and moments are counted
in these steps. By the clock, on a machine that is busy with other things, all kills could strike before the first
unit, or after the last page, and would have shown nothing.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline import decode, engine
from tests.effort import THOROUGH
from tests.made_night import NIGHT, School, digest, lake_bytes, made_log, squid

if sys.platform == "win32":
    pytest.skip("Windows has no signal that ends a process at once", allow_module_level=True)

ROOT = Path(__file__).resolve().parent.parent
#: Each is killed twice: at any step of its night, and at any that the next run takes in every case.
SCHOOLS = 10 if THOROUGH else 2
UNIT_RECORDS, CHUNK = 250, 16 << 10
#: So long after a step, in seconds, the kill comes at the latest: what lies between two steps is met as well.
AFTER_A_STEP = 0.03
PROGRAM = """
import os, signal, sys, threading
from datetime import datetime
from pathlib import Path
from pipeline import decode, engine, nightly
from pipeline.config import load_settings
engine.UNIT_RECORDS, decode.decoded.__defaults__ = int(sys.argv[3]), (int(sys.argv[4]),)
config = Path(sys.argv[1])
folder, taken = str(config.parent), 0
last, later = int(sys.argv[5]), float(sys.argv[6])
def end():
    os.kill(os.getpid(), signal.SIGKILL)
def tell(event, arguments):
    global taken
    named = [str(each) for each in arguments if isinstance(each, (str, Path)) and str(each).startswith(folder)]
    if named:
        placed = event == "os.rename" and named[-1].removeprefix(folder)
        unit, day = (placed and placed.startswith(f"/store/{kind}/") for kind in ("lake", "days"))
        os.write(1, b"u" if unit else b"d" if day else b".")
        taken += 1
        if taken == last:
            threading.Timer(later, end).start() if later else end()
sys.addaudithook(tell)
nightly.run(load_settings(config), config, datetime.fromisoformat(sys.argv[2]))
"""


def a_school(folder: Path) -> School:
    school = School(folder).made()
    for number in range(3):
        school.log(f"access.log.{number}", made_log(600, seed=number, start=2500 * number))
    school.log("access.log", made_log(150, seed=9, start=12_000) + squid(13_000)[:-1])
    return school


def night_of(school: School, step: int = 0, later: float = 0) -> tuple[bytes, int]:
    """A night, killed so many seconds after a step, or never. Its steps, and how it ended.

    Steps: `u` where a unit is put into its place, `d` a day, a full stop any other.
    """
    arguments = [str(school.config), NIGHT.isoformat(), str(UNIT_RECORDS), str(CHUNK), str(step), str(later)]
    night = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, cwd=ROOT, check=False)
    # Killed or at its end: a night that fails over what the one before it left would be a finding.
    assert night.returncode in {-signal.SIGKILL, 0}
    return night.stdout, night.returncode


def how_far(school: School) -> str:
    """Where the kill has struck: nothing yet, among units, among days, among pages, after all."""
    if (school.folder / "reports" / "index.html").exists():
        return "pages"
    if (school.store / "days" / "facts").exists():
        return "days"
    units = school.store / "lake"
    return "units" if units.is_dir() and any(units.iterdir()) else "nothing"


def test_killed_at_any_moment_a_night_is_made_good_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "UNIT_RECORDS", UNIT_RECORDS)
    monkeypatch.setattr("pipeline.decode.decoded.__defaults__", (CHUNK,))
    assert decode.CHUNK > CHUNK
    undisturbed = a_school(tmp_path / "undisturbed")
    whole, _ = night_of(undisturbed)
    expected = lake_bytes(undisturbed), digest(undisturbed)
    assert len(list((undisturbed.store / "lake").iterdir())) > 6
    # A run that finds all done takes the fewest steps.
    fewest = len(night_of(undisturbed)[0])
    chance = random.Random(20261110)
    # Of the first kills one strikes while units are written, one when days are; the others anywhere, each in its part.
    sure = [chance.randint(whole.index(b"u") + 1, whole.rindex(b"u")), whole.rindex(b"d") + chance.randint(1, 9)]
    spread = [int(len(whole) * (number + chance.random()) / SCHOOLS) or 1 for number in range(len(sure), SCHOOLS)]
    first = [*((step, 0.0) for step in sure), *((step, chance.uniform(0, AFTER_A_STEP)) for step in spread)]
    moments = [(each, (chance.randint(1, fewest), chance.uniform(0, AFTER_A_STEP))) for each in first]
    met: Counter[str] = Counter()
    killed: list[bool] = []

    def killed_twice(number: int) -> School:
        school = a_school(tmp_path / str(number))
        for step, later in moments[number]:
            killed.append(night_of(school, step, later)[1] != 0)
            met[how_far(school)] += 1
        return school

    with ThreadPoolExecutor(2) as two:
        for school in two.map(killed_twice, range(SCHOOLS)):
            school.night()
            assert (lake_bytes(school), digest(school)) == expected
            assert list((school.store / "staging").iterdir()) == []
    assert met.total() == len(killed) == 2 * SCHOOLS
    assert set(met) >= {"units", "days"}, f"kills struck at too few places: {met}"
    # One at the very last step may come too late.
    assert sum(killed) >= 2 * SCHOOLS - 3
