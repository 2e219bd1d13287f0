"""HubSpot as a Crm: the only place that imports the vendor's client."""
