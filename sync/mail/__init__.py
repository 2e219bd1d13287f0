"""Partners are told by mail what they are invited to and what was decided: composed once, sent at most once."""
