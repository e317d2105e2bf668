//! How long a connection may keep us waiting, and how many there may be.

use std::time::Duration;

use super::duration;

/// How long a connection may keep us waiting, and how many there may be.
#[derive(Debug, Clone, clap::Args)]
pub struct ConnectionSettings {
    /// Longest time from a connection's first byte, or from its beginning, until a request's head
    /// is there, TLS included
    #[arg(long, env = "QUADRILLE_HEAD_TIMEOUT", value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub head_timeout: Duration,

    /// How long a connection without a request is kept. Behind a balancer that keeps its own
    /// longer, set this above the balancer's: Google's keeps them for 600s
    #[arg(long, env = "QUADRILLE_IDLE_TIMEOUT", value_name = "DURATION", default_value = "75s", value_parser = duration)]
    pub idle_timeout: Duration,

    /// Longest pause within a request's body, and longest time in which a client takes nothing of
    /// an answer
    #[arg(long, env = "QUADRILLE_STALL_TIMEOUT", value_name = "DURATION", default_value = "15s", value_parser = duration)]
    pub stall_timeout: Duration,

    /// Most connections. Above it, of the address (of IPv6: the /48) with the most connections, the
    /// oldest that waits for a request makes room; a new one is refused when none of these waits
    #[arg(long, env = "QUADRILLE_MAX_CONNECTIONS", value_name = "COUNT", default_value_t = Self::MOST, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_connections: u32,

    /// Most connections of one address (of IPv6: one /64) that is not a trusted proxy's; above it,
    /// the oldest that waits for a request makes room; 0 is no limit
    #[arg(long, env = "QUADRILLE_MAX_CONNECTIONS_PER_ADDRESS", value_name = "COUNT", default_value_t = Self::MOST_OF_AN_ADDRESS)]
    pub max_connections_per_address: u32,

    /// Most bytes of a request's line and headers; more are answered with 431
    #[arg(long, env = "QUADRILLE_MAX_HEAD_BYTES", value_name = "BYTES", default_value_t = Self::HEAD_BYTES, value_parser = clap::value_parser!(u32).range(8192..=1_048_576))]
    pub max_head_bytes: u32,
}

impl ConnectionSettings {
    const MOST: u32 = 10_000;
    const MOST_OF_AN_ADDRESS: u32 = 512;
    const HEAD_BYTES: u32 = 32 * 1024;
    const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

    /// For a service that only the gateway calls: its connections all have one address, and it is
    /// the gateway that closes those that are idle, also those that it has not used yet.
    pub fn behind_the_gateway() -> Self {
        Self {
            head_timeout: Self::IDLE_TIMEOUT,
            stall_timeout: Duration::from_secs(30),
            max_connections_per_address: 0,
            ..Self::default()
        }
    }
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            head_timeout: Duration::from_secs(10),
            idle_timeout: Self::IDLE_TIMEOUT,
            stall_timeout: Duration::from_secs(15),
            max_connections: Self::MOST,
            max_connections_per_address: Self::MOST_OF_AN_ADDRESS,
            max_head_bytes: Self::HEAD_BYTES,
        }
    }
}
