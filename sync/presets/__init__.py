"""What `dealsync init` copies: a configuration, and the policies of a standard programme."""
