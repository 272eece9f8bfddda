"""The audit of the locks: silence of the advisory service is never taken for good news."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from tools import audit

CLEAN = {"name": "click", "version": "8.5.1", "vulns": []}
WEAK = {"name": "jinja2", "version": "3.1.4", "vulns": [{"id": "CVE-0000-1", "fix_versions": ["3.1.6"]}]}
SKIPPED = {"name": "polars", "skip_reason": "not found"}


def report(*pins: Mapping[str, object]) -> str:
    """What pip-audit prints about these pins."""
    return json.dumps({"dependencies": pins, "fixes": []})


def said(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    """Let the services answer so, in turn."""
    waiting = iter(answers)
    monkeypatch.setattr(audit, "ask", lambda _lock, _service: audit.read_answer(next(waiting)))


def test_a_weakness_fails_and_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said(monkeypatch, report(CLEAN, WEAK))
    assert audit.main(["a.lock"]) == 1
    assert "jinja2 3.1.4: CVE-0000-1, mended in: 3.1.6" in capsys.readouterr().out


def test_a_clean_lock_passes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    said(monkeypatch, report(CLEAN))
    assert audit.main(["a.lock"]) == 0
    assert capsys.readouterr().out == "a.lock: 1 pins, no known weakness\n"


@pytest.mark.parametrize("silence", ["", "Traceback", "[]", report(CLEAN, SKIPPED)])
def test_silence_is_said_plainly(
    silence: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ESAFETY_AUDIT", raising=False)
    said(monkeypatch, silence, silence)
    assert audit.main(["a.lock"]) == 0
    out = capsys.readouterr().out
    assert "NOT AUDITED" in out
    assert "no known weakness" not in out


def test_silence_fails_where_an_answer_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESAFETY_AUDIT", "required")
    said(monkeypatch, "", "")
    assert audit.main(["a.lock"]) == 1


def test_the_second_service_is_asked_when_the_first_is_silent(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said(monkeypatch, report(SKIPPED), report(CLEAN))
    assert audit.main(["a.lock"]) == 0
    assert "1 pins, no known weakness" in capsys.readouterr().out


def test_a_weakness_heard_from_one_service_is_not_lost_when_another_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    said(monkeypatch, report(WEAK, SKIPPED), "")
    assert audit.main(["a.lock"]) == 1
