"""The order of levels, and how urgent the hits of one episode are together, with the reasons in words.

In: hits of one episode with the level that each has by itself, in order of time; the severities of their categories.
Out: a level (`schema.LEVELS`), the category that leads, reasons. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Final, NamedTuple

from pipeline.schema import BY_WORDS, LED_TO, LEVELS, STATUTORY

#: So many different texts of one category in one episode raise its level by one: of the gravest, and of the others.
REPEATS, REPEATS_OF_OTHERS = 3, 5
#: And so many after one that was blocked.
_AFTER_A_BLOCK = 2
#: What repeats, and going on after a block, raise to at most: in the gravest categories, and in the others.
_RAISED_TO, _OTHERS_RAISED_TO = "high", "medium"
#: So many hits, over so many levels, show that something grows.
_TO_GROW, _STEPS_TO_GROW = 3, 2
#: So many lines that say when, where or with what are looked at, whatever else there is.
SIGNS = 3
#: From the level that finds about a child in danger have by themselves: so many such lines with them -> its level.
_PRESSED: Final[Mapping[str, tuple[tuple[int, str], ...]]] = {
    "high": ((1, "urgent"),),
    "medium": ((3, "urgent"), (2, "high")),
    "low": ((4, "high"), (SIGNS, "medium")),
    "record": ((6, "high"), (4, "medium")),
}


def at_least(level: str) -> tuple[str, ...]:
    """The levels from the most urgent down to `level`."""
    return LEVELS[: LEVELS.index(level) + 1]


def most_urgent(levels: Iterable[str]) -> str:
    """The most urgent of some levels."""
    return min(levels, key=LEVELS.index)


class Seen(NamedTuple):
    """One hit of an episode, as far as it decides about the level. In order of time."""

    category: str
    level: str
    text: str
    field: str
    verdict: str
    kind: str
    view: str = "words"
    #: The lesson that has lowered it; empty if none has.
    lesson: str = ""
    #: What it says, where it is in another language than English.
    translation: str = ""
    #: Whether it says when, where or with what.
    imminent: bool = False


#: So many translations are among the reasons; every find has its own beside it.
_MOST_TRANSLATED = 3
#: What the reason begins with that tells what was written: it gives typed words away.
TRANSLATED: Final = "what it says, in "
#: The first reason of all, where what may be illegal and a child at risk are in one draft.
SEE_TO_THE_CHILD: Final = "a child may be in danger: see to the child at once, before anything else"
#: What was found by no rule.
_ITS_WORDS: Final = "no word or phrase of it is enough by itself, but all its words taken together are"
#: How a text was hidden, in words.
_HIDDEN = {
    "entities": "letters written as codes",
    "look-alikes": "letters of another alphabet that look like ours",
    "digits": "digits and signs in place of letters",
    "apart": "letters set apart",
    "emoji": "pictures in place of words",
    "repeated": "letters drawn out",
    "masked": "letters left out with a sign",
    "together": "words run together",
    "misspelt": "letters changed or left out",
}
_OF_SITES = {
    STATUTORY: "an address on a statutory list",
    LED_TO: "a site on the list, to which a redirector, a proxy or a translator leads",
}
#: What the reasons of an episode say beyond the hit that leads it.
_IN_A_HIDDEN_WAY, _OF_THIS_KIND = "written in a hidden way", "different texts or sites of this kind"
_WENT_ON, _GREW, _TOGETHER = "went on after a block", "grew more serious as it went on", "together with"
_ONCE = "once only"
_NEAR = "it is said when, where or with what"
#: The words of each, and what it is where several have it.
_FURTHER = {
    _IN_A_HIDDEN_WAY: _IN_A_HIDDEN_WAY,
    _OF_THIS_KIND: f"several {_OF_THIS_KIND}",
    _WENT_ON: _WENT_ON,
    _GREW: _GREW,
    _NEAR: _NEAR,
    _TOGETHER: "other categories besides",
}
#: What the strongest hit of an episode shows, in words.
_SHOWN = {
    "typed_text": "typed on the keyboard",
    "search_text": "typed as a search",
    "title": "the title of a page or window",
    "vendor_category": "the filter's own category for the site",
    "host": "a site on the list",
    "path": "words in the address of a page",
    "query": "words in the address of a page",
}


def episode_level(seen: list[Seen], severities: Mapping[str, str]) -> tuple[str, str, list[str]]:
    """Level, leading category and reasons of an episode; `severities` are those of the categories.

    The most urgent hit decides, of equals that of the gravest category, then the first. Repeats, and going on after a
    block, raise the level by one step, but never above `high`, or `medium` where the category is not of the gravest, or
    above the severity of the category: many small things do not cry like one great one. A `record` is never raised by
    that. Where lines beside it say when, where or with what, the level of what is about a child in danger rises as
    `_PRESSED` has it.
    """
    lead, pressed = _leading(seen, severities)
    level = lead.level
    reasons = [_OF_SITES.get(lead.view) or _SHOWN.get(lead.field, lead.field)]
    # What a lesson explains shows nothing by being many.
    same = [each for each in seen if each.category == lead.category and each.level != "record" and not each.lesson]
    texts = {each.text for each in same}
    if lead.view == BY_WORDS:
        reasons.append(_ITS_WORDS)
    if lead.view in _HIDDEN:
        reasons.append(f"{_IN_A_HIDDEN_WAY}: {_HIDDEN[lead.view]}")
    translated = dict.fromkeys(each.translation for each in seen if each.category == lead.category and each.translation)
    reasons += [TRANSLATED + each for each in list(translated)[:_MOST_TRANSLATED]]
    raising = []
    if len(texts) >= (REPEATS if severities[lead.category] == "urgent" else REPEATS_OF_OTHERS):
        raising.append(f"{len(texts)} {_OF_THIS_KIND}, close together")
    if _went_on_after_block(same):
        raising.append(_WENT_ON)
    reasons += raising
    if _grew(same):
        reasons.append(_GREW)
    severity = severities[lead.category]
    most = max((severity, _RAISED_TO if severity == LEVELS[0] else _OTHERS_RAISED_TO), key=LEVELS.index)
    above = LEVELS[max(LEVELS.index(level) - 1, LEVELS.index(most))]
    raised = most_urgent((level, above)) if raising and level != "record" else level
    if LEVELS.index(pressed) < LEVELS.index(raised):
        reasons.append(_NEAR)
    raised = most_urgent((level, raised, pressed))
    if raised != level:
        reasons.append(f"therefore {raised} instead of {level}")
        level = raised
    reasons += [f"lowered for a lesson: {what}" for what in sorted({each.lesson for each in seen} - {""})]
    others = sorted({each.category for each in seen if each.category != lead.category and each.level != "record"})
    if others:
        reasons.append(f"{_TOGETHER}: {', '.join(others)}")
    return level, lead.category, reasons


def _leading(seen: list[Seen], severities: Mapping[str, str]) -> tuple[Seen, str]:
    """The hit that leads an episode, and the level that it has with the lines that say when, where or with what."""
    lead = _first_of(seen, severities)
    in_danger = [each for each in seen if severities[each.category] == LEVELS[0]]
    signs = {each.text for each in in_danger if each.imminent}
    if not signs:
        return lead, lead.level
    grave = _first_of(in_danger, severities)
    # What would make a draft by itself is no sign of its own, if nothing else is as grave; what would not is one of
    # several.
    as_grave = {each.text for each in in_danger if each.level == grave.level}
    counted_twice = grave.level in at_least("medium") and as_grave <= signs
    lines = len(signs) - counted_twice
    pressed = next((to for least, to in _PRESSED.get(grave.level, ()) if lines >= least), grave.level)
    return (grave, pressed) if LEVELS.index(pressed) < LEVELS.index(lead.level) else (lead, lead.level)


def _first_of(seen: list[Seen], severities: Mapping[str, str]) -> Seen:
    """The most urgent hit. Of equals the law comes first, then what is gravest at its worst, then what was first.

    Who is hated and hurts herself is no case of bullying.
    """
    return min(
        seen,
        key=lambda each: (
            LEVELS.index(each.level), each.view != STATUTORY, LEVELS.index(severities[each.category]),
        ),
    )  # fmt: skip


def drafted_level(
    seen: list[Seen], severities: Mapping[str, str], only_again: Container[str]
) -> tuple[str, str, list[str]]:
    """`episode_level`, but `low` for what is `medium` and was done once, in a category of `only_again`.

    Once is one text that was searched for, or one site that was blocked. What the filter let through was looked at.
    """
    level, category, reasons = episode_level(seen, severities)
    lesser = all(each.category in only_again for each in seen if each.level in at_least("medium"))
    if level == "medium" and lesser and _once([each for each in seen if each.category == category]):
        return "low", category, [*reasons, _ONCE]
    return level, category, reasons


def _once(seen: list[Seen]) -> bool:
    counted = [each for each in seen if each.level != "record"]
    judged_by_filter = [each for each in counted if each.field == "vendor_category"]
    # The filter calls many sites the same; where it names one that we know as well, that tells them apart.
    texts = {each.text for each in counted if each.field != "vendor_category"}
    return (
        all(each.field == "search_text" or each.verdict == "blocked" for each in counted)
        and len(texts) <= 1
        and (bool(texts) or len(judged_by_filter) == 1)
    )


def further(reasons: Iterable[str]) -> dict[str, str]:
    """Of the reasons of an episode those that tell more than what led: what each is in general, and its own words."""
    return {kind: reason for reason in reasons for words, kind in _FURTHER.items() if words in reason}


def _grew(seen: list[Seen]) -> bool:
    """Whether the levels rise and never fall, from the first to the last of three and more."""
    ranks = [LEVELS.index(each.level) for each in seen]
    return len(seen) >= _TO_GROW and ranks == sorted(ranks, reverse=True) and ranks[0] - ranks[-1] >= _STEPS_TO_GROW


def _went_on_after_block(seen: list[Seen]) -> bool:
    blocked_at = next((at for at, each in enumerate(seen) if each.verdict == "blocked"), None)
    if blocked_at is None:
        return False
    later = {each.text for each in seen[blocked_at + 1 :]} - {seen[blocked_at].text}
    return len(later) >= _AFTER_A_BLOCK
