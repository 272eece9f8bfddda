"""Times as logs write them become instants, and it is said how surely.

In: stamps with or without zone, year or name of a month. Out: UTC in microseconds, with a quality: an hour that comes
twice in autumn is not guessed.
"""
