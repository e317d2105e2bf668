//! How often one caller may ask.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::Clock;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use service::http::{Problem, caller_key};
use uuid::Uuid;

use crate::access::Limit;
use crate::edge_settings::LimitSettings;

type ByAddress = Option<DefaultKeyedRateLimiter<IpAddr>>;

/// The limits of all callers.
pub(crate) struct Limits {
    accounts: Option<DefaultKeyedRateLimiter<Uuid>>,
    addresses: ByAddress,
    login: ByAddress,
    refresh: ByAddress,
    invalid_tokens: ByAddress,
}

impl Limits {
    pub(crate) fn new(settings: &LimitSettings) -> Self {
        metrics::describe_counter!(
            "gateway_rate_limited_total",
            metrics::Unit::Count,
            "Requests refused because their caller asked too often"
        );
        metrics::counter!("gateway_rate_limited_total").increment(0);
        let twice = |per_second: u32| quota(per_second, per_second.saturating_mul(2));
        let by_address = |quota: Option<Quota>| quota.map(RateLimiter::keyed);
        Self {
            accounts: twice(settings.rate_limit_per_second).map(RateLimiter::keyed),
            addresses: by_address(twice(settings.address_limit_per_second)),
            login: by_address(quota(settings.login_limit_per_second, settings.login_burst)),
            refresh: by_address(twice(settings.refresh_limit_per_second)),
            invalid_tokens: by_address(twice(settings.invalid_token_limit_per_second)),
        }
    }

    /// Counts a request of `address`.
    pub(crate) fn check_address(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        check_by(&self.addresses, address)
    }

    /// Counts a request against its route's own limit, if it has one.
    pub(crate) fn check_route(&self, limit: Limit, address: Option<IpAddr>) -> Result<(), Problem> {
        match limit {
            Limit::General => Ok(()),
            Limit::Login => check_by(&self.login, address),
            Limit::Refresh => check_by(&self.refresh, address),
        }
    }

    /// Counts a request of `account`.
    pub(crate) fn check_account(&self, account: Uuid) -> Result<(), Problem> {
        self.accounts
            .as_ref()
            .map_or(Ok(()), |limiter| check(limiter, &account))
    }

    /// What `address` is told of a token that is not valid: `refusal`, unless it has shown too
    /// many.
    pub(crate) fn refused_token(&self, refusal: Problem, address: Option<IpAddr>) -> Problem {
        check_by(&self.invalid_tokens, address)
            .err()
            .unwrap_or(refusal)
    }

    /// Forgets who has not asked for a while.
    pub(crate) fn forget_quiet_callers(&self) {
        if let Some(accounts) = &self.accounts {
            accounts.retain_recent();
        }
        let by_address = [
            &self.addresses,
            &self.login,
            &self.refresh,
            &self.invalid_tokens,
        ];
        for limiter in by_address.into_iter().flatten() {
            limiter.retain_recent();
        }
    }
}

fn quota(per_second: u32, burst: u32) -> Option<Quota> {
    let quota = Quota::per_second(NonZeroU32::new(per_second)?);
    Some(quota.allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN)))
}

fn check_by(limiter: &ByAddress, address: Option<IpAddr>) -> Result<(), Problem> {
    match (limiter, address) {
        (Some(limiter), Some(address)) => check(limiter, &caller_key(address)),
        _ => Ok(()),
    }
}

fn check<K: Clone + std::hash::Hash + Eq>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> Result<(), Problem> {
    limiter.check_key(key).map_err(|refused| {
        let wait = refused.wait_time_from(limiter.clock().now());
        metrics::counter!("gateway_rate_limited_total").increment(1);
        Problem::too_many_requests("the caller exceeded the rate limit", wait)
    })
}
