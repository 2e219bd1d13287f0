"""A stand-in Salesforce and HubSpot on loopback, wire-compatible for the vendors' own clients.

Used by the contract tests, by the demo, and by admins who rehearse a mapping. It imports nothing else of this
repository, and nothing but tests imports it.
"""
