"""Damaged lines for every format: none is lost, nothing raised, and no event says what its line does not.

Ten thousand of them for each format in the automatic checks, otherwise a tenth.

The samples of a format are repeated; in every line but those of the first copy a byte is flipped, or some bytes are cut
out or doubled. Which ones is decided by a seed, so that a failure can be repeated.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import polars as pl

from pipeline.decode import numbered
from pipeline.files.records import blocks
from pipeline.formats import LINES, Parsed
from tests.effort import THOROUGH
from tests.samples import SAMPLES, check_shape, declared_of, every_sample, form_of

_DAMAGED = 10_000 if THOROUGH else 1_000
_LONGEST_CUT = 12
_TEXTS = (
    "user_raw", "client_ip", "device", "method", "host", "url", "typed_text", "title", "app", "vendor_category",
    "content_type", "user_agent", "referrer",
)  # fmt: skip
_NUMBERS = ("status", "bytes")
#: What a format may put between the parts of a URL, and what a log's own escapes stand for.
_JOINTS = re.compile(r"[a-z][a-z0-9+.-]*://|[:/?#.@&;=, \\\"'+\[\]-]", re.IGNORECASE)
_ESCAPES = {
    r"\\\\": "\\", r"\"": '"', '""': '"', r"\/": "/", r"\=": "=", r"\b": "\b", r"\f": "\f", r"\n": "\n", r"\r": "\r",
    r"\t": "\t",
}  # fmt: skip
_ANY = re.compile(r"\\(.)")
_UNICODE = re.compile(r"\\u([0-9a-fA-F]{4})")
_BYTES = re.compile(r"(?:\\x[0-9a-fA-F]{2})+")
#: Zscaler can be told to write a URL so.
_CODED = re.compile(r"(?<=\")[A-Za-z0-9+/]{4,}(?==*\")")
#: How Windows writes the parts of a name: with the length of each before it.
_LABEL = re.compile(r"\(\d+\)")
#: What a format takes from an earlier line on purpose.
_FROM_BEFORE = {("dnsmasq", "client_ip")}


def _damaged(line: bytes, chance: random.Random) -> bytes:
    if not line:
        return line
    at, length = chance.randrange(len(line)), chance.randint(1, _LONGEST_CUT)
    kind = chance.randrange(4)
    if kind == 0:
        return line[:at] + bytes([line[at] ^ (1 << chance.randrange(8))]) + line[at + 1 :]
    if kind == 1:
        return line[:at] + bytes([chance.randrange(256)]) + line[at + 1 :]
    if kind == 2:
        return line[:at] + line[at + length :]
    return line[: at + length] + line[at:]


def _file(sample: Path) -> bytes:
    """The sample, and after it so many damaged copies that a format has ten thousand damaged lines in all."""
    chance = random.Random(sample.as_posix().rpartition("sample_logs")[2])
    lines = sample.read_bytes().split(b"\n")
    siblings = sum(1 for each in SAMPLES if each.parent == sample.parent)
    copies = _DAMAGED // siblings // len(lines) + 1
    damaged = [_damaged(line, chance) for _ in range(copies) for line in lines]
    return b"\n".join([*lines, *damaged])


def _parsed(sample: Path) -> Iterator[tuple[pl.DataFrame, Parsed]]:
    form, declared, carry = form_of(sample), declared_of(sample), ""
    for block in blocks([_file(sample)], quoted=form.records == "quoted"):
        lines = numbered(block).select(list(LINES))
        parsed = form.parse(lines, declared, carry)
        carry = parsed.carry
        yield lines, parsed


def _is_said(value: str, text: str) -> bool:
    """Whether a value is a part of its line, or put together of words of it."""
    return value in text or all(word in text for word in _JOINTS.split(value))


def _as_read(text: str) -> str:
    """A line, and the same line with each of the ways undone in which logs write what they cannot write plainly."""
    plain = text
    for escaped, meant in _ESCAPES.items():
        plain = plain.replace(escaped, meant)
    unicoded = _UNICODE.sub(lambda found: chr(int(found[1], 16)), plain)
    hexed = [_BYTES.sub(lambda found: _bytes_of(found[0]), each) for each in (text, plain)]
    others = [_LABEL.sub(".", text), _ANY.sub(r"\1", text), unquote(text), unquote(plain), plain.replace("+", " ")]
    coded = [_base64_of(found[0]) for found in _CODED.finditer(text)]
    return "\n".join((text, plain, unicoded, *hexed, *others, *coded))


def _base64_of(coded: str) -> str:
    whole = coded[: -1 if len(coded) % 4 == 1 else None]
    return base64.b64decode(whole + "=" * (-len(whole) % 4)).decode("utf-8", "replace")


def _bytes_of(escapes: str) -> str:
    return bytes.fromhex(escapes.replace("\\x", "")).decode("utf-8", "backslashreplace")


def _invented(form: str, lines: pl.DataFrame, parsed: Parsed) -> list[tuple[str, str, str]]:
    """Column, value and line of each value that stands nowhere in its line."""
    found = []
    whole = "\n".join(lines["text"])
    for name in parsed.events.columns:
        if name not in _NUMBERS and name not in _TEXTS:
            continue
        value = pl.col(name).abs().cast(pl.String) if name in _NUMBERS else pl.col(name)
        table = parsed.events.select("line", value=value).drop_nulls().join(lines, on="line")
        # Nearly all values stand in their line as they are; the others are looked for one by one.
        plainly = pl.col("text").str.contains(pl.col("value"), literal=True)
        for _, said, text in table.filter(~plainly).unique(["value", "text"]).iter_rows():
            if not _is_said(said, whole if (form, name) in _FROM_BEFORE else _as_read(text)):
                found.append((name, said, text))
    return found


@every_sample
def test_damage_loses_nothing_and_invents_nothing(path: Path) -> None:
    for lines, parsed in _parsed(path):
        check_shape(parsed, lines)
        form_of(path).claims(lines["text"].head(50).to_list())
        assert _invented(path.parent.name, lines, parsed)[:3] == []
