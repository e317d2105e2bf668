//! What the edge lets in: settings of every gateway, also of the one that `quadrille up` starts.

use ipnet::IpNet;
use service::config::ConnectionSettings;

/// What the edge lets in.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct EdgeSettings {
    /// How long a connection may keep us waiting.
    #[command(flatten)]
    pub connections: ConnectionSettings,
    /// How often one caller may ask.
    #[command(flatten)]
    pub limits: LimitSettings,
    /// Which proxies are our own.
    #[command(flatten)]
    pub proxies: ProxySettings,
}

/// How often one caller may ask. An address is a whole /64 of IPv6.
#[derive(Debug, Clone, clap::Args)]
#[group(skip)]
pub struct LimitSettings {
    /// Most requests a second of one account, twice as many at once; 0 is no limit
    #[arg(long, env = "QUADRILLE_RATE_LIMIT_PER_SECOND", value_name = "COUNT", default_value_t = Self::ACCOUNT)]
    pub rate_limit_per_second: u32,

    /// Most requests a second of one address, twice as many at once; 0 is no limit
    #[arg(long, env = "QUADRILLE_ADDRESS_LIMIT_PER_SECOND", value_name = "COUNT", default_value_t = Self::ADDRESS)]
    pub address_limit_per_second: u32,

    /// Most logins and registrations a second of one address; 0 is no limit
    #[arg(long, env = "QUADRILLE_LOGIN_LIMIT_PER_SECOND", value_name = "COUNT", default_value_t = Self::LOGIN)]
    pub login_limit_per_second: u32,

    /// How many logins and registrations of one address may come at once
    #[arg(long, env = "QUADRILLE_LOGIN_BURST", value_name = "COUNT", default_value_t = Self::LOGIN_BURST)]
    pub login_burst: u32,

    /// Most refreshes of logins a second of one address, twice as many at once; 0 is no limit
    #[arg(long, env = "QUADRILLE_REFRESH_LIMIT_PER_SECOND", value_name = "COUNT", default_value_t = Self::REFRESH)]
    pub refresh_limit_per_second: u32,

    /// Most invalid access tokens a second of one address, twice as many at once, before they are
    /// answered with 429; 0 is no limit
    #[arg(long, env = "QUADRILLE_INVALID_TOKEN_LIMIT_PER_SECOND", value_name = "COUNT", default_value_t = Self::INVALID_TOKEN)]
    pub invalid_token_limit_per_second: u32,
}

impl LimitSettings {
    const ACCOUNT: u32 = 1000;
    const ADDRESS: u32 = 5000;
    const LOGIN: u32 = 20;
    const LOGIN_BURST: u32 = 100;
    const REFRESH: u32 = 50;
    const INVALID_TOKEN: u32 = 200;

    /// No limit at all, for loads that are made on purpose.
    pub const NONE: Self = Self {
        rate_limit_per_second: 0,
        address_limit_per_second: 0,
        login_limit_per_second: 0,
        login_burst: 0,
        refresh_limit_per_second: 0,
        invalid_token_limit_per_second: 0,
    };
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            rate_limit_per_second: Self::ACCOUNT,
            address_limit_per_second: Self::ADDRESS,
            login_limit_per_second: Self::LOGIN,
            login_burst: Self::LOGIN_BURST,
            refresh_limit_per_second: Self::REFRESH,
            invalid_token_limit_per_second: Self::INVALID_TOKEN,
        }
    }
}

/// Which proxies are our own: what they say of their callers counts, what others say does not.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct ProxySettings {
    /// How many entries at the end of `X-Forwarded-For` are written by own proxies; the first of
    /// them is the caller. Behind one proxy 1, behind Google's load balancer, which adds its own
    /// address, 2; 0 is none. Without --trusted-networks every peer counts as an own proxy: nobody
    /// may be able to go around it
    #[arg(
        long,
        env = "QUADRILLE_TRUSTED_HOPS",
        value_name = "COUNT",
        default_value_t = 0
    )]
    pub trusted_hops: u16,

    /// Networks of own proxies, such as 10.0.0.0/8, separated by commas; `X-Forwarded-*` of other
    /// peers is ignored. Without --trusted-hops the caller is the last entry of `X-Forwarded-For`
    /// outside of them
    #[arg(
        long,
        env = "QUADRILLE_TRUSTED_NETWORKS",
        value_name = "NETWORKS",
        value_delimiter = ','
    )]
    pub trusted_networks: Vec<IpNet>,
}
