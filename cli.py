"""The command line: parse arguments, call one function, choose the exit code.

Results go to stdout, progress and messages to stderr. Exit code 0: all well; 1: the run failed, or the command was used
wrongly; 2: it finished, but some input needs attention.
"""

from __future__ import annotations

import gc
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from zoneinfo import ZoneInfo

import click
from typing_extensions import override

from pipeline.errors import EsafetyError
from pipeline.output.record import shown, summary_lines
from pipeline.output.saying import NEEDS_ATTENTION, say, tell
from pipeline.version import VERSION

if TYPE_CHECKING:
    from pipeline.reading import Step

# numpy finds line ends here and does no linear algebra; the threads it would keep for that only take time from others.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

FAILED = 1
# A slip in a crontab must not look like a night that finished.
click.UsageError.exit_code = FAILED
#: So many objects more than before, and the collector looks for circles.
_SELDOM = 100_000
#: So long, in seconds, a thread may keep the interpreter while others wait for it.
_HAND_OVER = 0.001
#: Clocks and files of a school lie between these years, and so do the times that can be counted with.
_YEARS = range(1990, 2200)


@contextmanager
def _failures_in_words() -> Iterator[None]:
    """A failure that a person can mend is one sentence; anything else is a defect and shows where."""
    try:
        yield
    except EsafetyError as error:
        _fail(str(error))
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` does; click ends such a run without a word.
        raise
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _fail(f"{place}{error.strerror or error}. What was finished before is kept; mend this and run again.")


def _fail(sentence: str) -> NoReturn:
    click.echo(shown(f"esafety: {sentence}"), err=True)
    sys.exit(FAILED)


def run() -> NoReturn:
    """The command as a process of its own; `main` is the same for whoever stays.

    What is left at the end is memory, which the system takes back quicker than Python takes it apart.
    """
    # Nothing that is loaded goes away before the end: looking for circles among it is work for nothing.
    gc.set_threshold(_SELDOM)
    # Threads that only call other programs' code are not to wait long for one that counts in Python.
    sys.setswitchinterval(_HAND_OVER)
    code = 0
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else FAILED if end.code else 0
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        # Nobody reads any more, or there is no room for what was said.
        code = code or FAILED
    os._exit(code)


#: Commands and groups of them that live with what they call; loaded when they are asked for.
_GROUPS = {
    "audit": "casebook.commands.audit",
    "change": "casebook.commands.change",
    "check": "casebook.commands.check",
    "incident": "casebook.commands.incident",
    "purge": "pipeline.commands.purge",
    "subject-access": "pipeline.commands.subject_access",
    "watchlist": "pipeline.commands.watchlist",
}


class _House(click.Group):
    """All commands. A failure of any of them is a sentence."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), *_GROUPS})

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _GROUPS:
            command: click.Command = getattr(import_module(_GROUPS[cmd_name]), cmd_name.replace("-", "_"))
            return command
        return super().get_command(ctx, cmd_name)

    @override
    def invoke(self, ctx: click.Context) -> Any:
        with _failures_in_words():
            return super().invoke(ctx)


@click.group(cls=_House, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="esafety")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Read a school's filter and monitoring logs, flag what matters, draft incidents, report to governors."""
    # For commands that live elsewhere: time is an argument there.
    ctx.obj = datetime.now(UTC)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A name that the terminal or a log file of Windows has no letters for must not end a night.
            stream.reconfigure(errors="backslashreplace")


@main.command()
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=Path("esafety-demo"),
              show_default=True, help="Folder to make; an earlier demo in it is replaced.")  # fmt: skip
def demo(into: Path) -> None:
    """Run a night for an invented school, and name its pages."""
    from pipeline import nightly
    from pipeline.trials import demonstration

    config = demonstration.prepare(into)
    record = nightly.run(demonstration.settings(config), config, demonstration.NIGHT, progress=_progress(quiet=False))
    say(summary_lines(record))
    say(["", "The school is invented, and so is every line of its logs. What to look at now:"])
    say(f"  {page}" for page in record.pages)
    say(["", f"The incident log: esafety incident list --config {shlex.quote(str(config))} --as d.sample"])


@main.command()
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), default=Path("school.toml"),
              show_default=True, help="File to write.")  # fmt: skip
def init(config: Path) -> None:
    """Write a school.toml with comments that runs as it is."""
    from pipeline.trials import demonstration

    made = demonstration.write_first_config(config)
    say(f"made {path}" for path in made)
    say([f"Now put a log into {made[-1]} and run: esafety nightly --config {config}"])


@main.command()
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), default=Path("school.toml"),
              show_default=True, help="Settings of the school.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the record of the run as JSON.")
@click.option("--dry-run", is_flag=True, help="Read and count, but keep and write nothing.")
@click.option("--as-of", metavar="TIME", help="Run as if it were this time (ISO 8601), to repeat an earlier night.")
def nightly(config: Path, *, as_json: bool, dry_run: bool, as_of: str | None) -> None:
    """Read all that is new, flag, count, draft, write the pages."""
    from pipeline import nightly as night
    from pipeline.config import load_settings

    settings = load_settings(config)
    now = _moment(as_of, settings.school.timezone)
    record = night.run(settings, config, now, dry_run=dry_run, progress=_progress(quiet=as_json))
    tell(record.as_json(), summary_lines(record), as_json=as_json)
    sys.exit(record.exit_code)


def _moment(written: str | None, timezone: str) -> datetime:
    from pipeline.times.localtime import NoSuchHour, instants_of

    if written is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.year not in _YEARS:
        _fail(f"--as-of: {written!r} is not a time of a night. Write for example 2026-11-14T03:00.")
    try:
        return instants_of(moment, ZoneInfo(timezone))[0].astimezone(ZoneInfo(timezone))
    except NoSuchHour as error:
        _fail(f"--as-of: {error}.")


def _progress(*, quiet: bool) -> Callable[[Step], None] | None:
    """A bar on a terminal, a plain line for each file in cron, nothing for machines."""
    if quiet:
        return None
    return _bar() if sys.stderr.isatty() else _lines()


def _bar() -> Callable[[Step], None]:
    bars: list[Any] = []

    def show(step: Step) -> None:
        if not bars:
            bars.append(click.progressbar(length=step.total, label="reading", file=sys.stderr, show_pos=False))
        bar = bars[0]
        bar.label = f"reading {step.number} of {step.of}: {shown(step.name)}"
        bar.update(step.done - bar.pos)
        if step.done >= step.total:
            bar.render_finish()

    return show


def _lines() -> Callable[[Step], None]:
    told: set[int] = set()

    def tell(step: Step) -> None:
        if step.number not in told:
            told.add(step.number)
            say([f"reading {step.number} of {step.of}: {step.name}"], err=True)

    return tell


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option("--format", "form", default="auto", show_default=True, help="Name of the log format.")
@click.option("--timezone", default="Europe/London", show_default=True, help="Zone of times that carry none.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="Order of day, month and year.")
@click.option("--map", "column_map", help="Column map of csv or json: a shipped one, such as senso, or a file.")
@click.option(
    "--logformat", help="The logformat line of squid.conf (squid_custom), or the #Fields: of a w3c log that lacks it."
)
@click.option("--source", help="Read them as this source of the school.toml is read, instead of all the above.")
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), default=Path("school.toml"),
              show_default=True, help="That school.toml.")  # fmt: skip
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default=Path("-"),
              help="Events as .jsonl or .parquet; - for stdout.")  # fmt: skip
@click.option("--rejects", type=click.Path(path_type=Path, dir_okay=False),
              help="Lines that could not be read, as .jsonl or .parquet.")  # fmt: skip
def parse(*, files: tuple[Path, ...], form: str, timezone: str, date_order: Any, column_map: str | None,
          logformat: str | None, source: str | None, config: Path, output: Path, rejects: Path | None
          ) -> None:  # fmt: skip
    """Try logs: events and rejects as JSON lines or Parquet. FILES may be files, folders, or - for stdin."""
    from pipeline.config import zone_named
    from pipeline.trials import trying

    try:
        zone = zone_named(timezone)
    except ValueError as error:
        _fail(f"--timezone: {error}.")
    options = trying.Options(form, zone, date_order, column_map, logformat)
    named, declared = trying.declared(options) if source is None else trying.declared_in(config, source, options)
    # What comes from stdin was written last just now.
    declared = replace(declared, last_change=datetime.now(UTC))
    records = trying.parse_files(files, named, declared, output, rejects)
    say((line for record in records for line in trying.lines_for(record)), err=True)
    sys.exit(NEEDS_ATTENTION if any(record.issues for record in records) else 0)


@main.command("map")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--timezone", default="Europe/London", show_default=True, help="Zone of times that carry none.")
@click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"]), help="Order of day, month and year.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the map to this file, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the proposal as JSON.")
def propose_map(*, file: Path, timezone: str, date_order: Any, output: Path | None, as_json: bool) -> None:
    """Look at an unknown export and propose a column map for it. FILE may be - for stdin."""
    from pipeline.columnmaps import mapping, proposals
    from pipeline.config import zone_named
    from pipeline.formats import Declared

    try:
        zone = zone_named(timezone)
    except ValueError as error:
        _fail(f"--timezone: {error}.")
    proposal = mapping.propose(file, Declared(zone, date_order))
    if output is not None:
        proposals.write_map(proposal, file, output)
    tell(proposals.as_data(proposal), proposals.as_lines(proposal), as_json=as_json)
    sys.exit(NEEDS_ATTENTION if proposal.needs_attention else 0)


_WITH_CONFIG = click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="Use the watchlists of this school.toml."
)


@main.command()
@click.argument("rows", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), default=Path("-"),
              help="Answers as JSON lines; - for stdout.")  # fmt: skip
@_WITH_CONFIG
@click.option("--labels", type=click.Choice(["eval"]), help="Name categories and levels as this evaluation set does.")
def flag(rows: Path, output: Path, config: Path | None, labels: str | None) -> None:
    """Try texts and URLs against the watchlists. ROWS is JSON lines of {id, kind, text | url}."""
    from pipeline.trials import flagging

    flagging.flag_rows(rows, output, config, flagging.labels_named(labels) if labels else None)


if __name__ == "__main__":
    run()
