use clap::{Args, ValueEnum};

use super::demand::Skew;
use super::reads::Reading;

/// What to place, and where.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags of a command line, and clap says which exclude each other"
)]
pub(crate) struct BenchArgs {
    /// The gateway of a running shop; without it, the run starts a clean one of its own
    #[arg(long, env = "QUADRILLE_URL", conflicts_with_all = ["baseline", "limit", "compare"])]
    pub(crate) url: Option<String>,
    /// How many orders to place in all
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) orders: u64,
    /// How many orders to place before the measured ones, to warm everything up
    #[arg(long, default_value_t = 5_000)]
    pub(crate) warmup: u64,
    /// How many clients place them at once, each its next one when the last was answered
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) clients: u64,
    /// Place so many orders each second instead, answered or not
    #[arg(long, value_name = "PER_SECOND")]
    pub(crate) rate: Option<f64>,
    /// Over how many products the orders are spread, besides the scarce one
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(0..=100_000))]
    pub(crate) products: u64,
    /// How the orders are spread over them
    #[arg(long, value_enum, default_value = "uniform")]
    pub(crate) skew: Skew,
    /// How many different products an order has
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub(crate) lines: u64,
    /// How much there is of a further, scarce product, which orders ask for like for the
    /// others; 0 leaves it out
    #[arg(long, default_value_t = 0)]
    pub(crate) scarce: u32,
    /// Measure the same code with every batch limited instead
    #[arg(long, value_enum)]
    pub(crate) baseline: Option<Baseline>,
    /// Write the same documents and messages directly instead: no HTTP, no services
    #[arg(long, conflicts_with = "baseline")]
    pub(crate) limit: bool,
    /// How many orders `--limit` puts into one transaction
    #[arg(long, default_value_t = 128, value_name = "ORDERS")]
    pub(crate) limit_batch: usize,
    /// Measure the shop, its baseline and its limit on the same servers, and print the ratios
    #[arg(long, conflicts_with_all = ["baseline", "limit", "rate"])]
    pub(crate) compare: bool,
    /// How many settled orders the shop has from before
    #[arg(long, default_value_t = 0, conflicts_with_all = ["url", "limit"])]
    pub(crate) stored: u64,
    /// How many products it has besides those that are ordered
    #[arg(long, default_value_t = 0, conflicts_with_all = ["url", "limit"])]
    pub(crate) stored_products: u64,
    /// How many instances of orders and products there are; above 1 each service has a
    /// process of its own
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=8), conflicts_with_all = ["url", "limit", "baseline"])]
    pub(crate) instances: u64,
    /// Measure how the shop keeps up as it grows: orders and products stored, instances, and a
    /// backlog after an outage
    #[arg(long, conflicts_with_all = ["url", "baseline", "limit", "compare", "rate", "stored", "stored_products", "instances"])]
    pub(crate) growth: bool,
    /// How many orders `--growth` places while products is away
    #[arg(long, default_value_t = 200_000, value_name = "ORDERS")]
    pub(crate) backlog: u64,
    /// Read instead of ordering: pages of a catalogue of 10,000 products, or logins
    #[arg(long, value_enum, value_name = "WHAT", conflicts_with_all = ["baseline", "limit", "compare", "growth", "rate"])]
    pub(crate) reads: Option<Reading>,
    /// How long to read, in seconds
    #[arg(long, default_value_t = 15, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) read_for: u64,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The admin's e-mail address
    #[arg(long, default_value = "admin@admin.com")]
    pub(crate) email: String,
    /// The admin's password
    #[arg(
        long,
        default_value = "admin@admin.com",
        hide_env_values = true,
        env = "QUADRILLE_ADMIN_PASSWORD"
    )]
    pub(crate) password: String,
}

/// What to hold the shop against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Baseline {
    /// One order, one event, one outbox record in each transaction
    OnePerTransaction,
}
