"""Decides who is credited for a deal, and keeps the CRMs in step with that decision."""
