"""How one text may be written: letters that look alike, digits for letters, misspelt, typed letter by letter.

In: folded texts (`pipeline.text`) and words. Out: other spellings of the same.
"""
