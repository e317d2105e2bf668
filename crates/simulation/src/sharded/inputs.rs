//! What `docs/scaling.md` reckons with.

use std::fmt;

use super::cluster::grouped;

/// `--limit` publishes from as many lanes.
const LANES: f64 = 3.0;

/// What an order costs on the machine that was measured, and what is assumed of the machines
/// that it is reckoned for. Bytes are for one order of one line.
#[derive(Debug, Clone, clap::Args)]
pub struct Inputs {
    /// Measured: processor seconds of all services for 1,000 orders
    #[arg(long, default_value_t = 0.18)]
    pub services_cpu: f64,
    /// Measured: processor seconds of mongod for 1,000 orders, one member
    #[arg(long, default_value_t = 0.17)]
    pub mongod_cpu: f64,
    /// Measured: processor seconds of Kafka for 1,000 orders, one broker
    #[arg(long, default_value_t = 0.07)]
    pub kafka_cpu: f64,
    /// Measured: orders a second of `bench --limit` with 128 orders in a transaction
    #[arg(long, default_value_t = 6_800.0)]
    pub limit_128: f64,
    /// Measured: orders a second of `bench --limit` with 512 orders in a transaction
    #[arg(long, default_value_t = 10_160.0)]
    pub limit_512: f64,
    /// Measured: bytes that an order leaves in MongoDB, indexes included, compressed
    #[arg(long, default_value_t = 333.0)]
    pub mongodb_bytes: f64,
    /// Measured: bytes of oplog, which travel to each further member
    #[arg(long, default_value_t = 2_320.0)]
    pub oplog_bytes: f64,
    /// Measured: bytes that mongod writes to disk
    #[arg(long, default_value_t = 2_440.0)]
    pub mongod_written: f64,
    /// Measured: bytes that an order leaves in the topics, uncompressed
    #[arg(long, default_value_t = 1_334.0)]
    pub kafka_bytes: f64,
    /// Measured: bytes between customers and gateway, both directions
    #[arg(long, default_value_t = 1_206.0)]
    pub edge_bytes: f64,
    /// Measured: bytes between gateway and services, both directions
    #[arg(long, default_value_t = 1_337.0)]
    pub services_bytes: f64,
    /// Measured: bytes between services and mongod, both directions
    #[arg(long, default_value_t = 3_613.0)]
    pub mongod_bytes: f64,
    /// Measured: bytes between services and Kafka, both directions
    #[arg(long, default_value_t = 2_872.0)]
    pub broker_bytes: f64,
    /// Assumed: milliseconds that a commit waits for a majority elsewhere
    #[arg(long, default_value_t = 2.0)]
    pub majority_ms: f64,
    /// Assumed: the most orders in a transaction
    #[arg(long, default_value_t = 250.0)]
    pub batch: f64,
    /// Assumed: how much of a machine may be used
    #[arg(long, default_value_t = 0.5)]
    pub utilisation: f64,
    /// Assumed: processors of a machine
    #[arg(long, default_value_t = 16.0)]
    pub cores: f64,
    /// Assumed: MB that a machine's disk can write in a second
    #[arg(long, default_value_t = 400.0)]
    pub disk_mb: f64,
    /// Assumed: TB that a machine's disk holds
    #[arg(long, default_value_t = 4.0)]
    pub disk_tb: f64,
    /// Assumed: MB that a machine can send or receive in a second (10 Gbit/s)
    #[arg(long, default_value_t = 1_250.0)]
    pub network_mb: f64,
    /// Assumed: copies of everything
    #[arg(long, default_value_t = 3.0)]
    pub copies: f64,
    /// Assumed: what a further copy costs in processor time, of what the first one does
    #[arg(long, default_value_t = 0.5)]
    pub copy_cpu: f64,
    /// Assumed: the average rate, as a share of the peak
    #[arg(long, default_value_t = 0.2)]
    pub average: f64,
}

impl Inputs {
    /// Milliseconds of a stock transaction of `orders` orders where `limit` orders a second
    /// are written in such: one of the three transactions of an order's life, on a machine that
    /// does nothing else.
    fn transaction(orders: f64, limit: f64) -> f64 {
        orders / limit / 3.0 * 1e3
    }

    /// Further microseconds of a stock transaction for each order.
    pub fn order_us(&self) -> f64 {
        let small = Self::transaction(128.0, self.limit_128);
        let large = Self::transaction(512.0, self.limit_512);
        (large - small) / (512.0 - 128.0) * 1e3
    }

    /// Milliseconds of a stock transaction, however little is in it.
    pub fn transaction_ms(&self) -> f64 {
        Self::transaction(128.0, self.limit_128) - 128.0 * self.order_us() / 1e3
    }

    /// Messages a second that one relay publishes, at least: an order has two.
    pub fn relay_rate(&self) -> f64 {
        2.0 * self.limit_512 / LANES
    }

    /// Orders a second of one writer of one document: a batch in each transaction, one
    /// transaction after the other.
    pub fn engine(&self) -> f64 {
        let transaction = self.transaction_ms() + self.majority_ms;
        self.batch / (transaction / 1e3 + self.batch * self.order_us() / 1e6)
    }

    /// Says which input makes no sense, by its name on the command line, and why.
    pub fn fault(&self) -> Option<String> {
        let all = [
            ("services-cpu", self.services_cpu),
            ("mongod-cpu", self.mongod_cpu),
            ("kafka-cpu", self.kafka_cpu),
            ("limit-128", self.limit_128),
            ("limit-512", self.limit_512),
            ("mongodb-bytes", self.mongodb_bytes),
            ("oplog-bytes", self.oplog_bytes),
            ("mongod-written", self.mongod_written),
            ("kafka-bytes", self.kafka_bytes),
            ("edge-bytes", self.edge_bytes),
            ("services-bytes", self.services_bytes),
            ("mongod-bytes", self.mongod_bytes),
            ("broker-bytes", self.broker_bytes),
            ("majority-ms", self.majority_ms),
            ("batch", self.batch),
            ("utilisation", self.utilisation),
            ("cores", self.cores),
            ("disk-mb", self.disk_mb),
            ("disk-tb", self.disk_tb),
            ("network-mb", self.network_mb),
            ("copies", self.copies),
            ("copy-cpu", self.copy_cpu),
            ("average", self.average),
        ];
        let off = |value: f64| !(value.is_finite() && value > 0.0);
        if let Some((name, value)) = all.into_iter().find(|(_, value)| off(*value)) {
            return Some(format!("--{name} is {value}; it has to be above 0"));
        }
        if self.order_us() <= 0.0 || self.transaction_ms() <= 0.0 {
            return Some(
                "--limit-512 has to be above --limit-128 and below four times as much".to_owned(),
            );
        }
        let shares = [("utilisation", self.utilisation), ("average", self.average)];
        let (name, value) = shares.into_iter().find(|(_, share)| *share > 1.0)?;
        Some(format!("--{name} is {value}; a share is at most 1"))
    }
}

impl fmt::Display for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fixed, each) = (self.transaction_ms(), self.order_us());
        let (batch, majority) = (self.batch, self.majority_ms);
        let rate = |rate: f64| grouped(&format!("{rate:.0}"));
        writeln!(
            f,
            "a stock transaction: {fixed:.1} ms + {each:.1} us for each order"
        )?;
        writeln!(f, "a relay: {} messages/s", rate(self.relay_rate()))?;
        write!(
            f,
            "an engine: {batch} / ({fixed:.1} ms + {majority} ms + {batch} x {each:.1} us) = {} orders/s",
            rate(self.engine())
        )
    }
}
