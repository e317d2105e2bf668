//! The products service: an inbox over the order topic, and the stock engine.

use crate::action::{Action, BatchEnd, Side};
use crate::guard::Guard;
use crate::log::Log;
use crate::message::Message;
use crate::setting::{Choreography, PAIRS, batch_actions};
use crate::state::{
    Blemish, Checkpoint, Decision, Messages, ORDERS, PRODUCTS, Product, ProductsTables,
    StalledBatch, State, WANTED,
};

/// What can happen at the products service.
pub(crate) fn actions(model: &Choreography, state: &State, actions: &mut Vec<Action>) {
    let lengths = state.order_partitions().map(Log::len);
    batch_actions(
        model,
        &PAIRS,
        state,
        &state.products_group,
        lengths,
        |count, end| {
            actions.push(Action::Decide(count, end));
        },
    );
    if state.products_group.stalled.is_some() {
        actions.push(Action::DecideResumes);
        actions.push(Action::DecideVanishes);
        if (0..2).any(|at| state.products_group.is_held(at)) {
            actions.push(Action::TakeOver(Side::Products));
        }
    }
}

/// A batch of a consumer that knows the checkpoints.
pub(crate) fn handle(model: &Choreography, state: &mut State, count: [u8; 2], end: BatchEnd) {
    let claim = state.products_group.checkpoints;
    let view = state.products_tables;
    match end {
        BatchEnd::Stalls => {
            state.products_group.stalled = Some(StalledBatch { count, claim, view });
        }
        BatchEnd::DiesAfterCheckpoint => {
            state.products_group.advance(count, claim, true);
        }
        BatchEnd::Done | BatchEnd::DiesBeforeOutbox => {
            attempt(model, state, count, claim, &view, end);
        }
        BatchEnd::ReplyLost => {
            attempt(model, state, count, claim, &view, end);
            let view = state.products_tables;
            attempt(model, state, count, claim, &view, BatchEnd::Done);
        }
    }
}

/// The stalled transaction is committed if nothing that it wrote was written meanwhile; else
/// the database refuses it and the batch is run again, with the claim that its owner believes in.
pub(crate) fn resume(model: &Choreography, state: &mut State) {
    let Some(stalled) = state.products_group.stalled.take() else {
        return;
    };
    let StalledBatch { count, claim, view } = stalled;
    let moved = (0..2).any(|at| count[at] > 0 && state.products_group.checkpoints[at] != claim[at]);
    let conflict = model.isolation && moved;
    if conflict || !attempt(model, state, count, claim, &view, BatchEnd::Done) {
        let view = state.products_tables;
        attempt(model, state, count, claim, &view, BatchEnd::Done);
    }
}

/// One transaction over what `view` read; `false` when it is refused and has to be run again.
fn attempt(
    model: &Choreography,
    state: &mut State,
    count: [u8; 2],
    claim: [Checkpoint; 2],
    view: &ProductsTables,
    end: BatchEnd,
) -> bool {
    let made = decide(model, &records_of(state, count, claim), view);
    if clashes(model, state, view, &made) {
        return false;
    }
    let fence = model.guards.stand(Guard::CheckpointFence);
    if !state.products_group.advance(count, claim, fence) {
        return true;
    }
    for at in 0..2 {
        if !state.products_group.apply(at, claim[at].next, count[at]) {
            state.mark(Blemish::AppliedTwice);
        }
    }
    for product in 0..PRODUCTS {
        let (taken, returned) = (made.taken[product], made.returned[product]);
        if taken > state.products_tables.products[product].quantity + returned {
            state.mark(Blemish::Oversold);
        }
        let held = &mut state.products_tables.products[product];
        held.quantity = (held.quantity + returned).saturating_sub(taken);
        held.version += u8::from(taken + returned > 0);
    }
    for (released, now) in state.products_tables.released.iter_mut().zip(made.released) {
        *released |= now;
    }
    for (order, decision) in made.fresh.iter().enumerate() {
        if decision.is_some() {
            state.products_tables.stock_decisions[order] = *decision;
        }
    }
    if end != BatchEnd::DiesBeforeOutbox {
        state.append(Side::Products.index(), &made.says);
    }
    true
}

/// Each record of the batch once.
fn records_of(state: &State, count: [u8; 2], claim: [Checkpoint; 2]) -> Vec<u8> {
    let mut records: Vec<u8> = Vec::with_capacity(ORDERS);
    for (at, log) in state.order_partitions().into_iter().enumerate() {
        let from = usize::from(claim[at].next);
        for record in &log.items()[from..from + usize::from(count[at])] {
            if !records.contains(record) {
                records.push(*record);
            }
        }
    }
    records
}

/// What a batch writes.
struct Made {
    fresh: [Option<Decision>; ORDERS],
    taken: [u8; PRODUCTS],
    /// What cancelled orders give back, and which.
    returned: [u8; PRODUCTS],
    released: [bool; ORDERS],
    says: Messages,
}

fn decide(model: &Choreography, records: &[u8], view: &ProductsTables) -> Made {
    let mut made = Made {
        fresh: [None; ORDERS],
        taken: [0; PRODUCTS],
        returned: [0; PRODUCTS],
        released: [false; ORDERS],
        says: Log::EMPTY,
    };
    for &record in records {
        let order = match Message::from_byte(record) {
            Message::OrderUpdate { order, .. } => {
                release(model, usize::from(order), view, &mut made);
                continue;
            }
            _ => Message::order(record),
        };
        let place = usize::from(order);
        let stored = view.stock_decisions[place];
        let said = match stored {
            Some(decision) if model.guards.stand(Guard::ReservationKey) => {
                if model.guards.stand(Guard::DecisionId) {
                    decision
                } else {
                    Decision {
                        id: decision.id + 1,
                        ..decision
                    }
                }
            }
            _ => {
                let wanted = WANTED[place];
                let fits = |at: usize| {
                    let there = view.products[at].quantity + made.returned[at];
                    wanted[at] + made.taken[at] <= there || wanted[at] == 0
                };
                let accepted = (0..PRODUCTS).all(fits);
                if accepted {
                    for (taken, wanted) in made.taken.iter_mut().zip(wanted) {
                        *taken += wanted;
                    }
                }
                let id = stored.map_or(1, |decision| decision.id + 1);
                made.fresh[place] = Some(Decision { accepted, id });
                Decision { accepted, id }
            }
        };
        let update = Message::OrderStatusUpdate {
            order,
            accepted: said.accepted,
            id: said.id,
        };
        let _ = made.says.push(update.to_byte());
    }
    for (product, Product { version, quantity }) in (0..).zip(view.products) {
        let at = usize::from(product);
        let (taken, returned) = (made.taken[at], made.returned[at]);
        if taken + returned > 0 {
            let state = Message::Product {
                product,
                version: version + 1,
                quantity: (quantity + returned).saturating_sub(taken),
            };
            let _ = made.says.push(state.to_byte());
        }
    }
    made
}

/// Gives back what a cancelled order was given. One without a decision was given nothing.
fn release(model: &Choreography, order: usize, view: &ProductsTables, made: &mut Made) {
    let decision = made.fresh[order].or(view.stock_decisions[order]);
    let keyed = model.guards.stand(Guard::ReleaseKey);
    let known = keyed && (view.released[order] || made.released[order]);
    if decision.is_some_and(|decision| decision.accepted) && !known {
        made.released[order] = true;
        for (returned, wanted) in made.returned.iter_mut().zip(WANTED[order]) {
            *returned += wanted;
        }
    }
}

/// Whether a statement of the transaction is refused: by its own condition, by the reservation's
/// unique key, or by the database because another transaction wrote the document since it was read.
fn clashes(model: &Choreography, state: &State, view: &ProductsTables, made: &Made) -> bool {
    let stock = (0..PRODUCTS).any(|at| {
        let now = state.products_tables.products[at];
        let changed = now.version != view.products[at].version;
        let short = now.quantity + made.returned[at] < made.taken[at];
        let refused = model.guards.stand(Guard::QuantityGuard) && (changed || short);
        let stale = made.returned[at] > 0 && changed;
        made.taken[at] > 0 && (refused || model.isolation && changed) || stale
    });
    let keyed = model.guards.stand(Guard::ReservationKey) || model.isolation;
    let reserved = (0..ORDERS).any(|order| {
        made.fresh[order].is_some()
            && state.products_tables.stock_decisions[order] != view.stock_decisions[order]
            && keyed
    });
    let keyed = model.guards.stand(Guard::ReleaseKey) || model.isolation;
    let released = (0..ORDERS).any(|order| {
        let changed = state.products_tables.released[order] != view.released[order];
        made.released[order] && changed && keyed
    });
    stock || reserved || released
}
