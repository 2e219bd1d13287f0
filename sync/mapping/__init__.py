"""From CRM records to our words and back, by the field mappings that admins edit."""
