"""Is this really a Crm? One suite of behaviours, run over every adapter."""
