//! One suite for both databases: every test runs on an SQLite file, and on PostgreSQL when
//! `SWITCHWARD_TEST_POSTGRES` names a server where databases may be created.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]
#![allow(clippy::disallowed_methods, reason = "the test server is named by the environment")]

mod consumers;
mod counters;
mod documents;
mod events;
mod harness;
mod jobs;
mod journal;
mod keys;
mod measures;
mod opening;
mod pages;
mod steady;

macro_rules! suite {
    ($($module:ident: $($name:ident)*;)*) => {
        mod sqlite {$(
            mod $module {$(
                #[test]
                fn $name() {
                    crate::harness::on_sqlite(crate::$module::$name);
                }
            )*}
        )*}
        mod postgres {$(
            mod $module {$(
                #[test]
                fn $name() {
                    crate::harness::on_postgres(crate::$module::$name);
                }
            )*}
        )*}
    };
}

suite! {
    counters:
        what_is_counted_adds_up_by_scope_and_day
        many_batches_at_once_are_all_counted
        a_batch_that_fails_counts_nothing
        two_processes_count_together;
    consumers:
        a_consumer_begins_at_the_end_and_goes_on_from_where_it_was
        of_two_that_claim_one_does_and_a_lost_claim_writes_nothing
        what_was_begun_and_what_failed_is_known_after_a_restart
        what_is_set_aside_is_due_by_itself_and_survives_a_restart
        deliveries_and_disclosures_add_up
        after_a_step_back_no_consumer_waits_for_a_time_never_meant;
    documents:
        a_document_comes_back_as_it_was_written
        of_many_updates_of_one_revision_one_is_written
        an_update_of_an_old_revision_conflicts_and_writes_nothing
        a_taken_sid_or_name_exists
        a_failing_batch_harms_no_neighbour
        shredded_content_is_gone_and_so_is_its_key
        deleting_removes_row_index_and_key
        reindexing_replaces_the_entries_of_one_key
        another_scope_sees_nothing
        a_row_moved_to_another_sid_does_not_open
        no_plaintext_is_found_in_the_database
        parent_and_child_are_written_in_two_scopes_at_once
        oversized_batches_are_refused
        the_oldest_are_removed_with_their_index_and_keys;
    events:
        events_come_back_in_the_order_in_which_they_were_appended
        a_row_is_written_anew_in_its_place_while_its_keys_are_there
        an_event_opens_in_its_place_and_scope_only
        destroying_the_key_of_either_subject_destroys_what_is_about_both
        of_two_that_add_a_subject_one_does
        names_are_read_back_newest_first_and_the_oldest_rows_go
        a_reader_misses_nothing_while_many_write;
    pages:
        pages_forward_and_backward_over_equal_times
        filters_and_ranges_hold_together
        entries_that_most_documents_have_are_looked_up_by_event_time
        page_tokens_open_in_their_scope_and_kind_only;
    journal:
        entries_are_chained_without_gaps
        a_failed_batch_leaves_no_entry_and_no_gap
        a_removed_end_is_seen_by_the_head
        a_forged_head_is_not_extended
        a_scope_reads_its_own_entries_only
        checkpoints_are_kept_in_order;
    jobs:
        jobs_come_in_order_per_key
        a_scheduled_job_holds_nothing_up_but_a_retried_one_does
        an_expired_lease_is_lost
        a_lost_lease_undoes_the_whole_batch
        no_job_is_claimed_twice_and_none_is_forgotten
        a_job_enqueued_while_the_one_before_it_ends_does_not_wait
        a_lane_is_not_in_the_way_of_another
        a_held_job_goes_when_the_one_before_it_ends
        a_parked_job_is_kept_until_somebody_decides
        after_a_step_back_nothing_waits_for_a_time_never_meant
        workers_are_told_of_new_work
        workers_of_another_process_are_told_too
        payloads_and_keys_are_not_readable;
    keys:
        keys_move_to_another_master_key_while_everything_stays_readable
        an_interrupted_move_goes_on
        reads_and_writes_go_on_while_keys_move
        an_outage_of_the_holder_is_not_destroyed_data
        a_rotated_scope_reads_old_and_new
        a_destroyed_scope_stays_closed
        unknown_scopes_cannot_be_written;
    measures:
        what_is_committed_is_counted
        a_probe_is_written_and_leaves_nothing
        a_ledger_that_cannot_be_written_is_known_until_it_can_be
        queues_say_how_much_waits_and_since_when;
    steady:
        what_is_steady_is_read_once_until_something_steady_is_written
        what_another_process_writes_is_seen_at_once
        nothing_is_remembered_of_a_destroyed_scope
        readers_beside_a_writer_never_go_back;
    opening:
        what_was_committed_is_there_after_reopening
        another_master_key_is_refused
        a_newer_database_is_refused
        names_in_clear_of_an_older_version_become_digests
        an_altered_migration_is_refused
        a_closed_store_says_so
        broken_connections_are_made_anew
        what_was_acknowledged_survives_a_kill;
}
