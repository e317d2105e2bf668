//! One suite for all adapters: each case is a function over a [`rig::Rig`], and a test
//! for each rig.

pub(crate) mod applying;
mod dead_letter_admin;
mod dead_letter_lines;
pub(crate) mod dead_letters;
pub(crate) mod fencing;
mod isolation;
mod job_runs;
pub(crate) mod jobs;
pub(crate) mod leases;
pub(crate) mod ledger;
mod limits;
pub(crate) mod memory;
pub(crate) mod publishing;
pub(crate) mod real;
mod replaying;
pub(crate) mod rig;
pub(crate) mod running;
mod sharing;

pub(crate) use applying::is_at_the_end;
pub(crate) use publishing::is_empty;
pub(crate) use running::{inbox, relay};

/// Makes a test of each case for each rig: `memory::<case>` and `real::<case>`.
macro_rules! cases {
    ($($module:ident::$case:ident),* $(,)?) => {
        mod on_memory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::log();
                    super::$module::$case(&super::memory::MemoryRig::new(3)).await;
                }
            )*
        }
        mod on_mongo_and_kafka {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::log();
                    super::$module::$case(&super::real::RealRig::new(3).await).await;
                }
            )*
        }
    };
}

cases! {
    publishing::a_committed_record_is_published_then_deleted,
    publishing::an_aborted_transaction_publishes_nothing,
    publishing::versions_of_one_key_leave_in_order_from_many_writers,
    publishing::a_record_that_appears_behind_published_ones_is_not_lost,
    publishing::a_failing_broker_loses_and_reorders_nothing,
    publishing::what_is_written_before_the_end_is_published,
    isolation::what_was_only_read_may_be_changed_by_another,
    isolation::a_document_is_changed_by_one_of_two,
    leases::a_lease_is_held_by_one,
    leases::an_expired_lease_is_taken_over,
    leases::a_relay_whose_broker_is_away_keeps_its_lease_and_can_stop,
    leases::a_second_relay_takes_over_when_the_first_stops,
    applying::records_are_applied_in_order_and_the_checkpoint_moves,
    applying::a_batch_writes_its_messages_in_one_record,
    applying::an_event_published_twice_changes_state_once,
    applying::a_new_inbox_goes_on_where_the_last_one_ended,
    applying::a_passing_fault_leaves_nothing_half_done,
    applying::event_types_that_nobody_asked_for_are_passed_over,
    dead_letters::one_failing_message_of_a_batch_is_dead_lettered_alone,
    dead_letters::unreadable_messages_are_dead_lettered_and_their_keys_wait,
    dead_letters::waiting_keys_wait_after_a_restart_too,
    dead_letters::a_message_without_a_usable_key_can_be_dead_lettered,
    dead_letters::a_dead_letter_is_published_with_its_headers,
    dead_letters::what_is_too_large_to_be_kept_is_dead_lettered_by_reference,
    dead_letters::many_large_dead_letters_of_one_batch_fit,
    dead_letters::a_record_without_a_value_is_passed_over,
    dead_letters::what_follows_from_a_message_may_be_too_large_to_be_saved,
    dead_letters::a_message_waits_while_what_is_stored_is_unreadable,
    fencing::an_older_claim_changes_nothing,
    fencing::two_consumers_of_the_same_partitions_apply_each_record_once,
    sharing::members_come_and_go_and_each_record_is_applied_once,
    limits::a_checkpoint_behind_the_end_stops_the_inbox,
    limits::a_checkpoint_before_the_beginning_stops_the_inbox,
    limits::a_checkpoint_of_another_topic_stops_the_inbox,
    limits::a_checkpoint_without_its_topics_id_takes_it,
    limits::what_is_too_large_is_refused_when_written,
    limits::the_largest_message_arrives,
    limits::what_a_record_says_of_its_context_is_bounded,
    replaying::everything_again_changes_nothing_and_is_counted,
    replaying::a_replay_before_the_start_begins_with_it,
    replaying::what_was_lost_is_made_up_for_and_counted,
    replaying::dead_letters_stay_as_they_are,
    replaying::replays_amid_traffic_are_counted_exactly,
    replaying::an_unfit_replay_is_refused_and_changes_nothing,
    dead_letter_admin::a_retried_dead_letter_frees_those_behind_it,
    dead_letter_admin::one_that_fails_again_stays_with_its_new_reason,
    dead_letter_admin::what_the_store_refuses_has_failed_again,
    dead_letter_lines::a_line_stops_at_the_next_that_fails,
    dead_letter_admin::a_dead_letter_kept_by_reference_can_be_retried,
    dead_letter_admin::one_that_is_gone_from_its_topic_can_only_be_discarded,
    dead_letter_admin::a_retried_record_without_a_value_is_applied,
    dead_letter_admin::a_discarded_dead_letter_frees_those_behind_it,
    dead_letter_lines::a_long_line_is_handled_in_parts,
    dead_letter_lines::a_line_from_which_too_much_follows_is_handled_in_halves,
    dead_letter_lines::a_retry_beside_a_busy_inbox_keeps_the_order,
    dead_letter_admin::dead_letters_without_a_key_are_independent,
    dead_letter_admin::what_is_not_there_is_refused,
    jobs::a_job_is_taken_when_it_is_due_and_not_before,
    jobs::an_aborted_transaction_schedules_nothing,
    jobs::an_id_that_was_used_is_never_free_again,
    jobs::a_cancelled_job_is_not_taken_and_its_attempt_is_fenced,
    jobs::a_lease_that_ran_out_goes_to_another_attempt,
    jobs::a_renewed_lease_lasts,
    jobs::a_failed_job_comes_again_after_its_pause,
    jobs::what_was_not_begun_is_given_back,
    jobs::a_dead_job_is_retried_or_discarded_with_who_and_why,
    jobs::lists_are_turned_page_by_page,
    job_runs::a_job_that_is_due_soon_wakes_the_runner,
    job_runs::a_job_in_a_transaction_happens_once_with_what_follows_from_it,
    job_runs::a_job_that_gives_up_changes_nothing_and_is_set_aside,
    job_runs::attempts_that_fail_panic_or_hang_are_followed_by_others_up_to_the_most,
    job_runs::a_job_that_nobody_does_is_set_aside_with_its_reason,
    job_runs::a_runner_that_stops_finishes_what_runs_and_gives_back_the_rest,
    job_runs::two_runners_do_each_job_once,
}
