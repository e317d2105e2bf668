//! What goes wrong, and how often.
//!
//! Whether a fault strikes follows from the seed and from what it could strike, never from the order
//! of requests: a run with the same seed and the same keys meets the same faults.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use clap::Args;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A share from 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rate(f64);

/// A share that is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a share: use a number from 0 (never) to 1 (always)")]
pub struct InvalidRate(String);

impl Rate {
    /// Always.
    pub const ALWAYS: Self = Self(1.0);
}

impl TryFrom<f64> for Rate {
    type Error = InvalidRate;

    fn try_from(share: f64) -> Result<Self, InvalidRate> {
        let sound = (0.0..=1.0).contains(&share);
        sound
            .then_some(Self(share))
            .ok_or_else(|| InvalidRate(share.to_string()))
    }
}

impl From<Rate> for f64 {
    fn from(rate: Rate) -> Self {
        rate.0
    }
}

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let share: f64 = text.parse().map_err(|_| InvalidRate(text.to_owned()))?;
        Self::try_from(share)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What goes wrong, besides what a card's token says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Args)]
#[group(skip)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Which requests the faults strike; another number strikes others
    #[arg(
        long = "simulator-seed",
        env = "QUADRILLE_PAYMENT_SIMULATOR_SEED",
        default_value_t = 0
    )]
    pub seed: u64,

    /// Share of charges that are declined
    #[arg(
        long = "simulator-decline-rate",
        env = "QUADRILLE_PAYMENT_SIMULATOR_DECLINE_RATE",
        value_name = "SHARE",
        default_value = "0"
    )]
    pub decline_rate: Rate,

    /// Share of changes whose answer comes late
    #[arg(
        long = "simulator-slow-rate",
        env = "QUADRILLE_PAYMENT_SIMULATOR_SLOW_RATE",
        value_name = "SHARE",
        default_value = "0"
    )]
    pub slow_rate: Rate,

    /// How late such an answer comes, and that of `tok_slow`
    #[arg(
        long = "simulator-slow-time", env = "QUADRILLE_PAYMENT_SIMULATOR_SLOW_TIME", value_name = "DURATION",
        default_value = "3s", value_parser = time
    )]
    #[serde(with = "as_text")]
    pub slow_time: Duration,

    /// Share of changes that are made and whose answer is lost
    #[arg(
        long = "simulator-lost-rate",
        env = "QUADRILLE_PAYMENT_SIMULATOR_LOST_RATE",
        value_name = "SHARE",
        default_value = "0"
    )]
    pub lost_rate: Rate,

    /// Share of webhooks that are sent twice
    #[arg(
        long = "simulator-webhook-twice-rate",
        env = "QUADRILLE_PAYMENT_SIMULATOR_WEBHOOK_TWICE_RATE",
        value_name = "SHARE",
        default_value = "0"
    )]
    pub webhook_twice_rate: Rate,

    /// Share of webhooks that are sent late
    #[arg(
        long = "simulator-webhook-late-rate",
        env = "QUADRILLE_PAYMENT_SIMULATOR_WEBHOOK_LATE_RATE",
        value_name = "SHARE",
        default_value = "0"
    )]
    pub webhook_late_rate: Rate,

    /// How late such a webhook is sent, and how long one waits at most for its successor
    #[arg(
        long = "simulator-late-time", env = "QUADRILLE_PAYMENT_SIMULATOR_LATE_TIME", value_name = "DURATION",
        default_value = "5s", value_parser = time
    )]
    #[serde(with = "as_text")]
    pub late_time: Duration,

    /// Share of webhooks that are sent after the next one of their payment intent
    #[arg(
        long = "simulator-webhook-swap-rate",
        env = "QUADRILLE_PAYMENT_SIMULATOR_WEBHOOK_SWAP_RATE",
        value_name = "SHARE",
        default_value = "0"
    )]
    pub webhook_swap_rate: Rate,

    /// Share of changes whose answer comes after their webhook
    #[arg(
        long = "simulator-webhook-first-rate",
        env = "QUADRILLE_PAYMENT_SIMULATOR_WEBHOOK_FIRST_RATE",
        value_name = "SHARE",
        default_value = "0"
    )]
    pub webhook_first_rate: Rate,

    /// Share of refunds that are refused until they are tried again
    #[arg(
        long = "simulator-refund-refusal-rate",
        env = "QUADRILLE_PAYMENT_SIMULATOR_REFUND_REFUSAL_RATE",
        value_name = "SHARE",
        default_value = "0"
    )]
    pub refund_refusal_rate: Rate,

    /// Share of requests at which an outage begins
    #[arg(
        long = "simulator-outage-rate",
        env = "QUADRILLE_PAYMENT_SIMULATOR_OUTAGE_RATE",
        value_name = "SHARE",
        default_value = "0"
    )]
    pub outage_rate: Rate,

    /// How long such an outage lasts
    #[arg(
        long = "simulator-outage-time", env = "QUADRILLE_PAYMENT_SIMULATOR_OUTAGE_TIME", value_name = "DURATION",
        default_value = "10s", value_parser = time
    )]
    #[serde(with = "as_text")]
    pub outage_time: Duration,

    /// Whether it is down until told otherwise
    #[arg(skip)]
    pub down: bool,
}

/// The longest of the times.
const LONGEST: Duration = Duration::from_hours(24);

fn time(text: &str) -> Result<Duration, String> {
    let time = service::config::pause(text).map_err(|fault| fault.to_string())?;
    let sound = time <= LONGEST;
    sound
        .then_some(time)
        .ok_or_else(|| format!("`{text}` is too long: use at most 24h"))
}

impl Default for Faults {
    fn default() -> Self {
        let never = Rate::default();
        Self {
            seed: 0,
            decline_rate: never,
            slow_rate: never,
            slow_time: Duration::from_secs(3),
            lost_rate: never,
            webhook_twice_rate: never,
            webhook_late_rate: never,
            late_time: Duration::from_secs(5),
            webhook_swap_rate: never,
            webhook_first_rate: never,
            refund_refusal_rate: never,
            outage_rate: never,
            outage_time: Duration::from_secs(10),
            down: false,
        }
    }
}

impl Faults {
    /// Whether the fault `name` of that rate strikes `what`: always the same for one seed.
    pub fn strikes(&self, rate: Rate, name: &str, what: &str) -> bool {
        let mut digest = Sha256::new();
        digest.update(self.seed.to_be_bytes());
        digest.update(name);
        digest.update([0]);
        digest.update(what);
        let digest = digest.finalize();
        let drawn = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
        f64::from(drawn) < rate.0 * (f64::from(u32::MAX) + 1.0)
    }
}

/// The faults in force, which an operator may change while the provider runs.
#[derive(Debug)]
pub struct FaultSwitch {
    faults: RwLock<Faults>,
    requests: AtomicU64,
    down_until: RwLock<Option<Instant>>,
}

impl FaultSwitch {
    /// With `faults` in force.
    pub fn new(faults: Faults) -> Self {
        Self {
            faults: RwLock::new(faults),
            requests: AtomicU64::new(0),
            down_until: RwLock::new(None),
        }
    }

    /// The faults in force.
    pub fn now(&self) -> Faults {
        let faults = self.faults.read().unwrap_or_else(PoisonError::into_inner);
        faults.clone()
    }

    /// Puts `faults` in force and ends an outage that had begun by itself.
    pub fn set(&self, faults: Faults) {
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
        self.begin_outage(None);
    }

    /// Whether the provider is down at a request that comes at `now`.
    pub fn is_down(&self, now: Instant) -> bool {
        let faults = self.now();
        let until = *self
            .down_until
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        if faults.down || until.is_some_and(|until| now < until) {
            return true;
        }
        let number = self.requests.fetch_add(1, Ordering::Relaxed).to_string();
        let begins = faults.strikes(faults.outage_rate, "outage", &number);
        if begins {
            self.begin_outage(Some(now + faults.outage_time));
        }
        begins
    }

    fn begin_outage(&self, until: Option<Instant>) {
        *self
            .down_until
            .write()
            .unwrap_or_else(PoisonError::into_inner) = until;
    }
}

/// A duration as people write it: `3s`.
mod as_text {
    use std::time::Duration;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{time:?}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        super::time(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_strikes_the_same_again_and_about_as_often_as_it_is_told() {
        let faults = Faults {
            seed: 7,
            ..Faults::default()
        };
        let rate = Rate::try_from(0.25).unwrap();
        let struck = |faults: &Faults| -> Vec<bool> {
            let keys = (0..2_000).map(|key| key.to_string());
            keys.map(|key| faults.strikes(rate, "decline", &key))
                .collect()
        };
        let first = struck(&faults);
        assert_eq!(first, struck(&faults));
        assert_ne!(
            first,
            struck(&Faults {
                seed: 8,
                ..faults.clone()
            })
        );
        let count = first.iter().filter(|struck| **struck).count();
        assert!((400..600).contains(&count), "{count}");
        assert!(!faults.strikes(Rate::default(), "decline", "a"));
        assert!(faults.strikes(Rate::ALWAYS, "decline", "a"));
    }

    #[test]
    fn a_share_is_from_nothing_to_all() {
        for wrong in ["-0.1", "1.01", "NaN", "often", ""] {
            let refused = wrong.parse::<Rate>().unwrap_err().to_string();
            assert!(
                refused.contains("from 0 (never) to 1 (always)"),
                "{refused}"
            );
        }
    }

    #[test]
    fn faults_are_read_as_they_are_written() {
        let faults = Faults {
            slow_time: Duration::from_millis(1_500),
            slow_rate: Rate::ALWAYS,
            ..Faults::default()
        };
        let text = serde_json::to_string(&faults).unwrap();
        assert!(text.contains(r#""slow_time":"1.5s""#), "{text}");
        assert_eq!(serde_json::from_str::<Faults>(&text).unwrap(), faults);
        for wrong in [
            r#"{"slow_rate":2}"#,
            r#"{"slow_time":3}"#,
            r#"{"slow":1}"#,
            r#"{"late_time":"25h"}"#,
        ] {
            assert!(serde_json::from_str::<Faults>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_outage_ends_by_itself_and_one_by_hand_does_not() {
        let switch = FaultSwitch::new(Faults {
            outage_rate: Rate::ALWAYS,
            ..Faults::default()
        });
        let now = Instant::now();
        assert!(switch.is_down(now));
        let calm = Faults::default();
        switch.set(calm.clone());
        assert!(!switch.is_down(now), "an operator ends it");
        switch.begin_outage(Some(now + calm.outage_time));
        assert!(switch.is_down(now));
        assert!(!switch.is_down(now + calm.outage_time));
        switch.set(Faults { down: true, ..calm });
        assert!(switch.is_down(now + Duration::from_hours(1)));
    }
}
