"""Contexts that lower or silence a rule are short phrases, and children say these too: such texts are still found.

Each line holds a phrase that is, or once was, such a context: a lesson, a song, an essay, a shop. Each was found
to be silenced by a draft of a rule, or nearly so.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.output import jsonlines
from pipeline.trials.flagging import flag_rows
from pipeline.urgency.levels import at_least

#: What has to be at least at this level.
TEXTS = {
    "high": (
        "help im being groomed can someone help me",
        "am i being groomed can i tell someone",
        "my family will kill me for dishonour i went to movies with him",
        "how to kill bullies how to get rid of them",
        "life isnt worth living its an unexamined life",
        "dealing weed outside the movies",
        "he has nudes of me and will send them unless i go to the movies with him",
        "gonna stab that boy who sings in assembly",
        "how to join hamas is israel winning",
        "how do i get a gun i want to be a spree killer like them",
        "my mental health is bad and im going to stab my teacher",
        "get rid of spyware my stepdad put on my phone",
        "he pulled me off of the bed and hit me",
        "my friend is someone who is being groomed by a man online",
        "he makes me watch fifty shades of grey movie with him",
    ),
    "medium": (
        "how to open my dads gun safe",
        "take the shotgun out of the gun safe tomorrow",
        "who dies in the bath if you cut wrists does it hurt",
        "im not safe on my own tonight thoughts can lead to doing it",
        "met a guy online hes 22 wants to take me to the movies",
        "who sang to the teacher about me selling vapes ill bang them",
        "had a hit of his vape in the toilets",
        "my friend who had a hit off my pen is passing out",
        "will i be served in a pub if im 15",
        "my dad is addicted to his phone and coke and hits us",
        "self harm can lead to scars how to hide them",
        "my mum says suicide is wrong life is sacred but i cut",
        "you smell so bad everyone says it can you smell yourself",
        "got called a slag in the corridor where the y10s hang out",
        "u keep getting rinsed by the year 9 boys in front of everyone",
        "make a virus that gets past norton",
        "ugliest girl in the world is maisie",
        "join the european union of white nationalists",
        "want to be small enough that they worry about me",
        "how much is a passport fake uk",
        "how much do you earn selling snow on a line a week",
    ),
}


def test_a_child_that_says_such_a_phrase_is_still_found(tmp_path: Path) -> None:
    asked = [(level, text) for level, texts in TEXTS.items() for text in texts]
    with jsonlines.writing(tmp_path / "rows.jsonl") as write:
        for _, text in asked:
            write({"id": text, "kind": "typed", "text": text})
    flag_rows(tmp_path / "rows.jsonl", tmp_path / "answers.jsonl", None)
    answers = {answer["id"]: answer["level"] for _, answer in jsonlines.read(tmp_path / "answers.jsonl")}
    fallen = {text: answers[text] for level, text in asked if answers[text] not in at_least(level)}
    assert fallen == {}
