"""The parts of `school.toml` and of policies: limits, roles, routes, columns of exports; faults with their line.

In: tables of a TOML file. Out: typed settings, which `pipeline.config` puts together, or an error that says where the
fault stands and what to write instead.
"""
