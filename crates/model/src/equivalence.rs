//! Which states have the same future.
//!
//! The checker looks at one of them. Nothing is left out that an action or a promise reads.

use crate::log::Log;
use crate::message::Message;
use crate::state::{Checkpoint, Group, Messages, PRODUCTS, Product, State, Status, WANTED};

/// The state that stands for all that have the same future as `state`.
pub fn representative(state: &State) -> State {
    let mut same = *state;
    forget_unread(&mut same);
    forget_idle_claims(&mut same.products_group);
    forget_idle_claims(&mut same.orders_group);
    same_epochs(&mut same.products_group);
    same_epochs(&mut same.orders_group);
    // A replay is a fault: without one to come nobody reads a record twice, but for a stalled
    // process, which may begin where it believes to be.
    if same.faults_left == 0 {
        let [first, second] = &mut same.order_topic;
        forget_read(&mut same.products_group, 0, first);
        forget_read(&mut same.products_group, 1, second);
        forget_read(&mut same.orders_group, 0, &mut same.status_topic);
        forget_read(&mut same.orders_group, 1, &mut same.product_topic);
    }
    same
}

/// A claim to a partition of which a stalled transaction has no record is not used.
fn forget_idle_claims<V>(group: &mut Group<V>) {
    if let Some(stalled) = &mut group.stalled {
        for at in 0..2 {
            if stalled.count[at] == 0 {
                stalled.claim[at] = group.checkpoints[at];
            }
        }
    }
}

/// Of epochs only this counts: whether a stalled process's is the present one.
fn same_epochs<V>(group: &mut Group<V>) {
    for at in 0..2 {
        let claimed = group.stalled.as_mut().map(|stalled| {
            let epoch = stalled.claim[at].epoch;
            stalled.claim[at].epoch = 0;
            epoch
        });
        let present = group.checkpoints[at].epoch;
        let newer = claimed.is_some_and(|claimed| claimed != present);
        group.checkpoints[at].epoch = u8::from(newer);
    }
}

/// Drops the records that nobody will read any more.
fn forget_read<V>(group: &mut Group<V>, at: usize, log: &mut Messages) {
    let stalled = group
        .stalled
        .as_ref()
        .filter(|stalled| stalled.count[at] > 0);
    let claimed = stalled.map(|stalled| stalled.claim[at].next);
    let next = group.checkpoints[at].next;
    let read = claimed.map_or(next, |claimed| claimed.min(next));
    log.drop_first(read);
    group.checkpoints[at].next -= read;
    group.applied[at] >>= read;
    if let Some(stalled) = &mut group.stalled {
        let claim = &mut stalled.claim[at];
        claim.next = claim.next.saturating_sub(read);
    }
}

/// Of a stalled transaction, what it read and does not use.
fn forget_unread(state: &mut State) {
    let unknown = Product {
        version: 0,
        quantity: 0,
    };
    let order_topic = state.order_topic;
    if let Some(stalled) = &mut state.products_group.stalled {
        let orders = batch(
            stalled.count,
            stalled.claim,
            [&order_topic[0], &order_topic[1]],
        );
        let mut wanted = [false; PRODUCTS];
        for (order, wants) in (0..).zip(WANTED) {
            let about = |record: &u8| Message::order(*record) == order;
            if orders.items().iter().any(about) {
                for (wanted, quantity) in wanted.iter_mut().zip(wants) {
                    *wanted |= quantity > 0;
                }
            } else {
                stalled.view.stock_decisions[usize::from(order)] = None;
                stalled.view.released[usize::from(order)] = false;
            }
        }
        for (product, wanted) in stalled.view.products.iter_mut().zip(wanted) {
            if !wanted {
                *product = unknown;
            }
        }
    }
    if let Some(stalled) = &mut state.orders_group.stalled {
        let logs = [&state.status_topic, &state.product_topic];
        let mut orders = [false; WANTED.len()];
        let mut copies = [false; PRODUCTS];
        for record in batch(stalled.count, stalled.claim, logs).items() {
            match Message::from_byte(*record) {
                Message::OrderStatusUpdate { order, .. } => orders[usize::from(order)] = true,
                Message::Product { product, .. } => copies[usize::from(product)] = true,
                Message::OrderCreate { .. } | Message::OrderUpdate { .. } => {}
            }
        }
        for (status, used) in stalled.view.orders.iter_mut().zip(orders) {
            if !used {
                *status = Status::Absent;
            }
        }
        for (copy, used) in stalled.view.copies.iter_mut().zip(copies) {
            if !used {
                *copy = unknown;
            }
        }
    }
}

fn batch(count: [u8; 2], claim: [Checkpoint; 2], logs: [&Messages; 2]) -> Messages {
    let mut records = Log::EMPTY;
    for at in 0..2 {
        let from = usize::from(claim[at].next);
        for record in &logs[at].items()[from..from + usize::from(count[at])] {
            let _ = records.push(*record);
        }
    }
    records
}
