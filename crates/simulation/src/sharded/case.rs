//! One order on its way to a decision.

use std::collections::BTreeSet;

use crate::chance::Chance;

use super::protocol::{
    Alarm, Answer, Ask, Effect, Message, Micros, OrderNo, Parts, Request, Says, ShardNo,
};
use super::setting::Way;

/// How a coordinator goes about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) way: Way,
    /// How often an order is tried before it is refused for pieces that others only hold.
    pub(super) attempts: u32,
    /// How long an attempt waits for its holds.
    pub(super) give_up: Micros,
    /// How long until what was not answered is asked again.
    pub(super) resend: Micros,
    /// How long, about, an order rests after its first attempt; longer after later ones.
    pub(super) rest: Micros,
}

#[derive(Debug, Clone)]
enum Stage {
    Asking {
        held: BTreeSet<ShardNo>,
        until: Micros,
    },
    /// Between two attempts.
    Resting,
    /// Decided; these shards have not answered yet.
    Ending {
        accepted: bool,
        owed: BTreeSet<ShardNo>,
    },
    Over {
        accepted: bool,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Case {
    order: OrderNo,
    parts: Parts,
    pub(super) attempt: u32,
    stage: Stage,
    /// Shards that may hold something, of any attempt.
    asked: BTreeSet<ShardNo>,
    alarm: u64,
}

impl Case {
    pub(super) fn new(order: OrderNo, parts: Parts) -> Self {
        Self {
            order,
            parts,
            attempt: 0,
            stage: Stage::Resting,
            asked: BTreeSet::new(),
            alarm: 0,
        }
    }

    /// What was decided, once it was.
    pub(super) fn verdict(&self) -> Option<bool> {
        match self.stage {
            Stage::Ending { accepted, .. } | Stage::Over { accepted } => Some(accepted),
            _ => None,
        }
    }

    pub(super) fn over(&self) -> bool {
        matches!(self.stage, Stage::Over { .. })
    }

    /// Begins the next attempt.
    pub(super) fn begin(&mut self, terms: &Terms, now: Micros) -> Vec<Effect> {
        self.attempt += 1;
        // An order of one shard is decided there: it can't be given up, only asked for.
        let until = if self.alone() {
            Micros::MAX
        } else {
            now + terms.give_up
        };
        let held = BTreeSet::new();
        self.stage = Stage::Asking { held, until };
        let mut effects = self.holds(terms);
        effects.push(self.wake(now + terms.resend));
        effects
    }

    pub(super) fn answered(
        &mut self,
        answer: &Answer,
        terms: &Terms,
        now: Micros,
        chance: &Chance,
    ) -> Vec<Effect> {
        let current = answer.attempt == self.attempt;
        let asking = matches!(self.stage, Stage::Asking { .. });
        match answer.says {
            Says::Held if current => self.held(answer.from, terms, now),
            Says::Taken if !self.over() => {
                self.stage = Stage::Over { accepted: true };
                Vec::new()
            }
            Says::Refused { for_good: true } if current && asking => {
                self.end(false, Some(answer.from), terms, now)
            }
            Says::Refused { .. } if current && asking => {
                self.abandon(Some(answer.from), terms, now, chance)
            }
            Says::Confirmed => self.closed(answer.from, true),
            Says::Cancelled if current => self.closed(answer.from, false),
            Says::Lapsed if current && asking => self.abandon(None, terms, now, chance),
            Says::Lapsed => {
                // This is the fence: the record says what became of the hold, nobody else.
                let sold = current && self.verdict() == Some(true);
                let request = if sold {
                    Request::Confirm
                } else {
                    Request::Cancel
                };
                vec![self.ask(answer.from, answer.attempt, request)]
            }
            _ => Vec::new(),
        }
    }

    pub(super) fn woken(
        &mut self,
        number: u64,
        terms: &Terms,
        now: Micros,
        chance: &Chance,
    ) -> Vec<Effect> {
        if number != self.alarm {
            return Vec::new();
        }
        let mut effects = match &self.stage {
            Stage::Over { .. } => return Vec::new(),
            Stage::Resting => return self.begin(terms, now),
            Stage::Asking { until, .. } if now >= *until => {
                return self.abandon(None, terms, now, chance);
            }
            Stage::Asking { .. } => self.holds(terms),
            Stage::Ending { .. } => self.closing(),
        };
        effects.push(self.wake(now + terms.resend));
        effects
    }

    fn held(&mut self, from: ShardNo, terms: &Terms, now: Micros) -> Vec<Effect> {
        let Stage::Asking { held, .. } = &mut self.stage else {
            return Vec::new();
        };
        if !held.insert(from) {
            return Vec::new();
        }
        if held.len() == self.parts.len() {
            return self.end(true, None, terms, now);
        }
        match terms.way {
            Way::AtOnce => Vec::new(),
            Way::InOrder => self.holds(terms),
        }
    }

    /// Gives this attempt up, for another one later or for good. `refuser` holds nothing.
    fn abandon(
        &mut self,
        refuser: Option<ShardNo>,
        terms: &Terms,
        now: Micros,
        chance: &Chance,
    ) -> Vec<Effect> {
        if self.attempt >= terms.attempts {
            return self.end(false, refuser, terms, now);
        }
        let others = self.asked.iter().filter(|shard| Some(**shard) != refuser);
        let mut effects: Vec<Effect> = others
            .map(|shard| self.ask(*shard, self.attempt, Request::Cancel))
            .collect();
        // Of different length for each, or two orders would meet again and again.
        let most = terms.rest.saturating_mul(self.attempt.into());
        let drawn = chance.between(0, u32::try_from(most).unwrap_or(u32::MAX));
        let until = now + terms.rest / 2 + Micros::from(drawn);
        self.stage = Stage::Resting;
        effects.push(self.wake(until));
        effects
    }

    fn end(
        &mut self,
        accepted: bool,
        refuser: Option<ShardNo>,
        terms: &Terms,
        now: Micros,
    ) -> Vec<Effect> {
        let mut owed: BTreeSet<ShardNo> = if accepted {
            self.parts.keys().copied().collect()
        } else {
            self.asked.clone()
        };
        if let Some(refuser) = refuser {
            owed.remove(&refuser);
        }
        if owed.is_empty() {
            self.stage = Stage::Over { accepted };
            return Vec::new();
        }
        self.stage = Stage::Ending { accepted, owed };
        let mut effects = self.closing();
        effects.push(self.wake(now + terms.resend));
        effects
    }

    fn closed(&mut self, from: ShardNo, as_accepted: bool) -> Vec<Effect> {
        if let Stage::Ending { accepted, owed } = &mut self.stage
            && *accepted == as_accepted
        {
            owed.remove(&from);
            if owed.is_empty() {
                self.stage = Stage::Over {
                    accepted: as_accepted,
                };
            }
        }
        Vec::new()
    }

    /// Asks for the holds that are missing: for all of them, or for the next in the order of
    /// the shards, which all orders keep to.
    fn holds(&mut self, terms: &Terms) -> Vec<Effect> {
        let Stage::Asking { held, .. } = &self.stage else {
            return Vec::new();
        };
        let some = match terms.way {
            Way::AtOnce => usize::MAX,
            Way::InOrder => 1,
        };
        let missing = self.parts.keys().filter(|shard| !held.contains(shard));
        let missing: Vec<ShardNo> = missing.copied().take(some).collect();
        self.asked.extend(&missing);
        let alone = self.alone();
        let hold = |shard: ShardNo| {
            let lines = self.parts.get(&shard).cloned().unwrap_or_default();
            self.ask(shard, self.attempt, Request::Hold { lines, alone })
        };
        missing.into_iter().map(hold).collect()
    }

    fn closing(&self) -> Vec<Effect> {
        let Stage::Ending { accepted, owed } = &self.stage else {
            return Vec::new();
        };
        let request = if *accepted {
            Request::Confirm
        } else {
            Request::Cancel
        };
        owed.iter()
            .map(|shard| self.ask(*shard, self.attempt, request.clone()))
            .collect()
    }

    fn alone(&self) -> bool {
        self.parts.len() == 1
    }

    fn ask(&self, to: ShardNo, attempt: u32, request: Request) -> Effect {
        Effect::Say(Message::Ask(Ask {
            order: self.order,
            attempt,
            to,
            request,
        }))
    }

    fn wake(&mut self, at: Micros) -> Effect {
        self.alarm += 1;
        let alarm = Alarm::Order {
            order: self.order,
            number: self.alarm,
        };
        Effect::Wake { at, alarm }
    }
}
