"""What is kept of the logs beside the events: the ledger of what was read, original lines as evidence.

In: what a reading has found out, and places in files. Out: rows of `store/ledger.sqlite`, lines byte for byte, and
events in full, with what their URL decides. The Parquet files are `pipeline.lake`.
"""
