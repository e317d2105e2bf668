//! What the metrics mean, as `/metrics` says it. Describing one again changes nothing, so each
//! part does it when it is made.

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram};

pub(crate) fn inbox() {
    describe_counter!(
        "inbox_records_total",
        Unit::Count,
        "Records applied, skipped or dead-lettered"
    );
    describe_counter!(
        "inbox_emitted_total",
        Unit::Count,
        "Messages that followed from records"
    );
    describe_counter!(
        "inbox_dead_lettered_total",
        Unit::Count,
        "Messages that became dead letters"
    );
    describe_counter!(
        "inbox_tombstones_total",
        Unit::Count,
        "Records without a value, which are passed over; nothing of ours publishes one"
    );
    describe_counter!(
        "inbox_duplicates_total",
        Unit::Count,
        "Events that handlers had seen before"
    );
    describe_counter!(
        "inbox_retries_total",
        Unit::Count,
        "Failed attempts at a batch"
    );
    describe_gauge!(
        "dead_letters",
        Unit::Count,
        "Dead letters now; counted while the inbox is idle"
    );
    describe_histogram!(
        "inbox_batch_records",
        Unit::Count,
        "Records in one transaction"
    );
    describe_histogram!(
        "inbox_batch_duration_seconds",
        Unit::Seconds,
        "Time of one batch's transaction, with its repetitions"
    );
    describe_histogram!(
        "inbox_event_age_seconds",
        Unit::Seconds,
        "Age of the oldest event of a batch when it is applied"
    );
    describe_gauge!(
        "inbox_lag_records",
        Unit::Count,
        "Records of a partition not read yet"
    );
}

pub(crate) fn relay() {
    describe_counter!(
        "outbox_published_total",
        Unit::Count,
        "Messages that the broker confirmed"
    );
    describe_counter!(
        "outbox_faults_total",
        Unit::Count,
        "Restarts of the relay after a fault"
    );
    describe_gauge!(
        "outbox_backlog_records",
        Unit::Count,
        "Records in the outbox; 0 where another instance has the lease"
    );
    describe_gauge!(
        "outbox_oldest_age_seconds",
        Unit::Seconds,
        "Age of the oldest record in the outbox"
    );
    describe_gauge!(
        "outbox_lease_epoch",
        Unit::Count,
        "Number of the lease last held here; it rises with each change of hands"
    );
    describe_histogram!(
        "outbox_batch_messages",
        Unit::Count,
        "Messages published in one round"
    );
    describe_histogram!(
        "outbox_publish_duration_seconds",
        Unit::Seconds,
        "Time until the broker confirmed a round"
    );
}

pub(crate) fn jobs() {
    describe_counter!(
        "jobs_scheduled_total",
        Unit::Count,
        "Jobs scheduled, those scheduled again included, which changes nothing"
    );
    describe_counter!(
        "jobs_run_total",
        Unit::Count,
        "Attempts at jobs by what came of them"
    );
    describe_histogram!(
        "jobs_run_duration_seconds",
        Unit::Seconds,
        "Time of one attempt at a job"
    );
    describe_gauge!(
        "jobs_waiting",
        Unit::Count,
        "Jobs that wait, due or not, counted up to 10,000 every 10 s by every instance"
    );
    describe_gauge!(
        "jobs_due",
        Unit::Count,
        "Jobs that wait and are due, counted up to 10,000"
    );
    describe_gauge!(
        "jobs_oldest_due_age_seconds",
        Unit::Seconds,
        "For how long the first of them has been due"
    );
    describe_gauge!("jobs_running", Unit::Count, "Jobs that an attempt has");
    describe_gauge!("jobs_dead", Unit::Count, "Jobs set aside");
}

/// Registers what is counted seldom, so that it is there with 0.
pub(crate) fn database() {
    describe_counter!(
        "transaction_retries_total",
        Unit::Count,
        "Runs of a transaction after a conflict or a passing fault"
    );
    counter!("transaction_retries_total").increment(0);
    describe_gauge!(
        "db_client_connection_count",
        Unit::Count,
        "Connections to MongoDB by state"
    );
    describe_gauge!(
        "db_client_connection_max",
        Unit::Count,
        "The most connections to one MongoDB server"
    );
    describe_counter!(
        "db_client_connection_timeouts_total",
        Unit::Count,
        "Operations that got no connection"
    );
    describe_histogram!(
        "db_client_connection_wait_time_seconds",
        Unit::Seconds,
        "Time until an operation got a connection"
    );
    describe_gauge!(
        "mongodb_up",
        Unit::Count,
        "1 when the database answered the last ping within 10 s, else 0"
    );
    describe_gauge!(
        "mongodb_filesystem_size_bytes",
        Unit::Bytes,
        "Size of the disk that MongoDB keeps the database on"
    );
    describe_gauge!(
        "mongodb_filesystem_used_bytes",
        Unit::Bytes,
        "Bytes used on that disk by all its users"
    );
}

pub(crate) fn recovery() {
    describe_counter!(
        "recovered_events_total",
        Unit::Count,
        "Own events that a restored database lacked and that were recovered at the start"
    );
}
