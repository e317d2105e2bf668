//! Metrics of the driver's connections, after `OpenTelemetry`'s conventions for pools.

use std::sync::Arc;

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use mongodb::event::EventHandler;
use mongodb::event::cmap::CmapEvent;

use crate::metric_descriptions;

/// Follows one client's connections; `database` is its name in the metrics.
pub(super) fn followed(database: &str, most: u32) -> EventHandler<CmapEvent> {
    metric_descriptions::database();
    let metrics = Arc::new(PoolMetrics::new(database, most));
    EventHandler::callback(move |event| metrics.note(&event))
}

struct PoolMetrics {
    idle: Gauge,
    used: Gauge,
    timeouts: Counter,
    waits: Histogram,
}

impl PoolMetrics {
    fn new(database: &str, most: u32) -> Self {
        let pool = database.to_owned();
        let of_state = |state: &'static str| {
            gauge!(
                "db_client_connection_count",
                "db_client_connection_pool_name" => pool.clone(),
                "db_client_connection_state" => state
            )
        };
        gauge!("db_client_connection_max", "db_client_connection_pool_name" => pool.clone())
            .set(f64::from(most));
        Self {
            idle: of_state("idle"),
            used: of_state("used"),
            timeouts: counter!(
                "db_client_connection_timeouts_total",
                "db_client_connection_pool_name" => pool.clone()
            ),
            waits: histogram!(
                "db_client_connection_wait_time_seconds",
                "db_client_connection_pool_name" => pool
            ),
        }
    }

    /// A connection is idle when it is made and when it is closed: the driver checks it in first.
    fn note(&self, event: &CmapEvent) {
        match event {
            CmapEvent::ConnectionCreated(_) => self.idle.increment(1.0),
            CmapEvent::ConnectionClosed(_) => self.idle.decrement(1.0),
            CmapEvent::ConnectionCheckedOut(out) => {
                self.idle.decrement(1.0);
                self.used.increment(1.0);
                self.waits.record(out.duration);
            }
            CmapEvent::ConnectionCheckedIn(_) => {
                self.used.decrement(1.0);
                self.idle.increment(1.0);
            }
            CmapEvent::ConnectionCheckoutFailed(_) => self.timeouts.increment(1),
            _ => {}
        }
    }
}
