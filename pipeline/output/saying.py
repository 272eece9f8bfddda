"""What a command prints: lines that cannot steer a terminal, or JSON for a machine.

In: lines, or plain data. Out: nothing but what stands on stdout or stderr. Refuses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click

from pipeline.output.record import shown

#: It finished, but something needs a look.
NEEDS_ATTENTION = 2


def say(lines: Iterable[str], *, err: bool = False) -> None:
    """Print lines, in which control and direction marks are replaced."""
    for line in lines:
        click.echo(shown(line), err=err)


def tell(data: Any, lines: Iterable[str], *, as_json: bool) -> None:
    """Print an answer as JSON, or as lines for a person."""
    if as_json:
        click.echo(json.dumps(data, indent=2, ensure_ascii=True))
    else:
        say(lines)
