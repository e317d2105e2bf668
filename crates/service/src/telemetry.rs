//! Log lines, metrics and traces of a process.
//!
//! Lines go to standard error through a thread of their own, so that a slow terminal or pipe never
//! holds a request. Metrics are kept in one Prometheus recorder per process. Spans are told to the
//! collector that the environment names, if it names one.

mod json_lines;
mod traces;

use std::io::{self, IsTerminal};
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::json_lines::JsonLines;

pub use traces::{Side, Span};

/// What a process logs when neither `RUST_LOG` nor a filter says otherwise.
pub const DEFAULT_FILTER: &str = "info";

/// Upper bounds in seconds of every `_seconds` histogram: 1 ms to 60 s.
const SECONDS: [f64; 15] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0,
];

/// Upper bounds of every histogram of how many there are in a batch.
const COUNTS: [f64; 11] = [
    1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 175.0, 250.0, 500.0, 1000.0,
];
/// How the names of such histograms end.
const OF_COUNTS: [&str; 3] = ["_batch_records", "_batch_messages", "_batch_size"];

/// How often the recorder folds the histograms' raw samples; they would pile up between two
/// scrapes.
const UPKEEP: Duration = Duration::from_secs(5);

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// `pretty` on a terminal, `json` otherwise
    #[default]
    Auto,
    /// For people
    Pretty,
    /// One JSON object a line
    Json,
}

/// Keeps the log's writing thread and the export of spans alive; dropping it writes what is left.
#[derive(Debug)]
#[must_use = "dropping the guard ends logging"]
pub struct Guard {
    // In the order of their end: what goes wrong with the spans is still logged.
    exporter: Option<traces::Exporter>,
    _writer: WorkerGuard,
}

impl Guard {
    /// Whether spans are exported, so that libraries may create some.
    pub fn exports_spans(&self) -> bool {
        self.exporter.is_some()
    }
}

/// Installs the log, the metrics recorder and, if the environment names a collector, the telling
/// of spans of this process, which is `name` unless `OTEL_SERVICE_NAME` says otherwise.
///
/// The filter is `RUST_LOG` when set, else `filter`, else [`DEFAULT_FILTER`]; what can't be read in
/// it is left out. A second call leaves the log as it is.
pub fn init(name: &'static str, format: LogFormat, filter: Option<&str>) -> Guard {
    install_metrics();
    let terminal = io::stderr().is_terminal();
    let (writer, guard) = NonBlockingBuilder::default()
        .thread_name("log")
        .finish(io::stderr());
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new(filter.unwrap_or(DEFAULT_FILTER)));
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_ansi(terminal);
    let pretty = match format {
        LogFormat::Auto => terminal,
        LogFormat::Pretty => true,
        LogFormat::Json => false,
    };
    let installed = if pretty {
        registry.with(layer).try_init()
    } else {
        registry
            .with(layer.fmt_fields(JsonFields::new()).event_format(JsonLines))
            .try_init()
    };
    if installed.is_err() {
        tracing::debug!("the log is installed already");
    }
    Guard {
        exporter: traces::start(name),
        _writer: guard,
    }
}

/// Installs the Prometheus recorder unless one is installed.
pub fn install_metrics() {
    METRICS.get_or_init(|| {
        // Only an empty list of bounds is refused.
        let bounded = OF_COUNTS
            .iter()
            .map(|end| (*end, COUNTS.as_slice()))
            .chain([("_seconds", SECONDS.as_slice())])
            .try_fold(PrometheusBuilder::new(), |builder, (end, bounds)| {
                builder.set_buckets_for_metric(Matcher::Suffix(end.to_owned()), bounds)
            });
        let builder = bounded.unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another metrics recorder is installed: /metrics stays empty");
        }
        let upkeep = handle.clone();
        let started = thread::Builder::new()
            .name("metrics".to_owned())
            .spawn(move || {
                loop {
                    thread::sleep(UPKEEP);
                    upkeep.run_upkeep();
                }
            });
        if let Err(error) = started {
            tracing::warn!(%error, "no thread for the metrics' upkeep");
        }
        handle
    });
}

/// The metrics in Prometheus' text format; empty before [`install_metrics`].
pub fn metrics_text() -> String {
    METRICS
        .get()
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_keeps_the_recorder_and_its_counts() {
        install_metrics();
        metrics::counter!("telemetry_test_total").increment(1);
        let guard = init("test", LogFormat::Json, Some("off"));
        metrics::counter!("telemetry_test_total").increment(1);
        metrics::histogram!("telemetry_test_seconds").record(0.3);
        metrics::histogram!("telemetry_test_batch_size").record(3.0);
        assert!(!guard.exports_spans());
        let text = metrics_text();
        assert!(text.contains("telemetry_test_total 2"), "{text}");
        assert!(
            text.contains("telemetry_test_seconds_bucket{le=\"0.5\"} 1")
                && text.contains("telemetry_test_batch_size_bucket{le=\"5\"} 1"),
            "{text}"
        );
        drop(guard);
    }
}
