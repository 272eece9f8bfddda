"""Texts as they are matched: folded words, decoded escapes, the parts of a URL.

In: columns of distinct texts or URLs. Out: columns of the same length. Refuses nothing: a URL that cannot be taken
apart gives nulls, an escape that is not UTF-8 is read as cp1252.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import cache
from urllib.parse import unquote_to_bytes

import numpy as np
import polars as pl
import pyarrow as pa
from publicsuffixlist import PublicSuffixList

from pipeline.performance.handed import handed_over
from pipeline.performance.slices import in_slices

#: Marks that turn the direction of text round: they stand between words, and hide no letter inside one.
_DIRECTIONS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
#: So many texts are folded together: what they need beside themselves must not fill the memory.
_TOGETHER = 50_000
_BLANK, _LINE_FEED = b" \n"
#: What each byte of ASCII becomes: letters and digits themselves in lower case, a line feed itself, the rest a blank.
FOLDED_BYTES = bytes(
    code if code == _LINE_FEED else ord(chr(code).lower()) if chr(code).isascii() and chr(code).isalnum() else _BLANK
    for code in range(256)
)
_ASCII_WORD = re.compile("[a-z0-9]+")
#: Accents, enclosing marks and invisible characters: they hide words and make none.
_MARKS = ("Mn", "Me", "Cf")
#: How often an escape may be escaped again (`%2520`) and still be undone.
_DEEPEST_ESCAPE = 3
#: One sharp s is two, and a sigma is a sigma at the end of a word too. A letter with a bar, and the i without its dot,
#: are the plain ones to whoever cannot type them. Egypt writes one y without its dots, Persian keyboards two letters of
#: their own; a stroke that only draws a word out is none.
_PLAIN_LETTERS = {
    "ß": "ss", "ς": "σ", "ł": "l", "ø": "o", "đ": "d", "ı": "i",
    "\u0649": "\u064a", "\u06cc": "\u064a", "\u06a9": "\u0643", "\u0640": "",
}  # fmt: skip
_AS_PLAIN = str.maketrans(_PLAIN_LETTERS)
#: Escapes of printable ASCII, but for the per cent sign, which may begin another escape.
_PLAIN_ESCAPES = {
    f"%{digits}": chr(code)
    for code in range(0x20, 0x7F)
    if chr(code) != "%"
    for digits in {f"{code:02X}", f"{code:02x}"}
}


def is_ascii(text: pl.Expr) -> pl.Expr:
    """Whether a text has no character beyond ASCII; such texts are folded several times as fast."""
    return text.str.len_bytes() == text.str.len_chars()


def fold_ascii(texts: pl.Series) -> pl.Series:
    """`fold` for texts of ASCII alone, without a null.

    All texts are folded as one, byte for byte, and cut apart again: three times as fast as a pattern text by text.
    """
    parts = [_fold_together(texts.slice(at, _TOGETHER)) for at in range(0, max(len(texts), 1), _TOGETHER)]
    return pl.concat(parts).rename(texts.name)


def _fold_together(texts: pl.Series) -> pl.Series:
    if texts.is_empty():
        return pl.Series(dtype=pl.String)
    joined = texts.str.replace_all("\n", " ", literal=True).str.join(" \n ").item()
    data = np.frombuffer(f" {joined} \n".encode("ascii").translate(FOLDED_BYTES), dtype=np.uint8)
    blank = data == _BLANK
    kept = np.ones(len(data), dtype=np.bool_)
    kept[1:] = ~(blank[1:] & blank[:-1])
    ends = np.flatnonzero(data == _LINE_FEED)
    kept[ends] = False
    lengths = np.add.reduceat(kept, np.append(0, ends[:-1] + 1), dtype=np.int64)
    offsets = np.append(0, np.cumsum(lengths))
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data[kept])]
    return handed_over("", pa.Array.from_buffers(pa.large_string(), len(texts), buffers))


def folded(text: pl.Expr) -> pl.Expr:
    """`fold` for any text."""
    parted = text.str.replace_all(f"[{_DIRECTIONS}]", " ").str.normalize("NFKD")
    bare = parted.str.replace_all(r"[\p{Mn}\p{Me}\p{Cf}]+", "").str.to_lowercase()
    plain = bare.str.replace_many(_PLAIN_LETTERS).str.replace_all(r"\p{Mn}+", "")
    return (pl.lit(" ") + plain + pl.lit(" ")).str.replace_all(r"[^\p{L}\p{N}\p{Mc}]+", " ")


def fold(texts: pl.Series) -> pl.Series:
    """The words of each text between single blanks, with a blank at both ends, so that ` word ` finds whole words only.

    Lower case, without accents, marks and invisible characters, compatibility forms undone; everything that is
    neither letter nor digit separates words. A null becomes a single blank.
    """
    text = pl.col("text")
    table = pl.DataFrame({"text": texts.cast(pl.String).fill_null("")})
    plain = bool(table.select(is_ascii(text).all()).item())
    return (fold_ascii(table["text"]) if plain else table.select(folded(text)).to_series()).rename(texts.name)


def folded_one(text: str) -> str:
    """`fold` for one text."""
    if not text.isascii():
        return fold_one(text)[0]
    words = _ASCII_WORD.findall(text.lower())
    return f" {' '.join(words)} " if words else " "


def fold_one(text: str) -> tuple[str, list[int]]:
    """`fold` for one text, with the position in `text` that each folded character came from."""
    if text.isascii():
        return _fold_ascii(text)
    words, origin = [" "], [0]
    for at, character in enumerate(text):
        for part in _bare(character):
            if _is_word_part(part):
                words.append(part)
                origin.append(at)
            elif words[-1] != " ":
                words.append(" ")
                origin.append(at)
    if words[-1] != " ":
        words.append(" ")
        origin.append(len(text))
    return "".join(words), origin


def _fold_ascii(text: str) -> tuple[str, list[int]]:
    folded = folded_one(text)
    if len(folded) == len(text) + 2:
        # One sign between its words, and none around them.
        return folded, [0, *range(len(text) + 1)]
    origin = [0]
    for word in _ASCII_WORD.finditer(text.lower()):
        origin += range(*word.span())
        origin.append(word.end())
    return folded, origin


@cache
def _bare(character: str) -> str:
    """One character in lower case, taken apart, without its marks."""
    apart = " " if character in _DIRECTIONS else unicodedata.normalize("NFKD", character)
    kept = "".join(part for part in apart if unicodedata.category(part) not in _MARKS)
    lower = kept.lower().translate(_AS_PLAIN)
    return "".join(part for part in lower if unicodedata.category(part) != "Mn")


@cache
def _is_word_part(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LN" or category == "Mc"


def unescape(texts: pl.Series, *, plus_is_blank: bool = False) -> pl.Series:
    """Undo percent escapes, and escapes of escapes; `+` is a blank only in a query."""
    plain = texts.str.replace_all("+", " ", literal=True) if plus_is_blank else texts
    escaped = plain.str.contains("%", literal=True).fill_null(value=False)
    if not escaped.any():
        return plain
    # Most escapes are a blank or a bracket and are undone in one pass; Python sees only what holds more than that.
    table = pl.DataFrame({"t": plain}).with_row_index("row").filter(escaped)
    table = table.with_columns(new=pl.col("t").str.replace_many(_PLAIN_ESCAPES))
    hard = table["new"].str.contains("%", literal=True)
    slow = pl.Series([_unescape_one(text) for text in table.filter(hard)["t"]], dtype=pl.String)
    # A copy, because scatter changes the column that it is called on, and that is still the caller's.
    done = plain.clone().scatter(table.filter(~hard)["row"], table.filter(~hard)["new"])
    return done.scatter(table.filter(hard)["row"], slow)


def _unescape_one(text: str) -> str:
    for _ in range(_DEEPEST_ESCAPE):
        decoded = unescape_once(text)
        if decoded == text:
            break
        text = decoded
    return text


def unescape_once(text: str) -> str:
    """Undo percent escapes once: what one URL carries in another keeps its own."""
    return unquote_to_bytes(text).decode("utf-8", _AS_CP1252)


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Read the bytes that are not UTF-8, and only those, as cp1252: no text is read otherwise for its neighbours."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return bad.decode("cp1252", "backslashreplace"), error.end


def as_text(raw: bytes) -> str:
    """The bytes of a line as text."""
    return raw.decode("utf-8", _AS_CP1252)


def without_escapes(text: str) -> str:
    r"""Undo the escapes with which logs write letters beyond ASCII, `\u00fc` of JSON and `\xc3\xbc`; and its `\/`."""
    return _LETTER_ESCAPES.sub(_letters, text)


def _letters(run: re.Match[str]) -> str:
    if run[0] == "\\/":
        return "/"
    digits = run[0].replace("\\x", "").replace("\\u", "")
    if run[0].startswith("\\u"):
        return bytes.fromhex(digits).decode("utf-16-be", "replace")
    return as_text(bytes.fromhex(digits))


_LETTER_ESCAPES = re.compile(r"(?:\\u[0-9A-Fa-f]{4})+|(?:\\x[0-9A-Fa-f]{2})+|\\/")


_AS_CP1252 = "esafety-cp1252"
codecs.register_error(_AS_CP1252, _as_cp1252)

_SCHEMES = (
    "http",
    "https",
    "ftp",
    "ftps",
    "ws",
    "wss",
    "gopher",
    "rtsp",
    "rtmp",
    "file",
    "chrome-extension",
    "tcp",
    "udp",
    "ssl",
    "tunnel",
    "stunnel",
    "mms",
    "telnet",
    "socks",
    "whois",
    "cache_object",
)
_ALL_SCHEMES = [*_SCHEMES, *map(str.upper, _SCHEMES), *map(str.capitalize, _SCHEMES)]
#: What stands in the place of a URL and has no host.
_NO_ADDRESS = ("error:", "about:", "data:", "javascript:", "blob:", "mailto:")
#: The parts of a URL, as `url_parts` gives them.
URL_PARTS = pl.Schema(dict.fromkeys(("url", "scheme", "host", "path", "query"), pl.String()))


def url_parts(urls: pl.Series) -> pl.DataFrame:
    """Scheme, host (lower case, without user, port and final dot), path and query of each URL, as written.

    Understands `scheme://host/path?query`, `host:port` of a CONNECT and `host/path`. Null where a part is missing.
    """
    url = pl.col("url")
    no_address = pl.any_horizontal(url.str.starts_with(each) for each in _NO_ADDRESS)
    has_scheme = pl.col("after").is_not_null() & pl.col("before").is_in(_ALL_SCHEMES)
    # Step by step, each in a table of its own: polars would work out a shared piece of an expression again and again.
    table = _without_fragments(pl.DataFrame({"url": urls.cast(pl.String)}))
    table = _cut(table, "bare", "://", "before", "after")
    table = table.with_columns(
        scheme=pl.when(has_scheme).then(pl.col("before").str.to_lowercase()),
        rest=pl.when(has_scheme).then("after").when(~no_address).then("bare"),
    )
    table = _cut(_cut(table, "rest", "?", "place", "query"), "place", "/", "authority", "path")
    return table.select("url", "scheme", hosts_of(table["authority"]), path=pl.lit("/") + pl.col("path"), query="query")


def authorities(urls: pl.Series) -> pl.Series:
    """The `user@host:port` of each URL, quickly: what `url_parts` finds, and for some odd ones a little more."""
    url, has_scheme = pl.col("url"), pl.col("after").is_not_null() & pl.col("before").is_in(_ALL_SCHEMES)

    def query(table: pl.LazyFrame) -> pl.LazyFrame:
        pieces = url.str.splitn("://", 2).struct.rename_fields(["before", "after"]).alias("pieces")
        rest = pl.when(has_scheme).then("after").otherwise("url")
        place = pl.col("rest").str.splitn("/", 2).struct.field("field_0").str.splitn("?", 2).struct.field("field_0")
        return table.with_columns(pieces).unnest("pieces").with_columns(rest=rest).select(authority=place)

    found = in_slices(urls.cast(pl.String).to_frame("url"), query)["authority"]
    return found.str.splitn("#", 2).struct.field("field_0") if found.str.contains("#", literal=True).any() else found


def _cut(table: pl.DataFrame, column: str, at: str, first: str, second: str) -> pl.DataFrame:
    """Two columns: what stands before and after the first `at`; the second is null where there is none."""
    pieces = pl.col(column).str.splitn(at, 2).struct.rename_fields([first, second]).alias("pieces")
    return table.with_columns(pieces).unnest("pieces")


def _without_fragments(table: pl.DataFrame) -> pl.DataFrame:
    """Add `bare`: the URL up to a `#`, which few logs hold."""
    if not table["url"].str.contains("#", literal=True).any():
        return table.with_columns(bare="url")
    return table.with_columns(bare=pl.col("url").str.splitn("#", 2).struct.field("field_0"))


def hosts_of(authorities: pl.Series) -> pl.Series:
    """The host of each `user@host:port`: lower case, without a final dot; null where there is none."""
    # Nearly all are a bare host or end in one of two ports: a quick way for them.
    quick = authorities.str.to_lowercase().str.strip_suffix(":443").str.strip_suffix(":80").alias("host")
    odd = quick.str.contains_any(["@", ":", "["]) | quick.str.ends_with(".") | (quick == "")
    if not odd.any():
        return quick
    rows = odd.fill_null(value=False).arg_true()
    bare = pl.col("authority").str.split("@").list.last()
    in_brackets = bare.str.extract(r"^\[([^\]]*)\]")
    host = pl.coalesce(in_brackets, bare.str.extract(r"^([^:]*)")).str.to_lowercase().str.strip_chars_end(".")
    found = pl.DataFrame({"authority": authorities.gather(rows)}).select(host=pl.when(host != "").then(host))
    return quick.scatter(rows, found["host"])


@cache
def _public_suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def registrable_domains(hosts: pl.Series) -> pl.Series:
    """The part of each host that somebody registered (`bbc.co.uk`); null for addresses and bare suffixes."""
    distinct = hosts.drop_nulls().unique()
    found = [registered_name(host) or None for host in distinct]
    return hosts.replace_strict(distinct, pl.Series(found, dtype=pl.String), default=None, return_dtype=pl.String)


def registered_name(host: str) -> str:
    """`registrable_domains` for one host; the empty string where there is none."""
    return "" if _is_address(host) else _public_suffixes().privatesuffix(host) or ""


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdecimal()


def public_suffix(host: str) -> str:
    """The public suffix of a host (`co.uk`), or the empty string."""
    return _public_suffixes().publicsuffix(host) or ""
