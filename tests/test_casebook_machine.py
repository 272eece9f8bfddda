"""Anybody does anything at any time: whatever is taken was allowed, whatever is refused has left no trace, and the
state is what the history says.

What is allowed is written down here a second time, from docs/casebook.md, and not asked of the program.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import polars as pl
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from typing_extensions import override

from casebook import deciding
from casebook.access import NIGHT
from casebook.case import STATES, Case, drafts_in
from casebook.dataprotection import retention
from casebook.display.listing import held_for, visible
from casebook.display.looks import looks
from casebook.display.showing import Viewer, as_data
from casebook.holds import held
from casebook.intake import take_in
from casebook.kinds import AGENCIES, GROUNDS, OUTCOMES, PARTS, SECONDED, CasebookError
from casebook.projection import rows_of, same, stored
from casebook.splitting import split
from casebook.store import Casebook, case_of, history
from casebook.verifying import verify
from pipeline.lists.watchtoml import ROUTES
from tests.effort import tries
from tests.made_casebook import ACCESS, CATEGORIES, NOW, STAFF, casebook, do, routes, who
from tests.made_drafts import Place, a_night, draft, drafts, hit

ZONE = ZoneInfo("Europe/London")
PEOPLE = [each.account for each in STAFF]
DSLS = {"d.lead", "p.deputy"}
WORDS = st.sampled_from(["So it was.", "As the policy says.", "Ünïcode — and \U0001f512"])
#: (state, action) that the document allows; actions that are not here never change a state.
MOVES = {
    ("draft", "review"): "under-review", ("under-review", "confirm"): "confirmed",
    ("under-review", "dismiss"): "dismissed", ("confirmed", "escalate"): "escalated",
    ("escalated", "escalate"): "escalated", ("confirmed", "close"): "closed", ("escalated", "close"): "closed",
    ("dismissed", "reopen"): "under-review", ("closed", "reopen"): "under-review",
}  # fmt: skip
DECISIONS = {kind for _, kind in MOVES}
#: What a night may have written before: what may be illegal on the route of what leads.
MIXED = draft(
    "Mo Sample",
    [
        hit("how to end it tonight", "end it", Place(501)),
        hit("Child Abuse", "Child Abuse", Place(502, 180), category="illegal-content", field="vendor_category"),
        hit("nothing hurts any more", "hurts", Place(503, 240)),
    ],
    level="urgent",
    route="pupil-victim",
)
PARTY_NAMES = [*PEOPLE[:5], "a.pupil", "hhead-admin", "Mr Hari Head", "Dana Lead"]
KEPT = {rule: retention.Period(rule, 100, "the program") for rule in retention.RULES}
#: What whoever was brought in does as a second person.
AS_SECOND = {"note", "agree", "reveal"}


def accounts_of(account: str) -> set[str]:
    """Under what they may be part of a case."""
    return {"h.head": {"h.head", "hhead-admin"}}.get(account, {account})


def unlisted() -> pl.DataFrame:
    """Drafts of accounts of which the people file says nothing."""
    return drafts(
        *(
            draft(
                account, [hit(f"loser {account}", "loser", category="bullying")], subject=f"account:{account}",
                subject_kind="account", who="unknown-account", role=None,
            )
            for account in ("hhead-admin", "z.unlisted")
        )
    )  # fmt: skip


def the_night() -> pl.DataFrame:
    """What the night brings."""
    return pl.concat([drafts(*a_night().iter_rows(named=True), MIXED), unlisted()])


@dataclass(frozen=True)
class Concern:
    """Who is part of a case or of what became of it, whom it is about, and who was brought in."""

    people: set[str]
    side: str
    brought_in: set[str]
    #: Who may know of it, if nobody can tell any more who was part of it.
    left: set[str] | None


def may_decide(account: str, case: Concern) -> bool:
    """The table of docs/casebook.md, by hand."""
    if accounts_of(account) & case.people:
        return False
    if case.left is not None:
        return account == "c.chair" and account in case.left
    if accounts_of("h.head") & case.people:
        return account == "c.chair"
    return account == "h.head" or (case.side == "pupil" and account in DSLS)


def may_see(account: str, case: Concern) -> bool:
    """The same, with whoever was brought in."""
    brought_in = account in case.brought_in and case.left is None
    return may_decide(account, case) or (brought_in and not accounts_of(account) & case.people)


def is_technical(account: str, case: Concern) -> bool:
    """Whether they are told what to do on which device."""
    return account == "n.network" and case.side == "pupil" and case.left is None and account not in case.people


class Anybody(RuleBasedStateMachine):
    """Eight people, the incidents of a night, and what they report."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.opened = casebook(self.folder)
        self.book: Casebook = self.opened.__enter__()
        self.minute = 0
        #: Incidents that hold something illegal, perhaps, and what of them was answered to that, as the document says.
        self.illegal: set[str] = set()
        self.answered: dict[str, dict[str, str]] = {}
        self.left: dict[str, set[str]] = {}

    @initialize()
    def a_night(self) -> None:
        # Two of its drafts are filed under accounts that no people file has: one is the head's second.
        take_in(self.book, the_night(), NOW, STAFF)
        self.illegal = {each for each in self.ids() if "illegal-content" in self.told(each)[0].facts["categories"]}

    def comes(self, incident: str) -> None:
        """Something that may be illegal has come into it."""
        self.illegal.add(incident)
        self.answered.pop(incident, None)

    def goes(self, incident: str, before: Case, route: str) -> None:
        """It has gone from one route to another."""
        given = self.answered.get(incident, {})
        if before.route == "illegal" and given.get("confirmed", given.get("illegal")) == "no":
            self.illegal.discard(incident)
        elif before.route == "illegal":
            self.illegal.add(incident)
        if route == "illegal":
            self.answered.pop(incident, None)

    def ids(self) -> list[str]:
        with self.book.reading() as connection:
            return sorted(stored(connection))

    def case(self, incident: str) -> Case:
        with self.book.reading() as connection:
            return case_of(connection, incident)

    def told(self, incident: str) -> list[Any]:
        with self.book.reading() as connection:
            return history(connection, incident)

    def concern(self, incident: str) -> Concern:
        """By hand: whoever is part of where any of it went is part of it."""
        name, told = incident, self.told(incident)
        people, side = set(self.case(incident).parties), self.case(incident).own_side
        waiting, passed = [incident], {incident}
        while waiting:
            for each in self.told(waiting.pop()):
                if each.kind in {"merge", "split", "merged-from"}:
                    other = each.facts["origin" if each.kind == "merged-from" else "into"]
                    if each.kind != "merged-from":
                        people |= self.case(other).parties.keys() if other != incident else set()
                    waiting += [other] if other not in passed else []
                    passed.add(other)
        while end := self.case(incident).merged_into:
            incident = end
            side = "staff" if self.case(end).own_side == "staff" else side
        brought_in = {each.facts["colleague"] for each in told if each.kind == "bring-in"}
        return Concern(people, side, brought_in, self.left.get(name))

    def attempt(self, account: str, incident: str, kind: str, **values: Any) -> bool:
        """Whether it was taken."""
        before, told = self.case(incident), self.told(incident)
        concern = self.concern(incident)
        seen = may_see(account, concern)
        self.minute += 1
        try:
            after = do(self.book, account, incident, kind, self.minute, **values)
        except CasebookError:
            assert len(self.told(incident)) == len(told), "what was refused has left a trace"
            return False
        routing = kind == "step" and is_technical(account, concern)
        allowed = may_decide(account, concern) or (seen and kind in AS_SECOND) or routing
        assert allowed, f"{account} may not do {kind} in {incident}"
        if kind in DECISIONS:
            assert after.state == MOVES[before.state, kind]
        else:
            assert after.state == before.state
        self.refuse_alone(account, before, kind, told, concern.people)
        if kind == "reroute":
            self.goes(incident, before, values["route"])
        return True

    def refuse_alone(self, account: str, before: Case, kind: str, told: list[Any], people: set[str]) -> None:
        """Whoever did what needs two had somebody else's word for it, given after the last evidence."""
        ever_urgent = any(each.facts.get("level") == "urgent" for each in told)
        illegal = before.route == "illegal" or before.id in self.illegal
        wanted = {"review": "open", "close": "close", "reroute": "reroute"}.get(kind) if illegal else None
        if kind in {"dismiss", "merge"} and (illegal or ever_urgent):
            wanted = "dismiss"
        if wanted is None:
            return
        bringing = {"late-evidence", "merged-from", "answer"} if illegal and wanted == "reroute" else {"late-evidence"}
        since = max((at for at, each in enumerate(told) if self.takes_back(each, bringing)), default=0)
        others = {each.author for each in told[since:] if each.kind == "agree" and each.facts["agreed"] == wanted}
        others = {each for each in others - {account} if not accounts_of(each) & people}
        assert others, f"{account} did {kind} alone"

    @staticmethod
    def takes_back(told: Any, bringing: set[str]) -> bool:
        """Whether the action takes back what was agreed before: it brings evidence, or says whether it is illegal."""
        return told.kind in bringing and (told.kind != "answer" or told.facts["question"] in {"illegal", "confirmed"})

    @rule(data=st.data(), account=st.sampled_from(PEOPLE), kind=st.sampled_from(sorted(DECISIONS)), words=WORDS)
    def decide(self, data: st.DataObject, account: str, kind: str, words: str) -> None:
        incident = data.draw(st.sampled_from(self.ids()))
        values: dict[str, Any] = {} if kind == "review" and data.draw(st.booleans()) else {"reason": words}
        if kind == "dismiss":
            values["ground"] = data.draw(st.sampled_from(GROUNDS))
        elif kind == "escalate":
            values["agency"] = data.draw(st.sampled_from(AGENCIES))
        elif kind == "close":
            values |= {"outcome": data.draw(st.sampled_from(OUTCOMES)), "debrief": words}
        elif kind == "confirm" and (category := data.draw(st.sampled_from([None, *CATEGORIES]))):
            values["category"] = category
        if self.attempt(account, incident, kind, **values) and values.get("category") in {"illegal-content", "our-own"}:
            self.comes(incident)

    @rule(data=st.data(), account=st.sampled_from(PEOPLE), question=st.sampled_from(["illegal", "confirmed"]))
    def say_whether_it_is_illegal(self, data: st.DataObject, account: str, question: str) -> None:
        incident = data.draw(st.sampled_from(self.ids()))
        answer = data.draw(st.sampled_from(["no", "yes"]))
        if self.attempt(account, incident, "answer", route="illegal", question=question, answer=answer):
            self.answered.setdefault(incident, {})[question] = answer

    @rule(data=st.data(), account=st.sampled_from(PEOPLE), words=WORDS)
    def split_off(self, data: st.DataObject, account: str, words: str) -> None:
        incident = data.draw(st.sampled_from(self.ids()))
        before, told, concern = self.case(incident), self.told(incident), self.concern(incident)
        hits = sorted({hit["hit_id"] for draft in drafts_in(told) for hit in draft["hits"]})
        chosen = data.draw(st.sets(st.sampled_from(hits), min_size=1)) if hits else {"0" * 16}
        try:
            made = split(self.book, ACCESS, who(account), incident, sorted(chosen), words, NOW)
        except CasebookError:
            assert len(self.told(incident)) == len(told)
            return
        assert may_decide(account, concern)
        if before.route == "illegal" or incident in self.illegal:
            self.illegal.add(made.id)

    @rule(data=st.data(), account=st.sampled_from(PEOPLE), agreed=st.sampled_from(SECONDED), words=WORDS)
    def agree(self, data: st.DataObject, account: str, agreed: str, words: str) -> None:
        self.attempt(account, data.draw(st.sampled_from(self.ids())), "agree", agreed=agreed, reason=words)

    @rule(data=st.data(), account=st.sampled_from(PEOPLE), kind=st.sampled_from(["note", "reveal", "hold", "release"]))
    def note_and_hold(self, data: st.DataObject, account: str, kind: str) -> None:
        incident = data.draw(st.sampled_from(self.ids()))
        values = {"text": "So."} if kind == "note" else {"reason": "So."}
        if kind == "reveal":
            values["until"] = NOW.isoformat()
        self.attempt(account, incident, kind, **values)

    @rule(data=st.data(), account=st.sampled_from(PEOPLE), route=st.sampled_from(ROUTES), words=WORDS)
    def change_the_route(self, data: st.DataObject, account: str, route: str, words: str) -> None:
        self.attempt(account, data.draw(st.sampled_from(self.ids())), "reroute", route=route, reason=words)

    @rule(data=st.data(), account=st.sampled_from(PEOPLE), route=st.sampled_from(ROUTES))
    def tick(self, data: st.DataObject, account: str, route: str) -> None:
        step = data.draw(st.sampled_from([each.id for each in routes()[route].steps]))
        self.attempt(account, data.draw(st.sampled_from(self.ids())), "step", route=route, step=step)

    @rule(
        data=st.data(),
        account=st.sampled_from(PEOPLE),
        person=st.sampled_from(PARTY_NAMES),
        part=st.sampled_from(PARTS),
    )
    def enter_a_party(self, data: st.DataObject, account: str, person: str, part: str) -> None:
        kind = "pupil" if person == "a.pupil" else "unknown"
        incident = data.draw(st.sampled_from(self.ids()))
        self.attempt(account, incident, "party", person=person, part=part, person_kind=kind)

    @rule(data=st.data(), account=st.sampled_from(PEOPLE), colleague=st.sampled_from(PEOPLE), words=WORDS)
    def bring_in(self, data: st.DataObject, account: str, colleague: str, words: str) -> None:
        self.attempt(account, data.draw(st.sampled_from(self.ids())), "bring-in", colleague=colleague, reason=words)

    @rule(data=st.data(), account=st.sampled_from(PEOPLE), words=WORDS)
    def merge(self, data: st.DataObject, account: str, words: str) -> None:
        one, other = data.draw(st.sampled_from(self.ids())), data.draw(st.sampled_from(self.ids()))
        before, told, length = self.case(one), self.told(one), len(self.told(other))
        both = self.concern(one), self.concern(other)
        self.minute += 1
        try:
            deciding.merge(self.book, ACCESS, routes(), who(account), one, other, words, NOW)
        except CasebookError:
            assert (len(self.told(one)), len(self.told(other))) == (len(told), length)
            return
        assert one != other
        assert all(may_decide(account, each) for each in both)
        assert self.case(one).state == "merged"
        if before.route == "illegal" or one in self.illegal:
            self.comes(other)
        self.refuse_alone(account, before, "merge", told, both[0].people)

    @rule(data=st.data(), account=st.sampled_from(PEOPLE), kind=st.sampled_from(["hold", "release"]), words=WORDS)
    def hold(self, data: st.DataObject, account: str, kind: str, words: str) -> None:
        self.attempt(account, data.draw(st.sampled_from(self.ids())), kind, reason=words)

    def group_of(self, incident: str) -> set[str]:
        """The incident and all that were merged with it or split from it, by what the histories say."""
        linking = {"merge", "split"}
        pairs = [(one, each.facts["into"]) for one in self.ids() for each in self.told(one) if each.kind in linking]
        group = {incident}
        for _ in pairs:
            group |= {each for pair in pairs if group & set(pair) for each in pair}
        return group

    def is_laid(self, incident: str) -> bool:
        said = [each.kind for each in self.told(incident) if each.kind in {"hold", "release"}]
        return said[-1:] == ["hold"]

    @rule(account=st.sampled_from(["d.lead", "h.head", "c.chair"]))
    def look_for_what_is_held(self, account: str) -> None:
        """A hold shows wherever something is kept for its sake."""
        with self.book.reading() as connection:
            listed = visible(connection, ACCESS, who(account), STATES)
            told = {row["id"]: held_for(connection, ACCESS, who(account), row["id"]) for row in listed}
            kept = held(connection)
        for row in listed:
            laid = {each for each in self.group_of(row["id"]) if self.is_laid(each)}
            assert row["held"] == bool(laid) == (row["id"] in kept) == (told[row["id"]] is not None)
            assert set(told[row["id"]] or ()) == laid & {each["id"] for each in listed}

    @rule(account=st.sampled_from(PEOPLE), person=st.sampled_from(PARTY_NAMES), part=st.sampled_from(PARTS))
    def report(self, account: str, person: str, part: str) -> None:
        facts = {"category": "bullying", "level": "high", "route": "pupil-victim", "day": "2026-10-13"}
        kind = "pupil" if person == "a.pupil" else "unknown"
        content = {
            "summary": "Told.",
            "reported_by": "a friend",
            "parties": [{"person": person, "part": part, "kind": kind}],
        }
        try:
            deciding.report(self.book, ACCESS, who(account), facts, content, NOW)
        except CasebookError:
            assert account == "g.governor"

    @rule(account=st.sampled_from(PEOPLE))
    def look(self, account: str) -> None:
        """Whoever looks sees what the document says, all of it and no more."""
        with self.book.reading() as connection:
            listed = {row["id"]: row for row in visible(connection, ACCESS, who(account), STATES)}
        for incident in self.ids():
            case, told = self.case(incident), self.told(incident)
            concern = self.concern(incident)
            seen = may_see(account, concern)
            routing = is_technical(account, concern)
            assert (incident in listed) == (seen or routing)
            assert ("category" in listed.get(incident, {})) == seen
            try:
                shown = as_data(case, told, routes()[case.route], Viewer(who(account), ACCESS, b"k" * 32, ZONE, NOW))
            except CasebookError:
                assert not seen
                assert not routing
            else:
                assert ("history" in shown) == seen

    @rule(account=st.sampled_from(["d.lead", "h.head", "a.auditor"]))
    def ask_who_looked(self, account: str) -> None:
        """Whoever may ask reads of all cases that they see, an auditor of all that are not their own; of no other."""
        with self.book.reading() as connection:
            told = {each["about"] for each in looks(connection, ACCESS, who(account))}
        for incident in self.ids():
            concern = self.concern(incident)
            outside = account not in concern.people and (concern.left is None or account in concern.left)
            knows = may_see(account, concern) or (account == "a.auditor" and outside)
            looked = any(each.kind in {"view", "reveal", "export"} for each in self.told(incident))
            assert (incident in told) == (knows and looked)

    @rule()
    def what_is_over_is_erased(self) -> None:
        """Whoever was part of it does not get to see it once nobody is named."""
        before = {each: (self.concern(each), len(self.told(each))) for each in self.ids()}
        retention.purge(self.book, KEPT, NIGHT, NOW + timedelta(days=5_000), STAFF)
        for incident, (concern, length) in before.items():
            if all(each.kind != "erase" for each in self.told(incident)[length:]):
                continue
            parted = {each for each in PEOPLE if accounts_of(each) & concern.people}
            left = {"c.chair", "a.auditor"} - parted
            if parted or concern.side == "staff" or concern.left is not None:
                self.left[incident] = left & (left if concern.left is None else concern.left)

    @rule()
    def the_night_runs_again(self) -> None:
        taken = take_in(self.book, the_night(), NOW, STAFF)
        assert taken.new == taken.late == 0

    @precondition(lambda self: self.minute < 30)
    @rule(at=st.integers(0, 5), number=st.integers(0, 9))
    def late_evidence(self, at: int, number: int) -> None:
        row = a_night().row(at, named=True)
        before = {each: self.case(each).state for each in self.ids()}
        told = {each: len(self.told(each)) for each in self.ids()}
        take_in(self.book, drafts({**row, "evidence_sha256": str(number) * 64}), NOW)
        for each, length in told.items():
            if len(self.told(each)) > length and row["category"] == "illegal-content":
                self.comes(each)
        assert {each: self.case(each).state for each in self.ids()} == before

    @invariant()
    def what_may_be_illegal_is_withheld(self) -> None:
        for incident in self.ids():
            case = self.case(incident)
            assert case.withheld == (case.route == "illegal" or incident in self.illegal), incident

    @invariant()
    def the_tables_say_what_the_histories_say(self) -> None:
        with self.book.reading() as connection:
            for incident, rows in stored(connection).items():
                assert same(rows_of(case_of(connection, incident)), rows), incident

    @override
    def teardown(self) -> None:
        try:
            assert verify(self.book).faults == []
        finally:
            self.opened.__exit__(None, None, None)
            shutil.rmtree(self.folder)


TestAnybody = Anybody.TestCase
TestAnybody.settings = settings(max_examples=tries(60), stateful_step_count=25, deadline=None)
