"""The decision table of the routes: every branch of the flowcharts and every row of the tables of incidents.

After the flowcharts and tables in the policies of schools and of Becta, in own words. Each row says who did what, what
was answered on the way, and what must then be done in which order, whom to reach, where it goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Leg:
    """One route of a row: what is answered on it, what follows."""

    route: str
    answers: dict[str, str]
    #: Steps that must come, in this order; others may lie between them.
    steps: tuple[str, ...]
    #: Whom to reach: a contact of any of these steps, or `step:contact` for one of that step.
    contacts: frozenset[str] = frozenset()
    #: Steps that must not come.
    never: tuple[str, ...] = ()
    #: The route that it goes on with.
    to: str = ""


@dataclass(frozen=True)
class Row:
    """One branch."""

    #: Which flowchart or table.
    chart: str
    what: str
    legs: tuple[Leg, ...]


def leg(route: str, steps: str, contacts: str = "", never: str = "", to: str = "", **answers: str) -> Leg:
    """Steps, contacts and what must not come are written in a row; `_` in a question stands for `-`."""
    given = {question.replace("_", "-"): word for question, word in answers.items()}
    return Leg(route, given, tuple(steps.split()), frozenset(contacts.split()), tuple(never.split()), to)


def row(chart: str, what: str, *legs: Leg) -> Row:
    return Row(chart, what, legs)


def illegal(steps: str, contacts: str = "", **rest: Any) -> Leg:
    return leg("illegal", steps, contacts, **rest)


def pupil(steps: str, contacts: str = "", **rest: Any) -> Leg:
    """Found to be neither illegal nor about a pupil at risk, with substance."""
    return leg("pupil-inappropriate", steps, contacts, **{**_HARMLESS, **rest})


def victim(steps: str, contacts: str = "", **rest: Any) -> Leg:
    return leg("pupil-victim", steps, contacts, **{"danger": "no", "illegal": "no", "substance": "yes", **rest})


def staff(steps: str, contacts: str = "", **rest: Any) -> Leg:
    return leg("staff-instigator", steps, contacts, **{"told_to": "head-teacher", "illegal": "no", **rest})


def staff_victim(steps: str, contacts: str = "", **rest: Any) -> Leg:
    return leg("staff-victim", steps, contacts, **{"told_to": "head-teacher", "substance": "yes", **rest})


def network(steps: str, contacts: str = "", **rest: Any) -> Leg:
    return leg("network-misuse", steps, contacts, **{"substance": "yes", **rest})


def accident(steps: str, contacts: str = "", **rest: Any) -> Leg:
    return leg("accidental", steps, contacts, **{"illegal": "no", **rest})


_HARMLESS = {"illegal": "no", "at_risk": "no", "substance": "yes"}
_BEFORE_LOOKING = "second-person one-computer record substance"
_ENDS = "outcome debrief"
_ILLEGAL_BEGINS = "immediate-risk stop tell decide police-advice isolate preserve network"
_PUPIL_ENDS = "agreement published how-serious"
_TO_ILLEGAL = "may-be-illegal to-illegal"

#: Staff as victims (S1, and the same in S3).
STAFF_AS_VICTIMS = (
    row("staff as victims", "Whoever it is: it goes to the head teacher, who logs it, keeps evidence, offers support",
        staff_victim(f"to-whom tell {_BEFORE_LOOKING} log evidence governing-body support child serious by-whom",
                     "chair-of-governors hr union professionals-helpline", never="tell-chair tell-others")),
    row("staff as victims", "The head teacher is part of it: the chair of governors",
        staff_victim("to-whom tell-chair second-person log evidence", "tell-chair:chair-of-governors",
                     never="tell tell-others",
                     told_to="chair-of-governors")),
    row("staff as victims", "Nobody of these can be told: a senior leader, the LADO, the helpline",
        staff_victim("to-whom tell-others second-person", "tell-others:lado professionals-helpline whistleblowing",
                     never="tell tell-chair",
                     told_to="neither")),
    row("staff as victims", "There is nothing in it",
        staff_victim(f"{_BEFORE_LOOKING} {_ENDS}", never="log evidence support by-whom", substance="no")),
    row("staff as victims", "Parents did it; asking them was enough",
        staff_victim(f"log evidence by-whom parent remove solved other-parents {_ENDS}",
                     never="governors pupils colleague police child-protection", instigator="parent", solved="yes",
                     serious="no",
                     at_risk="no")),
    row("staff as victims", "Parents did it; asking them was not enough",
        staff_victim(f"evidence parent remove solved governors other-parents {_ENDS}", "chair-of-governors",
                     instigator="parent", solved="no")),
    row("staff as victims", "Pupils did it, openly and for the first time",
        staff_victim("log evidence support by-whom pupils", to="pupil-inappropriate", never=f"parent remove {_ENDS}",
                     instigator="pupil"),
        pupil(f"who why agreement published remove refused how-serious school-rules {_ENDS}",
              never="age network service parents police", purpose="on-purpose", published="yes", refused="no",
              serious="neither")),
    row("staff as victims", "A pupil under 13 did it and refuses to take it down",
        staff_victim("pupils", to="pupil-inappropriate", instigator="pupil"),
        pupil("who agreement published remove refused age network how-serious", "professionals-helpline",
              never="service", purpose="on-purpose", published="yes", refused="yes", under_13="yes")),
    row("staff as victims", "A pupil of 13 or older did it and refuses to take it down",
        staff_victim("pupils", to="pupil-inappropriate", instigator="pupil"),
        pupil("remove refused age service how-serious", "professionals-helpline", never="network",
              purpose="on-purpose", published="yes", refused="yes", under_13="no")),
    row("staff as victims", "Pupils did it again and again",
        staff_victim("pupils", to="pupil-inappropriate", instigator="pupil"),
        pupil("how-serious parents school-rules", never="police", purpose="on-purpose", published="no",
              serious="persistent")),
    row("staff as victims", "A colleague did it",
        staff_victim("by-whom colleague", to="staff-instigator", never="parent remove solved pupils",
                     instigator="staff"),
        staff("to-whom tell-head serious lado-first code", "hr lado", serious="yes")),
    row("staff as victims", "Somebody outside the school did it, and it goes on",
        staff_victim(f"by-whom remove solved governors {_ENDS}", "chair-of-governors", never="parent other-parents",
                     instigator="somebody-else", solved="no")),
    row("staff as victims", "Nobody knows who did it",
        staff_victim(f"by-whom remove solved {_ENDS}", never="parent pupils colleague governors", instigator="unknown",
                     solved="yes")),
    row("staff as victims", "It is serious, or advice is wanted: the police neighbourhood team",
        staff_victim("evidence serious police by-whom", "police-neighbourhood local-authority", serious="yes")),
    row("staff as victims", "A child is at risk in it: the child protection officer, who may bring in the LADO",
        staff_victim("child child-protection", "child-protection lado", at_risk="yes")),
    row("staff as victims", "A child may be at risk in it",
        staff_victim("child child-protection", "child-protection", at_risk="unsure")),
)  # fmt: skip

#: Staff as instigators (S1, and the same in S3).
STAFF_AS_INSTIGATORS = (
    row("staff as instigators", "Serious: HR and the LADO first",
        staff(f"to-whom tell-head may-be-illegal serious lado-first second-person child code {_ENDS}", "hr lado",
              never="to-illegal remove tell-chair", serious="yes", at_risk="no")),
    row("staff as instigators", "Not sure whether it is serious: as if it were",
        staff("lado-first second-person", "hr lado", never="remove", serious="unsure")),
    row("staff as instigators", "Not serious: advice of HR, speak with them, taken down at once",
        staff(f"second-person remove code {_ENDS}", "remove:hr code:hr", never="lado-first child-protection",
              serious="no",
              at_risk="no")),
    row("staff as instigators", "It is the head teacher",
        staff("to-whom tell-chair serious", "chair-of-governors", never="tell-head tell-others",
              told_to="chair-of-governors")),
    row("staff as instigators", "Whoever noticed it cannot tell the head teacher",
        staff("to-whom tell-others may-be-illegal", "tell-others:lado professionals-helpline whistleblowing",
              never="tell-head",
              told_to="neither")),
    row("staff as instigators", "A child is at risk",
        staff("child child-protection code", "child-protection lado", serious="yes", at_risk="yes")),
    row("staff as instigators", "A child may be at risk",
        staff("child child-protection", "child-protection", serious="no", at_risk="unsure")),
    row("staff as instigators", "It may be illegal",
        staff(_TO_ILLEGAL, never="serious remove code outcome", to="illegal", illegal="yes"),
        illegal("stop police-advice preserve", "police", illegal="yes")),
    row("staff as instigators", "Nobody is sure whether it is illegal",
        staff(_TO_ILLEGAL, never="serious", to="illegal", illegal="unsure")),
)  # fmt: skip

#: An illegal incident (S3; the right-hand side of Becta's chart, S4 annex B).
ILLEGAL = (
    row("illegal", "Nothing is answered yet: what keeps people and evidence safe comes all the same",
        illegal(f"{_ILLEGAL_BEGINS} activity content child adult await",
                "emergency police chair-of-governors network-support", never="call account report-activity")),
    row("illegal", "A child is in immediate danger: 999 before anything else",
        illegal("immediate-risk call stop", "call:emergency", danger="yes")),
    row("illegal", "No child is in immediate danger",
        illegal("immediate-risk stop", never="call", danger="no")),
    row("illegal", "Not sure: ask for advice at once, and keep everything meanwhile",
        illegal("decide advice police-advice isolate preserve", "social-care advice:police", illegal="unsure")),
    row("illegal", "Illegal activity: the police",
        illegal("decide police-advice isolate preserve activity report-activity await", "police",
                never="advice report-content report-child report-adult support", illegal="yes", activity="yes",
                content="no", at_risk="no", adult="no")),
    row("illegal", "Perhaps illegal activity",
        illegal("report-activity await", "police", illegal="yes", activity="unsure")),
    row("illegal", "Illegal content: the Internet Watch Foundation and the police",
        illegal("content report-content await", "iwf police", never="report-activity", illegal="yes", activity="no",
                content="yes")),
    row("illegal", "Perhaps illegal content",
        illegal("content report-content", "iwf police", illegal="unsure", content="unsure")),
    row("illegal", "A child is at risk: CEOP, and 999 if the danger is immediate",
        illegal("child report-child await support",
                "ceop emergency report-child:social-care child-protection childline support:social-care",
                illegal="yes", at_risk="yes")),
    row("illegal", "A child may be at risk",
        illegal("child report-child support", "ceop", illegal="yes", at_risk="unsure")),
    row("illegal", "An adult who works with children is involved",
        illegal("adult report-adult await", "lado", illegal="yes", adult="yes")),
    row("illegal", "Such an adult may be involved",
        illegal("adult report-adult", "lado", illegal="yes", adult="unsure")),
    row("illegal", "The school's network was used: disable the account",
        illegal("isolate preserve network account activity", "preserve:network-support account:network-support police",
                illegal="yes", network="yes")),
    row("illegal", "The school's network was not used",
        illegal("isolate preserve network", never="account", illegal="yes", network="no")),
    row("illegal", "Confirmed: the police finish, advice on how those concerned are treated, keep watching, debrief",
        illegal(f"await investigation monitor {_ENDS}", "local-authority police",
                never="whose not-confirmed not-confirmed-staff", illegal="yes", confirmed="yes")),
    row("illegal", "Not confirmed, a pupil: back to the school's own procedures",
        illegal("await whose not-confirmed", never=f"investigation monitor {_ENDS}", to="pupil-inappropriate",
                illegal="yes", confirmed="no", subject="pupil"),
        pupil("who why agreement how-serious school-rules", purpose="on-purpose")),
    row("illegal", "Not confirmed, a member of staff",
        illegal("await whose not-confirmed-staff", never="not-confirmed outcome", to="staff-instigator", illegal="yes",
                confirmed="no", subject="staff"),
        staff("to-whom tell-head serious")),
    row("illegal", "Not confirmed, and nobody knows who it was",
        illegal("whose not-confirmed", to="pupil-inappropriate", illegal="unsure", confirmed="no", subject="unknown"),
        pupil(f"{_BEFORE_LOOKING} who")),
    row("illegal", "Decided at once that it is not illegal: the route for what is inappropriate",
        illegal("stop tell decide whose not-confirmed",
                never="police-advice isolate preserve network activity content child adult await investigation",
                to="pupil-inappropriate", illegal="no", subject="pupil"),
        pupil("who why")),
)  # fmt: skip

#: A pupil as victim (S3), and unsuitable materials (the left-hand side of Becta's chart; S3 section 7).
OTHERS = (
    row("pupil as victim", "No danger, nothing illegal: child protection, parents, evidence, support",
        victim(f"safe-now may-be-illegal {_BEFORE_LOOKING} child-protection adult radicalisation home parents evidence"
               f" serious support {_ENDS}", "child-protection social-care childline parents-helpline",
               never="call to-illegal lado prevent not-yet-parents police", adult="no", radicalisation="no",
               home_risk="no",
               serious="no")),
    row("pupil as victim", "In danger at this moment",
        victim("safe-now call may-be-illegal child-protection", "safe-now:emergency call:emergency", danger="yes")),
    row("pupil as victim", "It may be illegal",
        victim(_TO_ILLEGAL, to="illegal", never="second-person record child-protection", illegal="yes"),
        illegal("stop report-child", "ceop", illegal="yes", at_risk="yes")),
    row("pupil as victim", "Nobody is sure whether it is illegal",
        victim(_TO_ILLEGAL, to="illegal", never="record", illegal="unsure")),
    row("pupil as victim", "There is nothing in it", victim(f"substance {_ENDS}", never="support", substance="no")),
    row("pupil as victim", "An adult who works with children",
        victim("adult lado", "lado", adult="yes")),
    row("pupil as victim", "Perhaps such an adult", victim("adult lado", "lado", adult="unsure")),
    row("pupil as victim", "Telling the parents would add to the risk",
        victim("home not-yet-parents evidence", "social-care", never="parents", home_risk="yes")),
    row("pupil as victim", "Perhaps it would",
        victim("not-yet-parents", "social-care", never="parents", home_risk="unsure")),
    row("pupil as victim", "Drawn into extremism", victim("radicalisation prevent", "prevent", radicalisation="yes")),
    row("pupil as victim", "Perhaps drawn in", victim("prevent", "prevent", radicalisation="unsure")),
    row("pupil as victim", "Serious, or advice is wanted",
        victim("serious police support", "police-neighbourhood professionals-helpline", serious="yes")),
    row("unsuitable material", "A pupil, on purpose: review and decide, the school's own rules",
        pupil(f"may-be-illegal at-risk {_BEFORE_LOOKING} who why agreement published how-serious parents police"
              f" school-rules {_ENDS}", "police-neighbourhood", never="to-illegal to-victim by-accident remove refused",
              purpose="on-purpose", published="no", serious="serious")),
    row("unsuitable material", "It stays unclear whether it was on purpose",
        pupil("why agreement school-rules", never="by-accident", purpose="unclear")),
    row("unsuitable material", "There is nothing in it",
        pupil(f"substance {_ENDS}", never="who school-rules", substance="no")),
    row("unsuitable material", "It may be illegal after all",
        pupil(_TO_ILLEGAL, to="illegal", never="at-risk who", illegal="yes"), illegal("stop decide", illegal="yes")),
    row("unsuitable material", "Nobody is sure", pupil(_TO_ILLEGAL, to="illegal", never="who", illegal="unsure")),
    row("unsuitable material", "A pupil is at risk in it",
        pupil("at-risk to-victim", to="pupil-victim", never="second-person who", at_risk="yes"),
        victim("child-protection support")),
    row("unsuitable material", "A pupil may be at risk",
        pupil("to-victim", to="pupil-victim", at_risk="unsure"), victim("child-protection")),
    row("unsuitable material", "A member of staff: review and decide",
        staff("serious second-person remove code", "hr", serious="no")),
    row("met by accident", "Note the site and those that led there, tell the administrator, log it, talk about it",
        pupil("why by-accident", to="accidental", never="agreement school-rules outcome", purpose="accident"),
        accident(f"note-sites filter-change log talk told why {_ENDS}", "network-support",
                 never="to-illegal how-to-tell whose on-purpose on-purpose-staff", told="yes", purpose="accident")),
    row("met by accident", "It may be illegal: no blame, but no more looking either",
        accident(_TO_ILLEGAL, to="illegal", never="note-sites", illegal="yes"), illegal("stop", illegal="yes")),
    row("met by accident", "Nobody is sure", accident(_TO_ILLEGAL, to="illegal", never="note-sites", illegal="unsure")),
    row("met by accident", "It stays unclear", accident(f"why {_ENDS}", never="whose", purpose="unclear")),
)  # fmt: skip

_IN_LESSONS = pupil(f"{_BEFORE_LOOKING} who why {_PUPIL_ENDS} school-rules {_ENDS}", never="remove parents police",
                    purpose="on-purpose", published="no", serious="neither")  # fmt: skip
_NOT_SERIOUS = staff("tell-head serious second-person remove code", "hr", never="lado-first", serious="no")
_SERIOUS = staff("tell-head serious lado-first second-person code", "hr lado", never="remove", serious="yes")
_MISUSE = f"contain keep {_BEFORE_LOOKING} crime data other-account reason whose"

#: The table of incidents with pupils (S2).
BY_PUPILS = (
    row("incidents: pupils", "Looked on purpose for what could be illegal",
        pupil(_TO_ILLEGAL, to="illegal", illegal="unsure"),
        illegal("stop police-advice preserve await", "police", illegal="unsure")),
    row("incidents: pupils", "Other sites than those of the lesson", _IN_LESSONS),
    row("incidents: pupils", "A telephone, a camera or another device", _IN_LESSONS),
    row("incidents: pupils", "Social media, messages or private mail", _IN_LESSONS),
    row("incidents: pupils", "Downloads and uploads nobody allowed", _IN_LESSONS),
    row("incidents: pupils", "Let others use the own name and password",
        network(f"{_MISUSE} onward", to="pupil-inappropriate", never="police data-protection account-owner",
                crime="no", data="no", other_account="no", subject="pupil"), _IN_LESSONS),
    row("incidents: pupils", "Got in, or tried to, with the account of another child",
        network("contain keep other-account account-owner reason whose onward", "network-support",
                to="pupil-inappropriate", other_account="yes", subject="pupil"), _IN_LESSONS),
    row("incidents: pupils", "Got in, or tried to, with the account of a member of staff",
        network("contain keep crime police data data-protection account-owner onward", "police data-protection",
                to="pupil-inappropriate", crime="unsure", data="unsure", other_account="yes", subject="pupil"),
        pupil("how-serious parents school-rules", purpose="on-purpose", serious="serious")),
    row("incidents: pupils", "Destroyed or spoilt what others had made",
        network("contain keep crime police data data-protection onward", "police data-protection",
                to="pupil-inappropriate", crime="yes", data="yes", subject="pupil"),
        pupil("how-serious parents police", "police-neighbourhood", purpose="on-purpose", serious="serious")),
    row("incidents: pupils", "A message that offends, harasses or bullies: first for the one it hurts",
        victim("safe-now child-protection evidence support", serious="no")),
    row("incidents: pupils", "A message that offends, harasses or bullies: then for the one who sent it",
        pupil("agreement published remove how-serious parents", purpose="on-purpose", published="yes", refused="no",
              serious="serious")),
    row("incidents: pupils", "The same again after warnings or sanctions",
        pupil("how-serious parents school-rules", purpose="on-purpose", serious="persistent")),
    row("incidents: pupils", "Brought the school into disrepute",
        pupil("published remove refused school-rules", purpose="on-purpose", published="yes", refused="no")),
    row("incidents: pupils", "Got round the filter",
        network(f"{_MISUSE} onward", "network-support", to="pupil-inappropriate", crime="no", data="no",
                other_account="no", subject="pupil"), _IN_LESSONS),
    row("incidents: pupils", "Met offensive material by accident and told nobody",
        accident(f"note-sites filter-change log talk told how-to-tell why {_ENDS}", never="on-purpose", told="no",
                 purpose="accident")),
    row("incidents: pupils", "Looked on purpose for offensive or pornographic material",
        accident("why whose on-purpose", to="pupil-inappropriate", never=_ENDS, purpose="on-purpose", subject="pupil"),
        pupil("who agreement how-serious parents school-rules", purpose="on-purpose", serious="serious")),
    row("incidents: pupils", "Received or passed on what infringes copyright or data protection", _IN_LESSONS),
    row("incidents: pupils", "Somebody misused the network, and nobody knows who",
        network(f"{_MISUSE} {_ENDS}", never="onward onward-staff", crime="no", data="no", other_account="unsure",
                subject="unknown")),
    row("incidents: pupils", "Another's account may have been used",
        network("other-account account-owner", other_account="unsure")),
    row("incidents: pupils", "A warning of misuse in which there is nothing",
        network(f"contain keep substance {_ENDS}", never="crime reason whose", substance="no")),
)  # fmt: skip

#: The table of incidents with staff (S2).
BY_STAFF = (
    row("incidents: staff", "Looked on purpose for what could be illegal",
        staff(_TO_ILLEGAL, to="illegal", illegal="unsure"),
        illegal("stop report-adult", "lado", illegal="yes", adult="yes")),
    row("incidents: staff", "Too much private use", _NOT_SERIOUS),
    row("incidents: staff", "Downloads and uploads nobody allowed", _NOT_SERIOUS),
    row("incidents: staff", "Shared a password, or used another's account",
        network(f"{_MISUSE} onward-staff", to="staff-instigator", never=_ENDS, crime="no", data="no",
                other_account="yes",
                subject="staff"), _NOT_SERIOUS),
    row("incidents: staff", "Careless with personal data",
        network("contain data data-protection whose onward-staff", "data-protection", to="staff-instigator",
                data="yes", subject="staff"), _NOT_SERIOUS),
    row("incidents: staff", "Broke rules of data protection or of the network on purpose",
        network("contain keep crime police data data-protection onward-staff", "police data-protection",
                to="staff-instigator", crime="unsure", data="yes", subject="staff"), _SERIOUS),
    row("incidents: staff", "Destroyed data of others, or damaged equipment",
        network("keep crime police onward-staff", "police", to="staff-instigator", crime="yes", subject="staff"),
        _SERIOUS),
    row("incidents: staff", "A message that offends, harasses or bullies", _SERIOUS),
    row("incidents: staff", "Wrote to pupils by private accounts",
        staff("lado-first child child-protection", "lado hr child-protection", serious="yes", at_risk="unsure")),
    row("incidents: staff", "Put their professional standing at risk", _NOT_SERIOUS),
    row("incidents: staff", "Brought the school into disrepute", _SERIOUS),
    row("incidents: staff", "Got round the filter",
        network(f"{_MISUSE} onward-staff", to="staff-instigator", subject="staff"), _NOT_SERIOUS),
    row("incidents: staff", "Met offensive material by accident and told nobody",
        accident("note-sites log talk told how-to-tell", told="no", purpose="accident")),
    row("incidents: staff", "Looked on purpose for offensive or pornographic material",
        accident("why whose on-purpose-staff", to="staff-instigator", never=f"on-purpose {_ENDS}",
                 purpose="on-purpose", subject="staff"), _SERIOUS),
    row("incidents: staff", "Broke copyright or licences", _NOT_SERIOUS),
    row("incidents: staff", "The same again after warnings or sanctions", _SERIOUS),
)  # fmt: skip

ROWS = (*STAFF_AS_VICTIMS, *STAFF_AS_INSTIGATORS, *ILLEGAL, *OTHERS, *BY_PUPILS, *BY_STAFF)
