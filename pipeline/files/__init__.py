"""What a log file is wrapped in: compression, zips, workbooks, syslog frames; and where its records begin and end.

In: the bytes of a file. Out: plain bytes, and blocks of whole records with their line numbers. `pipeline.decode` puts
them together.
"""
