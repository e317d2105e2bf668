//! A shard: some products, their stock, and what is held of it for whom.

use std::collections::BTreeMap;

use super::protocol::{
    Alarm, Answer, Ask, Effect, Line, Message, Micros, OrderNo, ProductNo, Request, Says, ShardNo,
};
use super::rule::Rule;
use super::setting::Setting;

/// A product's pieces. What was `brought` is always `free`, `held` or `sold`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Pieces {
    pub(super) brought: u32,
    pub(super) free: u32,
    pub(super) held: u32,
    pub(super) sold: u32,
}

/// How an order stands with a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Set aside; past `until` the shard asks what became of it.
    Held {
        until: Micros,
    },
    Confirmed,
    Refused {
        for_good: bool,
    },
    /// The tombstone of a cancelled attempt.
    Ended,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) attempt: u32,
    pub(super) standing: Standing,
    lines: Vec<Line>,
}

/// Never forgets an order: its entry is the natural key by which repeated and late requests
/// are known.
#[derive(Debug, Clone)]
pub(super) struct Shard {
    number: ShardNo,
    pub(super) stock: BTreeMap<ProductNo, Pieces>,
    pub(super) entries: BTreeMap<OrderNo, Entry>,
    removed: Option<Rule>,
    hold_for: Micros,
    ask_again: Micros,
}

impl Shard {
    pub(super) fn new(number: ShardNo, setting: &Setting) -> Self {
        let products = (0..setting.products).filter(|p| p % setting.shards == number.0);
        let brought = setting.stock;
        let pieces = Pieces {
            brought,
            free: brought,
            ..Pieces::default()
        };
        Self {
            number,
            stock: products.map(|p| (ProductNo(p), pieces)).collect(),
            entries: BTreeMap::new(),
            removed: setting.removed,
            hold_for: setting.hold_for,
            ask_again: setting.resend,
        }
    }

    pub(super) fn asked(&mut self, ask: &Ask, now: Micros) -> Vec<Effect> {
        let (says, alarm) = match &ask.request {
            Request::Hold { lines, alone } => self.hold(ask, lines, *alone, now),
            Request::Confirm => (self.confirm(ask), None),
            Request::Cancel => (self.cancel(ask), None),
        };
        let answer = says.map(|says| self.say(ask.order, ask.attempt, says));
        answer.into_iter().chain(alarm).collect()
    }

    /// A hold's time is over. Letting go is not this shard's to decide: the coordinator may
    /// have decided to confirm, and other shards may have done so.
    pub(super) fn lapse(&mut self, order: OrderNo, attempt: u32, now: Micros) -> Vec<Effect> {
        let fenced = self.removed != Some(Rule::FencedExpiry);
        let Some(entry) = self.entries.get_mut(&order) else {
            return Vec::new();
        };
        if entry.attempt != attempt || !matches!(entry.standing, Standing::Held { .. }) {
            return Vec::new();
        }
        if fenced {
            let again = self.alarm(order, attempt, now + self.ask_again);
            return vec![self.say(order, attempt, Says::Lapsed), again];
        }
        entry.standing = Standing::Ended;
        let lines = std::mem::take(&mut entry.lines);
        self.give_back(&lines);
        Vec::new()
    }

    fn hold(
        &mut self,
        ask: &Ask,
        lines: &[Line],
        alone: bool,
        now: Micros,
    ) -> (Option<Says>, Option<Effect>) {
        if let Some(entry) = self.entries.get(&ask.order).cloned() {
            let again = self.removed == Some(Rule::HoldOnce)
                && matches!(entry.standing, Standing::Held { .. });
            if entry.attempt > ask.attempt {
                return (None, None);
            }
            if entry.attempt == ask.attempt && !again {
                return (said_before(entry.standing, alone), None);
            }
            if entry.attempt < ask.attempt {
                self.end(&entry);
            }
        }
        let standing = self.set_aside(lines, alone, now);
        let kept = match standing {
            Standing::Held { .. } | Standing::Confirmed => lines.to_vec(),
            _ => Vec::new(),
        };
        let entry = Entry {
            attempt: ask.attempt,
            standing,
            lines: kept,
        };
        self.entries.insert(ask.order, entry);
        let alarm = match standing {
            Standing::Held { until } => Some(self.alarm(ask.order, ask.attempt, until)),
            _ => None,
        };
        (said_before(standing, alone), alarm)
    }

    fn set_aside(&mut self, lines: &[Line], alone: bool, now: Micros) -> Standing {
        let left = |line: &Line| self.stock.get(&line.product).copied().unwrap_or_default();
        if lines.iter().any(|line| left(line).free < line.pieces) {
            let ever = |line: &Line| left(line).free + left(line).held >= line.pieces;
            return Standing::Refused {
                for_good: !lines.iter().all(ever),
            };
        }
        for line in lines {
            let pieces = self.stock.entry(line.product).or_default();
            pieces.free -= line.pieces;
            if alone {
                pieces.sold += line.pieces;
            } else {
                pieces.held += line.pieces;
            }
        }
        if alone {
            return Standing::Confirmed;
        }
        Standing::Held {
            until: now + self.hold_for,
        }
    }

    /// With all rules standing, what is confirmed is held or was confirmed already.
    fn confirm(&mut self, ask: &Ask) -> Option<Says> {
        let entry = self.entries.get_mut(&ask.order)?;
        match entry.standing {
            Standing::Held { .. } if entry.attempt == ask.attempt => {
                entry.standing = Standing::Confirmed;
                for line in entry.lines.clone() {
                    let pieces = self.stock.entry(line.product).or_default();
                    pieces.held = pieces.held.saturating_sub(line.pieces);
                    pieces.sold += line.pieces;
                }
                Some(Says::Confirmed)
            }
            Standing::Confirmed => Some(Says::Confirmed),
            _ => None,
        }
    }

    fn cancel(&mut self, ask: &Ask) -> Option<Says> {
        let fenced = self.removed != Some(Rule::AttemptFence);
        if let Some(entry) = self.entries.get(&ask.order).cloned() {
            if fenced && entry.attempt > ask.attempt {
                return Some(Says::Cancelled);
            }
            if entry.standing == Standing::Confirmed {
                return None;
            }
            self.end(&entry);
        }
        // Remembered, so that a hold which its own cancellation has overtaken is not made:
        // it would be ended when it has run out, and keep its pieces from others until then.
        let tombstone = Entry {
            attempt: ask.attempt,
            standing: Standing::Ended,
            lines: Vec::new(),
        };
        self.entries.insert(ask.order, tombstone);
        Some(Says::Cancelled)
    }

    fn end(&mut self, entry: &Entry) {
        if matches!(entry.standing, Standing::Held { .. }) {
            self.give_back(&entry.lines);
        }
    }

    fn give_back(&mut self, lines: &[Line]) {
        for line in lines {
            let pieces = self.stock.entry(line.product).or_default();
            pieces.held = pieces.held.saturating_sub(line.pieces);
            pieces.free += line.pieces;
        }
    }

    fn say(&self, order: OrderNo, attempt: u32, says: Says) -> Effect {
        Effect::Say(Message::Answer(Answer {
            order,
            attempt,
            from: self.number,
            says,
        }))
    }

    fn alarm(&self, order: OrderNo, attempt: u32, at: Micros) -> Effect {
        let shard = self.number;
        let alarm = Alarm::Hold {
            shard,
            order,
            attempt,
        };
        Effect::Wake { at, alarm }
    }
}

/// The answer to a request for a hold; none for one that its own cancellation has overtaken.
fn said_before(standing: Standing, alone: bool) -> Option<Says> {
    match standing {
        Standing::Held { .. } => Some(Says::Held),
        Standing::Confirmed if alone => Some(Says::Taken),
        Standing::Confirmed => Some(Says::Confirmed),
        Standing::Refused { for_good } => Some(Says::Refused { for_good }),
        Standing::Ended => None,
    }
}
