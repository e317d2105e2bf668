//! One JSON object a line, flat: what the line says beside what its spans know, so that
//! `trace_id`, `span_id` and `request_id` are found at the top of every line of a request.

use std::fmt;

use serde::ser::{SerializeMap, Serializer as _};
use serde_json::{Map, Serializer, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Formats log lines. The innermost word for a name counts, and the line's own before a span's.
#[derive(Debug, Clone, Copy)]
pub(super) struct JsonLines;

impl<S> FormatEvent<S, JsonFields> for JsonLines
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope().into_iter().flatten() {
            let known = span.extensions();
            let Some(known) = known.get::<FormattedFields<JsonFields>>() else {
                continue;
            };
            let known: Map<String, Value> = serde_json::from_str(known).unwrap_or_default();
            for (name, value) in known {
                if fields.fields.iter().all(|(there, _)| *there != name) {
                    fields.fields.push((name, value));
                }
            }
        }
        let line = line(event, &fields).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

fn line(event: &Event<'_>, fields: &Fields) -> Result<String, Box<dyn std::error::Error>> {
    let mut bytes = Vec::with_capacity(256);
    let mut serializer = Serializer::new(&mut bytes);
    let mut map = serializer.serialize_map(None)?;
    let now = jiff::Timestamp::now();
    map.serialize_entry("timestamp", &format_args!("{now:.6}"))?;
    map.serialize_entry("level", event.metadata().level().as_str())?;
    for (name, value) in &fields.fields {
        map.serialize_entry(name, value)?;
    }
    map.serialize_entry("target", event.metadata().target())?;
    map.end()?;
    Ok(String::from_utf8(bytes)?)
}

/// The fields of a line, in their order.
#[derive(Default)]
struct Fields {
    fields: Vec<(String, Value)>,
}

impl Fields {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        self.fields.push((field.name().to_owned(), value.into()));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_spans_know_stands_at_the_top_and_no_name_twice() {
        let kept = Kept::default();
        let writer = kept.clone();
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLines)
            .with_writer(move || writer.clone());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let none: Option<&str> = None;
            let outer = tracing::info_span!("request", trace_id = "t", request_id = "outer");
            let _outer = outer.enter();
            let inner = tracing::info_span!("inner", span_id = "s", parent_id = none);
            let _inner = inner.enter();
            tracing::info!(target: "order", request_id = "own", count = 3, "said \"so\"\n");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches('\n').count(), 1, "{text}");
        assert_eq!(text.matches("request_id").count(), 1, "{text}");
        let line: Value = serde_json::from_str(&text).unwrap();
        for (name, value) in [
            ("level", "INFO"),
            ("message", "said \"so\"\n"),
            ("target", "order"),
            ("trace_id", "t"),
            ("span_id", "s"),
            ("request_id", "own"),
        ] {
            assert_eq!(line[name], value, "{name} of {text}");
        }
        assert_eq!(line["count"], 3);
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{text}");
        assert!(line.get("parent_id").is_none(), "{text}");
    }
}
