"""The failure cases of a HubSpot connector, each with the tests that replay it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
FAILURES = {
    "1 edits during paging": [
        "rows_edited_between_search_pages_are_not_lost",
        "edits_between_the_pages_of_a_first_reading_lose_nothing",
    ],
    "2 more than 10,000 changes": ["12_000_changes_over_an_hour_are_each_read_once"],
    "3 more than 10,000 in one instant": [
        "25_000_changes_of_one_millisecond_are_each_read_once",
        "more_rows_of_one_millisecond_than_search_pages_are_each_read_once",
    ],
    "4 the index lags": [
        "a_write_that_search_shows_late_is_read_by_the_overlap",
        "a_change_that_search_shows_an_hour_late_is_found_by_the_pass_that_comes_later",
    ],
    "5 the index is stale": ["values_come_from_the_record_and_never_from_a_stale_index"],
    "6 a page in disorder": ["a_page_in_disorder_with_a_row_from_outside_is_sorted_out"],
    "7 an association without an edit": [
        "an_association_added_without_touching_the_deal_is_found_in_the_night",
        "an_association_without_an_edit_is_seen_at_the_next_poll_and_not_in_the_night",
    ],
    "8 no association is no failure": ["records_without_associations_are_no_failure_and_results_are_matched_by_id"],
    "9 an id is text here and a number there": [
        "link_ids_are_a_string_and_a_number",
        "records_without_associations_are_no_failure_and_results_are_matched_by_id",
    ],
    "10 associations of one record in pages": [
        "associations_of_one_record_are_read_to_their_last_page",
        "an_association_page_that_repeats_is_a_fault_and_no_endless_loop",
    ],
    "11 merged": [
        "both_parties_of_a_merge_are_named_and_the_old_id_answers",
        "a_merge_of_two_deals_with_an_approved_partner_each",
        "a_merged_deal_is_gone_by_its_old_id_and_both_partners_stay_on_the_survivor",
    ],
    "12 deleted and restored": ["a_deal_that_is_deleted_and_restored_goes_and_comes_back"],
    "13 one bad row of a batch": [
        "one_bad_row_of_a_batch_does_not_lose_the_ninety_nine_good_ones",
        "a_batch_refused_as_a_whole_is_halved_to_its_bad_row",
    ],
    "14 one error for many ids": ["one_error_that_names_thirty_seven_ids_is_thirty_seven_faults"],
    "15 results out of order": ["results_in_another_order_and_another_case_are_matched_by_key"],
    "16 an answer is lost": ["a_lost_answer_is_in_doubt_and_writing_again_makes_no_second_record"],
    "17 an answer is spoilt": [
        "a_spoilt_answer_is_a_fault_and_never_no_data",
        "an_answer_that_is_none_is_never_no_data",
    ],
    "18 limits by their policy": [
        "a_limit_waits_by_its_policy",
        "each_limit_says_how_long_to_wait",
        "the_day_s_limit_parks_the_portal_until_midnight_where_it_is",
    ],
    "19 a record is locked": ["a_locked_record_waits_two_seconds_and_holds_up_nobody_else"],
    "20 the portal is moving": ["a_migrating_portal_is_left_alone_until_it_says"],
    "21 a token ends or is revoked": [
        "an_expired_token_on_a_late_page_is_renewed_and_the_page_read",
        "many_threads_renew_a_token_once",
        "a_revoked_refresh_token_stops_and_asks_for_a_person",
    ],
    "22 a scope is missing": ["a_missing_scope_pauses_one_object_and_the_others_go_on"],
    "23 an address too long": ["more_properties_than_fit_into_an_address_are_read_all_the_same"],
    "24 the schema changes": [
        "a_property_that_vanished_pauses_its_rows_and_the_schema_is_asked_again",
        "an_option_that_was_removed_rejects_its_rows_by_name",
        "a_property_removed_between_two_pages_is_absent_and_not_empty",
    ],
    "25 rules of an admin": ["what_an_admin_requires_is_refused_from_2026_09_on_and_not_retried"],
    "26 what is calculated cannot be written": ["a_calculated_property_is_refused_before_it_is_sent"],
    "27 what is calculated drifts": ["a_calculated_property_that_drifts_is_refreshed_in_the_night"],
    "28 our own write comes back": [
        "our_own_write_to_a_deal_is_no_news_and_an_edit_of_the_same_minute_is",
        "what_our_own_app_wrote_is_an_echo_and_the_same_property_written_by_a_person_is_not",
    ],
    "29 two writers": ["what_a_person_edits_between_our_read_and_our_write_stays"],
    "30 webhooks": [
        "twice_and_in_any_order_is_once",
        "one_poisoned_event_of_a_hundred_does_not_hide_the_others",
        "the_url_is_signed_with_only_some_of_its_escapes_decoded",
        "a_signature_of_another_time_is_refused_in_both_directions",
        "an_asgi_route_takes_the_raw_bytes_with_the_signature_of_its_public_address",
    ],
    "31 a new primary company": [
        "a_new_primary_company_is_one_set_and_not_two_events",
        "the_primary_company_is_a_set_of_one_that_moves",
    ],
    "32 ids of seventeen digits": ["ids_of_seventeen_digits_and_long_amounts_survive"],
    "33 money": ["an_amount_is_exact_or_said_to_be_none_in_every_spelling"],
    "34 time": [
        "a_day_is_the_same_day_in_every_zone_of_an_account_and_an_instant_is_the_same_instant",
        "the_day_a_deal_closes_is_read_from_every_spelling_of_an_instant",
    ],
    "35 several values": [
        "several_values_replace_what_was_there_and_are_not_appended",
        "an_option_is_taken_letter_by_letter_its_last_blank_too",
    ],
    "36 stages": [
        "a_stage_that_nobody_mapped_is_said_of_its_deal_and_the_others_go_on",
        "pipelines_and_stages_are_known_by_id_as_two_may_have_one_label",
    ],
    "37 owners": [
        "owners_are_read_whole_deactivated_ones_too",
        "a_deal_of_nobody_known_and_a_deal_of_a_queue_are_read_like_all_others",
    ],
    "38 a broken urllib3": ["a_release_of_urllib3_that_breaks_the_vendors_client_is_not_installed"],
    "39 our clock is wrong": ["a_clock_of_ours_that_is_wrong_changes_nothing"],
    "40 a crash in between": [
        "a_crash_between_two_pages_repeats_and_loses_nothing",
        "a_process_that_is_killed_loses_nothing_and_doubles_nothing",
    ],
    "41 sizes on the edge of a page": ["every_size_of_portal_is_read_once_each_way"],
    "42 two runs at once": ["of_two_runs_at_one_moment_one_works_and_each_row_is_written_once"],
}


@pytest.fixture(scope="module")
def named() -> set[str]:
    """Every test that there is."""
    texts = (path.read_text("utf-8") for path in TESTS.rglob("*.py"))
    return {name for text in texts for name in re.findall(r"def test_(\w+)", text)}


def test_no_case_is_left_out() -> None:
    assert [int(case.split()[0]) for case in FAILURES] == list(range(1, 43))


@pytest.mark.parametrize("case", FAILURES)
def test_every_failure_case_is_replayed_by_a_test(case: str, named: set[str]) -> None:
    assert set(FAILURES[case]) <= named, case
