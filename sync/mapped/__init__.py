"""Mappings as people look at them: their fields, live samples, what is wrong, and drafts edited field by field."""

from sync.mapped.drafting import (
    Edit,
    Values,
    drop_draft,
    drop_example,
    drop_field,
    save_example,
    save_field,
    save_picklist,
    tried,
)
from sync.mapped.publishing import draft_view, passes, still_as_seen, weigh
from sync.mapped.view import FILTERS, all_mappings, one_mapping

__all__ = [
    "FILTERS",
    "Edit",
    "Values",
    "all_mappings",
    "draft_view",
    "drop_draft",
    "drop_example",
    "drop_field",
    "one_mapping",
    "passes",
    "save_example",
    "save_field",
    "save_picklist",
    "still_as_seen",
    "tried",
    "weigh",
]
