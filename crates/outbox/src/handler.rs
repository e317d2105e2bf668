//! What a service does with the events of others.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};
use std::marker::PhantomData;

use futures::future::BoxFuture;
use jiff::Timestamp;
use thiserror::Error;

use crate::error::StoreError;
use crate::jobs::change::InvalidJob;
use crate::message::{Envelope, Event, InvalidMessage, MessageContext};
use crate::outbox::EventCollector;
use crate::source::Record;
use crate::transaction::Database;

/// Handles events of one type, a batch at a time, inside the transaction that also moves
/// the checkpoint.
///
/// # Contract
/// - Events come in the order of their partition; those of one key never out of order.
/// - Any event may come again, also one handled long ago (a replay). The handler drops it
///   by a key that never expires: a stored decision, how far an aggregate is, a newer version.
/// - A refusal by the business's rules is an event in `out`, not an error.
pub trait Handle<E: Event, D: Database>: Send + Sync + 'static {
    /// Whether `event` concerns this handler at all; one that does not is passed over. What stands in a
    /// batch beside those that do is then not parted by them.
    fn wants(&self, event: &E) -> bool {
        let _ = event;
        true
    }

    /// Applies `events` and adds the events that follow to `out`.
    fn handle(
        &self,
        tx: &mut D::Tx,
        events: &[&Envelope<E>],
        out: &mut EventCollector<'_>,
    ) -> impl Future<Output = Result<(), HandleError>> + Send;
}

/// Why a batch could not be applied.
#[derive(Debug, Error)]
pub enum HandleError {
    /// It passes: the same batch is tried again, and nothing overtakes it.
    #[error(transparent)]
    Retry(StoreError),
    /// It never will: the message is dead-lettered. For a batch of several, each is then tried
    /// alone to find the one.
    #[error("{0}")]
    DeadLetter(String),
}

impl From<StoreError> for HandleError {
    fn from(fault: StoreError) -> Self {
        if fault.is_refusal() {
            Self::DeadLetter(fault.to_string())
        } else {
            Self::Retry(fault)
        }
    }
}

impl From<InvalidMessage> for HandleError {
    fn from(fault: InvalidMessage) -> Self {
        Self::DeadLetter(format!("a resulting event can't be published: {fault}"))
    }
}

impl From<InvalidJob> for HandleError {
    fn from(fault: InvalidJob) -> Self {
        Self::DeadLetter(format!("a job that follows from it can't be kept: {fault}"))
    }
}

/// What a consumer group listens to, and who handles it.
pub struct Subscriptions<D: Database> {
    group: String,
    routes: BTreeMap<(&'static str, &'static str), Box<dyn Route<D>>>,
}

impl<D: Database> Subscriptions<D> {
    /// Nothing yet, for the consumer group `group`.
    pub fn new(group: impl Into<String>) -> Self {
        Self {
            group: group.into(),
            routes: BTreeMap::new(),
        }
    }

    /// Gives events of type `E` to `handler`.
    #[must_use]
    pub fn on<E: Event, H: Handle<E, D>>(mut self, handler: H) -> Self {
        self.routes.insert(
            (E::TOPIC, E::TYPE),
            Box::new(Typed {
                handler,
                event: PhantomData::<fn() -> E>,
            }),
        );
        self
    }

    /// The consumer group.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The topics listened to.
    pub fn topics(&self) -> BTreeSet<&'static str> {
        self.routes.keys().map(|(topic, _)| *topic).collect()
    }

    /// Who handles `record`; `None` for an event type that nobody here asked for, which is
    /// passed over so that a publisher may add types to its topic.
    pub(crate) fn route(&self, record: &Record) -> Option<&dyn Route<D>> {
        let event_type = record.text_header("ce_type")?;
        self.routes
            .iter()
            .find(|((topic, name), _)| *topic == record.at.topic && *name == event_type)
            .map(|(_, route)| route.as_ref())
    }
}

pub(crate) type AnyEnvelope = Box<dyn Any + Send + Sync>;

/// A handler without its event's type, so that different ones fit in one table.
pub(crate) trait Route<D: Database>: Send + Sync {
    /// Topic and event type: what it is for. Addresses do not tell routes apart, because
    /// handlers without fields have none of their own.
    fn event(&self) -> (&'static str, &'static str);

    /// The event, unless the handler does not want it. `traceparent` is the context of what follows from
    /// it, when that is not its own.
    fn decode(
        &self,
        record: &Record,
        traceparent: Option<&str>,
    ) -> Result<Option<AnyEnvelope>, InvalidMessage>;

    fn handle<'a>(
        &'a self,
        tx: &'a mut D::Tx,
        events: &'a [AnyEnvelope],
        out: &'a mut EventCollector<'_>,
    ) -> BoxFuture<'a, Result<(), HandleError>>;
}

struct Typed<E, H> {
    handler: H,
    event: PhantomData<fn() -> E>,
}

impl<D: Database, E: Event, H: Handle<E, D>> Route<D> for Typed<E, H> {
    fn event(&self) -> (&'static str, &'static str) {
        (E::TOPIC, E::TYPE)
    }

    fn decode(
        &self,
        record: &Record,
        traceparent: Option<&str>,
    ) -> Result<Option<AnyEnvelope>, InvalidMessage> {
        let mut envelope = decode::<E>(record)?;
        if !self.handler.wants(&envelope.event) {
            return Ok(None);
        }
        if let Some(traceparent) = traceparent {
            envelope.context.traceparent = Some(traceparent.to_owned());
        }
        Ok(Some(Box::new(envelope)))
    }

    fn handle<'a>(
        &'a self,
        tx: &'a mut D::Tx,
        events: &'a [AnyEnvelope],
        out: &'a mut EventCollector<'_>,
    ) -> BoxFuture<'a, Result<(), HandleError>> {
        Box::pin(async move {
            let events: Vec<&Envelope<E>> =
                events.iter().filter_map(|any| any.downcast_ref()).collect();
            self.handler.handle(tx, &events, out).await
        })
    }
}

/// Reads a record as an event of type `E`.
///
/// # Errors
/// When a header that `CloudEvents` requires is missing, or the value is not an `E`.
pub fn decode<E: Event>(record: &Record) -> Result<Envelope<E>, InvalidMessage> {
    let required =
        |name: &'static str| record.text_header(name).ok_or(InvalidMessage::Header(name));
    let id = required("ce_id")?
        .parse()
        .map_err(|_| InvalidMessage::Header("ce_id"))?;
    let version = required("ce_dataversion")?
        .parse()
        .map_err(|_| InvalidMessage::Header("ce_dataversion"))?;
    let time: Timestamp = required("ce_time")?
        .parse()
        .map_err(|_| InvalidMessage::Header("ce_time"))?;
    Ok(Envelope {
        id,
        time,
        context: MessageContext::from_outside(
            record.text_header("ce_correlationid"),
            record.text_header("ce_causationid"),
            record.text_header("traceparent"),
        ),
        event: E::read(version, &record.payload)?,
    })
}
