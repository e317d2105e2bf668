//! Who waits for which changes.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use events::{AccountId, OrderId, OrderStatus};
use jiff::Timestamp;
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::Change;
use crate::domain::Order;

/// How many changes a listener may be behind before it is dropped. It can come back and read on.
const LISTENER_BACKLOG: usize = 256;

/// An order changed.
#[derive(Debug, Clone)]
pub struct OrderChange {
    /// When.
    pub at: Timestamp,
    /// The order as it is since then, or later.
    pub order: Arc<Order>,
}

/// Whether changes come in. `None` once they never will again.
type Open = Option<bool>;

pub(super) struct Registry {
    entries: Mutex<Entries>,
    pub(super) open: watch::Sender<Open>,
    /// Notified when someone joins.
    pub(super) joined: Notify,
}

/// Everyone who asked for the same, each under the number of the seat.
type Registrations<T> = Vec<(u64, T)>;

#[derive(Default)]
struct Entries {
    next: u64,
    watches: HashMap<OrderId, Registrations<oneshot::Sender<Arc<Order>>>>,
    listeners: HashMap<AccountId, Registrations<mpsc::Sender<OrderChange>>>,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            entries: Mutex::default(),
            open: watch::Sender::new(Some(false)),
            joined: Notify::new(),
        }
    }
}

impl Registry {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Every change of the tables is a single call, so a panic leaves none half done.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn watch(self: &Arc<Self>, order: OrderId) -> Watch {
        let (tell, changes) = oneshot::channel();
        let mut entries = self.lock();
        entries.next += 1;
        let ticket = entries.next;
        let open = *self.open.borrow();
        if open.is_some() {
            entries
                .watches
                .entry(order)
                .or_default()
                .push((ticket, tell));
        }
        drop(entries);
        self.joined.notify_one();
        Watch {
            registration: Registration {
                registry: self.clone(),
                ticket,
                target: Target::Watch(order),
            },
            changes,
            was_open: open == Some(true),
        }
    }

    pub(super) fn listen(self: &Arc<Self>, customer: AccountId) -> Listener {
        let (tell, changes) = mpsc::channel(LISTENER_BACKLOG);
        let mut entries = self.lock();
        entries.next += 1;
        let ticket = entries.next;
        if self.open.borrow().is_some() {
            entries
                .listeners
                .entry(customer)
                .or_default()
                .push((ticket, tell));
        }
        drop(entries);
        self.joined.notify_one();
        Listener {
            registration: Registration {
                registry: self.clone(),
                ticket,
                target: Target::Listener(customer),
            },
            changes,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        let entries = self.lock();
        entries.watches.is_empty() && entries.listeners.is_empty()
    }

    /// Says that changes come in no more, if nobody waits for any. Whoever joins afterwards sees
    /// that, and waits for the feed to be opened again.
    pub(super) fn close_if_empty(&self) -> bool {
        let entries = self.lock();
        let empty = entries.watches.is_empty() && entries.listeners.is_empty();
        if empty {
            self.open.send_replace(Some(false));
        }
        empty
    }

    /// The feed broke: listeners are let go, and watches are returned to be asked about.
    pub(super) fn interrupt(&self) {
        let mut entries = self.lock();
        self.open.send_replace(Some(false));
        entries.listeners.clear();
    }

    /// Nothing will come any more: everyone is let go, now and from now on.
    pub(super) fn end(&self) {
        let mut entries = self.lock();
        self.open.send_replace(None);
        entries.listeners.clear();
        entries.watches.clear();
    }

    pub(super) fn watched(&self) -> Vec<OrderId> {
        self.lock().watches.keys().copied().collect()
    }

    /// Those of `changes` that somebody wants to know of, the last of each order.
    pub(super) fn wanted(&self, changes: &[Change]) -> HashMap<OrderId, Timestamp> {
        let entries = self.lock();
        changes
            .iter()
            .filter(|change| {
                entries.watches.contains_key(&change.order)
                    || entries.listeners.contains_key(&change.customer)
            })
            .map(|change| (change.order, change.at))
            .collect()
    }

    /// Tells whoever waits for `order`, if it is settled, and whoever listens, if `changed` says
    /// since when there is something to tell.
    pub(super) fn tell(&self, order: Order, changed: Option<Timestamp>) {
        let order = Arc::new(order);
        let mut entries = self.lock();
        if order.status != OrderStatus::Pending
            && let Some(watches) = entries.watches.remove(&order.id)
        {
            for (_, watch) in watches {
                // Whoever has gone needs no answer.
                let _gone = watch.send(order.clone());
            }
        }
        let Some(at) = changed else { return };
        if let Some(listeners) = entries.listeners.get_mut(&order.customer) {
            listeners.retain(|(_, listener)| {
                listener
                    .try_send(OrderChange {
                        at,
                        order: order.clone(),
                    })
                    .is_ok()
            });
            if listeners.is_empty() {
                entries.listeners.remove(&order.customer);
            }
        }
    }
}

enum Target {
    Watch(OrderId),
    Listener(AccountId),
}

/// A place in the tables, given back when it is dropped.
struct Registration {
    registry: Arc<Registry>,
    ticket: u64,
    target: Target,
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut entries = self.registry.lock();
        match &self.target {
            Target::Watch(order) => remove(&mut entries.watches, order, self.ticket),
            Target::Listener(customer) => remove(&mut entries.listeners, customer, self.ticket),
        }
    }
}

fn remove<K: Hash + Eq, T>(table: &mut HashMap<K, Registrations<T>>, key: &K, ticket: u64) {
    if let Some(seats) = table.get_mut(key) {
        seats.retain(|(held, _)| *held != ticket);
        if seats.is_empty() {
            table.remove(key);
        }
    }
}

/// Waits for one order to be settled.
pub struct Watch {
    registration: Registration,
    changes: oneshot::Receiver<Arc<Order>>,
    was_open: bool,
}

impl Watch {
    /// Whether every change since this watch was made will be told. Otherwise call
    /// [`opened`](Self::opened), then read the order once.
    pub fn was_open(&self) -> bool {
        self.was_open
    }

    /// Comes back once changes come in: `true`; or never will: `false`.
    pub async fn opened(&self) -> bool {
        opened(&self.registration.registry).await
    }

    /// The order once it is settled; `None` when nothing will be told any more.
    pub async fn settled(&mut self) -> Option<Arc<Order>> {
        (&mut self.changes).await.ok()
    }
}

/// Receives all changes of a customer's orders.
pub struct Listener {
    registration: Registration,
    changes: mpsc::Receiver<OrderChange>,
}

impl Listener {
    /// Comes back once changes come in: `true`; or never will: `false`.
    pub async fn opened(&self) -> bool {
        opened(&self.registration.registry).await
    }

    /// The next change; `None` when the listener was let go: it has to read what it missed from
    /// the database and join anew.
    pub async fn next(&mut self) -> Option<OrderChange> {
        self.changes.recv().await
    }
}

async fn opened(registry: &Registry) -> bool {
    let mut open = registry.open.subscribe();
    match open.wait_for(|open| *open != Some(false)).await {
        Ok(open) => *open == Some(true),
        Err(_) => false,
    }
}
