"""Everything dealsync remembers, in one SQLite file. The only place that speaks SQL."""
