"""The events of a night beside what was really asked for.

In: events in full, and the answers that the client remembers. Out: nothing, or a failure that names every difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

import polars as pl

from tests.servers.client import Answer

#: Nothing expected of these means that the test does not know, not that the log has nothing.
_MAY_BE_UNKNOWN = {"bytes", "host"}
#: A server may write its line a little after the client has the answer, and its clock moves in steps.
_EARLY, _LATE = timedelta(milliseconds=50), timedelta(seconds=3)


def agree(
    events: pl.DataFrame,
    answers: Sequence[Answer],
    size: Callable[[Answer], int | None],
    resolution: timedelta = timedelta(0),
    log: str = "",
) -> None:
    """Every request has exactly the events that it must have, and nothing else has any.

    `size` gives the bytes that the log must show, or nothing where they cannot be known; `resolution` is how coarse the
    log's times are. With the text of the log, what differs is shown beside the line that the server wrote.
    """
    lines = log.split("\n")
    rows = {client: group.to_dicts() for (client,), group in events.partition_by("client_ip", as_dict=True).items()}
    wanted: dict[str, list[Answer]] = {}
    for answer in answers:
        wanted.setdefault(answer.client, []).extend([answer] * answer.ask.lines)
    counts = {client: len(group) for client, group in wanted.items() if group}
    assert {client: len(group) for client, group in rows.items()} == counts
    differences = [
        f"{answer.client} {answer.ask.method} {answer.ask.wire[:100]!r}: {difference} {lines[row['line'] - 1 :][:1]}"
        for client in counts
        for row, answer in _paired(rows[client], wanted[client])
        for difference in _differences(row, answer, size, resolution)
    ]
    assert not differences, "\n".join(differences)


def _paired(rows: list[dict[str, Any]], answers: list[Answer]) -> Iterator[tuple[dict[str, Any], Answer]]:
    """One desk's rows and requests by address, and in order for each address: a long answer may be logged late."""
    by_address = sorted(rows, key=lambda row: (row["url"], row["line"]))
    return zip(by_address, sorted(answers, key=lambda answer: answer.ask.url), strict=True)


def _differences(
    row: dict[str, Any], answer: Answer, size: Callable[[Answer], int | None], resolution: timedelta
) -> list[str]:
    ask = answer.ask
    wanted = {
        "user": ask.login.person if ask.login and ask.named else None,
        "url": ask.url,
        "method": ask.verb,
        "status": answer.logged_status,
        "host": ask.host,
        "verdict": ask.verdict,
        "kind": ask.kind,
        "bytes": size(answer),
    }
    found = [
        f"{name} is {row[name]!r}, not {value!r}"
        for name, value in wanted.items()
        if row[name] != value and (name not in _MAY_BE_UNKNOWN or value is not None)
    ]
    if not answer.began - _EARLY - resolution <= row["ts"] <= answer.ended + _LATE:
        found.append(f"{row['ts']} is not between {answer.began} and {answer.ended}")
    took = (answer.ended - answer.began + _LATE) / timedelta(milliseconds=1)
    if row["duration_ms"] is not None and not 0 <= row["duration_ms"] <= took:
        found.append(f"took {row['duration_ms']} ms, not {took}")
    return found
