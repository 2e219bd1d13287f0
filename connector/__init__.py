"""CRM adapters: they speak records, and know nothing of partners, deals or money."""
