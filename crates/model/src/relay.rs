//! A relay's round: read what is there, publish it in order, delete it.

use crate::action::{Action, RelayEnd, Side};
use crate::guard::Guard;
use crate::log::Log;
use crate::message::Message;
use crate::setting::Choreography;
use crate::state::{Messages, StalledRelay, State};

/// The rounds that `state` allows.
pub(crate) fn actions(model: &Choreography, state: &State, actions: &mut Vec<Action>) {
    for side in Side::BOTH {
        let waiting = &state.outboxes[side.index()].messages;
        let stalled = &state.stalled_relays[side.index()];
        let faulty = state.faults_left > 0;
        if !waiting.is_empty() {
            actions.push(Action::Relay(side, RelayEnd::Done));
            if faulty {
                let first = u8::from(model.guards.stand(Guard::DeleteAfterAck));
                let deaths = (first..=waiting.len()).map(RelayEnd::Dies);
                actions.extend(deaths.map(|end| Action::Relay(side, end)));
                if stalled.is_none() {
                    let stalls = (0..=waiting.len()).map(RelayEnd::Stalls);
                    actions.extend(stalls.map(|end| Action::Relay(side, end)));
                }
                if !model.guards.stand(Guard::KeyOrder) {
                    let skips = (0..waiting.len()).map(RelayEnd::Skips);
                    actions.extend(skips.map(|end| Action::Relay(side, end)));
                }
            }
        }
        if let Some(relay) = stalled {
            actions.push(Action::RelayResumes(side, RelayEnd::Done));
            actions.push(Action::RelayVanishes(side));
            if faulty {
                let deaths = (1..=relay.rest.len()).map(RelayEnd::Dies);
                actions.extend(deaths.map(|end| Action::RelayResumes(side, end)));
            }
        }
    }
}

/// A round of a relay that holds nothing.
pub(crate) fn round(model: &Choreography, state: &mut State, side: Side, end: RelayEnd) {
    let read = state.outboxes[side.index()].messages;
    match end {
        RelayEnd::Done => {
            publish(state, read.items());
            delete(state, side, read.len());
        }
        RelayEnd::Dies(published) => {
            publish(state, &read.items()[..usize::from(published)]);
            if !model.guards.stand(Guard::DeleteAfterAck) {
                delete(state, side, read.len());
            }
            forget_position(state, side);
        }
        RelayEnd::Stalls(published) => {
            publish(state, &read.items()[..usize::from(published)]);
            let mut rest = read;
            rest.drop_first(published);
            if !model.guards.stand(Guard::DeleteAfterAck) {
                delete(state, side, read.len());
            }
            state.stalled_relays[side.index()] = Some(StalledRelay {
                rest,
                deletes: read.len(),
            });
            forget_position(state, side);
        }
        RelayEnd::Skips(failed) => {
            for (place, message) in read.items().iter().enumerate() {
                if place != usize::from(failed) {
                    publish(state, &[*message]);
                }
            }
            delete(state, side, read.len());
            let mut again = Log::EMPTY;
            let _ = again.push(read.items()[usize::from(failed)]);
            state.append(side.index(), &again);
        }
    }
}

/// A relay that stalled, and lost its lease meanwhile, does not know it and goes on.
pub(crate) fn resume(state: &mut State, side: Side, end: RelayEnd) {
    let Some(relay) = state.stalled_relays[side.index()] else {
        return;
    };
    if let RelayEnd::Dies(published) = end {
        publish(state, &relay.rest.items()[..usize::from(published)]);
    } else {
        publish(state, relay.rest.items());
        let gone = state.outboxes[side.index()].deleted;
        let left = relay.deletes.saturating_sub(gone);
        state.outboxes[side.index()].messages.drop_first(left);
    }
    vanish(state, side);
}

/// What a stalled relay held is gone.
pub(crate) fn vanish(state: &mut State, side: Side) {
    state.stalled_relays[side.index()] = None;
    // Nobody is left who counts by it.
    state.outboxes[side.index()].deleted = 0;
}

/// Without the guard, a record whose id lies behind what is published is not seen any more.
pub(crate) fn append_late(
    model: &Choreography,
    state: &mut State,
    side: Side,
    messages: &Messages,
) {
    let published = state.order_topic.iter().any(|topic| !topic.is_empty());
    if published && !model.guards.stand(Guard::UnpagedOutbox) {
        for message in messages.items() {
            let _ = state.outboxes[side.index()].behind.push(*message);
        }
    } else {
        state.append(side.index(), messages);
    }
}

/// A new process begins without a position, and sees what lay behind the old one's.
fn forget_position(state: &mut State, side: Side) {
    let behind = state.outboxes[side.index()].behind;
    state.outboxes[side.index()].behind = Log::EMPTY;
    state.append(side.index(), &behind);
}

fn publish(state: &mut State, messages: &[u8]) {
    for message in messages {
        state.publish(Message::from_byte(*message));
    }
}

fn delete(state: &mut State, side: Side, count: u8) {
    let outbox = &mut state.outboxes[side.index()];
    outbox.messages.drop_first(count);
    if state.stalled_relays[side.index()].is_some() {
        outbox.deleted += count;
    }
}
