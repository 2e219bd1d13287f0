"""The programme's rules as data: versioned, dated, scoped, checked as a whole before anything is judged by them."""

from sync.policy.policies import Policies, lint, parse
from sync.policy.policy import Policy
from sync.policy.scope import Scope

__all__ = ["Policies", "Policy", "Scope", "lint", "parse"]
