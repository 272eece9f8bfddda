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
import time
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
import os, sys
from datetime import datetime
from pathlib import Path
from pipeline import decode, engine, nightly
from pipeline.config import load_settings
engine.UNIT_RECORDS, decode.decoded.__defaults__ = int(sys.argv[3]), (int(sys.argv[4]),)
config = Path(sys.argv[1])
folder = str(config.parent)
def tell(event, arguments):
    if any(isinstance(each, (str, Path)) and str(each).startswith(folder) for each in arguments):
        os.write(1, b".")
sys.addaudithook(tell)
nightly.run(load_settings(config), config, datetime.fromisoformat(sys.argv[2]))
"""


def a_school(folder: Path) -> School:
    school = School(folder).made()
    for number in range(3):
        school.log(f"access.log.{number}", made_log(600, seed=number, start=2500 * number))
    school.log("access.log", made_log(150, seed=9, start=12_000) + squid(13_000)[:-1])
    return school


def started(school: School) -> subprocess.Popen[bytes]:
    arguments = [str(school.config), NIGHT.isoformat(), str(UNIT_RECORDS), str(CHUNK)]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=subprocess.PIPE, cwd=ROOT)


def steps_of(school: School) -> int:
    """How many steps an undisturbed night takes."""
    with started(school) as night:
        told, _ = night.communicate()
    assert night.returncode == 0
    return len(told)


def killed_at(school: School, step: int, later: float) -> bool:
    """Start a night and kill it so many seconds after a step; whether it was still at work."""
    with started(school) as night:
        assert night.stdout is not None
        assert len(night.stdout.read(step)) == step
        time.sleep(later)
        night.kill()
    # Killed or at its end: a night that fails over what the one before it left would be a finding.
    assert night.returncode in {-signal.SIGKILL, 0}
    return night.returncode != 0


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
    whole = steps_of(undisturbed)
    expected = lake_bytes(undisturbed), digest(undisturbed)
    assert len(list((undisturbed.store / "lake").iterdir())) > 6
    # A run that finds all done takes the fewest steps.
    fewest = steps_of(undisturbed)
    chance = random.Random(20261110)
    # The first kills are spread over the whole night, an equal part of it each.
    moments = [
        (int(whole * (number + chance.random()) / SCHOOLS) or 1, chance.randint(1, fewest)) for number in range(SCHOOLS)
    ]
    pauses = [(chance.uniform(0, AFTER_A_STEP), chance.uniform(0, AFTER_A_STEP)) for _ in range(SCHOOLS)]
    met: Counter[str] = Counter()
    killed: list[bool] = []

    def killed_twice(number: int) -> School:
        school = a_school(tmp_path / str(number))
        for step, later in zip(moments[number], pauses[number], strict=True):
            killed.append(killed_at(school, step, later))
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
