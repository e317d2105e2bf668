//! The arithmetic of `docs/scaling.md`: what so many orders a second need.

use std::fmt::Write as _;

use super::inputs::Inputs;

/// What a rate needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Orders a second at the peak.
    pub rate: f64,
    /// Machines for all services.
    pub service_machines: f64,
    /// Stock engines that work side by side, on products of their own.
    pub engines: f64,
    /// Relays for the orders service, and as many for products.
    pub relays: f64,
    /// Partitions of each of the two order topics.
    pub partitions: f64,
    /// Shards of MongoDB, orders and products together, each of so many copies.
    pub mongodb_shards: f64,
    /// Machines of MongoDB.
    pub mongod_machines: f64,
    /// Brokers of Kafka.
    pub brokers: f64,
    /// MB a second between customers and gateway.
    pub edge_mb: f64,
    /// MB a second between all parts inside, copies included.
    pub inside_mb: f64,
    /// MB a second written by all members of MongoDB.
    pub mongod_disk_mb: f64,
    /// MB a second written by all brokers.
    pub kafka_disk_mb: f64,
    /// GB a day that stay in MongoDB, copies included, at the average rate.
    pub mongodb_day_gb: f64,
    /// GB a day that stay in Kafka, copies included, at the average rate.
    pub kafka_day_gb: f64,
    /// Days until the disks of MongoDB's machines are full, at the average rate.
    pub mongodb_days: f64,
    /// Days until the brokers' disks are full, at the average rate.
    pub kafka_days: f64,
}

impl Cluster {
    /// What `rate` orders a second at the peak need.
    pub fn of(inputs: &Inputs, rate: f64) -> Self {
        let i = inputs;
        let machines = |cpu: f64| rate * cpu / 1e3 / (i.cores * i.utilisation);
        let mb = |bytes: f64| rate * bytes / 1e6;
        let day = |bytes: f64| mb(bytes) * i.average * i.copies * 86_400.0 / 1e3;
        let more = i.copies - 1.0;

        let engines = (rate / (i.engine() * i.utilisation)).ceil();
        let relays = (rate / (i.relay_rate() * i.utilisation)).ceil();
        let shards = machines(i.mongod_cpu)
            .max(mb(i.mongod_written) / (i.disk_mb * i.utilisation))
            .max(mb(i.mongod_bytes + more * i.oplog_bytes) / (i.network_mb * i.utilisation))
            .ceil();
        // A broker leads its share of the partitions and follows the others.
        let broker_network = mb(i.broker_bytes + 2.0 * more * i.kafka_bytes);
        let brokers = machines(i.kafka_cpu * (1.0 + more * i.copy_cpu))
            .max(mb(i.kafka_bytes) * i.copies / (i.disk_mb * i.utilisation))
            .max(broker_network / (i.network_mb * i.utilisation))
            .ceil()
            .max(i.copies);
        Self {
            rate,
            service_machines: machines(i.services_cpu).ceil().max(2.0),
            engines,
            relays,
            // Twice what works, so that work can be shared out anew without new partitions.
            partitions: (2.0 * engines.max(relays)).max(6.0),
            mongodb_shards: shards,
            mongod_machines: shards * i.copies,
            brokers,
            edge_mb: mb(i.edge_bytes),
            inside_mb: mb(i.services_bytes + i.mongod_bytes + more * i.oplog_bytes)
                + mb(i.broker_bytes + more * i.kafka_bytes),
            mongod_disk_mb: mb(i.mongod_written) * i.copies,
            kafka_disk_mb: mb(i.kafka_bytes) * i.copies,
            mongodb_day_gb: day(i.mongodb_bytes),
            kafka_day_gb: day(i.kafka_bytes),
            mongodb_days: shards * i.copies * i.disk_tb * 1e3 / day(i.mongodb_bytes),
            kafka_days: brokers * i.disk_tb * 1e3 / day(i.kafka_bytes),
        }
    }

    /// Prints clusters side by side, as a table of Markdown.
    pub fn table(clusters: &[Self]) -> String {
        let mut table = Table::default();
        table.row("orders/s at the peak", clusters, |c| c.rate, 0);
        let gap = "|---:".repeat(clusters.len());
        let _ = writeln!(table.0, "|---{gap}|");
        table.row("machines for services", clusters, |c| c.service_machines, 0);
        table.row("stock engines", clusters, |c| c.engines, 0);
        table.row(
            "relays of orders, and of products",
            clusters,
            |c| c.relays,
            0,
        );
        table.row(
            "partitions of an order topic",
            clusters,
            |c| c.partitions,
            0,
        );
        table.row("MongoDB shards", clusters, |c| c.mongodb_shards, 0);
        table.row("MongoDB machines", clusters, |c| c.mongod_machines, 0);
        table.row("Kafka brokers", clusters, |c| c.brokers, 0);
        table.row("network at the edge, MB/s", clusters, |c| c.edge_mb, 0);
        table.row("network inside, MB/s", clusters, |c| c.inside_mb, 0);
        table.row(
            "MongoDB writes to disks, MB/s",
            clusters,
            |c| c.mongod_disk_mb,
            0,
        );
        table.row(
            "Kafka writes to disks, MB/s",
            clusters,
            |c| c.kafka_disk_mb,
            0,
        );
        table.row("MongoDB grows a day, GB", clusters, |c| c.mongodb_day_gb, 0);
        table.row("Kafka grows a day, GB", clusters, |c| c.kafka_day_gb, 0);
        let year = |gb: f64| gb * 365.0 / 1e3;
        table.row(
            "MongoDB grows a year, TB",
            clusters,
            |c| year(c.mongodb_day_gb),
            1,
        );
        table.row(
            "Kafka grows a year, TB",
            clusters,
            |c| year(c.kafka_day_gb),
            1,
        );
        table.row(
            "days until MongoDB's disks are full",
            clusters,
            |c| c.mongodb_days,
            0,
        );
        table.row(
            "days until Kafka's disks are full",
            clusters,
            |c| c.kafka_days,
            0,
        );
        table.0
    }
}

/// Rows of Markdown.
#[derive(Default)]
struct Table(String);

impl Table {
    fn row(&mut self, name: &str, all: &[Cluster], of: impl Fn(&Cluster) -> f64, digits: usize) {
        let cells: Vec<String> = all
            .iter()
            .map(|cluster| grouped(&format!("{:.digits$}", of(cluster))))
            .collect();
        let _ = writeln!(self.0, "| {name} | {} |", cells.join(" | "));
    }
}

/// `1234567.8` as `1,234,567.8`.
pub(super) fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let mut shown = String::with_capacity(number.len() + 8);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown + rest
}
