"""Words and phrases that are sought, and how they are found in a text.

In: terms of watchlists, and distinct texts. Out: what a text must hold to be worth a look, and every find in it, in
each of its spellings (`pipeline.spelling`).
"""
