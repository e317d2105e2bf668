//! One run: the nodes, and what happens to them one event after the other.

use std::collections::{BTreeMap, BTreeSet};

use crate::chance::Chance;

use super::check;
use super::coordinator::Coordinator;
use super::outcome::{Outcome, Settled};
use super::post::{Event, Node, Post};
use super::protocol::{Alarm, Answer, Effect, Message, Micros, OrderNo, Parts, Says, ShardNo};
use super::rule::Rule;
use super::setting::{Placed, Setting};
use super::shard::Shard;

/// How long everything may take to settle once the orders are placed and the storm is over.
const PATIENCE: Micros = 60_000_000;

/// After so many violations a run says nothing new.
const ENOUGH: usize = 8;

pub(super) struct Exchange {
    pub(super) setting: Setting,
    pub(super) placed: Vec<Placed>,
    pub(super) parts: Vec<Parts>,
    pub(super) shards: Vec<Shard>,
    pub(super) coordinators: Vec<Coordinator>,
    /// The first decision about each order, and when it was made.
    pub(super) verdicts: BTreeMap<OrderNo, (bool, Micros)>,
    messages: Vec<u32>,
    down: BTreeMap<Node, Micros>,
    /// What nodes had committed and not yet said when they crashed.
    unsaid: BTreeMap<Node, Vec<Effect>>,
    post: Post,
    chance: Chance,
    pub(super) violations: BTreeSet<String>,
}

/// At which point of a step a node crashes.
#[derive(Clone, Copy)]
enum Crash {
    /// Nothing was done, the message comes again.
    BeforeCommit,
    /// All was done but the saying, which the outbox makes good.
    BeforeSaying,
    /// All was done, the message comes again nevertheless.
    BeforeKnowing,
    /// What was said was never done: only without [`Rule::DecisionFirst`].
    BetweenSayingAndCommit,
}

/// Lets the orders of `setting`, drawn from `seed`, through.
pub fn run(setting: &Setting, seed: u64) -> Outcome {
    let chance = Chance::new(seed ^ 0x5eed_0f0a_11de_7a11);
    let placed = setting.placed(&chance);
    let exchange = Exchange {
        parts: placed.iter().map(|o| setting.parts(&o.lines)).collect(),
        shards: (0..setting.shards)
            .map(|n| Shard::new(ShardNo(n), setting))
            .collect(),
        coordinators: vec![Coordinator::new(setting.terms()); setting.coordinators.max(1)],
        verdicts: BTreeMap::new(),
        messages: vec![0; placed.len()],
        down: BTreeMap::new(),
        unsaid: BTreeMap::new(),
        post: Post::new(setting),
        setting: setting.clone(),
        violations: BTreeSet::new(),
        placed,
        chance,
    };
    exchange.go()
}

impl Exchange {
    fn go(mut self) -> Outcome {
        for (order, placed) in (0..).map(OrderNo).zip(&self.placed) {
            let event = Event::Comes(Message::Place(order));
            self.post.put(placed.at, event);
        }
        let storm = self.setting.storm.map_or(0, |storm| storm.ends);
        let end = self.setting.within.max(storm) + PATIENCE;
        let mut now = 0;
        while let Some((at, event)) = self.post.next() {
            if at > end || self.violations.len() >= ENOUGH {
                break;
            }
            now = at;
            self.happens(event, now);
        }
        check::at_the_end(&mut self);
        let orders = (0..).map(OrderNo).zip(&self.placed);
        let settled = orders.map(|(order, placed)| {
            let verdict = self.verdicts.get(&order);
            Settled {
                span: self.parts[order.0 as usize].len(),
                accepted: verdict.map(|(accepted, _)| *accepted),
                took: verdict.map_or(0, |(_, at)| at.saturating_sub(placed.at)),
                messages: self.messages[order.0 as usize],
            }
        });
        let compared = check::against_one(&self);
        Outcome {
            orders: settled.collect(),
            accepted_by_one: compared.accepted_by_one,
            refused_though_possible: compared.refused_though_possible,
            faults: self.post.faults,
            violations: self.violations.into_iter().collect(),
            ended: now,
        }
    }

    fn happens(&mut self, event: Event, now: Micros) {
        let node = match &event {
            Event::Recovers(node) => {
                self.down.remove(node);
                for effect in self.unsaid.remove(node).unwrap_or_default() {
                    self.post.take(effect, now, &self.chance);
                }
                return;
            }
            Event::Comes(Message::Ask(ask)) => Node::Shard(ask.to.0),
            Event::Comes(message) => self.coordinator(message.order()),
            Event::Rings(Alarm::Order { order, .. }) => self.coordinator(*order),
            Event::Rings(Alarm::Hold { shard, .. }) => Node::Shard(shard.0),
        };
        if let Some(back) = self.down.get(&node) {
            self.post.put(back + 1, event);
            return;
        }
        let crash = self.crash(node, now);
        if matches!(crash, Some(Crash::BeforeCommit)) {
            self.fall(node, now, Some(event));
            return;
        }
        let forgotten = matches!(crash, Some(Crash::BetweenSayingAndCommit))
            .then(|| (self.coordinators.clone(), self.shards.clone()));
        let effects = self.step(&event, now);
        self.count(&effects);
        match crash {
            Some(Crash::BeforeSaying) => {
                self.unsaid.entry(node).or_default().extend(effects);
                self.fall(node, now, None);
            }
            after => {
                for effect in effects {
                    self.post.take(effect, now, &self.chance);
                }
                if let Some((coordinators, shards)) = forgotten {
                    (self.coordinators, self.shards) = (coordinators, shards);
                }
                if after.is_some() {
                    self.fall(node, now, Some(event.clone()));
                }
            }
        }
        check::after(self, &event, now);
    }

    /// One transaction of a node.
    fn step(&mut self, event: &Event, now: Micros) -> Vec<Effect> {
        let many = self.coordinators.len();
        match event {
            Event::Comes(Message::Place(order)) => {
                let parts = &self.parts[order.0 as usize];
                self.coordinators[order.0 as usize % many].placed(*order, parts, now)
            }
            Event::Comes(Message::Ask(ask)) => self.shards[ask.to.0].asked(ask, now),
            Event::Comes(Message::Answer(answer)) => {
                self.note(answer);
                let coordinator = &mut self.coordinators[answer.order.0 as usize % many];
                coordinator.answered(answer, now, &self.chance)
            }
            Event::Rings(Alarm::Order { order, number }) => {
                self.coordinators[order.0 as usize % many].woken(*order, *number, now, &self.chance)
            }
            Event::Rings(Alarm::Hold {
                shard,
                order,
                attempt,
            }) => self.shards[shard.0].lapse(*order, *attempt, now),
            Event::Recovers(_) => Vec::new(),
        }
    }

    fn coordinator(&self, order: OrderNo) -> Node {
        Node::Coordinator(order.0 as usize % self.coordinators.len())
    }

    fn crash(&mut self, node: Node, now: Micros) -> Option<Crash> {
        let storm = self.post.storm(now)?;
        if !self.chance.happens(storm.crash) {
            return None;
        }
        match node {
            Node::Shard(_) => self.post.faults.shard_crashes += 1,
            Node::Coordinator(_) => self.post.faults.coordinator_crashes += 1,
        }
        let removed = self.setting.removed == Some(Rule::DecisionFirst);
        Some(match self.chance.place(3) {
            0 if removed => Crash::BetweenSayingAndCommit,
            0 => Crash::BeforeCommit,
            1 => Crash::BeforeSaying,
            _ => Crash::BeforeKnowing,
        })
    }

    fn fall(&mut self, node: Node, now: Micros, again: Option<Event>) {
        let most = self.post.storm(now).map_or(0, |storm| storm.down_most);
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        let back = now + 1 + Micros::from(self.chance.between(0, most));
        self.down.insert(node, back);
        self.post.put(back, Event::Recovers(node));
        if let Some(event) = again {
            self.post.put(back + 1, event);
        }
    }

    fn count(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Say(message) = effect {
                self.messages[message.order().0 as usize] += 1;
            }
        }
    }

    fn note(&mut self, answer: &Answer) {
        if answer.says != Says::Lapsed {
            return;
        }
        match self.verdicts.get(&answer.order) {
            None => self.post.faults.lapsed_undecided += 1,
            Some((accepted, _)) => {
                self.post.faults.lapsed_decided += 1;
                self.post.faults.lapsed_accepted += u64::from(*accepted);
            }
        }
    }
}
