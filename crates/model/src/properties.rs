//! What is promised, and what has to be reachable for the promises to mean anything.

use stateright::Property;

use crate::log::Log;
use crate::message::Message;
use crate::setting::Choreography;
use crate::state::{Blemish, Decision, ORDERS, PRODUCTS, State, Status, WANTED};

/// All of them.
pub(crate) fn all(model: &Choreography) -> Vec<Property<Choreography>> {
    let mut all = promises();
    if model.cancels.is_some() {
        all.extend(of_cancellations());
    }
    all
}

/// What has to be reachable where an order may be cancelled.
fn of_cancellations() -> Vec<Property<Choreography>> {
    vec![
        Property::sometimes(
            "what a cancelled order gave back is had by another",
            |_, state: &State| {
                let tables = &state.products_tables;
                let has =
                    |order: usize| tables.stock_decisions[order].is_some_and(|it| it.accepted);
                tables.released[0] && has(1) && state.stock[0] == 1
            },
        ),
        Property::sometimes(
            "an order is cancelled before it is decided",
            |_, state: &State| {
                let early = |(status, decision): (&Status, &Option<Decision>)| {
                    *status == Status::Cancelled && decision.is_none()
                };
                let decisions = &state.products_tables.stock_decisions;
                state.ledger.orders.iter().zip(decisions).any(early)
            },
        ),
        Property::sometimes("a rejected order was cancelled", |_, state: &State| {
            let both = |(status, decision): (&Status, &Option<Decision>)| {
                *status == Status::Cancelled && decision.is_some_and(|it| !it.accepted)
            };
            let decisions = &state.products_tables.stock_decisions;
            state.ledger.orders.iter().zip(decisions).any(both)
        }),
    ]
}

fn promises() -> Vec<Property<Choreography>> {
    vec![
        Property::always("no product is oversold", nothing_oversold),
        Property::always(
            "stock is what there was less what was accepted",
            stock_adds_up,
        ),
        Property::always(
            "only a cancelled order gives back what it was given",
            released_as_cancelled,
        ),
        Property::always("every published decision is the stored one", one_decision),
        Property::always("an order stands as it was decided", standing_as_decided),
        Property::always("an order is told to stand where it does", told_as_it_is),
        Property::<Choreography>::always("an order is settled once", |_, state: &State| {
            !state.has(Blemish::SettledTwice)
        }),
        Property::always("a request makes one order", |_, state: &State| {
            !state.has(Blemish::OrderedTwice)
        }),
        Property::always(
            "a copy is a state that its owner had, and never goes back",
            copies_follow,
        ),
        Property::always(
            "a record is applied once unless it is replayed",
            |_, state: &State| !state.has(Blemish::AppliedTwice),
        ),
        Property::always(
            "the states of a product are first published in order",
            |_, state: &State| !state.has(Blemish::PublishedOutOfOrder),
        ),
        Property::always(
            "where nothing is left to do, nothing is missing",
            |model: &Choreography, state| is_complete(state) || model.has_work(state),
        ),
        Property::always("the model has room for its messages", |_, state: &State| {
            !state.has(Blemish::NoRoom) && !state.has(Blemish::UnknownOrder)
        }),
        Property::eventually("every order is settled", |_, state: &State| settled(state)),
        Property::sometimes(
            "the order of both products is accepted",
            |_, state: &State| state.ledger.orders[1] == Status::Accepted,
        ),
        Property::sometimes("two orders are rejected", |_, state: &State| {
            let rejected = |status: &&Status| **status == Status::Rejected;
            state.ledger.orders.iter().filter(rejected).count() == 2
        }),
        Property::sometimes("an order is published twice", |_, state: &State| {
            let lengths: u8 = state.order_topic.iter().map(Log::len).sum();
            usize::from(lengths) > ORDERS
        }),
        Property::sometimes("a consumer that was presumed dead may come back", fenced),
        Property::sometimes(
            "a relay that was presumed dead publishes an older state last",
            older_state_last,
        ),
    ]
}

fn nothing_oversold(_: &Choreography, state: &State) -> bool {
    !state.has(Blemish::Oversold)
        && (0..PRODUCTS).all(|product| accepted(state, product) <= state.stock[product])
}

fn stock_adds_up(_: &Choreography, state: &State) -> bool {
    (0..PRODUCTS).all(|product| {
        let left = state.products_tables.products[product].quantity;
        left + accepted(state, product) == state.stock[product]
    })
}

/// How many of the product the stored decisions promise.
fn accepted(state: &State, product: usize) -> u8 {
    let promised = state
        .products_tables
        .stock_decisions
        .iter()
        .zip(state.products_tables.released)
        .zip(WANTED)
        .filter(|((decision, released), _)| decision.is_some_and(|it| it.accepted) && !released);
    promised.map(|(_, wanted)| wanted[product]).sum()
}

/// In the topic and on the way to it, in outcome and in event id.
fn one_decision(_: &Choreography, state: &State) -> bool {
    let is_stored = |order: u8, said: Decision| {
        state.products_tables.stock_decisions[usize::from(order)] == Some(said)
    };
    let said = (0..).zip(state.decided);
    let waiting = state.outboxes[1].messages.items().iter();
    !state.has(Blemish::DecidedTwice)
        && said
            .into_iter()
            .all(|(order, said)| said.is_none_or(|said| is_stored(order, said)))
        && waiting
            .into_iter()
            .all(|byte| match Message::from_byte(*byte) {
                Message::OrderStatusUpdate {
                    order,
                    accepted,
                    id,
                } => is_stored(order, Decision { accepted, id }),
                _ => true,
            })
}

fn standing_as_decided(_: &Choreography, state: &State) -> bool {
    let decisions = state.products_tables.stock_decisions.iter();
    state
        .ledger
        .orders
        .iter()
        .zip(decisions)
        .all(|(status, decision)| match status {
            Status::Absent => decision.is_none(),
            Status::Pending | Status::Cancelled => true,
            Status::Accepted => decision.is_some_and(|decision| decision.accepted),
            Status::Rejected => decision.is_some_and(|decision| !decision.accepted),
        })
}

fn released_as_cancelled(_: &Choreography, state: &State) -> bool {
    (0..ORDERS).all(|order| {
        let decision = state.products_tables.stock_decisions[order];
        let given = decision.is_some_and(|decision| decision.accepted);
        let cancelled = state.ledger.orders[order] == Status::Cancelled;
        !state.products_tables.released[order] || given && cancelled
    })
}

/// In the topic and on the way to it.
fn told_as_it_is(_: &Choreography, state: &State) -> bool {
    let stands = |order: usize, told: Status| {
        let now = state.ledger.orders[order];
        now == told || (now, told) == (Status::Cancelled, Status::Accepted)
    };
    let waiting = state.outboxes[0].messages.items().iter();
    let mut told = state.told.iter().enumerate();
    told.all(|(order, told)| *told == Status::Absent || stands(order, *told))
        && waiting
            .into_iter()
            .all(|byte| match Message::from_byte(*byte) {
                Message::OrderUpdate { order, step } => stands(usize::from(order), step.into()),
                _ => true,
            })
}

fn copies_follow(_: &Choreography, state: &State) -> bool {
    let owned = state.products_tables.products;
    let newer = |product: usize| {
        let copy = state.ledger.copies[product];
        copy.version > owned[product].version
            || copy.version == owned[product].version && copy != owned[product]
    };
    !state.has(Blemish::CopyWentBack) && !(0..PRODUCTS).any(newer)
}

/// The last word of the product topic about a product is not its newest state, although all
/// is published.
fn older_state_last(_: &Choreography, state: &State) -> bool {
    is_complete(state) && state.last != state.newest
}

/// A stalled process holds a claim that is not good any more.
fn fenced(_: &Choreography, state: &State) -> bool {
    let group = &state.products_group;
    group.stalled.is_some_and(|stalled| {
        (0..2).any(|at| stalled.count[at] > 0 && stalled.claim[at] != group.checkpoints[at])
    })
}

fn settled(state: &State) -> bool {
    let terminal = |status: &Status| !matches!(status, Status::Absent | Status::Pending);
    state.ledger.orders.iter().all(terminal)
}

/// Every order is settled and told of, a cancelled one has nothing any more, the outboxes are empty, and the copies are their owners'.
fn is_complete(state: &State) -> bool {
    let said =
        |outbox: &crate::state::Outbox| outbox.messages.is_empty() && outbox.behind.is_empty();
    let due = |order: usize| {
        let decision = state.products_tables.stock_decisions[order];
        let given = decision.is_some_and(|decision| decision.accepted);
        let cancelled = state.ledger.orders[order] == Status::Cancelled;
        let decided = decision.is_some();
        decided && (!(given && cancelled) || state.products_tables.released[order])
    };
    settled(state)
        && (0..ORDERS).all(due)
        && state.told == state.ledger.orders
        && state.outboxes.iter().all(said)
        && state.ledger.copies == state.products_tables.products
}
