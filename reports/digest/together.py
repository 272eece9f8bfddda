"""What much of a class did together, as the digest shows it: every word is chosen here.

In: a cluster as far as its drafts are on the page, and these drafts. Out: a frozen `ClusterView` of plain text. It
refuses to pass on a name below the grade `mapped`, and takes the names of the school's people out of the texts of the
class: several drafts are behind each, and some may name nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reports.dates import clock, minutes_in_words
from reports.digest.masks import ACCOUNT_WITHHELD, mask_for
from reports.digest.names import SchoolNames, without_names_in
from reports.digest.trail import day_and_time
from reports.digest.view import NAMED, who_view
from reports.digest.words import LEVELS, Word
from reports.page import counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

    from pipeline.watchlist import Category
    from reports.digest.order import Gathered

_MAILBOXES: Final = mask_for(None, None)
#: So many texts of one draft stand in its line.
_OWN_WORDS: Final = 2
_ADDRESSES: Final = ("path", "query", "url")
_TYPED: Final = {"search_text": "searched for", "typed_text": "typed"}
_BY_TIMETABLE: Final = (
    "That it was this lesson is what the timetable says; who is in {of}, the people file. Who sat in the room the log "
    "cannot say."
)
_BY_TIME: Final = (
    "The timetable names no lesson at that time: it is one half hour, and the people file says who is in {of}."
)


@dataclass(frozen=True)
class MemberView:
    """A draft of a cluster, in one line."""

    #: Its number on the page; 0 if it is beyond the limit and not shown in full.
    number: int
    level: str
    level_word: Word
    who: str
    began: str
    #: What was found of this kind in words that are not the class's, and how much more of it there is.
    own_words: tuple[str, ...]
    more_words: str
    #: In what it went further than most of the class.
    apart: tuple[str, ...]


@dataclass(frozen=True)
class ClusterView:
    """A cluster, ready for the template."""

    number: int
    level: str
    level_word: Word
    #: `27 of 29 in 9B`
    share: str
    #: What they did, and in which lesson.
    did: str
    title: str
    when: str
    #: For the list of drafts.
    started: str
    sure: tuple[str, ...]
    #: A text, and how many of the class have it.
    texts: tuple[tuple[str, str], ...]
    common: tuple[str, ...]
    lowered: str
    tally: str
    standing: tuple[MemberView, ...]
    folded: tuple[MemberView, ...]
    #: Numbers of drafts about a child at risk at that time.
    beside: tuple[int, ...]
    rules: str


def cluster_view(
    cluster: Gathered,
    number: int,
    rows: Mapping[str, Mapping[str, Any]],
    numbers: Mapping[str, int],
    zone: ZoneInfo,
    categories: Mapping[str, Category],
    names: SchoolNames,
) -> ClusterView:
    """`rows` are the drafts of the page by their ids, `numbers` those that are shown in full and their places."""
    row = cluster.row
    alike = frozenset(each["text"] for each in row["texts"])
    standing, folded = (
        tuple(
            _member(rows[each], numbers.get(each, 0), cluster.standing.get(each, ()), alike, zone, names)
            for each in ids
        )
        for ids in (cluster.standing, cluster.folded)
    )
    level = min((each.level for each in folded or standing), key=list(LEVELS).index, default=row["level"])
    return ClusterView(
        number=number,
        level=level,
        level_word=LEVELS[level],
        share=f"{row['pupils']} of {row['class_size']} in {row['class']}",
        did=_did(row),
        title=_title(row, categories),
        when=minutes_in_words(row["first_ts"], row["last_ts"], zone),
        started=day_and_time(row["first_ts"], zone),
        sure=tuple(_sure(row)),
        texts=tuple((_told(each["text"], names), f"{each['subjects']:,}") for each in row["texts"]),
        common=tuple(row["common"]),
        lowered=_lowered(row),
        tally=_tally(len(standing), len(folded), cluster.earlier),
        standing=standing,
        folded=folded,
        beside=tuple(sorted(numbers[each] for each in cluster.beside if each in numbers)),
        rules=", ".join(row["rules"]),
    )


def in_one_line(cluster: Gathered, zone: ZoneInfo, categories: Mapping[str, Category]) -> str:
    """A cluster that a lesson has lowered and that has no card: what was done, when, and for which lesson."""
    row = cluster.row
    share = f"{row['pupils']} of {row['class_size']} in {row['class']}"
    when = minutes_in_words(row["first_ts"], row["last_ts"], zone)
    return f"{share} {_did(row)}: {_title(row, categories)}. {when}. {_lowered(row)}"


def _member(
    row: Mapping[str, Any],
    number: int,
    apart: tuple[str, ...],
    alike: frozenset[str],
    zone: ZoneInfo,
    names: SchoolNames,
) -> MemberView:
    own_words, more_words = _own_words(row, alike, names)
    return MemberView(
        number=number,
        level=row["level"],
        level_word=LEVELS[row["level"]],
        who=who_view(row, names).heading,
        began=clock(row["first_ts"], zone)[:5],
        own_words=own_words,
        more_words=more_words,
        apart=apart,
    )


def _own_words(row: Mapping[str, Any], alike: frozenset[str], names: SchoolNames) -> tuple[tuple[str, ...], str]:
    """The gravest texts of this kind that are not the class's, and how many more; of an address the site's name."""
    hits = [each for each in row["hits"] or [] if each["category"] == row["category"] and each["level"] != "record"]
    ordered = sorted(hits, key=lambda each: (list(LEVELS).index(each["level"]), each["ts"], each["hit_id"]))
    texts = [str(each["host" if each["field"] in _ADDRESSES else "text"] or "") for each in ordered]
    own = [each for each in dict.fromkeys(texts) if each and _folded(each) not in alike]
    if row["who"] not in NAMED:
        mask = mask_for(row["subject_kind"], row["subject"])
        own = [mask.sub(ACCOUNT_WITHHELD, without_names_in(each, names)) for each in own]
    more = len(own) - _OWN_WORDS
    return tuple(own[:_OWN_WORDS]), f"and {counted(more, 'more text', 'more texts')}" if more > 0 else ""


def _folded(text: str) -> str:
    """As `schema.CLUSTERS` has texts."""
    return " ".join(each for each in text.lower().split(" ") if each)


def _did(row: Mapping[str, Any]) -> str:
    verbs = [verb for field, verb in _TYPED.items() if field in row["fields"]]
    what = f"{' or '.join(verbs)} this" if verbs else "asked for pages or sites of this kind"
    if verbs and set(row["fields"]) - set(_TYPED):
        what += ", or asked for pages or sites of this kind,"
    lesson = (row["lesson"] or "").removesuffix(f" ({row['class']})")
    return f"{what} in {lesson}" if lesson else f"{what} within half an hour"


def _title(row: Mapping[str, Any], categories: Mapping[str, Category]) -> str:
    return categories[row["category"]].title if row["category"] in categories else str(row["category"])


def _sure(row: Mapping[str, Any]) -> list[str]:
    said = [(_BY_TIMETABLE if row["lesson"] else _BY_TIME).format(of=row["class"])]
    own, mapped = row["pupils"] - row["mapped"], row["mapped"]
    by_device = f"{mapped} by a device or address that was theirs at the time"
    said.append(f"Known by their own accounts: {own}{f', and {by_device}' if mapped else ''}.")
    if row["nameless"]:
        others = counted(row["nameless"], "other login, device or address", "other logins, devices or addresses")
        said.append(f"{others} of the class did the same. No pupil is named by these, and none is counted for them.")
    return said


def _told(text: str, names: SchoolNames) -> str:
    return _MAILBOXES.sub(ACCOUNT_WITHHELD, without_names_in(text, names))


def _lowered(row: Mapping[str, Any]) -> str:
    if not row["lowered"]:
        return ""
    return f"Lowered for {counted(row['lowered'], 'pupil', 'pupils')}, for the lesson: {', '.join(row['lowered_for'])}."


def _tally(standing: int, folded: int, earlier: int) -> str:
    drafts = counted(standing + folded, "draft belongs", "drafts belong")
    kept = f"{folded} kept together here" if folded else "none kept together here"
    own = "1 stands in its own place" if standing == 1 else f"{standing} stand in their own places"
    here = f"{drafts} to it: {kept}, {own}." if standing else f"{drafts} to it, all kept together here."
    return (
        f"{here} {earlier:,} more {'was' if earlier == 1 else 'were'} shown on an earlier morning." if earlier else here
    )
