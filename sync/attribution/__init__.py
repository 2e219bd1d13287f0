"""Who gets which part of a deal: exact weights first, then amounts that add up to the last cent."""
