"""What may be illegal: the route for it, and what brings it into a case.

In: facts of an action, or the answers that were given. Out: whether something in them may be illegal, or whether it was
settled that nothing is. A case that holds such a thing is withheld on whatever route it is. Refuses nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: The route under which nothing is shown, and nothing done by one person alone.
ILLEGAL: Final = "illegal"
#: The shipped categories that lead to it. A school's own are known by the route of the drafts that they make, and by
#: the fact `illegal` where a person has named one.
ILLEGAL_CATEGORIES: Final = frozenset({"illegal-content", "nudes"})
#: The questions of that route that say whether it is: what came of it, and before that what was thought of it.
SETTLING: Final = ((ILLEGAL, "confirmed"), (ILLEGAL, "illegal"))

Answers = Mapping[tuple[str, str], str]


def brings_illegal(facts: Mapping[str, Any]) -> bool:
    """Whether the action with these facts brings something that may be illegal."""
    if "illegal" in facts:
        return bool(facts["illegal"])
    named = {facts.get("category"), *facts.get("categories", ())}
    return facts.get("route") == ILLEGAL or not named.isdisjoint(ILLEGAL_CATEGORIES)


def is_settled(answers: Answers) -> bool:
    """Whether it was answered, on the route for it, that nothing is illegal."""
    given = (answers.get(asked) for asked in SETTLING)
    return next((word for word in given if word is not None), None) == "no"


def asked_anew(answers: Answers) -> Answers:
    """The answers without those that spoke of what was known before."""
    return {asked: word for asked, word in answers.items() if asked not in SETTLING}
