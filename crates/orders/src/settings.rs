//! What can be configured.

use std::time::Duration;

use clap::Args;

/// How requests are gathered into transactions.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Placing orders")]
pub struct BatchSettings {
    /// The most orders in one transaction; 1 gives each order its own
    #[arg(
        long = "orders-max-batch", env = "QUADRILLE_ORDERS_MAX_BATCH",
        value_name = "ORDERS", default_value_t = 256,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=1_000)
    )]
    pub max_batch: usize,
    /// How long the first order of a transaction waits for company in any case; more is gathered
    /// by itself when there are many
    #[arg(
        long = "orders-linger", env = "QUADRILLE_ORDERS_LINGER",
        value_name = "DURATION", default_value = "0ms", value_parser = service::config::pause
    )]
    pub linger: Duration,
    /// How many transactions are written at a time
    #[arg(
        long = "orders-writers", env = "QUADRILLE_ORDERS_WRITERS",
        value_name = "COUNT", default_value_t = 1,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=16)
    )]
    pub writers: usize,
    /// How many orders may wait; a further one is answered with 503
    #[arg(
        long = "orders-queue", env = "QUADRILLE_ORDERS_QUEUE",
        value_name = "ORDERS", default_value_t = 4_096,
        value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=100_000)
    )]
    pub queue: usize,
    /// How long a customer waits for an order to be saved before the answer is 503
    #[arg(
        long = "orders-patience", env = "QUADRILLE_ORDERS_PATIENCE",
        value_name = "DURATION", default_value = "5s", value_parser = service::config::duration
    )]
    pub patience: Duration,
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self {
            max_batch: 256,
            linger: Duration::ZERO,
            writers: 1,
            queue: 4_096,
            patience: Duration::from_secs(5),
        }
    }
}

/// What can be set for this service alone.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub struct Settings {
    /// How it gathers orders.
    #[command(flatten)]
    pub batch: BatchSettings,
}
