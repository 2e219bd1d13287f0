"""Runs cycles on a clock: the one importer of the scheduler."""
