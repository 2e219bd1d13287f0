"""Salesforce is really a Crm, against the stand-in org."""

from __future__ import annotations

import pytest

from .contract import WireContract
from .rig import WireRig
from .salesforce_rig import SalesforceRig


class TestSalesforce(WireContract):
    @pytest.fixture
    def rig(self, salesforce: SalesforceRig) -> WireRig:
        return salesforce
