//! How often one caller may ask.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::clock::Clock;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::StatusCode;
use service::http::Problem;
use uuid::Uuid;

use crate::Settings;
use crate::access::Limit;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Account(Uuid),
    Address(IpAddr),
}

type Limiter = DefaultKeyedRateLimiter<Key>;

/// The limits of all callers.
pub(crate) struct Limits {
    general: Option<Limiter>,
    guessing: Option<Limiter>,
}

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Self {
        metrics::describe_counter!(
            "gateway_rate_limited_total",
            metrics::Unit::Count,
            "Requests refused because their caller asked too often"
        );
        metrics::counter!("gateway_rate_limited_total").increment(0);
        let limiter = |per_second, burst| {
            let quota = Quota::per_second(NonZeroU32::new(per_second)?);
            let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
            Some(RateLimiter::keyed(quota.allow_burst(burst)))
        };
        let general = settings.rate_limit_per_second;
        Self {
            general: limiter(general, general),
            guessing: limiter(settings.login_limit_per_second, settings.login_burst),
        }
    }

    /// Counts a request against its address's limit for guessing, if the route has it.
    pub(crate) fn check_address(
        &self,
        limit: Limit,
        address: Option<IpAddr>,
    ) -> Result<(), Problem> {
        match (limit, &self.guessing, address) {
            (Limit::Guessing, Some(limiter), Some(address)) => check(limiter, Key::of(address)),
            _ => Ok(()),
        }
    }

    /// Counts a request against its caller's general limit.
    pub(crate) fn check_caller(
        &self,
        account: Option<Uuid>,
        address: Option<IpAddr>,
    ) -> Result<(), Problem> {
        let Some(limiter) = &self.general else {
            return Ok(());
        };
        match account.map(Key::Account).or(address.map(Key::of)) {
            Some(key) => check(limiter, key),
            None => Ok(()),
        }
    }

    /// Forgets who has not asked for a while.
    pub(crate) fn forget_quiet_callers(&self) {
        for limiter in [&self.general, &self.guessing].into_iter().flatten() {
            limiter.retain_recent();
        }
    }
}

impl Key {
    /// A household of IPv6 has a whole /64: single addresses of it are not single callers.
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(v6) => {
                let network = v6.to_bits() & !u128::from(u64::MAX);
                Self::Address(IpAddr::V6(Ipv6Addr::from_bits(network)))
            }
            v4 @ IpAddr::V4(_) => Self::Address(v4),
        }
    }
}

fn check(limiter: &Limiter, key: Key) -> Result<(), Problem> {
    limiter.check_key(&key).map_err(|refused| {
        let wait = refused.wait_time_from(limiter.clock().now());
        metrics::counter!("gateway_rate_limited_total").increment(1);
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-requests",
            "Too many requests",
        )
        .detail("the caller exceeded the rate limit; wait as long as Retry-After says")
        .retry_after(wait)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_household_share_a_limit() {
        let key = |text: &str| Key::of(text.parse().unwrap());
        assert_eq!(key("2001:db8::1"), key("2001:db8::2"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_eq!(key("::ffff:10.0.0.1"), key("10.0.0.1"));
    }
}
