//! What the rules look at.

use events::OrderStatus;
use notifications::store::memory::Tables as NotificationsTables;
use orders::store::memory::Tables as OrdersTables;
use outbox::memory::MemoryBroker;
use outbox::{DeadLetter, Record};
use products::store::memory::Tables as ProductsTables;

use crate::expected::{Expected, Published};
use crate::name::Service;
use crate::shop::Shop;

/// Everything that is kept anywhere, at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) orders: OrdersTables,
    pub(crate) products: ProductsTables,
    pub(crate) notifications: NotificationsTables,
    pub(crate) dead_letters: Vec<(Service, Vec<DeadLetter>)>,
}

impl Snapshot {
    pub(crate) fn of(shop: &Shop) -> Self {
        Self {
            orders: shop.servers.orders.state(),
            products: shop.servers.products.state(),
            notifications: shop.servers.notifications.state(),
            dead_letters: vec![
                (Service::Orders, shop.servers.orders.dead_letters()),
                (Service::Products, shop.servers.products.dead_letters()),
                (
                    Service::Notifications,
                    shop.servers.notifications.dead_letters(),
                ),
                (Service::Tally, shop.servers.tally.dead_letters()),
            ],
        }
    }

    pub(crate) fn accepted(&self) -> usize {
        let all = self.orders.orders.values();
        all.filter(|order| order.status == OrderStatus::Accepted)
            .count()
    }

    /// How many orders were cancelled that had been given their products.
    pub(crate) fn released(&self) -> usize {
        let all = self.products.stock_decisions.values();
        all.filter(|kept| kept.released_at.is_some()).count()
    }
}

/// A topic, its records read once for all rules.
pub(crate) struct Topic {
    /// Each record with what it says, as far as it can be read.
    pub(crate) records: Vec<(Record, Option<Published>)>,
    pub(crate) expected: Expected,
}

impl Topic {
    pub(super) fn of(broker: &MemoryBroker, name: &str) -> Self {
        let read = broker.records(name).into_iter().map(|record| {
            let event = Published::in_record(&record);
            (record, event)
        });
        let records: Vec<_> = read.collect();
        Self {
            expected: Expected::of(&records, |_| true),
            records,
        }
    }

    /// What `service` does with it.
    pub(super) fn expected_of(&self, service: Service) -> Expected {
        Expected::of(&self.records, |event| service.handles(event))
    }
}

pub(crate) struct Topics {
    pub(crate) orders: Topic,
    pub(crate) accounts: Topic,
    pub(crate) statuses: Topic,
    pub(crate) products: Topic,
}

impl Topics {
    pub(super) fn of(broker: &MemoryBroker) -> Self {
        Self {
            orders: Topic::of(broker, events::topics::ORDERS),
            accounts: Topic::of(broker, events::topics::ACCOUNTS),
            statuses: Topic::of(broker, events::topics::ORDER_STATUS),
            products: Topic::of(broker, events::topics::PRODUCTS),
        }
    }

    pub(super) fn named(&self, name: &str) -> &Topic {
        match name {
            events::topics::ORDERS => &self.orders,
            events::topics::ACCOUNTS => &self.accounts,
            events::topics::ORDER_STATUS => &self.statuses,
            _ => &self.products,
        }
    }
}
