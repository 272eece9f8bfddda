"""What leaves the program for people and machines: the record of a night, messages, JSON lines, spreadsheets.

In: results. Out: the same in a form that cannot steer a terminal, become a formula or break a page.
"""
