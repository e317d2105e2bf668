//! Connections, counted.

/// Why a connection was ended by us.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ended {
    /// A head did not come in time.
    Head,
    /// It had no request for too long.
    Idle,
    /// The peer took nothing of an answer.
    Stalled,
    /// It waited, and made room for another.
    Displaced,
    /// There was no room for it.
    Refused,
}

impl Ended {
    const ALL: [Self; 5] = [
        Self::Head,
        Self::Idle,
        Self::Stalled,
        Self::Displaced,
        Self::Refused,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Idle => "idle",
            Self::Stalled => "stalled",
            Self::Displaced => "displaced",
            Self::Refused => "refused",
        }
    }
}

/// Registers what is counted, so that it is there with 0.
pub(super) fn describe() {
    metrics::describe_counter!(
        "http_server_connections_ended_total",
        metrics::Unit::Count,
        "Connections ended because of a limit, by which"
    );
    for reason in Ended::ALL {
        metrics::counter!("http_server_connections_ended_total", "reason" => reason.name())
            .increment(0);
    }
}

pub(super) fn ended(reason: Ended) {
    metrics::counter!("http_server_connections_ended_total", "reason" => reason.name())
        .increment(1);
}
