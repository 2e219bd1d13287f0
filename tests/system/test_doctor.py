"""The doctor against served CRMs: what is fine is fine, and what is broken is named with what to do."""

from __future__ import annotations

from typing import Any

from connector.sandbox.serve import Sandbox

from .program import Desk
from .test_commands import writes


def found(desk: Desk, severity: str, *arguments: str, **environment: str) -> list[dict[str, Any]]:
    ran = desk("doctor", "--json", *arguments, **environment)
    assert ran.code in (0, 1), ran.err
    return [finding for finding in ran.json["findings"] if finding["severity"] == severity]


def test_a_sound_installation_has_no_error_and_no_warning(desk: Desk, sandbox: Sandbox) -> None:
    ran = desk("doctor")
    assert (ran.code, "error" in ran.out) == (0, False), ran.out
    assert "dealsync plan" in ran.out  # nothing was read yet, and it says what reads it
    assert writes(sandbox) == []


def test_a_field_that_the_org_lacks_is_named_with_its_object(desk: Desk) -> None:
    desk.edit("mappings/sf-partner-attribution.toml", 'remote = "Share__c"', 'remote = "Sharing__c"')
    faults = found(desk, "error")
    assert any("Partner_Attribution__c.Sharing__c" in fault["place"] and fault["fix"] for fault in faults), faults


def test_a_sign_in_that_fails_does_not_hide_the_other_crm(desk: Desk) -> None:
    desk.edit("config.toml", "pat-sandbox", "pat-wrong")
    faults = found(desk, "error")
    assert [fault["place"].split()[0].rstrip(":") for fault in faults] == ["hs"]
    assert any(finding["place"].startswith("sf") for finding in found(desk, "ok"))


def test_one_connection_can_be_looked_at_alone(desk: Desk) -> None:
    places = {finding["place"].split(":")[0] for finding in found(desk, "ok", "hs")}
    assert places == {"hs"}


def test_a_schedule_that_is_none_is_found_before_the_night(desk: Desk) -> None:
    desk.edit("config.toml", 'sync = "every 5 minutes"', 'sync = "every now and then"')
    [fault] = found(desk, "error")
    assert "every now and then" in fault["what"]
    assert 'write "every 5 minutes"' in fault["fix"]


def test_a_paused_connection_is_a_warning_with_its_way_out(desk: Desk) -> None:
    desk("pause", "sf", "--reason", "audit")
    [pause] = [finding for finding in found(desk, "warning") if finding["place"] == "sf"]
    assert ("audit" in pause["what"], pause["fix"]) == (True, "dealsync resume")
