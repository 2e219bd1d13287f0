"""The town and its desk."""

from tests.console.fixtures import desk, nobody, own_desk, town

__all__ = ["desk", "nobody", "own_desk", "town"]
