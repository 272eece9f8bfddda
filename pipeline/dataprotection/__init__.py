"""What a school owes the people in its logs: their copy, erasure when the time is up, a hold that stops it.

In: the lake, the casebook and the lists of the school. Out: a folder for one person without anybody else in it
(`subjectaccess`), or a receipt for what has gone (`purging`).
"""
