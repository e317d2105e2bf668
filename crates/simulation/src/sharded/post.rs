//! What is on its way: messages and alarms, by the time at which they come.

use std::collections::BTreeMap;

use crate::chance::Chance;

use super::outcome::Faults;
use super::protocol::{Alarm, Effect, Message, Micros};
use super::setting::{Setting, Storm};

/// A node that crashes as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Node {
    Coordinator(usize),
    Shard(usize),
}

#[derive(Debug, Clone)]
pub(super) enum Event {
    Comes(Message),
    Rings(Alarm),
    /// A node is back.
    Recovers(Node),
}

/// Loses, doubles and delays messages while the storm lasts. Alarms are a node's own.
#[derive(Debug)]
pub(super) struct Post {
    queue: BTreeMap<(Micros, u64), Event>,
    posted: u64,
    hop: (u32, u32),
    storm: Option<Storm>,
    pub(super) faults: Faults,
}

impl Post {
    pub(super) fn new(setting: &Setting) -> Self {
        let short = |time: u64| u32::try_from(time).unwrap_or(u32::MAX);
        Self {
            queue: BTreeMap::new(),
            posted: 0,
            hop: (short(setting.hop.0), short(setting.hop.1)),
            storm: setting.storm,
            faults: Faults::default(),
        }
    }

    /// The storm, while it lasts.
    pub(super) fn storm(&self, now: Micros) -> Option<Storm> {
        self.storm.filter(|storm| now < storm.ends)
    }

    pub(super) fn next(&mut self) -> Option<(Micros, Event)> {
        let ((at, _), event) = self.queue.pop_first()?;
        Some((at, event))
    }

    pub(super) fn put(&mut self, at: Micros, event: Event) {
        self.posted += 1;
        self.queue.insert((at, self.posted), event);
    }

    /// Hands an effect over; an order itself is never lost, for Kafka keeps it.
    pub(super) fn take(&mut self, effect: Effect, now: Micros, chance: &Chance) {
        let message = match effect {
            // A node that was down wakes late.
            Effect::Wake { at, alarm } => return self.put(at.max(now), Event::Rings(alarm)),
            Effect::Say(message) => message,
        };
        let Some(storm) = self.storm(now) else {
            let at = now + self.hop(chance);
            return self.put(at, Event::Comes(message));
        };
        if chance.happens(storm.copy) {
            self.faults.copied += 1;
            let at = now + self.journey(&storm, chance);
            self.put(at, Event::Comes(message.clone()));
        }
        if !matches!(message, Message::Place(_)) && chance.happens(storm.loss) {
            self.faults.lost += 1;
            return;
        }
        let at = now + self.journey(&storm, chance);
        self.put(at, Event::Comes(message));
    }

    fn hop(&self, chance: &Chance) -> Micros {
        chance.between(self.hop.0, self.hop.1).into()
    }

    fn journey(&mut self, storm: &Storm, chance: &Chance) -> Micros {
        if !chance.happens(storm.late) {
            return self.hop(chance);
        }
        self.faults.late += 1;
        let most = u32::try_from(storm.late_most).unwrap_or(u32::MAX);
        Micros::from(chance.between(0, most)) + self.hop(chance)
    }
}
