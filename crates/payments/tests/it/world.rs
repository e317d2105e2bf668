//! A payment, its customer's balance, and a provider whose answers get lost, come late and come again.

use std::collections::{BTreeMap, BTreeSet};

use events::money::DEFAULT_CURRENCY;
use events::{AccountId, LedgerAccount, Money, OrderId};
use jiff::Timestamp;
use payments::domain::{Balance, Outcome, Payment, Position, Rules, Try, Wanted};
use uuid::Uuid;

pub(crate) const AMOUNT: i64 = 1_000;
pub(crate) const BALANCE: i64 = 1_500;
pub(crate) const RULES: Rules = Rules { max_declines: 3 };

/// Something that happens.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// The customer tries.
    Pay(Card),
    /// A charge job asks the provider; what it asks arrives now, later, or its answer is lost.
    Charge(Answer),
    /// What was sent to the provider and had not arrived arrives.
    Arrive,
    /// The capture's job does its work.
    Capture(Answer),
    /// The void's job does its work.
    Void(Answer),
    /// The refund's job does its work.
    Refund(Answer),
    /// A webhook comes, one of those that ever were.
    Tell(usize),
    /// The window ends.
    Window,
    /// The order is cancelled.
    Cancel,
    /// An admin grants a refund.
    Grant(i64),
    /// What the provider does not know by now it will not know, as far as we can tell.
    TakeForAbsent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Card {
    Good,
    Declined,
    Balance,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Heard,
    Lost,
    /// It is under way, and nobody knows.
    Late,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Charge {
    Declined,
    Authorized,
    Captured,
    Voided,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) payment: Payment,
    pub(crate) balance: Balance,
    charges: BTreeMap<u32, Charge>,
    refunds: BTreeMap<Uuid, i64>,
    under_way: Vec<(u32, String)>,
    webhooks: Vec<(u32, Outcome)>,
    pub(crate) ledger: BTreeMap<LedgerAccount, i64>,
    refund_ids: BTreeSet<Uuid>,
}

fn id(number: u32) -> String {
    format!("pi_{number}")
}

impl World {
    pub(crate) fn new() -> Self {
        let account = AccountId::from_u128(1);
        let amount = Money::new(AMOUNT, DEFAULT_CURRENCY);
        let payment = Payment::new(
            OrderId::from_u128(7),
            account,
            Vec::new(),
            amount,
            Timestamp::UNIX_EPOCH,
        );
        let mut balance = Balance::none(account);
        balance.add(BALANCE).unwrap();
        let mut world = Self {
            payment,
            balance,
            charges: BTreeMap::new(),
            refunds: BTreeMap::new(),
            under_way: Vec::new(),
            webhooks: Vec::new(),
            ledger: BTreeMap::new(),
            refund_ids: BTreeSet::new(),
        };
        let opened = Position::of(&world.payment);
        world.book(&opened);
        world
    }

    fn book(&mut self, moved: &Position) {
        assert_eq!(moved.sum(), 0, "{moved:?}");
        for (account, minor) in moved.postings() {
            *self.ledger.entry(account).or_default() += minor;
        }
    }

    /// As the service changes a payment: with its balance and its ledger.
    fn change<T>(&mut self, act: impl FnOnce(&mut Payment, &Balance) -> T) -> T {
        let before = Position::of(&self.payment);
        let out = act(&mut self.payment, &self.balance);
        let moved = Position::of(&self.payment).since(&before);
        let from_balance = moved.on(LedgerAccount::Balances);
        if from_balance != 0 {
            self.balance.add(-from_balance).unwrap();
        }
        self.book(&moved);
        self.check();
        out
    }

    /// What holds always.
    fn check(&self) {
        let payment = &self.payment;
        assert_eq!(self.ledger.values().sum::<i64>(), 0);
        let granted: i64 = payment.refunds.iter().map(|it| it.minor).sum();
        assert!(granted <= payment.captured(), "{payment:#?}");
        assert!(payment.refunded() <= granted);
        let captured = self.charges.values().filter(|it| **it == Charge::Captured);
        assert!(captured.count() <= 1, "charged twice: {self:#?}");
        let ids: BTreeSet<_> = payment.refunds.iter().map(|it| it.id).collect();
        assert_eq!(ids.len(), payment.refunds.len(), "{payment:#?}");
    }

    fn outcome(&self, number: u32) -> Option<Outcome> {
        let provider_id = id(number);
        Some(match self.charges.get(&number)? {
            Charge::Declined => Outcome::Declined {
                reason: "card-declined".to_owned(),
            },
            Charge::Authorized => Outcome::Authorized { provider_id },
            Charge::Captured => Outcome::Captured { provider_id },
            Charge::Voided => Outcome::Voided { provider_id },
        })
    }

    fn note(&mut self, number: u32) {
        let outcome = self.outcome(number).unwrap();
        self.webhooks.push((number, outcome));
    }

    fn post(&mut self, number: u32, token: &str) {
        if self.charges.contains_key(&number) {
            return;
        }
        let charge = if token == "good" {
            Charge::Authorized
        } else {
            Charge::Declined
        };
        self.charges.insert(number, charge);
        self.note(number);
    }

    fn learn(&mut self, number: u32, outcome: Outcome) {
        self.change(|payment, _| payment.learn(number, outcome, RULES));
    }

    fn first(&self, which: impl Fn(&Wanted) -> bool) -> Option<Wanted> {
        self.payment.wanted().into_iter().find(which)
    }

    pub(crate) fn take(&mut self, step: &Step) {
        match step {
            Step::Pay(card) => {
                let how = match card {
                    Card::Good => Try::Card("good".to_owned()),
                    Card::Declined => Try::Card("bad".to_owned()),
                    Card::Balance => Try::Balance,
                };
                let _ = self.change(|payment, balance| payment.pay(how, balance, RULES));
            }
            Step::Charge(answer) => self.charge(*answer),
            Step::Arrive => {
                if let Some((number, token)) = self.under_way.pop() {
                    self.post(number, &token);
                }
            }
            Step::Capture(answer) => {
                let wanted = self.first(|it| matches!(it, Wanted::Capture(_)));
                if let Some(Wanted::Capture(number)) = wanted {
                    self.move_charge(number, Charge::Captured, *answer);
                }
            }
            Step::Void(answer) => {
                let wanted = self.first(|it| matches!(it, Wanted::Void(_)));
                if let Some(Wanted::Void(number)) = wanted {
                    self.move_charge(number, Charge::Voided, *answer);
                }
            }
            Step::Refund(answer) => self.refund(*answer),
            Step::Tell(which) => {
                if !self.webhooks.is_empty() {
                    let which = which % self.webhooks.len();
                    let (number, outcome) = self.webhooks[which].clone();
                    self.learn(number, outcome);
                }
            }
            Step::Window => self.change(|payment, _| payment.end_window(RULES)),
            Step::Cancel => self.change(|payment, _| payment.cancel(RULES)),
            Step::Grant(minor) => {
                let id = Uuid::from_u128(100 + self.refund_ids.len() as u128);
                self.refund_ids.insert(id);
                let _ = self.change(|payment, _| {
                    payment.grant_refund(id, Some(*minor), "broken".to_owned(), RULES)
                });
            }
            Step::TakeForAbsent => {
                let wanted = self.first(|it| matches!(it, Wanted::Charge(_)));
                if let Some(Wanted::Charge(number)) = wanted
                    && self.outcome(number).is_none()
                    && !self.begin(number).0
                {
                    self.learn(number, Outcome::Absent);
                }
            }
        }
    }

    /// Whether to charge, and the card.
    fn begin(&mut self, number: u32) -> (bool, Option<String>) {
        self.change(|payment, _| {
            let charge = payment.begin_charge(number, Timestamp::UNIX_EPOCH);
            let attempt = payment.attempts.iter().find(|it| it.number == number);
            (charge, attempt.and_then(|it| it.token.clone()))
        })
    }

    fn charge(&mut self, answer: Answer) {
        let wanted = self.first(|it| matches!(it, Wanted::Charge(_)));
        let Some(Wanted::Charge(number)) = wanted else {
            return;
        };
        if let (true, Some(token)) = self.begin(number) {
            if answer == Answer::Late {
                self.under_way.push((number, token));
                return;
            }
            self.post(number, &token);
        }
        if let Some(outcome) = self.outcome(number)
            && answer == Answer::Heard
        {
            self.learn(number, outcome);
        }
    }

    fn move_charge(&mut self, number: u32, to: Charge, answer: Answer) {
        if self.charges[&number] == Charge::Authorized {
            self.charges.insert(number, to);
            self.note(number);
        }
        if answer == Answer::Heard {
            let outcome = self.outcome(number).unwrap();
            self.learn(number, outcome);
        }
    }

    fn refund(&mut self, answer: Answer) {
        let wanted = self.first(|it| matches!(it, Wanted::Refund(_)));
        let Some(Wanted::Refund(id)) = wanted else {
            return;
        };
        let refund = self.payment.refunds.iter().find(|it| it.id == id).unwrap();
        self.refunds.insert(id, refund.minor);
        if answer == Answer::Heard {
            self.change(|payment, _| payment.refund_done(id));
        }
    }

    /// Everything that is under way comes to its end.
    pub(crate) fn come_to_rest(&mut self) {
        while !self.under_way.is_empty() {
            self.take(&Step::Arrive);
        }
        for which in 0..self.webhooks.len() {
            self.take(&Step::Tell(which));
        }
        for _ in 0..1_000 {
            let Some(wanted) = self.payment.wanted().into_iter().next() else {
                return;
            };
            match wanted {
                Wanted::Charge(_) => {
                    self.take(&Step::Charge(Answer::Heard));
                    self.take(&Step::TakeForAbsent);
                }
                Wanted::Capture(_) => self.take(&Step::Capture(Answer::Heard)),
                Wanted::Void(_) => self.take(&Step::Void(Answer::Heard)),
                Wanted::Refund(_) => self.take(&Step::Refund(Answer::Heard)),
                Wanted::Window => self.take(&Step::Window),
            }
        }
        panic!("it never comes to rest: {self:#?}");
    }

    /// What the provider holds for the shop, as its books say.
    pub(crate) fn held(&self) -> i64 {
        let captured = self.charges.values().filter(|it| **it == Charge::Captured);
        let captured = i64::try_from(captured.count()).unwrap() * AMOUNT;
        captured - self.refunds.values().sum::<i64>()
    }

    /// Whether the provider still promises something.
    pub(crate) fn promises(&self) -> bool {
        self.charges.values().any(|it| *it == Charge::Authorized)
    }

    pub(crate) fn on(&self, account: LedgerAccount) -> i64 {
        self.ledger.get(&account).copied().unwrap_or_default()
    }
}
