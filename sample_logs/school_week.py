"""What happens in the week of the invented school, whoever's log it ends in.

In: `School`. Out: `all_events`, in order of time. The same plan gives the same events on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, quote_plus

from sample_logs.school_lines import Dice, Event
from sample_logs.school_roll import Pupil, School, on_roll, present

ENGINES = {
    "google": "https://www.google.com/search?q={}&ie=UTF-8",
    "bing": "https://www.bing.com/search?q={}&form=QBLH",
    "duckduckgo": "https://duckduckgo.com/?q={}&ia=web",
    "youtube": "https://www.youtube.com/results?search_query={}",
}
SUGGEST = "https://www.google.com/complete/search?client=chrome&q={}"
DOMAIN = "park.example.org"


def all_events(school: School) -> list[Event]:
    """Everything of the week, in order of time, without what fell into the gap of the filter's log."""
    first, last = (school.when(text) for text in school.plan["filter_gap"])
    parts = (in_lessons, at_leisure, by_staff, by_guests, by_programs, typed_in_lessons, crowds, done_together, told)
    found = [event for part in parts for event in part(school)]
    kept = [event for event in found if event.source != "filter" or not first <= event.at < last]
    return sorted(kept, key=lambda event: (event.at, event.source, event.address, event.url))


def search(words: str, engine: str = "google") -> str:
    """The address that a search engine has for these words."""
    return ENGINES[engine].format(quote_plus(words))


def spelled(user: str, dice: Dice) -> str:
    """The account as a log may write it: mostly plain, sometimes with its domain."""
    if dice.chance(0.8):
        return user
    return dice.pick([f"EXAMPLE%5C{user}", f"{user.title()}@{DOMAIN}"])


def page(at: datetime, user: str, address: str, url: str) -> Event:
    """A page that somebody opens."""
    return Event(at, "filter", "open", address, user, url)


def visit(school: School, dice: Dice, opened: Event) -> Iterator[Event]:
    """A page, and now and then what it brings along."""
    if opened.source == "filter":
        opened = replace(opened, user=spelled(opened.user, dice))
    yield opened
    if dice.chance(0.35):
        brought = school.plan["background"]
        url, content_type = dice.pick(list(zip(brought["urls"], brought["types"], strict=True)))
        at = opened.at + timedelta(seconds=1)
        yield replace(opened, at=at, what="background", url=url, content_type=content_type)


def in_lessons(school: School) -> Iterator[Event]:
    """Each pupil who is there searches for what the lesson is about, and reads."""
    for lesson in school.plan["lesson"]:
        for day, start in lessons_of(school, lesson["class"], [lesson["subject"]]):
            for pupil in present(school, day):
                if pupil.of == lesson["class"]:
                    yield from work(school, lesson, pupil, start)


def lessons_of(school: School, of: str, subjects: Sequence[str]) -> Iterator[tuple[str, datetime]]:
    """Day and beginning of each lesson of a class in these subjects."""
    for day, taught in zip(school.plan["days"], school.plan["timetable"][of], strict=True):
        for subject, (start, _) in zip(taught.split(), school.plan["periods"], strict=True):
            if subject in subjects:
                yield day, school.when(f"{day} {start}")


def work(school: School, lesson: Mapping[str, Any], pupil: Pupil, start: datetime) -> Iterator[Event]:
    """One pupil's lesson: searches, pages, now and then another site. Some of Year 11 work in the library."""
    dice = Dice(school.plan["seed"], "lesson", start, pupil.username)
    seat = page(start + timedelta(seconds=dice.between(240, 1200)), pupil.username, pupil.in_school, "")
    if pupil.year == "11" and dice.chance(0.6):
        seat = replace(seat, source="guardian", address=f"10.30.0.{dice.between(1, 8)}")
    for _ in range(dice.between(1, 2)):
        engine = dice.pick(["google", "google", "google", "bing", "youtube"])
        yield from visit(school, dice, replace(seat, url=search(dice.pick(lesson["searches"]), engine)))
        seat = replace(seat, at=seat.at + timedelta(seconds=dice.between(12, 90)))
        yield from visit(school, dice, replace(seat, url=dice.pick(lesson["pages"])))
        seat = replace(seat, at=seat.at + timedelta(seconds=dice.between(60, 600)))
    if dice.chance(0.4):
        yield replace(seat, what="connect", url=f"https://{dice.pick(school.plan['tunnels']['hosts'])}")


def at_leisure(school: School) -> Iterator[Event]:
    """Lunch in school and in the library, evenings at home."""
    leisure = school.plan["leisure"]
    for day in school.plan["days"]:
        for pupil in present(school, day):
            dice = Dice(school.plan["seed"], "leisure", day, pupil.username)
            lunch = school.when(f"{day} 12:26:00") + timedelta(seconds=dice.below(2700))
            url = search(dice.pick(leisure["searches"])) if dice.chance(0.6) else dice.pick(leisure["pages"])
            if dice.chance(0.25):
                yield Event(lunch, "guardian", "open", f"10.30.0.{dice.between(1, 8)}", pupil.username, url)
            elif dice.chance(0.5):
                yield from visit(school, dice, page(lunch, pupil.username, pupil.in_school, url))
            evening = school.when(f"{day} 16:30:00") + timedelta(seconds=dice.below(4 * 3600))
            if dice.chance(0.3):
                yield from visit(
                    school, dice, page(evening, pupil.username, pupil.at_home, search(dice.pick(leisure["searches"])))
                )


def by_staff(school: School) -> Iterator[Event]:
    """Staff prepare lessons."""
    lessons = school.plan["lesson"]
    for day in school.plan["days"]:
        for number, user in enumerate(school.plan["staff"]):
            if not on_roll(school, user, day):
                continue
            dice = Dice(school.plan["seed"], "staff", day, user)
            for _ in range(dice.between(2, 4)):
                at = school.when(f"{day} 08:00:00") + timedelta(seconds=dice.below(9 * 3600))
                lesson = dice.pick(lessons)
                url = dice.pick(
                    [*lesson["pages"], search(f"{lesson['subject'].lower()} lesson plan {lesson['class']}")]
                )
                yield from visit(school, dice, page(at, user, f"10.20.0.{30 + number}", url))


def by_guests(school: School) -> Iterator[Event]:
    """Visitors and people's own devices, behind the firewall."""
    guests = school.plan["guests"]
    for day in school.plan["days"]:
        dice = Dice(school.plan["seed"], "guests", day)
        for _ in range(70):
            at = school.when(f"{day} 08:00:00") + timedelta(seconds=dice.below(10 * 3600))
            host, category = dice.pick(guests["sites"])
            what = "background" if dice.chance(0.3) else "open"
            yield Event(at, "firewall", what, dice.pick(guests["addresses"]), url=f"https://{host}/", category=category)


def by_programs(school: School) -> Iterator[Event]:
    """Telemetry and updates by day and night, without anybody's account; and the question for a password at log-in."""
    hosts = [f"https://{host}" for host in school.plan["background"]["hosts"]]
    for day in school.plan["days"]:
        for pupil in present(school, day):
            dice = Dice(school.plan["seed"], "programs", day, pupil.username)
            at = school.when(f"{day} 08:40:00") + timedelta(seconds=dice.below(1200))
            if dice.chance(0.5):
                yield Event(at, "filter", "challenge", pupil.in_school, url="http://school.example.org/")
            at = school.when(f"{day} 00:00:00") + timedelta(seconds=dice.below(24 * 3600))
            if dice.chance(0.8):
                yield Event(at, "filter", "connect", pupil.at_home, url=dice.pick(hosts))
        for hour in range(8, 17):
            dice = Dice(school.plan["seed"], "library", day, hour)
            for seat in range(1, 4):
                at = school.when(f"{day} {hour:02}:00:00") + timedelta(seconds=dice.below(3600))
                yield Event(at, "guardian", "connect", f"10.30.0.{seat}", url=dice.pick(hosts))


def typed_in_lessons(school: School) -> Iterator[Event]:
    """Ordinary work that the monitoring software takes for something else."""
    typed = school.plan["typed"]
    members = [each for each in school.pupils.values() if each.of == typed["class"]]
    for _, start in lessons_of(school, typed["class"], typed["subjects"]):
        dice = Dice(school.plan["seed"], "typed", start)
        for _ in range(2):
            pupil = dice.pick(members)
            yield Event(
                start + timedelta(seconds=dice.between(600, 3000)),
                "monitoring",
                "typed",
                pupil.in_school,
                pupil.username,
                category=dice.pick(typed["rules"]),
                typed=dice.pick(typed["words"]),
                app="Word processor",
                severity="Low",
                device=f"LT-{pupil.of}-{dice.between(17, 28)}",
            )


def crowds(school: School) -> Iterator[Event]:
    """Most of some classes do the same in one hour."""
    for crowd in school.stories["crowd"]:
        first, last = (school.when(f"{crowd['day']} {crowd[end]}:00") for end in ("from", "to"))
        for pupil in school.pupils.values():
            dice = Dice(school.plan["seed"], crowd["id"], pupil.username)
            if pupil.of in crowd["classes"] and dice.chance(0.85):
                at = first + timedelta(seconds=dice.below(900))
                while at < last:
                    url = search(dice.pick(crowd["search"])) if dice.chance(0.15) else dice.pick(crowd["open"])
                    yield from visit(school, dice, page(at, pupil.username, pupil.in_school, url))
                    at += timedelta(seconds=dice.between(240, 900))


def done_together(school: School) -> Iterator[Event]:
    """What a class does together, pupil by pupil."""
    for lesson in school.stories["together"]:
        for step in lesson["steps"]:
            pupil = school.pupils[step["who"]]
            yield from acted(page(school.when(step["at"]), pupil.username, pupil.in_school, ""), step)


def told(school: School) -> Iterator[Event]:
    """The stories, step by step."""
    for story in school.stories["story"]:
        pupil = school.pupils.get(story.get("who", ""))
        place = story.get("place", "wifi")
        if pupil and place in {"wifi", "home"}:
            place = pupil.at_home if place == "home" else pupil.in_school
        user = school.account(story.get("who", ""))
        event = Event(
            school.when("Mon 00:00"), story.get("source", "filter"), "open", place, user, device=story.get("device", "")
        )
        for step in story["steps"]:
            yield from acted(replace(event, at=school.when(step["at"])), step)


def acted(event: Event, step: Mapping[str, Any]) -> Iterator[Event]:
    """One step of a story."""
    if "search" in step:
        yield replace(event, url=search(step["search"], step.get("engine", "google")))
    elif "open" in step:
        yield replace(event, url=step["open"])
    elif "blocked" in step:
        yield replace(event, what="blocked", url=step["blocked"], category=step.get("category", ""))
    elif "challenge" in step:
        yield replace(event, what="challenge", url=step["challenge"])
    elif "connect" in step:
        category = "Gambling" if event.source == "firewall" else ""
        yield replace(event, what="connect", url=f"https://{step['connect']}/", category=category)
    elif "typed" in step:
        said = {"typed": step["typed"], "app": step["app"], "category": step["rule"], "severity": step["severity"]}
        yield replace(event, what="typed", **said)
    else:
        for number, words in enumerate(step["suggest"]):
            at = event.at + timedelta(seconds=number)
            yield replace(event, at=at, url=SUGGEST.format(quote(words)), content_type="application/json")
