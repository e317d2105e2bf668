//! The orders service: it takes orders, settles them, and keeps copies of products.

use crate::action::{Action, BatchEnd, Side};
use crate::guard::Guard;
use crate::log::Log;
use crate::message::{Message, Step};
use crate::relay;
use crate::setting::{Choreography, SINGLES, batch_actions};
use crate::state::{Blemish, Checkpoint, Ledger, Product, StalledBatch, State, Status};

/// What can happen at the orders service.
pub(crate) fn actions(model: &Choreography, state: &State, actions: &mut Vec<Action>) {
    for (order, status) in (0..).zip(state.ledger.orders) {
        if status == Status::Absent {
            actions.push(Action::Place(order));
            if state.faults_left > 0 && !model.guards.stand(Guard::OutboxInTransaction) {
                actions.push(Action::PlaceDies(order));
            }
            if state.faults_left > 0 && !model.guards.stand(Guard::UnpagedOutbox) {
                actions.push(Action::PlaceLate(order));
            }
        } else if state.faults_left > 0 && !model.guards.stand(Guard::IdempotencyKey) {
            actions.push(Action::PlaceAgain(order));
        }
    }
    if let Some(order) = model.cancels
        && matches!(
            state.ledger.orders[usize::from(order)],
            Status::Pending | Status::Accepted
        )
    {
        actions.push(Action::Cancel(order));
    }
    let lengths = state.news_partitions().map(Log::len);
    batch_actions(
        model,
        &SINGLES,
        state,
        &state.orders_group,
        lengths,
        |count, end| {
            actions.push(Action::Settle(count, end));
        },
    );
    if state.orders_group.stalled.is_some() {
        actions.push(Action::SettleResumes);
        actions.push(Action::SettleVanishes);
        if (0..2).any(|at| state.orders_group.is_held(at)) {
            actions.push(Action::TakeOver(Side::Orders));
        }
    }
}

/// Takes an order.
pub(crate) fn place(model: &Choreography, state: &mut State, action: Action, order: u8) {
    state.ledger.orders[usize::from(order)] = Status::Pending;
    let mut says = Log::EMPTY;
    let _ = says.push(Message::OrderCreate { order }.to_byte());
    match action {
        Action::PlaceDies(_) => {}
        Action::PlaceLate(_) => relay::append_late(model, state, Side::Orders, &says),
        _ => state.append(Side::Orders.index(), &says),
    }
}

/// Cancels an order that is pending or accepted.
pub(crate) fn cancel(state: &mut State, order: u8) {
    state.ledger.orders[usize::from(order)] = Status::Cancelled;
    let mut says = Log::EMPTY;
    let step = Step::Cancelled;
    let _ = says.push(Message::OrderUpdate { order, step }.to_byte());
    state.append(Side::Orders.index(), &says);
}

/// A batch of a consumer that knows the checkpoints.
pub(crate) fn handle(model: &Choreography, state: &mut State, count: [u8; 2], end: BatchEnd) {
    let claim = state.orders_group.checkpoints;
    let view = state.ledger;
    match end {
        BatchEnd::Stalls => {
            state.orders_group.stalled = Some(StalledBatch { count, claim, view });
        }
        BatchEnd::DiesAfterCheckpoint => {
            state.orders_group.advance(count, claim, true);
        }
        BatchEnd::Done | BatchEnd::DiesBeforeOutbox => {
            attempt(model, state, count, claim, view, end);
        }
        BatchEnd::ReplyLost => {
            attempt(model, state, count, claim, view, end);
            let view = state.ledger;
            attempt(model, state, count, claim, view, BatchEnd::Done);
        }
    }
}

/// The stalled transaction is committed if nothing that it wrote was written meanwhile; else
/// the database refuses it and the batch is run again, with the claim that its owner believes in.
pub(crate) fn resume(model: &Choreography, state: &mut State) {
    let Some(stalled) = state.orders_group.stalled.take() else {
        return;
    };
    let StalledBatch { count, claim, view } = stalled;
    let moved = (0..2).any(|at| count[at] > 0 && state.orders_group.checkpoints[at] != claim[at]);
    let conflict = model.isolation && moved;
    if conflict || !attempt(model, state, count, claim, view, BatchEnd::Done) {
        let view = state.ledger;
        attempt(model, state, count, claim, view, BatchEnd::Done);
    }
}

/// One transaction over what `view` read; `false` when it is refused and has to be run again.
fn attempt(
    model: &Choreography,
    state: &mut State,
    count: [u8; 2],
    claim: [Checkpoint; 2],
    view: Ledger,
    end: BatchEnd,
) -> bool {
    let mut ledger = view;
    let mut blemishes: Vec<Blemish> = Vec::new();
    for (at, log) in state.news_partitions().into_iter().enumerate() {
        let from = usize::from(claim[at].next);
        for record in &log.items()[from..from + usize::from(count[at])] {
            let blemish = match Message::from_byte(*record) {
                Message::OrderStatusUpdate {
                    order, accepted, ..
                } => settle(model, &mut ledger, order, accepted),
                Message::Product {
                    product,
                    version,
                    quantity,
                } => copy(model, &mut ledger, product, Product { version, quantity }),
                Message::OrderCreate { .. } | Message::OrderUpdate { .. } => {
                    Some(Blemish::UnknownOrder)
                }
            };
            blemishes.extend(blemish);
        }
    }
    let now = state.ledger;
    // A step is taken from where the order stood, or not at all.
    let guarded = model.guards.stand(Guard::TerminalStatus) || model.isolation;
    let moved = (0..now.orders.len())
        .any(|at| ledger.orders[at] != view.orders[at] && now.orders[at] != view.orders[at]);
    let copied = (0..now.copies.len())
        .any(|at| ledger.copies[at] != view.copies[at] && now.copies[at] != view.copies[at]);
    if guarded && moved || model.isolation && copied {
        return false;
    }
    let fence = model.guards.stand(Guard::CheckpointFence);
    if !state.orders_group.advance(count, claim, fence) {
        return true;
    }
    for at in 0..2 {
        if !state.orders_group.apply(at, claim[at].next, count[at]) {
            state.mark(Blemish::AppliedTwice);
        }
    }
    for blemish in blemishes {
        state.mark(blemish);
    }
    let mut says = Log::EMPTY;
    for (order, at) in (0..).zip(0..ledger.orders.len()) {
        if ledger.orders[at] != view.orders[at] {
            state.ledger.orders[at] = ledger.orders[at];
            let update = |step| Message::OrderUpdate { order, step }.to_byte();
            let told = ledger.orders[at].step().map(update);
            let _ = told.is_some_and(|message| says.push(message));
        }
    }
    if end != BatchEnd::DiesBeforeOutbox {
        state.append(Side::Orders.index(), &says);
    }
    for at in 0..ledger.copies.len() {
        if ledger.copies[at] != view.copies[at] {
            state.ledger.copies[at] = ledger.copies[at];
        }
    }
    true
}

fn settle(model: &Choreography, ledger: &mut Ledger, order: u8, accepted: bool) -> Option<Blemish> {
    let status = &mut ledger.orders[usize::from(order)];
    let decided = Status::decided(accepted);
    match status {
        Status::Absent => Some(Blemish::UnknownOrder),
        Status::Pending => {
            *status = decided;
            None
        }
        Status::Accepted | Status::Rejected | Status::Cancelled => {
            if model.guards.stand(Guard::TerminalStatus) {
                return None;
            }
            *status = decided;
            Some(Blemish::SettledTwice)
        }
    }
}

fn copy(model: &Choreography, ledger: &mut Ledger, product: u8, new: Product) -> Option<Blemish> {
    let held = &mut ledger.copies[usize::from(product)];
    let older = new.version < held.version;
    if new.version > held.version || !model.guards.stand(Guard::VersionGuard) {
        *held = new;
        return older.then_some(Blemish::CopyWentBack);
    }
    None
}
