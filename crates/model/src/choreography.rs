//! The model: which actions a state allows and what they do.

use stateright::{Model, Property};

use crate::action::{Action, BatchEnd, RelayEnd, Side};
use crate::log::Log;
use crate::message::Message;
use crate::properties;
use crate::setting::{Choreography, SINGLES};
use crate::state::{Blemish, Group, State, Status};
use crate::{orders, products, relay};

impl Choreography {
    /// Whether anything is left to do, apart from faults.
    pub(crate) fn has_work(&self, state: &State) -> bool {
        let calm = State {
            faults_left: 0,
            ..*state
        };
        let mut left = Vec::new();
        self.actions(&calm, &mut left);
        // Nobody has to cancel anything.
        left.iter()
            .any(|action| !matches!(action, Action::Cancel(_)))
    }
}

impl Model for Choreography {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let begin = |stock: &[u8; 2]| State::new(*stock, self.faults);
        self.stock.iter().map(begin).collect()
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if self.reduced
            && let Some(action) = ample(self, state)
        {
            actions.push(action);
            return;
        }
        orders::actions(self, state, actions);
        relay::actions(self, state, actions);
        products::actions(self, state, actions);
        if state.faults_left > 0 {
            if state
                .products_group
                .checkpoints
                .iter()
                .any(|at| at.next > 0)
            {
                actions.push(Action::ReplayOrders);
            }
            if state.orders_group.checkpoints[0].next > 0 {
                actions.push(Action::ReplayStatuses);
            }
            if state.orders_group.checkpoints[1].next > 0 {
                actions.push(Action::ReplayProducts);
            }
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = *last;
        state.faults_left = state.faults_left.checked_sub(u8::from(action.is_fault()))?;
        match action {
            Action::Place(order) | Action::PlaceDies(order) | Action::PlaceLate(order) => {
                orders::place(self, &mut state, action, order);
            }
            Action::Cancel(order) => orders::cancel(&mut state, order),
            Action::PlaceAgain(_) => state.mark(Blemish::OrderedTwice),
            Action::Relay(side, end) => relay::round(self, &mut state, side, end),
            Action::RelayResumes(side, end) => relay::resume(&mut state, side, end),
            Action::RelayVanishes(side) => relay::vanish(&mut state, side),
            Action::Decide(count, end) => {
                products::handle(self, &mut state, count, end);
                if end == BatchEnd::ReplyLost {
                    let heard = self.next_state(last, Action::Decide(count, BatchEnd::Done))?;
                    return changed(&state, &heard).then_some(state);
                }
            }
            Action::DecideResumes => products::resume(self, &mut state),
            Action::DecideVanishes => state.products_group.stalled = None,
            Action::Settle(count, end) => {
                orders::handle(self, &mut state, count, end);
                if end == BatchEnd::ReplyLost {
                    let heard = self.next_state(last, Action::Settle(count, BatchEnd::Done))?;
                    return changed(&state, &heard).then_some(state);
                }
            }
            Action::SettleResumes => orders::resume(self, &mut state),
            Action::SettleVanishes => state.orders_group.stalled = None,
            Action::TakeOver(Side::Products) => take_over(&mut state.products_group),
            Action::TakeOver(Side::Orders) => take_over(&mut state.orders_group),
            Action::ReplayOrders => {
                state.products_group.rewind(0);
                state.products_group.rewind(1);
            }
            Action::ReplayStatuses => state.orders_group.rewind(0),
            Action::ReplayProducts => state.orders_group.rewind(1),
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(self)
    }
}

/// A step that may as well be taken now.
///
/// When no fault is to come and nothing is stalled there, a relay's round only moves messages in
/// an order that is fixed already, and what orders settles is read by orders alone, and told in any order
/// of the orders: whatever else happens first, the step stays possible and comes to the same. So one order
/// stands for all. Only where its order may be cancelled, it is not the same what comes first.
fn ample(model: &Choreography, state: &State) -> Option<Action> {
    if state.faults_left > 0 {
        return None;
    }
    let relay = Side::BOTH.into_iter().find(|side| {
        let at = side.index();
        state.stalled_relays[at].is_none() && !state.outboxes[at].messages.is_empty()
    });
    if let Some(side) = relay {
        return Some(Action::Relay(side, RelayEnd::Done));
    }
    let group = &state.orders_group;
    let lengths = state.news_partitions().map(Log::len);
    let unread = |count: &[u8; 2]| {
        group.stalled.is_none()
            && (0..2).all(|at| group.checkpoints[at].next + count[at] <= lengths[at])
            && (count[0] == 0 || !may_be_cancelled(model, state))
    };
    let count = SINGLES.into_iter().find(unread)?;
    Some(Action::Settle(count, BatchEnd::Done))
}

/// Whether the next decision that orders reads is about an order that may be cancelled meanwhile.
fn may_be_cancelled(model: &Choreography, state: &State) -> bool {
    let next = usize::from(state.orders_group.checkpoints[0].next);
    let decided = state.status_topic.items().get(next);
    decided.is_some_and(|record| {
        let order = Message::order(*record);
        let pending = state.ledger.orders[usize::from(order)] == Status::Pending;
        model.cancels == Some(order) && pending
    })
}

/// Whether a fault came to anything. If not, its state has been looked at already, with one more
/// fault to come.
fn changed(faulty: &State, faultless: &State) -> bool {
    let same = State {
        faults_left: faultless.faults_left,
        ..*faulty
    };
    same != *faultless
}

/// The partitions that a stalled consumer still owns get a new owner.
fn take_over<V>(group: &mut Group<V>) {
    for at in 0..2 {
        if group.is_held(at) {
            group.checkpoints[at].epoch += 1;
        }
    }
}

impl Action {
    /// Whether it takes one of the run's faults.
    pub(crate) fn is_fault(self) -> bool {
        match self {
            Self::Place(_)
            | Self::Cancel(_)
            | Self::RelayVanishes(_)
            | Self::DecideResumes
            | Self::DecideVanishes
            | Self::SettleResumes
            | Self::SettleVanishes
            | Self::TakeOver(_) => false,
            Self::Relay(_, end) | Self::RelayResumes(_, end) => end != RelayEnd::Done,
            Self::Decide(_, end) | Self::Settle(_, end) => end != BatchEnd::Done,
            Self::PlaceDies(_)
            | Self::PlaceLate(_)
            | Self::PlaceAgain(_)
            | Self::ReplayOrders
            | Self::ReplayStatuses
            | Self::ReplayProducts => true,
        }
    }
}
