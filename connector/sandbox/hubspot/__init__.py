"""A stand-in HubSpot: wire-compatible CRM endpoints over tables in memory."""
