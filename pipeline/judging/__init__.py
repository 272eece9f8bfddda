"""Are the rules right, and do the lessons and exclusions of `school.toml` hide what they should not?

In: verdicts of the safeguarding lead, and what the school has said beforehand. Out: the share of each rule that was
confirmed, warnings, and the lessons and exclusions that may be applied.
"""
