"""What the HubSpot sandbox promises, seen from outside."""
