"""Which rows of which CRMs are the same customer, partner or deal."""
