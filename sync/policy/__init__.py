"""The programme's rules as data: versioned, dated, scoped, checked as a whole before anything is judged by them."""

from sync.policy.approvals import Approvals, Chain, Delegation
from sync.policy.attribution import Attribution
from sync.policy.conflicts import ConflictRules, Ladder
from sync.policy.incentives import IncentiveRule
from sync.policy.joint import Alliance, JointRules
from sync.policy.policies import Policies, lint, parse
from sync.policy.policy import Policy
from sync.policy.scope import RoleRules, Scope
from sync.policy.windows import CalendarRules, Windows

__all__ = [
    "Alliance",
    "Approvals",
    "Attribution",
    "CalendarRules",
    "Chain",
    "ConflictRules",
    "Delegation",
    "IncentiveRule",
    "JointRules",
    "Ladder",
    "Policies",
    "Policy",
    "RoleRules",
    "Scope",
    "Windows",
    "lint",
    "parse",
]
