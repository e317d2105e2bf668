//! `quadrille audit`: whether the services and the topics agree, order by order and product by
//! product.
//!
//! The invariants are always the same: every order rests, and its decision says the same, in the
//! database and in the topic, under one event id; each of its steps is told once; what a cancelled one
//! was given is given back; what was stocked less what was accepted is what is left, and never below zero; each copy equals its
//! owner; each account and each purchase is published as it is; each event that asks for a mail has
//! one; each cart is sound, and each checkout is published as it stands; the ledger of payments sums to zero and
//! says what they, the balances and the provider say; outboxes are empty, no message is dead-lettered, every record
//! is handled.
//!
//! **How to add a rule.** What databases and topics say of a thing is kept in its file ([`accounts`],
//! [`carts`], [`ledger`] of orders, [`mails`], [`payments`], [`purchases`], [`stock`]); the rule itself is a
//! [`Check`](findings::Check) there, or in [`rules`] or [`messages`] when it is about orders or about
//! all messages. [`copies`] are all of those that services register.

mod accounts;
mod carts;
mod copies;
mod findings;
mod ledger;
mod mails;
mod messages;
mod payments;
mod purchases;
mod rules;
mod stock;

use std::collections::BTreeMap;

use anyhow::Context;
use clap::Args;
use events::{
    AccountUpdate, CartCheckout, OrderCreate, OrderStatus, OrderStatusUpdate, OrderUpdate,
    PaymentUpdate, ProductCreate, ProductsQuantityUpdate, PurchaseCreate, topics,
};
use futures::{Stream, TryStreamExt};
use jiff::Timestamp;
use notifications::domain::Mail;
use outbox::handler::decode;
use outbox::kafka::TopicReader;
use outbox::mongo::MongoDatabase;
use outbox::source::Assigned;
use outbox::{ErrorKind, Event, Record, StoreError};

use self::accounts::Accounts;
use self::carts::Checkouts;
use self::copies::Copies;
use self::findings::Check;
pub(crate) use self::findings::Findings;
use self::ledger::Ledger;
use self::mails::Mails;
use self::payments::Payments;
use self::purchases::Purchases;
use self::rules::Scope;
use self::stock::Stock;
use crate::connection::ConnectionArgs;
use crate::progress::bar;

/// What to compare.
#[derive(Debug, Clone, Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    pub(crate) connection: ConnectionArgs,
    /// Compare the databases only, where Kafka is away; the rules about topics are not looked at
    #[arg(long)]
    pub(crate) databases_only: bool,
    /// Print the findings as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Goes through the databases and the topics. Meant for a shop at rest: what is under way is
/// found as pending, as not handled, and as a copy that is behind.
///
/// # Errors
/// When a database or a topic can't be read.
pub(crate) async fn run(args: &AuditArgs) -> anyhow::Result<Findings> {
    let connection = &args.connection;
    let mut databases = messages::Databases::new();
    for name in quadrille::names() {
        databases.insert(name, connection.database(name).await?);
    }
    let mut audit = Audit {
        findings: Findings::default(),
        ledger: Ledger::default(),
        stock: Stock::default(),
        copies: Copies::new(),
        mails: Mails::default(),
        accounts: Accounts::default(),
        checkouts: Checkouts::default(),
        payments: Payments::default(),
        purchases: Purchases::default(),
        damaged: Vec::new(),
    };
    let topics = if args.databases_only {
        None
    } else {
        let reader = connection
            .topics()
            .context("the topics can't be compared (--databases-only leaves them out)")?;
        let ends = messages::ends(&reader).await.context(
            "Kafka does not answer (--databases-only compares the databases without it)",
        )?;
        Some((reader, ends))
    };
    audit.orders(&databases["orders"]).await?;
    audit.decisions(&databases["products"]).await?;
    audit.products(&databases["products"]).await?;
    audit.mails.read(&databases["notifications"]).await?;
    // There is none in production, and then perhaps no name for its database either.
    let simulator = connection.database("payment-simulator").await.ok();
    let payments = &databases["payments"];
    audit.payments.read(payments, simulator.as_ref()).await?;
    audit.accounts(&databases["auth"]).await?;
    let carts = audit.carts(&databases["carts"]).await?;
    let mut purchases = ::purchases::store::ids(&databases["purchases"]).await?;
    while let Some(id) = purchases.try_next().await? {
        audit.purchases.own(id);
    }
    let mut scope = Scope::Databases;
    if let Some((reader, ends)) = &topics {
        scope = Scope::Whole;
        audit.topics(reader, ends).await?;
    }
    let Audit {
        mut findings,
        ledger,
        stock,
        copies,
        mails,
        accounts,
        checkouts,
        payments,
        purchases,
        mut damaged,
    } = audit;
    let copies = copies.judge(&databases, scope, &mut damaged).await?;
    rules::judge(&ledger, scope, &damaged, &mut findings);
    stock.judge(scope, copies, &mut findings);
    let notifications = &databases["notifications"];
    mails.judge(scope, notifications, &mut findings).await?;
    findings.add(carts);
    checkouts.judge(scope, &mut findings);
    accounts.judge(scope, &mut findings);
    payments.judge(scope, &ledger, &mut findings);
    purchases.judge(scope, Timestamp::now(), &mut findings);
    messages::outboxes(&databases, &mut findings).await?;
    messages::parked(&databases, &mut findings).await?;
    match &topics {
        Some((reader, _)) => messages::caught_up(&databases, reader, &mut findings).await?,
        None => findings.add(messages::caught_up_rule().skipped()),
    }
    Ok(findings)
}

/// An audit under way.
struct Audit {
    findings: Findings,
    ledger: Ledger,
    stock: Stock,
    copies: Copies,
    mails: Mails,
    accounts: Accounts,
    checkouts: Checkouts,
    payments: Payments,
    purchases: Purchases,
    /// Documents that can't be read, each in a sentence that names it.
    damaged: Vec<String>,
}

impl Audit {
    async fn orders(&mut self, orders: &MongoDatabase) -> anyhow::Result<()> {
        let view = orders::store::audit::audit_view(orders);
        let progress = bar("orders", view.order_count().await?);
        let mut all = std::pin::pin!(view.orders().await?);
        while let Some(order) = next(&mut all, &mut self.damaged).await? {
            progress.inc(1);
            self.findings.orders += 1;
            let of_status = self.findings.statuses.entry(order.status.name());
            *of_status.or_default() += 1;
            self.ledger.order(&order);
        }
        progress.finish_and_clear();
        Ok(())
    }

    async fn decisions(&mut self, products: &MongoDatabase) -> anyhow::Result<()> {
        let view = products::audit_view(products);
        let progress = bar("decisions", view.stock_decision_count().await?);
        let mut all = view.stock_decisions().await?;
        while let Some(kept) = next(&mut all, &mut self.damaged).await? {
            progress.inc(1);
            self.findings.reservations += 1;
            if kept.status == OrderStatus::Accepted && kept.released_at.is_none() {
                self.stock.give(&kept.lines);
            }
            self.ledger.stock_decision(&kept);
        }
        progress.finish_and_clear();
        Ok(())
    }

    async fn products(&mut self, products: &MongoDatabase) -> anyhow::Result<()> {
        let mut all = products::audit_view(products).products().await?;
        while let Some(product) = next(&mut all, &mut self.damaged).await? {
            self.findings.products += 1;
            let state = product.state.clone();
            self.copies.own(&ProductsQuantityUpdate { product: state });
            self.stock.own(product);
        }
        Ok(())
    }

    async fn accounts(&mut self, auth: &MongoDatabase) -> anyhow::Result<()> {
        let mut all = auth::store::published_accounts(auth).await?;
        while let Some(account) = next(&mut all, &mut self.damaged).await? {
            self.copies.own(&account);
            self.accounts.own(account);
        }
        Ok(())
    }

    async fn carts(&mut self, carts: &MongoDatabase) -> anyhow::Result<Check> {
        let mut sound = carts::rule();
        let mut all = ::carts::store::all(carts).await?;
        while let Some(cart) = next(&mut all, &mut self.damaged).await? {
            sound.looked_at += 1;
            sound.note(carts::fault(&cart));
        }
        let mut all = ::carts::store::all_checkouts(carts).await?;
        while let Some(checkout) = next(&mut all, &mut self.damaged).await? {
            self.checkouts.own(&checkout);
        }
        Ok(sound)
    }

    async fn topics(
        &mut self,
        reader: &TopicReader,
        ends: &BTreeMap<&'static str, Vec<Assigned>>,
    ) -> anyhow::Result<()> {
        for (topic, ends) in ends {
            let from = ends.iter().map(|end| (end.at.partition, end.low));
            let to = ends.iter().map(|end| (end.at.partition, end.high));
            let total: i64 = ends.iter().map(|end| end.high - end.low).sum();
            let progress = bar(topic, total.unsigned_abs());
            let mut records = reader.read(topic, &from.collect(), &to.collect());
            while let Some(record) = records.try_next().await? {
                progress.inc(1);
                self.findings.records += 1;
                if !self.record(&record) {
                    self.findings.unreadable += 1;
                }
            }
            progress.finish_and_clear();
        }
        Ok(())
    }

    /// Takes note of a record; `false` when it is not readable. Such a one is no finding by itself:
    /// its readers dead-letter it, and once an operator has discarded it, it still lies here.
    fn record(&mut self, record: &Record) -> bool {
        self.copies.say(record);
        match (record.at.topic.as_str(), event_type(record)) {
            (topics::ORDERS, Some(OrderCreate::TYPE)) => decode::<OrderCreate>(record)
                .map(|envelope| self.ledger.placed(envelope.id, &envelope.event))
                .is_ok(),
            (topics::ORDERS, Some(OrderUpdate::TYPE)) => decode::<OrderUpdate>(record)
                .map(|envelope| {
                    self.ledger.told(&envelope);
                    let mail = Mail::of_order(&envelope.event, envelope.time);
                    self.mails.ask(mail.as_ref());
                })
                .is_ok(),
            (topics::ACCOUNTS, Some(AccountUpdate::TYPE)) => decode::<AccountUpdate>(record)
                .map(|envelope| {
                    let mail = Mail::of_account(&envelope.event, envelope.time);
                    self.mails.ask(mail.as_ref());
                    self.accounts.tell(envelope.event);
                })
                .is_ok(),
            (topics::CHECKOUTS, Some(CartCheckout::TYPE)) => decode::<CartCheckout>(record)
                .map(|envelope| self.checkouts.tell(&envelope.event))
                .is_ok(),
            (topics::PAYMENTS, Some(PaymentUpdate::TYPE)) => decode::<PaymentUpdate>(record)
                .map(|envelope| self.payments.tell(&envelope.event))
                .is_ok(),
            (topics::PURCHASES, Some(PurchaseCreate::TYPE)) => decode::<PurchaseCreate>(record)
                .map(|envelope| self.purchases.tell(&envelope.event.purchase_id))
                .is_ok(),
            (topics::ORDER_STATUS, Some(OrderStatusUpdate::TYPE)) => {
                decode::<OrderStatusUpdate>(record)
                    .map(|envelope| self.ledger.said(envelope.id, &envelope.event))
                    .is_ok()
            }
            (topics::PRODUCTS, Some(ProductCreate::TYPE)) => decode::<ProductCreate>(record)
                .map(|envelope| self.stock.say(envelope.event.product))
                .is_ok(),
            (topics::PRODUCTS, Some(ProductsQuantityUpdate::TYPE)) => {
                decode::<ProductsQuantityUpdate>(record)
                    .map(|envelope| self.stock.say(envelope.event.product))
                    .is_ok()
            }
            (_, event_type) => event_type.is_some(),
        }
    }
}

fn event_type(record: &Record) -> Option<&str> {
    let (_, value) = record.headers.iter().find(|(name, _)| name == "ce_type")?;
    std::str::from_utf8(value).ok()
}

/// The next readable document; others are damage.
async fn next<T>(
    all: &mut (impl Stream<Item = Result<T, StoreError>> + Unpin),
    damaged: &mut Vec<String>,
) -> Result<Option<T>, StoreError> {
    loop {
        match all.try_next().await {
            Err(fault) if fault.kind() == ErrorKind::Permanent => damaged.push(fault.to_string()),
            other => return other,
        }
    }
}
