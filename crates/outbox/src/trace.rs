//! Spans of batches and of the messages in them (`OpenTelemetry`, W3C Trace Context).
//!
//! Work is done in batches, and a batch belongs to many stories at once: one span stands for it,
//! in a trace of its own, with a link to each message's context. Each sampled message gets a span
//! in its own trace besides, linked to the batch's, so that the story of one order is whole; what
//! follows from the message carries the context of that span.
//!
//! Nothing is done before [`switch_on`], and for a message that nobody samples its flag is read
//! and no more.

use std::borrow::Cow;
use std::sync::OnceLock;

use opentelemetry::global::{self, BoxedSpan, BoxedTracer};
use opentelemetry::trace::{
    Link, Span as _, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer as _,
};
use opentelemetry::{Context, KeyValue};

use crate::message::Message;
use crate::source::Record;

static TRACER: OnceLock<BoxedTracer> = OnceLock::new();

/// Exports spans from now on, to the global tracer provider that the process has set before.
pub fn switch_on() {
    TRACER.get_or_init(|| global::tracer("outbox"));
}

/// What is done with the messages of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// They are handed to the broker.
    Publish,
    /// They are handled by a consumer group.
    Process,
    /// They are requests, and their outcome is saved.
    Commit,
}

impl Step {
    fn verb(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Process => "process",
            Self::Commit => "commit",
        }
    }

    fn kind(self) -> SpanKind {
        match self {
            Self::Publish => SpanKind::Producer,
            Self::Process => SpanKind::Consumer,
            Self::Commit => SpanKind::Internal,
        }
    }
}

/// One of a batch, as its span shows it.
#[derive(Debug, Clone, Copy)]
pub struct Item<'a> {
    /// What it is: an event's or a command's name.
    pub name: &'a str,
    /// The context that it belongs to.
    pub traceparent: Option<&'a str>,
    /// The topic, for a message.
    pub topic: Option<&'a str>,
    /// The key, for a message.
    pub key: Option<&'a str>,
}

impl<'a> From<&'a Message> for Item<'a> {
    fn from(message: &'a Message) -> Self {
        Self {
            name: &message.event_type,
            traceparent: message.context.traceparent.as_deref(),
            topic: Some(&message.topic),
            key: Some(&message.key),
        }
    }
}

impl<'a> From<&'a Record> for Item<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            name: record.text_header("ce_type").unwrap_or("unknown"),
            traceparent: record.text_header("traceparent"),
            topic: Some(&record.at.topic),
            key: record.key.as_deref(),
        }
    }
}

/// The spans of a batch. They end when it is dropped.
#[derive(Debug, Default)]
#[must_use = "the spans end when it is dropped"]
pub struct BatchSpans {
    whole: Option<BoxedSpan>,
    each: Vec<OfOne>,
}

#[derive(Debug)]
struct OfOne {
    index: usize,
    traceparent: String,
    // Held for its end.
    _span: BoxedSpan,
}

impl BatchSpans {
    /// Begins the spans of `items`, which `who` (a service, a consumer group) deals with. There
    /// are none while spans are not exported, and none when no item is sampled.
    pub fn begin<'a, T: Into<Item<'a>>>(
        step: Step,
        who: &str,
        items: impl IntoIterator<Item = T>,
    ) -> Self {
        let Some(tracer) = TRACER.get() else {
            return Self::default();
        };
        let items = items
            .into_iter()
            .enumerate()
            .map(|(at, it)| (at, it.into()));
        let mut all = 0_usize;
        let sampled: Vec<(usize, Item<'a>, SpanContext)> = items
            .inspect(|_| all += 1)
            .filter_map(|(index, item): (_, Item<'a>)| {
                Some((index, item, sampled_context(item.traceparent?)?))
            })
            .collect();
        if sampled.is_empty() {
            return Self::default();
        }
        let links = sampled
            .iter()
            .map(|(_, _, context)| Link::with_context(context.clone()))
            .collect();
        let mut shown = common(step, who);
        shown.push(KeyValue::new(
            "messaging.batch.message_count",
            i64::try_from(all).unwrap_or(i64::MAX),
        ));
        let whole = tracer
            .span_builder(format!("{} batch", step.verb()))
            .with_kind(step.kind())
            .with_attributes(shown)
            .with_links(links)
            .start_with_context(tracer, &Context::new());
        let batch = whole.span_context().clone();
        let each = sampled
            .into_iter()
            .map(|(index, item, context)| of_one(tracer, step, who, &batch, index, &item, context))
            .collect();
        Self {
            whole: Some(whole),
            each,
        }
    }

    /// The context of what follows from item `index`; `None` when that item has no span.
    pub fn traceparent(&self, index: usize) -> Option<&str> {
        let at = self.each.binary_search_by_key(&index, |one| one.index);
        at.ok().map(|at| self.each[at].traceparent.as_str())
    }

    /// Notes that an attempt at the batch failed and another one follows.
    pub fn tried_again(&mut self, fault: &dyn std::fmt::Display) {
        if let Some(whole) = &mut self.whole {
            let fault = KeyValue::new("exception.message", fault.to_string());
            whole.add_event("tried again", vec![fault]);
        }
    }

    /// Notes that the batch failed.
    pub fn failed(&mut self, fault: &dyn std::fmt::Display) {
        if let Some(whole) = &mut self.whole {
            whole.set_status(Status::error(fault.to_string()));
        }
    }
}

fn common(step: Step, who: &str) -> Vec<KeyValue> {
    let who = who.to_owned();
    match step {
        Step::Commit => vec![
            KeyValue::new("db.system.name", "mongodb"),
            KeyValue::new("db.namespace", who),
        ],
        Step::Publish => vec![
            KeyValue::new("messaging.system", "kafka"),
            KeyValue::new("messaging.operation.type", "send"),
            KeyValue::new("messaging.client.id", who),
        ],
        Step::Process => vec![
            KeyValue::new("messaging.system", "kafka"),
            KeyValue::new("messaging.operation.type", "process"),
            KeyValue::new("messaging.consumer.group.name", who),
        ],
    }
}

fn of_one(
    tracer: &BoxedTracer,
    step: Step,
    who: &str,
    batch: &SpanContext,
    index: usize,
    item: &Item<'_>,
    parent: SpanContext,
) -> OfOne {
    let mut shown = common(step, who);
    let text = |name: &'static str, value: &str| KeyValue::new(name, value.to_owned());
    shown.extend(
        item.topic
            .map(|topic| text("messaging.destination.name", topic)),
    );
    shown.extend(item.key.map(|key| text("messaging.kafka.message.key", key)));
    let span = tracer
        .span_builder(Cow::Owned(format!("{} {}", step.verb(), item.name)))
        .with_kind(step.kind())
        .with_attributes(shown)
        .with_links(vec![Link::with_context(batch.clone())])
        .start_with_context(tracer, &Context::new().with_remote_span_context(parent));
    OfOne {
        index,
        traceparent: written(span.span_context()),
        _span: span,
    }
}

/// The context that `traceparent` names, when it is well-formed and sampled.
fn sampled_context(traceparent: &str) -> Option<SpanContext> {
    // Most of what comes is not sampled.
    let flags = u8::from_str_radix(traceparent.get(53..55)?, 16).ok()?;
    if flags & TraceFlags::SAMPLED.to_u8() == 0 {
        return None;
    }
    let text = crate::traceparent::traceparent(traceparent)?;
    let context = SpanContext::new(
        TraceId::from_hex(&text[3..35]).ok()?,
        SpanId::from_hex(&text[36..52]).ok()?,
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    context.is_valid().then_some(context)
}

fn written(context: &SpanContext) -> String {
    format!(
        "00-{}-{}-{:02x}",
        context.trace_id(),
        context.span_id(),
        context.trace_flags().to_u8()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn only_a_sampled_context_is_read_and_it_is_written_as_it_was() {
        assert_eq!(written(&sampled_context(SAMPLED).unwrap()), SAMPLED);
        let zero = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let broken = "00-4bf92f3577b34da6a3ce929d0e0e47\u{e9}-00f067aa0ba902b7-01";
        for wrong in [
            &SAMPLED.replace("-01", "-00"),
            zero,
            broken,
            "",
            "00-a-b-01",
        ] {
            assert!(sampled_context(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn nothing_is_exported_before_it_is_switched_on() {
        let item = Item {
            name: "Something",
            traceparent: Some(SAMPLED),
            topic: None,
            key: None,
        };
        let spans = BatchSpans::begin(Step::Commit, "test", [item]);
        assert!(spans.whole.is_none() && spans.traceparent(0).is_none());
    }
}
