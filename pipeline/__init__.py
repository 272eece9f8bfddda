"""The nightly job: logs become events, events become hits, hits become draft incidents."""
