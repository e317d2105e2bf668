//! Spans, exported to a collector when the environment names one (`OTEL_EXPORTER_OTLP_ENDPOINT` and
//! the other variables of `OpenTelemetry`'s SDKs); otherwise there are none and nothing is paid.

use std::borrow::Cow;
use std::sync::OnceLock;
use std::time::Duration;
use std::{env, thread};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue, global};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span as SdkSpan};

use crate::http::traceparent;

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// How long the end of a process waits for its last spans to be exported.
const FAREWELL: Duration = Duration::from_secs(3);
/// The most links of a span, unless the environment says otherwise: a batch has one for each of
/// its messages, and the SDKs' usual 128 are fewer than those.
const LINKS: u32 = 300;

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Exports the spans; dropping it flushes the last ones.
#[derive(Debug)]
pub(super) struct Exporter(SdkTracerProvider);

impl Drop for Exporter {
    fn drop(&mut self) {
        let provider = self.0.clone();
        // The exporter's client must not end inside of a runtime.
        let ending = thread::spawn(move || provider.shutdown_with_timeout(FAREWELL));
        if let Ok(Err(error)) = ending.join() {
            tracing::debug!(%error, "the last spans are not told");
        }
    }
}

/// Begins to export spans if the environment names a collector. `name` is the service's, where
/// `OTEL_SERVICE_NAME` gives none.
pub(super) fn start(name: &'static str) -> Option<Exporter> {
    if !wanted(|variable| env::var(variable).ok()) {
        return None;
    }
    let exporter = match SpanExporter::builder().with_http().build() {
        Ok(exporter) => exporter,
        Err(error) => {
            tracing::error!(%error, "no spans are told; see the OTEL_ variables of this process");
            return None;
        }
    };
    let mut resource = Resource::builder();
    let named = env::var("OTEL_SERVICE_NAME").is_ok_and(|name| !name.is_empty())
        || env::var("OTEL_RESOURCE_ATTRIBUTES").is_ok_and(|all| all.contains("service.name="));
    if !named {
        resource = resource.with_service_name(name);
    }
    let mut provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource.build());
    if env::var_os("OTEL_SPAN_LINK_COUNT_LIMIT").is_none() {
        provider = provider.with_max_links_per_span(LINKS);
    }
    let provider = provider.build();
    global::set_tracer_provider(provider.clone());
    TRACER.get_or_init(|| provider.tracer("service"));
    Some(Exporter(provider))
}

/// Whether the environment asks for spans.
fn wanted(variable: impl Fn(&str) -> Option<String>) -> bool {
    let said = |name, word: &str| variable(name).is_some_and(|v| v.eq_ignore_ascii_case(word));
    let named = [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ];
    let named = named
        .into_iter()
        .any(|name| variable(name).is_some_and(|address| !address.is_empty()));
    named && !said("OTEL_SDK_DISABLED", "true") && !said("OTEL_TRACES_EXPORTER", "none")
}

/// A span of a request that comes in or goes out. It ends when it is dropped.
#[derive(Debug)]
#[must_use = "the span ends when it is dropped"]
pub struct Span(SdkSpan);

/// Which side of a request a span is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// It came in here.
    Server,
    /// It goes out from here.
    Client,
}

impl Span {
    /// Whether spans are exported at all; for what would be prepared for one.
    pub fn are_exported() -> bool {
        TRACER.get().is_some()
    }

    /// Begins a span under the `traceparent` of `headers`, or a trace when there is none, and
    /// writes its own context in there. `None` while spans are not told, or when the caller has
    /// decided that this trace is not.
    pub fn begin(
        side: Side,
        headers: &mut HeaderMap,
        describe: impl FnOnce() -> (Cow<'static, str>, Vec<KeyValue>),
    ) -> Option<Self> {
        let tracer = TRACER.get()?;
        let parent = context_of(headers);
        if parent.as_ref().is_some_and(|parent| !parent.is_sampled()) {
            return None;
        }
        let around = match parent {
            Some(parent) => Context::new().with_remote_span_context(parent),
            None => Context::new(),
        };
        let (name, shown) = describe();
        let kind = match side {
            Side::Server => SpanKind::Server,
            Side::Client => SpanKind::Client,
        };
        let span = tracer
            .span_builder(name)
            .with_kind(kind)
            .with_attributes(shown)
            .start_with_context(tracer, &around);
        let span = Self(span);
        span.hand_on(headers);
        Some(span)
    }

    /// Whoever gets these headers is a child of this span.
    fn hand_on(&self, headers: &mut HeaderMap) {
        let context = self.0.span_context();
        let written = format!(
            "00-{}-{}-{:02x}",
            context.trace_id(),
            context.span_id(),
            context.trace_flags().to_u8()
        );
        if let Ok(value) = HeaderValue::try_from(written) {
            headers.insert(TRACEPARENT, value);
        }
    }

    /// Its id in log lines.
    pub fn id(&self) -> String {
        self.0.span_context().span_id().to_string()
    }

    /// Notes the answer. Only what the server did wrong is an error.
    pub fn answered(&mut self, status: StatusCode) {
        let code = i64::from(status.as_u16());
        self.0
            .set_attribute(KeyValue::new("http.response.status_code", code));
        if status.is_server_error() {
            self.failed(status.as_str());
        }
    }

    /// Notes that there was no good answer.
    pub fn failed(&mut self, kind: &str) {
        self.0
            .set_attribute(KeyValue::new("error.type", kind.to_owned()));
        self.0.set_status(Status::error(String::new()));
    }
}

fn context_of(headers: &HeaderMap) -> Option<SpanContext> {
    let text = traceparent(headers)?;
    let trace = TraceId::from_hex(text.get(3..35)?).ok()?;
    let span = SpanId::from_hex(text.get(36..52)?).ok()?;
    let flags = u8::from_str_radix(text.get(53..55)?, 16).ok()?;
    let flags = TraceFlags::new(flags) & TraceFlags::SAMPLED;
    let context = SpanContext::new(trace, span, flags, true, TraceState::default());
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_exported_only_where_a_collector_is_named() {
        let with = |set: &'static [(&str, &str)]| {
            wanted(move |name| {
                let found = set.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        assert!(!with(&[]));
        assert!(!with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]));
        assert!(with(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318")]));
        assert!(with(&[(
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://c/t"
        )]));
        let address = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
        assert!(!wanted(|name| match name {
            "OTEL_SDK_DISABLED" => Some("True".to_owned()),
            _ => (name == address.0).then(|| address.1.to_owned()),
        }));
        assert!(!wanted(|name| match name {
            "OTEL_TRACES_EXPORTER" => Some("none".to_owned()),
            _ => (name == address.0).then(|| address.1.to_owned()),
        }));
    }

    #[test]
    fn a_context_is_read_with_its_flag() {
        let read = |text: &'static str| {
            let headers = HeaderMap::from_iter([(TRACEPARENT, HeaderValue::from_static(text))]);
            context_of(&headers).map(|context| context.is_sampled())
        };
        let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(read(trace), Some(true));
        let not = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
        assert_eq!(read(not), Some(false));
        assert_eq!(
            read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"),
            None
        );
        assert_eq!(read("broken"), None);
    }

    #[test]
    fn without_a_collector_nothing_is_begun_and_the_headers_stay() {
        let mut headers = HeaderMap::new();
        let begun = Span::begin(Side::Server, &mut headers, || {
            unreachable!("nobody asks what it would be called")
        });
        assert!(begun.is_none() && headers.is_empty());
    }
}
