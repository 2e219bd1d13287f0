"""What a partner sees of its own registrations and files itself. The console is its skin."""
