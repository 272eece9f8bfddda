"""Asks the public advisory services about every pin of the lock files.

In: lock files with hashes. Out: one line per known weakness, exit 1 if there is any. What could not be asked is
said plainly and never counted as clean: pip-audit alone reports "no known vulnerabilities" and exit 0 even when
every single package was skipped. With ESAFETY_AUDIT=required an unanswered question is a failure too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass

#: Tried in turn, until one has answered for every pin.
SERVICES = ("pypi", "osv")
SECONDS = 180


@dataclass(frozen=True)
class Answer:
    """What one service said of one lock: pins it knew, pins it did not, sentences about weak ones."""

    asked: int
    unanswered: int
    findings: tuple[str, ...]


def read_answer(report: str) -> Answer:
    """The counts in pip-audit's JSON; text that is not such JSON means that nothing was answered."""
    try:
        pins = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Answer(asked=0, unanswered=1, findings=())
    findings = tuple(
        f"{pin['name']} {pin['version']}: {weakness['id']}, mended in: {', '.join(weakness['fix_versions'])}"
        for pin in pins
        for weakness in pin.get("vulns", ())
    )
    return Answer(asked=len(pins), unanswered=sum("skip_reason" in pin for pin in pins), findings=findings)


def ask(lock: str, service: str) -> Answer:
    """One run of pip-audit; its own messages name addresses and are not passed on."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
    command += ["--format", "json", "--vulnerability-service", service, "--requirement", lock]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return Answer(asked=0, unanswered=1, findings=())
    return read_answer(done.stdout)


def audit(lock: str) -> Answer:
    """The first complete answer; if no service gives one, every finding that was heard and what stayed unknown."""
    heard: list[Answer] = []
    for service in SERVICES:
        heard.append(ask(lock, service))
        if not heard[-1].unanswered:
            break
    fullest = min(heard, key=lambda answer: answer.unanswered)
    findings = {finding for answer in heard for finding in answer.findings}
    return Answer(fullest.asked, fullest.unanswered, tuple(sorted(findings)))


def main(locks: Sequence[str]) -> int:
    """Exit code: 1 for a weakness, or for silence where silence is not accepted; otherwise 0."""
    failed = False
    for lock in locks:
        answer = audit(lock)
        for finding in answer.findings:
            print(f"{lock}: {finding}")
        if answer.unanswered:
            print(f"{lock}: NOT AUDITED. No advisory service could be asked about every pin; nothing is known of them.")
        elif not answer.findings:
            print(f"{lock}: {answer.asked} pins, no known weakness")
        failed |= bool(answer.findings)
        failed |= bool(answer.unanswered) and os.environ.get("ESAFETY_AUDIT") == "required"
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
