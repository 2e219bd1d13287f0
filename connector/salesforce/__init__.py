"""Salesforce, over its REST API and simple_salesforce."""
