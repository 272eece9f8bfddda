"""How the tables of the casebook came to be what they are: Alembic's environment, and one file a change."""
