"""What people rule on: the cases that wait, and what a person may say. Command line and console are skins."""

from sync.rulings.cases import cases_view
from sync.rulings.rule import award, co_register, dismiss, on_registration
from sync.rulings.saying import Said, Speaker
from sync.rulings.share import share
from sync.rulings.subjects import Subject, subject_of

__all__ = [
    "Said",
    "Speaker",
    "Subject",
    "award",
    "cases_view",
    "co_register",
    "dismiss",
    "on_registration",
    "share",
    "subject_of",
]
