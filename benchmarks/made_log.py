"""A made Squid log for benchmarks, with watchlists and people that meet it. The same arguments give the same bytes.

In: how many lines, from which seed. Out: `access.log` as a school of 1,200 users writes it in five days of lessons
(three in five requests are CONNECT, one in thirty a search, one in thirty refused, six in ten thousand malformed), a
list of phrases, a list of host names of which some occur in the log, and a people file. Nothing in it is real.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.str_]

_SYLLABLES = [
    "ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu", "na", "pe", "qui", "ro", "su", "ta", "ve", "wi", "xo",
    "ya", "zu", "bra", "cle", "dri", "flo", "gru", "pla", "que", "sta", "tre", "ast", "ent", "ill", "orm", "und", "ing",
    "er", "on", "al", "ish",
]  # fmt: skip
_TOP = ("com", "co.uk", "org", "net", "sch.uk", "io", "de", "tv")
_SUB = ("www", "cdn", "api", "img", "m", "static", "login", "ads")
_TYPES = (
    "text/html",
    "image/png",
    "image/jpeg",
    "application/javascript",
    "text/css",
    "application/json",
    "-",
    "video/mp4",
)
_RESULTS = ("TCP_MISS/200", "TCP_HIT/200", "TCP_MISS/304", "TCP_MISS/302", "TCP_MEM_HIT/200", "TCP_MISS/404")
_SEARCHES = (
    "https://www.google.co.uk/search?q={}&ie=UTF-8",
    "https://www.bing.com/search?q={}&form=QBLH",
    "https://www.youtube.com/results?search_query={}",
    "https://duckduckgo.com/?q={}&ia=web",
)
#: Monday 8 September 2025, 08:00 UTC.
FIRST_SECOND = 1_757_318_400
_LESSON_SECONDS = 30_600
_DAYS = 5
USERS = 1_200
_HOSTS = 30_000
_PAGES = 200_000
_BLOCK = 100_000


def vocabulary(size: int = 30_000) -> Words:
    """Invented words of one to four syllables, the short ones first; each once."""
    random = np.random.default_rng(11)
    found: dict[str, None] = {}
    while len(found) < size:
        found["".join(random.choice(_SYLLABLES, int(random.integers(1, 5))))] = None
    return np.array(sorted(found, key=lambda word: (len(word), word)))


def _zipf(random: np.random.Generator, size: int, most: int) -> npt.NDArray[np.int64]:
    """Indexes of which the first are drawn far more often, as words and sites are."""
    drawn: npt.NDArray[np.float64] = np.exp(random.random(size) * np.log(most)) - 1
    return drawn.astype(np.int64)


def hosts(words: Words) -> Words:
    """Invented host names; a name and its sub-domains."""
    random = np.random.default_rng(12)
    names = [f"{a}{b}.{top}" for a, b, top in zip(*_picked(random, words, _HOSTS), strict=True)]
    subs = random.choice(_SUB, _HOSTS)
    bare = random.random(_HOSTS) < 0.3
    return np.array(
        [name if is_bare else f"{sub}.{name}" for name, sub, is_bare in zip(names, subs, bare, strict=True)]
    )


def _picked(random: np.random.Generator, words: Words, size: int) -> tuple[Words, Words, Words]:
    return random.choice(words, size), random.choice(words, size), random.choice(_TOP, size)


def _pages(words: Words, names: Words) -> list[str]:
    random = np.random.default_rng(13)
    on = names[_zipf(random, _PAGES, _HOSTS)]
    parts = words[_zipf(random, _PAGES * 4, len(words))].reshape(_PAGES, 4)
    numbers = random.integers(0, 10**9, _PAGES)
    gaps = random.choice(["-", "_", "%20", "+"], _PAGES)
    return [
        f"https://{host}/{a}/{b}{gap}{c}" + (f"/{number}.html" if number % 2 else f"?id={number:x}&{d[:6]}={a}")
        for host, (a, b, c, d), gap, number in zip(on, parts.tolist(), gaps, numbers.tolist(), strict=True)
    ]


def write_log(path: Path, lines: int, seed: int) -> None:
    """Write the log in blocks, so that its length costs no memory."""
    words = vocabulary()
    names = hosts(words)
    pages = _pages(words, names)
    with path.open("wb") as out:
        for start in range(0, lines, _BLOCK):
            random = np.random.default_rng([seed, start])
            size = min(_BLOCK, lines - start)
            out.write(
                "".join(_lines(random, start, size, lines, words, names, pages)).encode("utf-8", "surrogateescape")
            )


def _lines(
    random: np.random.Generator, start: int, size: int, of: int, words: Words, names: Words, pages: list[str]
) -> Iterator[str]:
    place = (np.arange(size) + start) / of * _DAYS
    second = FIRST_SECOND + place.astype(np.int64) * 86_400 + ((place % 1) * _LESSON_SECONDS).astype(np.int64)
    columns = zip(
        second.tolist(),
        random.integers(0, 1000, size).tolist(),
        random.integers(1, 9000, size).tolist(),
        _zipf(random, size, USERS).tolist(),
        random.integers(300, 90_000, size).tolist(),
        random.random(size).tolist(),
        random.random(size).tolist(),
        random.integers(0, 2**40, size).tolist(),
        names[_zipf(random, size, _HOSTS)].tolist(),
        _zipf(random, size, _PAGES).tolist(),
        words[_zipf(random, size * 4, len(words))].reshape(size, 4).tolist(),
        strict=True,
    )
    # Line by line, because a log is made of lines; a benchmark makes its input once.
    for second_, ms, elapsed, user, size_, kind, chance, number, host, page, search in columns:
        line = _line(f"{second_}.{ms:03d} {elapsed:6d}", user, size_, kind, chance, number, host, pages[page], search)
        yield _malformed(line, number) if chance > 0.9994 else line


def _line(
    head: str, user: int, size: int, kind: float, chance: float, number: int, host: str, page: str, search: list[str]
) -> str:
    method, result, content_type = "GET", _RESULTS[number % 6], _TYPES[number % 8]
    if kind < 0.6:
        method, url, result, content_type = "CONNECT", f"{host}:443", "TCP_TUNNEL/200", "-"
    elif kind < 0.635:
        url = _SEARCHES[number % 4].format("+".join(search[: 1 + number % 4]))
    else:
        url = page if number % 3 else f"{page}{'&' if '?' in page else '?'}_={number:x}"
    if chance < 0.03:
        result = "TCP_DENIED/403" if number % 4 else "TCP_DENIED/407"
    address = f"10.{20 + user % 4}.{user >> 3}.{user * 7 % 250 + 1}"
    name = (
        "-"
        if "407" in result or number % 20 == 0
        else f"SCHOOL%5Cuser{user:05d}"
        if number % 10 == 1
        else f"user{user:05d}"
    )
    peer = "HIER_NONE/-" if "DENIED" in result else f"HIER_DIRECT/203.0.113.{number % 250}"
    return f"{head} {address} {result} {size} {method} {url} {name} {peer} {content_type}\n"


def _malformed(line: str, number: int) -> str:
    match number % 5:
        case 0:
            return line[: len(line) // 2] + "\n"
        case 1:
            return "\n"
        case 2:
            return "2025/09/08 08:00:01 kid1| Logfile: opening log stdio:/var/log/squid/access.log\n"
        case 3:
            return line.replace(" GET ", " GET http://files.example/a name with blanks.pdf?", 1)
        case _:
            return line.replace(".", "\udce9.", 1) if " CONNECT " in line else line.replace("/", "/caf\udce9", 3)


def write_phrases(path: Path, size: int) -> None:
    """Mostly rare words and pairs of words, as watchlists are."""
    words, random = vocabulary(), np.random.default_rng(21)
    rare, common = words[len(words) // 2 :], words[: len(words) // 2]
    found: dict[str, None] = {}
    while len(found) < size:
        word = str(random.choice(rare))
        found[word if random.random() < 0.3 and len(word) > 7 else f"{random.choice(common)} {word}"] = None
    path.write_text("\n".join(found) + "\n", encoding="utf-8")


def write_domains(path: Path, size: int) -> None:
    """Host names; one in fifty of those in the log are among them."""
    words, random = vocabulary(), np.random.default_rng(22)
    listed = [str(host) for host in hosts(words) if random.random() < 0.02]
    picked = zip(*_picked(random, words, size), strict=True)
    more = [f"{a}{b}{number}.{top}" for number, (a, b, top) in enumerate(picked)]
    path.write_text("\n".join([*listed, *more][:size]) + "\n", encoding="utf-8")


def write_people(path: Path) -> None:
    """A row for each user of the log."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["username", "display_name", "role", "year_group", "classes"])
        for user in range(USERS):
            year = 7 + user % 5
            writer.writerow([f"user{user:05d}", f"Pupil {user}", "pupil", year, f"{year}{'ABCDEFGH'[user // 5 % 8]}"])
