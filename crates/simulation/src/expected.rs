//! What must be dead-lettered, worked out from the topics alone.

use std::collections::{BTreeMap, BTreeSet};

use events::{
    AccountUpdate, OrderCreate, OrderStatusUpdate, OrderUpdate, ProductCreate, ProductState,
    ProductsQuantityUpdate,
};
use outbox::handler::decode;
use outbox::{Event, Record};
use uuid::Uuid;

/// A header's text.
pub(crate) fn header<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    let (_, value) = record.headers.iter().find(|(n, _)| n == name)?;
    std::str::from_utf8(value).ok()
}

/// What a record says.
pub(crate) enum Published {
    /// An order was placed.
    Order(Uuid, OrderCreate),
    /// It took a step.
    Step(Uuid, OrderUpdate),
    /// It was decided about.
    Status(Uuid, OrderStatusUpdate),
    /// An account is so from now on.
    Account(Uuid, AccountUpdate),
    /// A product is so from now on.
    Product(Uuid, ProductState),
}

impl Published {
    /// What `record` says; `None` when it can't be read.
    pub(crate) fn in_record(record: &Record) -> Option<Self> {
        fn read<E: Event>(record: &Record) -> Option<(Uuid, E)> {
            let envelope = decode::<E>(record).ok()?;
            Some((envelope.id, envelope.event))
        }
        match header(record, "ce_type")? {
            OrderCreate::TYPE => read(record).map(|(id, event)| Self::Order(id, event)),
            OrderUpdate::TYPE => read(record).map(|(id, event)| Self::Step(id, event)),
            OrderStatusUpdate::TYPE => read(record).map(|(id, event)| Self::Status(id, event)),
            AccountUpdate::TYPE => read(record).map(|(id, event)| Self::Account(id, event)),
            ProductCreate::TYPE => {
                let (id, event) = read::<ProductCreate>(record)?;
                Some(Self::Product(id, event.product))
            }
            ProductsQuantityUpdate::TYPE => {
                let (id, event) = read::<ProductsQuantityUpdate>(record)?;
                Some(Self::Product(id, event.product))
            }
            _ => None,
        }
    }

    /// The event's id.
    pub(crate) fn id(&self) -> Uuid {
        match self {
            Self::Order(id, _)
            | Self::Step(id, _)
            | Self::Status(id, _)
            | Self::Account(id, _)
            | Self::Product(id, _) => *id,
        }
    }
}

/// A topic as every group that reads it must take it.
#[derive(Debug, Default)]
pub(crate) struct Expected {
    /// The places of records that are dead-lettered, and whether they wait behind another one.
    pub(crate) dead_lettered: BTreeMap<(i32, i64), bool>,
    /// The keys of those.
    pub(crate) keys: BTreeSet<String>,
    /// How often each event is applied.
    pub(crate) applied: BTreeMap<Uuid, u32>,
}

impl Expected {
    /// Of the records of one topic, partition by partition and each in order, for a group that `handles`
    /// events of these types and passes over others, unless they wait behind a dead letter.
    pub(crate) fn of(
        records: &[(Record, Option<Published>)],
        handles: impl Fn(&str) -> bool,
    ) -> Self {
        let mut expected = Self::default();
        let handled = |record: &Record| header(record, "ce_type").is_none_or(&handles);
        for (record, event) in records {
            let place = (record.at.partition, record.offset);
            let key = record.key.clone().unwrap_or_default();
            let waits = expected.keys.contains(&key);
            match event {
                _ if !waits && !handled(record) => {}
                Some(event) if !waits => *expected.applied.entry(event.id()).or_default() += 1,
                _ => {
                    expected.dead_lettered.insert(place, waits);
                    expected.keys.insert(key);
                }
            }
        }
        expected
    }
}
