"""Drafts of letters to parents about a confirmed incident, from templates with the facts filled in.

In: which incident and which letter, who asks and why. Out: a file of HTML that only its owner may read, and the action
that tells of it: never one without the other (`outgoing`). Refuses an incident that is not confirmed, names that are
not open to whoever asks, what two people have to agree to and have not, a letter about a pupil for whom it would be a
risk, a file that is there already, and a template that is broken or asks for what there is not. No letter is ever
chosen by the program.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import StrictUndefined, Template, TemplateError, TemplateNotFound, TemplateSyntaxError
from jinja2.loaders import ChoiceLoader, FileSystemLoader, FunctionLoader
from jinja2.sandbox import ImmutableSandboxedEnvironment

from casebook import outgoing
from casebook.access import Access, Actor
from casebook.case import (
    CONFIRMED,
    Acted,
    Case,
    applied,
    drafts_in,
    refuse_wrong_state,
)
from casebook.deciding import names_open
from casebook.kinds import CasebookError, said
from casebook.outgoing import Export
from casebook.response.routes import Route
from casebook.store import Casebook, Writer, case_of, history
from casebook.telling import secrets_of
from pipeline.config import Settings
from pipeline.errors import ConfigError
from pipeline.output.record import shown

#: The question whether parents may know. Where a route asks it, no letter is written before it is answered so.
_RISK: Final = ("home-risk", "no")
#: What a template may ask for.
FACTS: Final = ("school", "today", "reference", "person", "day", "about", "sender")


@dataclass(frozen=True)
class Writing:
    """Whose letter it is. `titles` are those of the categories; `now` is UTC."""

    settings: Settings
    titles: Mapping[str, str]
    actor: Actor
    now: datetime


@dataclass(frozen=True)
class Asked:
    """Which letter about which incident, for whose parents, and why."""

    incident: str
    template: str
    person: str | None
    reason: str


def write(
    book: Casebook, access: Access, routes: dict[str, Route], writing: Writing, asked: Asked, output: Path
) -> Export:
    """Write the draft. Raises `CasebookError` (or `kinds.Refused`) or `ConfigError` with nothing written."""
    _refuse_no_folder(output)
    name = _what(asked.template)
    with book.changing() as writer:
        finished = outgoing.left_by_a_killed_run(
            writer.connection, output, lambda acted: (acted.about, acted.facts["what"]) == (asked.incident, name)
        )
        if finished:
            return finished
        temporary = outgoing.beside(output)
        case, text = _allowed(writer, access, routes, writing, asked)
        what = said("export", what=name, sha256=hashlib.sha256(text).hexdigest(), reason=asked.reason)
        access.refuse(writing.actor, case, what, routes)
        refuse_wrong_state(case, what)
        access.refuse_alone(writing.actor, case, what)
        with outgoing.whole_or_gone(temporary):
            _write(temporary, text)
            digest = outgoing.flushed(temporary)
        told = writer.append(what, case.id, writing.actor, writing.now)
        writer.keep(applied(case, told))
    outgoing.put(temporary, output, digest)
    return Export(output, digest, told.seq)


def _allowed(
    writer: Writer, access: Access, routes: dict[str, Route], writing: Writing, asked: Asked
) -> tuple[Case, bytes]:
    """The case and the text of the letter, if there may be one."""
    acted = history(writer.connection, asked.incident)
    case = case_of(writer.connection, asked.incident, acted)
    access.refuse_unseen(writing.actor, case)
    template = _template(writing.settings.casebook.letters, asked.template)
    _refuse_too_early(access, case, routes[case.route], writing)
    return case, _filled(template, _facts(case, acted, writing, asked))


def _refuse_no_folder(output: Path) -> None:
    if not output.parent.is_dir():
        raise ConfigError("there is no such folder.", path=output.parent, remedy="Make it, or name another file.")


def _refuse_too_early(access: Access, case: Case, route: Route, writing: Writing) -> None:
    if case.state not in CONFIRMED:
        remedy = "A letter is about what a person has confirmed."
        raise CasebookError(f"{case.id} is {case.state}.", remedy=remedy)
    if (case.withheld or case.side == "staff") and not access.is_seconded(writing.actor, case, "export"):
        remedy = f"A second senior person has to agree first: esafety incident agree {case.id} --to export"
        raise CasebookError(f"{case.id}: one person alone cannot write a letter about it.", remedy=remedy)
    _refuse_risk(case, route)
    if not names_open(case, writing.actor, writing.now):
        remedy = f"Open them first, and say why: esafety incident reveal {case.id} --reason ..."
        raise CasebookError(f"the names of {case.id} are not open to you.", remedy=remedy)


def _refuse_risk(case: Case, route: Route) -> None:
    """On whichever route it was asked whether it adds to the risk that parents know: it has to be answered no."""
    question, word = _RISK
    given = {answer for (_, asked), answer in case.answers.items() if asked == question}
    if given - {word} or (question in route.questions and not given):
        how = f"If it would not: esafety incident answer {case.id} --question {question} --answer {word}"
        remedy = f"Would it put the pupil at more risk? {how}"
        raise CasebookError(f"{case.id}: nobody has said that parents may know.", remedy=remedy)


def _facts(case: Case, acted: list[Acted], writing: Writing, asked: Asked) -> dict[str, str]:
    pupils = [each.person for each in case.parties.values() if each.kind == "pupil"]
    if asked.person is not None and asked.person not in pupils:
        raise CasebookError(f"{asked.person!r} is no pupil of {case.id}.", remedy="See `esafety incident reveal`.")
    chosen = [asked.person] if asked.person is not None else pupils
    zone = ZoneInfo(writing.settings.school.timezone)
    facts = {
        "school": writing.settings.school.name,
        "today": _long_date(writing.now.astimezone(zone)),
        "reference": case.id,
        "day": _long_date(datetime.fromisoformat(case.day)),
        "about": writing.titles.get(case.category, case.category),
        "sender": writing.actor.name,
    }
    if len(chosen) == 1:
        facts["person"] = _names(acted).get(chosen[0], chosen[0])
    if case.withheld:
        # Somebody may have entered an address where a name belongs.
        secrets = secrets_of(drafts_in(acted))
        facts = {name: secrets.told_outright(value) for name, value in facts.items()}
    # What came from a log or a list may hold marks that turn the text around them.
    return {name: shown(value) for name, value in facts.items()}


def _names(acted: list[Acted]) -> dict[str, str]:
    """Account -> name, as the people file had it when the drafts were made."""
    return {
        str(each["subject"]).removeprefix("person:"): str(each["subject_name"])
        for each in drafts_in(acted)
        if each["subject_kind"] == "person" and each["subject_name"]
    }


def _long_date(day: datetime) -> str:
    return f"{day.day} {day:%B %Y}"


def names(folder: Path | None) -> list[str]:
    """The letters that there are: those that travel with the program, and the school's own."""
    own = [each.stem for each in folder.glob("*.html")] if folder is not None else []
    return sorted({*_shipped(), *own} - {"page"})


def _shipped() -> set[str]:
    forms = resources.files("casebook").joinpath("letter_forms")
    return {each.name.removesuffix(".html") for each in forms.iterdir() if each.name.endswith(".html")}


def _what(template: str) -> str:
    """How the history names the letter: a school may have called one of its own after a pupil."""
    return f"letter:{template}" if template in _shipped() else "letter:own"


def _template(folder: Path | None, name: str) -> Template:
    if name not in names(folder) or not re.fullmatch(r"[\w-]+", name):
        raise CasebookError(f"there is no letter {name!r}.", remedy=f"There are {', '.join(names(folder))}.")
    forms = resources.files("casebook").joinpath("letter_forms")
    shipped = FunctionLoader(lambda file: forms.joinpath(file).read_text("utf-8") if file[:-5] in _shipped() else None)
    own = [FileSystemLoader(folder)] if folder is not None else []
    # A school's own template is text that somebody wrote: it fills in facts and can do nothing else.
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([*own, shipped]), autoescape=True, undefined=StrictUndefined
    )
    try:
        return environment.get_template(f"{name}.html")
    except TemplateSyntaxError as error:
        path = error.filename or f"{name}.html"
        raise ConfigError(f"{error.message}.", path=path, line=error.lineno, remedy=_REMEDY) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8 text.", path=f"{name}.html", remedy="Save it as UTF-8.") from error


_REMEDY: Final = f"A letter may ask for {', '.join(FACTS)}. Compare with those in casebook/letter_forms."


def _filled(template: Template, facts: dict[str, Any]) -> bytes:
    try:
        return template.render(facts).encode()
    except TemplateNotFound as error:
        path = template.filename or template.name
        raise ConfigError(f"there is no template {error.name!r}.", path=path, remedy=_REMEDY) from error
    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
        if "person" not in facts and "'person'" in str(error):
            what = "the letter is about one pupil, and this incident has none or several."
            raise CasebookError(what, remedy="Say whose with --person.") from error
        path = template.filename or template.name
        raise ConfigError(f"cannot be filled in: {error}.", path=path, remedy=_REMEDY) from error


def _write(path: Path, text: bytes) -> None:
    """A new file that only its owner may read."""
    try:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigError(f"cannot be written ({error.strerror}).", path=path.parent) from error
