"""What is made of the lake day by day: counts without names, draft incidents, hours without a log, changed verdicts.

In: the committed units of the lake, and the days that have changed. Out: the tables of each day.
"""
