"""The history of the tables, inside the wheel."""
