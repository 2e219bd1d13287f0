"""What people rule on: the cases that wait, and what a person may say. Command line and console are skins."""

from sync.rulings.cases import approvals_view, case_view, cases_view, registration_view
from sync.rulings.choices import case_choices, rule_on_case
from sync.rulings.inbox import inbox_view
from sync.rulings.rule import award, co_register, dismiss, on_registration
from sync.rulings.saying import Said, Speaker
from sync.rulings.share import share
from sync.rulings.subjects import Subject, subject_of

__all__ = [
    "Said",
    "Speaker",
    "Subject",
    "approvals_view",
    "award",
    "case_choices",
    "case_view",
    "cases_view",
    "co_register",
    "dismiss",
    "inbox_view",
    "on_registration",
    "registration_view",
    "rule_on_case",
    "share",
    "subject_of",
]
