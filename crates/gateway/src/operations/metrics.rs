//! Metrics from Prometheus' text format. Services that share a process share its metrics, so a
//! metric is found by the service's name in its labels, not by where it was read.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// A service's metrics. Totals are since its instances were started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct ServiceMetrics {
    /// Events published.
    published_total: f64,
    /// Records consumed.
    consumed_total: f64,
    /// Messages that became dead letters.
    dead_letters_total: f64,
    /// Attempts repeated after a transient fault.
    retries_total: f64,
    /// Records not yet consumed.
    lag_records: f64,
    /// Outbox records not yet published.
    backlog_records: f64,
    /// The age of the oldest of these, in seconds.
    oldest_age_seconds: f64,
}

/// What became of orders since the instances of the orders service were started.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Orders {
    /// Orders placed.
    placed: f64,
    /// Orders accepted.
    accepted: f64,
    /// Orders rejected.
    rejected: f64,
}

impl ServiceMetrics {
    /// The metrics of `service` from the metrics of its instances.
    pub(crate) fn read(service: &str, texts: &[&str]) -> Self {
        let sum = |name: &str, label: &str| -> f64 {
            let all = texts.iter().flat_map(|text| samples(text));
            all.filter(|sample| sample.name == name && sample.label(label) == Some(service))
                .map(|sample| sample.value)
                .sum()
        };
        // What describes one shared thing is told by whichever instance looks at it: the highest
        // counts.
        let highest = |name: &str, label: &str| -> f64 {
            let mut things: BTreeMap<&str, f64> = BTreeMap::new();
            for sample in texts.iter().flat_map(|text| samples(text)) {
                if sample.name == name && sample.label(label) == Some(service) {
                    let thing = things.entry(sample.labels).or_default();
                    *thing = thing.max(sample.value);
                }
            }
            things.values().sum()
        };
        Self {
            published_total: sum("outbox_published_total", "shard"),
            consumed_total: sum("inbox_records_total", "group"),
            dead_letters_total: sum("inbox_dead_lettered_total", "group"),
            retries_total: sum("inbox_retries_total", "group"),
            lag_records: highest("inbox_lag_records", "group"),
            backlog_records: highest("outbox_backlog_records", "shard"),
            oldest_age_seconds: highest("outbox_oldest_age_seconds", "shard"),
        }
    }
}

impl Orders {
    /// The metrics from the metrics of the orders service's instances.
    pub(crate) fn read(texts: &[&str]) -> Self {
        let sum = |name: &str, status: Option<&str>| -> f64 {
            let all = texts.iter().flat_map(|text| samples(text));
            all.filter(|sample| sample.name == name && sample.label("status") == status)
                .map(|sample| sample.value)
                .sum()
        };
        Self {
            placed: sum("orders_placed_total", None),
            accepted: sum("orders_settled_total", Some("ACCEPTED")),
            rejected: sum("orders_settled_total", Some("REJECTED")),
        }
    }
}

struct Sample<'a> {
    name: &'a str,
    /// As written, without the braces.
    labels: &'a str,
    value: f64,
}

impl Sample<'_> {
    /// The label's value. Ours hold no comma and no quotation mark.
    fn label(&self, name: &str) -> Option<&str> {
        self.labels.split(',').find_map(|label| {
            let (key, value) = label.split_once('=')?;
            (key == name).then(|| value.trim_matches('"'))
        })
    }
}

fn samples(text: &str) -> impl Iterator<Item = Sample<'_>> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (name, labels) = match series.split_once('{') {
                Some((name, rest)) => (name, rest.strip_suffix('}')?),
                None => (series, ""),
            };
            let value: f64 = value.parse().ok()?;
            value.is_finite().then_some(Sample {
                name,
                labels,
                value,
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "\
# TYPE outbox_published_total counter
outbox_published_total{shard=\"orders\"} 7
outbox_published_total{shard=\"products\"} 100
inbox_records_total{group=\"orders\"} 5
inbox_dead_lettered_total{group=\"orders\"} 1
inbox_lag_records{group=\"orders\",topic=\"t\",partition=\"0\"} 3
inbox_lag_records{group=\"orders\",topic=\"t\",partition=\"1\"} 4
outbox_backlog_records{shard=\"orders\"} 2
outbox_oldest_age_seconds{shard=\"orders\"} 0.5
orders_placed_total 9
orders_settled_total{status=\"ACCEPTED\"} 6
orders_settled_total{status=\"REJECTED\"} 2
nonsense
";
    const OTHER: &str = "\
outbox_published_total{shard=\"orders\"} 3
inbox_lag_records{group=\"orders\",topic=\"t\",partition=\"1\"} 9
outbox_backlog_records{shard=\"orders\"} NaN
orders_placed_total 1
";

    #[test]
    fn counts_add_up_and_shared_things_count_once() {
        let expected = ServiceMetrics {
            published_total: 10.0,
            consumed_total: 5.0,
            dead_letters_total: 1.0,
            retries_total: 0.0,
            lag_records: 12.0,
            backlog_records: 2.0,
            oldest_age_seconds: 0.5,
        };
        assert_eq!(ServiceMetrics::read("orders", &[ONE, OTHER]), expected);
        let orders = Orders {
            placed: 10.0,
            accepted: 6.0,
            rejected: 2.0,
        };
        assert_eq!(Orders::read(&[ONE, OTHER]), orders);
    }

    #[test]
    fn a_service_without_metrics_has_zeros() {
        assert_eq!(
            ServiceMetrics::read("auth", &[ONE]),
            ServiceMetrics::default()
        );
    }
}
