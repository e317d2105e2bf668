//! `quadrille audit`: whether the services agree, order by order and product by product.
//!
//! The invariants, always the same: every order has exactly one terminal status and its
//! reservation says the same; what was stocked less what was accepted is what is left, and
//! never below zero; each copy equals its owner; outboxes are empty.

mod findings;

use std::collections::BTreeMap;

use anyhow::Context;
use clap::Args;
use events::{OrderId, OrderStatus, ProductId, ProductState};
use futures::TryStreamExt;
use outbox::OutboxStore;
use outbox::mongo::{MongoDatabase, MongoOptions};

pub(crate) use self::findings::Findings;

/// What to compare.
#[derive(Debug, Clone, Args)]
pub(crate) struct AuditArgs {
    /// MongoDB's connection string; without it, that of the `quadrille up` that runs here
    #[arg(
        long = "mongodb-uri",
        env = "QUADRILLE_MONGODB_URI",
        hide_env_values = true
    )]
    pub(crate) mongodb_uri: Option<String>,
    /// The database of the orders service
    #[arg(long, default_value = "orders")]
    pub(crate) orders_database: String,
    /// The database of the products service
    #[arg(long, default_value = "products")]
    pub(crate) products_database: String,
    /// Print the findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Goes through both databases. Meant for a shop at rest: what is under way is found as
/// pending, and as a copy that is behind.
///
/// # Errors
/// When a database can't be read.
pub(crate) async fn run(args: &AuditArgs) -> anyhow::Result<Findings> {
    let uri = crate::up::running_mongodb(args.mongodb_uri.as_deref())?;
    let open = async |name: &str| {
        MongoDatabase::connect(&uri, name, MongoOptions::default())
            .await
            .with_context(|| format!("the database {name} can't be opened"))
    };
    let (orders, products) = (
        open(&args.orders_database).await?,
        open(&args.products_database).await?,
    );
    let mut findings = Findings::default();
    let decided = reservations(&products, &mut findings).await?;
    let stock = stock(&products, &decided, &mut findings).await?;
    compare_orders(&orders, decided.statuses, &mut findings).await?;
    compare_copies(&orders, &stock, &mut findings).await?;
    for (service, database) in [("orders", &orders), ("products", &products)] {
        let backlog = database.backlog().await?;
        findings.outbox_records += backlog.records;
        if backlog.records > 0 {
            findings.add(format!(
                "{service}: {} outbox records are not published",
                backlog.records
            ));
        }
    }
    Ok(findings)
}

/// What the stock engine has decided.
struct Decided {
    statuses: BTreeMap<OrderId, OrderStatus>,
    /// How many of each product were given to orders.
    given: BTreeMap<ProductId, u64>,
}

async fn reservations(
    products: &MongoDatabase,
    findings: &mut Findings,
) -> anyhow::Result<Decided> {
    let mut decided = Decided {
        statuses: BTreeMap::new(),
        given: BTreeMap::new(),
    };
    let books = products::store::audit::audit_view(products);
    let mut all = books.reservations().await?;
    while let Some(reservation) = all.try_next().await? {
        findings.reservations += 1;
        if reservation.status == OrderStatus::Accepted {
            for (product, quantity) in &reservation.lines {
                *decided.given.entry(*product).or_default() += quantity;
            }
        }
        decided
            .statuses
            .insert(reservation.order_id, reservation.status);
    }
    Ok(decided)
}

async fn stock(
    products: &MongoDatabase,
    decided: &Decided,
    findings: &mut Findings,
) -> anyhow::Result<BTreeMap<ProductId, ProductState>> {
    let mut states = BTreeMap::new();
    let books = products::store::audit::audit_view(products);
    let mut all = books.products().await?;
    while let Some(product) = all.try_next().await? {
        findings.products += 1;
        let state = product.state;
        let given = decided
            .given
            .get(&state.product_id)
            .copied()
            .unwrap_or_default();
        findings.units_given += given;
        if product.stocked != given + u64::from(state.quantity) {
            findings.add(format!(
                "product {} ({}): {} stocked, {given} given to orders, {} left",
                state.product_id, state.name, product.stocked, state.quantity
            ));
        }
        states.insert(state.product_id, state);
    }
    Ok(states)
}

async fn compare_orders(
    orders: &MongoDatabase,
    mut decided: BTreeMap<OrderId, OrderStatus>,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let mut all = std::pin::pin!(orders::store::audit::audit_view(orders).orders().await?);
    while let Some(order) = all.try_next().await? {
        findings.orders += 1;
        let decision = decided.remove(&order.id);
        match order.status {
            OrderStatus::Accepted => findings.accepted += 1,
            OrderStatus::Rejected => findings.rejected += 1,
            OrderStatus::Pending => {
                findings.pending += 1;
                findings.add(format!("order {} is PENDING", order.id));
                continue;
            }
        }
        match decision {
            Some(status) if status == order.status => {}
            Some(status) => findings.add(format!(
                "order {} is {} here and {} in products",
                order.id,
                order.status.name(),
                status.name()
            )),
            None => findings.add(format!(
                "order {} is settled, but nobody decided it",
                order.id
            )),
        }
        if order.version != 2 || order.steps != 2 {
            findings.add(format!(
                "order {} was settled in {} steps, version {}",
                order.id, order.steps, order.version
            ));
        }
    }
    for id in decided.keys() {
        findings.add(format!("order {id} was decided, but is not in orders"));
    }
    Ok(())
}

async fn compare_copies(
    orders: &MongoDatabase,
    owned: &BTreeMap<ProductId, ProductState>,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let copies = orders::store::audit::audit_view(orders).products().await?;
    for copy in &copies {
        match owned.get(&copy.id) {
            None => findings.add(format!("orders knows a product {} that is not", copy.id)),
            Some(owner)
                if (owner.version, owner.quantity, owner.price, &owner.name)
                    != (copy.version, copy.quantity, copy.price, &copy.name) =>
            {
                findings.add(format!(
                    "product {} ({}): {} left at version {}, but orders believes {} at version {}",
                    copy.id, owner.name, owner.quantity, owner.version, copy.quantity, copy.version
                ));
            }
            Some(_) => {}
        }
    }
    if copies.len() != owned.len() {
        findings.add(format!(
            "products has {} products, orders knows {}",
            owned.len(),
            copies.len()
        ));
    }
    Ok(())
}
