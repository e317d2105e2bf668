//! What can go wrong, and in which order it does: all drawn from the seed.
//!
//! **How to add a kind.** A variant with its name and its share here, and what it does in
//! `inject.rs`.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// SIGKILL of a service process, which is started again.
    KillService,
    /// SIGKILL of mongod, which is started again on its data.
    KillMongod,
    /// SIGKILL of Kafka, which is started again on its data.
    KillKafka,
    /// SIGSTOP of a service for longer than its lease and its group's session: a zombie comes back.
    StopService,
    /// SIGSTOP of mongod.
    StopMongod,
    /// SIGSTOP of Kafka.
    StopKafka,
    /// A service's connections to MongoDB, Kafka or the gateway are reset, and so are new ones.
    CutBothWays,
    /// One direction of such connections stands still.
    CutOneWay,
    /// Such connections are slow.
    SlowLink,
    /// MongoDB commits, or an order is placed, but the answer gets lost.
    LostReply,
    /// A further instance joins a service's group and leaves it, by its own will or by SIGKILL.
    Rebalance,
    /// A service's checkpoints of a topic are set back while it runs.
    Replay,
    /// Records of a topic are appended to it a second time.
    PublishTwice,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 13] = [
        Self::KillService,
        Self::KillMongod,
        Self::KillKafka,
        Self::StopService,
        Self::StopMongod,
        Self::StopKafka,
        Self::CutBothWays,
        Self::CutOneWay,
        Self::SlowLink,
        Self::LostReply,
        Self::Rebalance,
        Self::Replay,
        Self::PublishTwice,
    ];

    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::KillService => "service killed",
            Self::KillMongod => "mongod killed",
            Self::KillKafka => "Kafka killed",
            Self::StopService => "service stopped (SIGSTOP)",
            Self::StopMongod => "mongod stopped (SIGSTOP)",
            Self::StopKafka => "Kafka stopped (SIGSTOP)",
            Self::CutBothWays => "connections cut both ways",
            Self::CutOneWay => "connections cut one way",
            Self::SlowLink => "connections slow",
            Self::LostReply => "replies lost",
            Self::Rebalance => "group rebalanced",
            Self::Replay => "topic replayed",
            Self::PublishTwice => "messages published twice",
        }
    }

    /// How many of a round's faults are of this kind. An hour has to hold 200 kills of services
    /// and 50 each of mongod and Kafka (issue 5).
    fn share(self) -> usize {
        match self {
            Self::KillService => 19,
            Self::KillMongod | Self::KillKafka => 5,
            Self::StopService | Self::CutBothWays | Self::CutOneWay => 2,
            Self::StopMongod
            | Self::StopKafka
            | Self::SlowLink
            | Self::LostReply
            | Self::Rebalance
            | Self::Replay
            | Self::PublishTwice => 1,
        }
    }

    /// For how long it lasts, in milliseconds, at least and at most. A lease holds for 3 s, and so
    /// do the sessions of this run.
    fn lasts(self) -> (u64, u64) {
        match self {
            Self::KillService => (0, 1_500),
            Self::KillMongod | Self::KillKafka => (0, 2_000),
            Self::StopService => (3_500, 7_000),
            Self::StopMongod => (1_000, 5_000),
            Self::StopKafka => (2_000, 6_000),
            Self::CutBothWays => (200, 5_000),
            Self::CutOneWay => (1_000, 7_000),
            Self::SlowLink | Self::Rebalance => (3_000, 7_000),
            Self::LostReply => (8_000, 8_000),
            Self::Replay | Self::PublishTwice => (0, 0),
        }
    }
}

/// One fault to come.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) number: u64,
    pub(super) kind: Kind,
    pub(super) lasts: Duration,
    /// How long after its beginning the next one begins at the soonest.
    pub(super) gap: Duration,
    /// Decides what is hit.
    pub(super) dice: u64,
}

/// The faults of a run, one after the other: first one of each kind, then rounds in which each
/// kind has its share.
#[derive(Debug)]
pub(super) struct FaultSequence {
    dice: StdRng,
    cards: Vec<Kind>,
    dealt: u64,
}

impl FaultSequence {
    pub(super) fn new(seed: u64) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut cards = Kind::ALL.to_vec();
        cards.shuffle(&mut dice);
        Self {
            dice,
            cards,
            dealt: 0,
        }
    }

    pub(super) fn next(&mut self) -> Fault {
        if self.cards.is_empty() {
            let round = Kind::ALL.iter();
            self.cards = round
                .flat_map(|kind| std::iter::repeat_n(*kind, kind.share()))
                .collect();
            self.cards.shuffle(&mut self.dice);
        }
        let kind = self.cards.pop().unwrap_or(Kind::KillService);
        let (least, most) = kind.lasts();
        self.dealt += 1;
        Fault {
            number: self.dealt,
            kind,
            lasts: Duration::from_millis(self.dice.random_range(least..=most)),
            gap: Duration::from_millis(self.dice.random_range(1_500..=8_500)),
            dice: self.dice.random(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dealt(seed: u64, count: usize) -> Vec<(Kind, Duration, Duration)> {
        let mut faults = FaultSequence::new(seed);
        let mut next = || {
            let fault = faults.next();
            (fault.kind, fault.lasts, fault.gap)
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn a_seed_gives_the_same_faults_again() {
        assert_eq!(dealt(7, 100), dealt(7, 100));
        assert_ne!(dealt(7, 100), dealt(8, 100));
    }

    #[test]
    fn every_kind_comes_early_and_an_hour_has_what_it_needs() {
        let mut first: Vec<Kind> = dealt(1, 13).into_iter().map(|(kind, ..)| kind).collect();
        first.sort_unstable();
        assert_eq!(first, Kind::ALL);
        // At the slowest of gaps an hour has more than 423 faults.
        let hour = dealt(1, 3_600_000 / 8_500);
        let count = |wanted| hour.iter().filter(|(kind, ..)| *kind == wanted).count();
        assert!(count(Kind::KillMongod) >= 40, "{}", count(Kind::KillMongod));
        assert!(count(Kind::KillService) >= 170);
        let usual: Duration = dealt(1, 650).iter().map(|(.., gap)| *gap).sum();
        assert!(usual <= Duration::from_secs(3600), "{usual:?}");
        let all = dealt(1, 650);
        let count = |wanted| all.iter().filter(|(kind, ..)| *kind == wanted).count();
        assert!(count(Kind::KillService) >= 250 && count(Kind::KillKafka) >= 60);
    }
}
