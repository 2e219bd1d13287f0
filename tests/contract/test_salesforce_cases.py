"""The failure cases of a Salesforce connector, each with the tests that replay it; here those that stand alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.errors import InDoubt, TryAgain
from connector.record import ABSENT, Op
from connector.sandbox.serve import start
from connector.sandbox.switchboard import Fault
from connector.sandbox.world import World
from sync.apply import apply
from sync.model.plan import FieldChange, PlannedChange
from sync.pull import pull
from sync.store import outbox
from sync.store.opening import Store, open_store
from sync.store.outbox import DONE, TODO
from tests.machine.office import START, shipped

from .cases import latest, window
from .salesforce_rig import DEAL, WORLD, SalesforceRig
from .salesforce_writing import CASES, OURS, upserts

SUMMARY, HOUR = "Split_Summary__c", 3600
TESTS = Path(__file__).parents[1]
FAILURES = {
    "a row shows after a later one was read": ["an_edit_that_shows_late_is_in_the_next_window"],
    "thousands of rows with one stamp": ["thousands_of_rows_with_one_stamp_are_read_once_each"],
    "rows change during paging": ["a_row_that_changes_during_paging_is_not_lost"],
    "clock skew": ["a_clock_that_is_not_ours_leaves_no_gap_and_no_future"],
    "a session dies on page three": ["a_session_that_dies_on_page_three_costs_one_sign_in"],
    "401 although the sign-in succeeds": ["an_org_that_refuses_fresh_sessions_is_left_alone"],
    "a session dies during a job": [
        "a_session_that_dies_during_a_job_goes_on_with_the_same_job",
        "ten_thousand_changes_are_one_job_although_the_session_dies_in_the_middle_of_it",
    ],
    "refresh tokens rotate": [
        "two_processes_that_refresh_at_once_never_spend_a_token_twice",
        "threads_share_one_renewal",
        "the_new_token_is_stored_before_its_session_is_used",
        "a_crash_between_the_answer_and_the_vault_is_reported_once",
    ],
    "the org moves": ["an_org_that_moves_is_followed_by_reading_and_writing"],
    "the day's calls are spent": ["a_day_spent_in_the_middle_keeps_what_was_read"],
    "too many long calls at once": ["too_many_long_calls_at_once_pass"],
    "answers of the edge": [
        "an_answer_of_the_edge_is_tried_again",
        "a_page_of_the_edge_is_waited_out_or_read_back",
    ],
    "a result breaks off": ["a_result_that_breaks_off_is_read_on_without_a_row_twice"],
    "a connection is reset": ["reading_goes_on_after_a_broken_page"],
    "an answer to a write is lost": ["a_lost_answer_is_in_doubt_and_the_row_is_there"],
    "nothing is ever answered": [
        "a_sign_in_that_never_answers_times_out",
        "a_query_that_never_answers_is_tried_again_and_a_write_is_in_doubt",
    ],
    "a locator dies": ["the_eleventh_cursor_closes_ours_and_nothing_is_lost"],
    "a query takes too long": ["without_jobs_a_window_that_takes_too_long_is_read_in_halves"],
    "seven hundred fields": ["seven_hundred_fields_are_read_in_parts_and_joined"],
    "a field goes and comes back": ["a_field_shown_again_is_read_again_from_old_rows_too"],
    "a new type of field": ["a_new_type_of_field_passes_as_its_text"],
    "awkward text in CSV": ["no_text_is_changed_on_its_way", "awkward_text_survives_the_file_byte_by_byte"],
    "heads repeated or missing": ["pages_without_their_heads_lose_no_row"],
    "a job is stuck, aborted or failed": [
        "a_job_that_never_ends_is_aborted_and_deleted",
        "a_job_that_comes_to_nothing_is_tried_once_more_and_then_left_to_rest",
        "a_stuck_job_is_waited_for_a_bounded_time_and_then_aborted",
    ],
    "results side by side": [
        "a_page_that_breaks_off_is_read_again_and_no_row_twice",
        "where_they_are_not_offered_one_page_comes_after_the_other",
        "a_job_that_somebody_deletes_on_the_way_loses_nothing",
    ],
    "a job outlives the program": [
        "a_program_that_starts_again_adopts_its_job",
        "a_job_that_a_crash_left_running_is_waited_for_and_not_made_again",
    ],
    "a job is complete and rows failed": [
        "a_job_reports_each_row_in_whatever_order",
        "a_job_that_fails_half_way_is_finished_by_collections",
    ],
    "a file that cannot be read": ["a_file_that_salesforce_cannot_read_pauses_the_mapping_and_is_not_sent_again"],
    "rows are locked": ["children_of_a_locked_parent_go_last_in_small_calls_and_hold_up_nobody"],
    "a collection fails in part": ["collections_partial_failure_commits_the_rest_and_names_each_culprit"],
    "keys collide": [
        "the_same_key_twice_in_another_case_is_two_rows_where_the_key_minds_case",
        "keys_with_every_awkward_letter_find_their_row_again",
        "several_rows_behind_one_key_are_told_by_the_graph",
    ],
    "duplicates are detected": ["a_duplicate_rule_refuses_a_new_row_and_names_what_it_resembles"],
    "accounts are merged": [
        "a_merge_moves_the_children_and_names_the_survivor",
        "a_write_to_an_account_that_was_merged_away_is_gone_and_its_survivor_is_readable",
    ],
    "deleted, taken back, purged": [
        "deleted_taken_back_and_deleted_for_good",
        "a_purged_log_is_not_an_error_and_the_sweep_finds_what_is_missing",
    ],
    "an old row is shared": ["an_old_row_that_is_shared_with_us_is_in_the_sweep"],
    "formulas drift": ["formulas_are_read_again_once_a_day"],
    "our own write comes back": ["our_own_write_is_no_news_and_an_edit_of_the_same_second_is"],
    "writes go to and fro": ["a_deal_whose_amount_is_toggled_by_a_robot_is_parked_and_the_others_go_on"],
    "splits that must not be": [
        "a_split_that_must_not_be_is_refused_before_it_is_sent",
        "splits_of_one_deal_land_together_or_not_at_all",
    ],
    "a second currency": [
        "currencies_switched_on_in_mid_life_are_read_for_old_rows_too",
        "an_amount_has_the_currency_beside_it_or_that_of_the_connection",
        "an_amount_is_read_to_the_smallest_coin",
        "a_rate_is_over_on_the_day_that_says_so",
        "without_a_rate_nothing_is_guessed_and_the_deal_is_posted_in_its_own_currency",
    ],
    "the count of calls is missing": ["only_the_count_of_the_whole_org_is_believed"],
    "partners come as pairs": [
        "a_partner_is_created_once_with_its_reverse_row",
        "the_primary_mark_moves_and_stays_with_one",
    ],
    "killed at any point": [
        "a_crash_at_any_step_ends_as_if_nothing_had_happened",
        "reading_resumes_after_any_page",
    ],
}


@pytest.fixture(scope="module")
def named() -> set[str]:
    """Every test that there is."""
    texts = (path.read_text("utf-8") for path in TESTS.rglob("*.py"))
    return {name for text in texts for name in re.findall(r"def test_(\w+)", text)}


@pytest.mark.parametrize("case", FAILURES)
def test_every_failure_case_is_replayed_by_a_test(case: str, named: set[str]) -> None:
    assert set(FAILURES[case]) <= named, case


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store("sqlite:///dealsync.db", tmp_path)
    yield opened
    opened.close()


def test_a_query_that_never_answers_is_tried_again_and_a_write_is_in_doubt(
    salesforce: SalesforceRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    salesforce.crm.describe(OURS)
    monkeypatch.setattr("connector.salesforce.session.READ", 0.2)
    salesforce.switchboard.faults.append(Fault(method="GET", path="/query", delay=1.0))
    with pytest.raises(TryAgain, match="Timeout"):
        window(salesforce.crm, OURS, ["Name"])
    salesforce.switchboard.faults.append(Fault(method="PATCH", path="/composite", delay=1.0))
    [outcome] = salesforce.crm.write(upserts(salesforce, 1))
    assert isinstance(outcome.fault, InDoubt)
    monkeypatch.undo()
    assert CASES.ours(salesforce, "k00000") in ({}, {"k00000": "0"})


def test_our_own_write_is_no_news_and_an_edit_of_the_same_second_is(
    salesforce: SalesforceRig, store: Store
) -> None:
    deals = shipped().of("sf", "Opportunity")
    assert deals is not None
    pull(store, salesforce.crm, deals, START, lambda done: None)
    fields = (FieldChange(SUMMARY, None, "ours"),)
    change = PlannedChange("sf", "Opportunity", Op.UPDATE, "id", DEAL, fields, "", "")
    with store.write() as connection:
        outbox.put(connection, "run", DEAL, [change], START)
        entries = outbox.open_entries(connection, [TODO])
    assert [state for _, state, _ in apply(store, {"sf": salesforce.crm}, entries, START)] == [DONE]
    counted, _ = pull(store, salesforce.crm, deals, START, lambda done: None)
    assert (counted["read"], counted["changed"]) == (1, 0)
    salesforce.edit("Opportunity", DEAL, {SUMMARY: "mine"})
    counted, _ = pull(store, salesforce.crm, deals, START, lambda done: None)
    assert (counted["read"], counted["changed"]) == (1, 1)


def test_currencies_switched_on_in_mid_life_are_read_for_old_rows_too() -> None:
    with start(World(salesforce={**WORLD.salesforce, "org": {"currencies": ["USD", "JPY"]}})) as running:
        salesforce, fields = SalesforceRig(running), ["Amount", "CurrencyIsoCode"]
        salesforce.edit("Opportunity", DEAL, {"Amount": "1000"})
        first = window(salesforce.crm, "Opportunity", fields)
        assert latest(first)[DEAL].values == ("1000", ABSENT), "one currency: no field says it"
        salesforce.switchboard.settings["multi_currency"] = True
        salesforce.advance(HOUR)
        second = window(salesforce.another(), "Opportunity", fields, first[-1].cursor)
        assert latest(second)[DEAL].values == ("1000", None), "untouched since; empty, no longer absent"
        salesforce.edit("Opportunity", DEAL, {"Amount": "1234567", "CurrencyIsoCode": "JPY"})
        salesforce.advance(HOUR)
        third = window(salesforce.another(), "Opportunity", fields, second[-1].cursor)
        assert latest(third)[DEAL].values == ("1234567", "JPY")
