"""How urgent are the hits of an episode together, and what lowers that: lessons, exclusions, a whole class.

In: hits with their level. Out: levels with the reasons in words, and what became of each hit. The score of a single hit
is `pipeline.priority`.
"""
