//! A database restored from an older backup recovers what it has published before it decides.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bson::{Document, doc};
use events::{
    OrderCreate, OrderId, OrderStatus, OrderStatusUpdate, ProductCreate, ProductId,
    ProductsQuantityUpdate, topics,
};
use outbox::kafka::{KafkaPublisher, TopicReader, TopicSpec};
use outbox::{
    DeadLetter, Envelope, Event, InboxStore, Message, MessageContext, OutboxStore, Publisher,
    Record, Recover, StoreError, Work, transact,
};
use products::audit_view;
use products::commands::restock;
use products::recovery::ProductRecovery;
use testkit::{eventually, eventually_within};

use crate::fixture::{Shop, handle, order};
use crate::instances::{publish, start, statuses};
use crate::on_order_update::cancelled;
use testkit::Backup;

type Order = Envelope<OrderCreate>;

/// A shop with its topics.
async fn open() -> Shop {
    let shop = Shop::open().await;
    shop.environment.topics(topics::ALL).await;
    let dead_letters = TopicSpec::dead_letters(topics::ORDERS, "products", 6);
    shop.environment.ensure_topics(&[dead_letters]).await;
    shop
}

/// Runs the service until every one of `orders` is decided and all is said.
async fn settle(shop: &Shop, orders: &[Order]) {
    let service = start(shop).await;
    settled(shop, orders).await;
    service.trigger();
    service.join().await.unwrap();
}

async fn settled(shop: &Shop, orders: &[Order]) {
    let ids: BTreeSet<OrderId> = orders.iter().map(|order| order.event.order_id).collect();
    let published = || async {
        let published = statuses(shop).await;
        let published: BTreeSet<OrderId> = published
            .iter()
            .map(|published| published.event.order_id)
            .collect();
        published.is_superset(&ids) && shop.database.backlog().await.unwrap().records == 0
    };
    eventually_within(Duration::from_secs(60), "every order is decided", published).await;
}

/// Publishes what the service said, as its relay would have: all or a part of it.
async fn publish_as_said(shop: &Shop, messages: &[Message]) {
    let publisher = KafkaPublisher::new(&shop.environment.kafka()).unwrap();
    publisher.publish(messages).await.unwrap();
}

/// The invariants of the databases and the topics; `stocked` is what was ever put in.
async fn audit(shop: &Shop, stocked: &[(ProductId, u64)]) {
    let view = audit_view(&shop.database);
    let mut published: BTreeMap<OrderId, BTreeSet<_>> = BTreeMap::new();
    for update in statuses(shop).await {
        let accepted = update.event.status == OrderStatus::Accepted;
        let decision = (update.id, accepted, update.time.as_millisecond());
        published
            .entry(update.event.order_id)
            .or_default()
            .insert(decision);
    }
    let mut given: BTreeMap<ProductId, u64> = BTreeMap::new();
    let mut kept = BTreeMap::new();
    let mut stock_decisions = view.stock_decisions().await.unwrap();
    while let Some(found) = futures::StreamExt::next(&mut stock_decisions).await {
        let found = found.unwrap();
        let accepted = found.status == OrderStatus::Accepted;
        assert!(!found.lines.is_empty(), "a reservation has no lines");
        let has = accepted && found.released_at.is_none();
        for (product, quantity) in found.lines.iter().filter(|_| has) {
            *given.entry(*product).or_default() += quantity;
        }
        let decision = (found.event_id, accepted, found.decided_at.as_millisecond());
        kept.insert(found.order_id, BTreeSet::from([decision]));
    }
    let off: Vec<_> = published
        .iter()
        .filter(|(order, decisions)| kept.get(*order) != Some(*decisions))
        .take(3)
        .collect();
    assert!(
        off.is_empty(),
        "each order has one decision, in the database as in the topic: {off:?}"
    );
    assert_eq!(kept.len(), published.len());

    let mut newest = BTreeMap::new();
    for create in shop.environment.read::<ProductCreate>().await {
        newest.insert(create.event.product.product_id, create.event.product);
    }
    // Partition by partition in the order of offsets: what compaction would leave.
    for update in shop.environment.read::<ProductsQuantityUpdate>().await {
        newest.insert(update.event.product.product_id, update.event.product);
    }
    let expected: BTreeMap<ProductId, u64> = stocked.iter().copied().collect();
    let mut products = view.products().await.unwrap();
    let mut seen = 0;
    while let Some(found) = futures::StreamExt::next(&mut products).await {
        let found = found.unwrap();
        let (id, left) = (found.state.product_id, u64::from(found.state.quantity));
        let given = given.get(&id).copied().unwrap_or_default();
        assert_eq!(
            left + given,
            found.stocked,
            "{}: the stock adds up",
            found.state.name
        );
        assert_eq!(
            found.stocked, expected[&id],
            "{}: nothing came or went",
            found.state.name
        );
        assert_eq!(
            newest.get(&id),
            Some(&found.state),
            "the newest record is the product"
        );
        seen += 1;
    }
    assert_eq!(seen, expected.len());
    for name in ["products", "reservations"] {
        let all = shop.database.database().collection::<Document>(name);
        let open = all
            .count_documents(doc! { "relearned": true })
            .await
            .unwrap();
        assert_eq!(open, 0, "nothing is left to recover of {name}");
    }
}

fn some(count: usize, lines: &[(ProductId, u32)]) -> Vec<Order> {
    (0..count).map(|_| order(lines)).collect()
}

/// A shop whose database is older than its topics.
struct Lost {
    shop: Shop,
    backup: Backup,
    cup: ProductId,
    jug: ProductId,
    placed: Vec<Order>,
}

impl Lost {
    /// 20 orders before the backup and 60 after it, of which some are rejected; a product more
    /// and a raise.
    async fn open() -> Self {
        let shop = open().await;
        let cup = shop.product("cup", 50).await.product_id;
        let mut placed = some(20, &[(cup, 1)]);
        publish(&shop, &placed).await;
        settle(&shop, &placed).await;
        let backup = Backup::of(&shop.database).await;

        let jug = shop.product("jug", 10).await.product_id;
        let context = MessageContext::default();
        restock(&shop.database, shop.clock.as_ref(), context, cup, 7)
            .await
            .unwrap();
        let mut more = some(40, &[(cup, 1)]);
        more.extend(some(20, &[(cup, 1), (jug, 1)]));
        publish(&shop, &more).await;
        placed.extend(more);
        settle(&shop, &placed).await;
        Self {
            shop,
            backup,
            cup,
            jug,
            placed,
        }
    }

    fn stocked(&self) -> [(ProductId, u64); 2] {
        [(self.cup, 57), (self.jug, 10)]
    }

    /// Starts on the database as it is, with more orders than are left, and audits.
    async fn go_on(&mut self, instances: usize) {
        let more = some(30, &[(self.jug, 1)]);
        publish(&self.shop, &more).await;
        self.placed.extend(more);
        let mut services = Vec::new();
        for _ in 0..instances {
            services.push(start(&self.shop).await);
        }
        settled(&self.shop, &self.placed).await;
        for service in services {
            service.trigger();
            service.join().await.unwrap();
        }
        audit(&self.shop, &self.stocked()).await;
    }

    async fn own_records(&self) -> Vec<Record> {
        let mut records = self.shop.environment.records(topics::PRODUCTS).await;
        records.extend(self.shop.environment.records(topics::ORDER_STATUS).await);
        records
    }
}

#[tokio::test]
async fn a_restored_database_recovers_its_decisions_before_it_decides() {
    let mut lost = Lost::open().await;
    let before = lost.shop.documents().await;
    lost.backup.restore(&lost.shop.database).await;
    lost.go_on(1).await;
    let after = lost.shop.documents().await;
    let kept: Vec<_> = before["reservations"]
        .iter()
        .filter(|kept| after["reservations"].contains(kept))
        .collect();
    assert_eq!(kept.len(), 80, "each reservation is back as it was");
}

#[tokio::test]
async fn two_instances_may_recover_at_once() {
    let mut lost = Lost::open().await;
    lost.backup.restore(&lost.shop.database).await;
    lost.go_on(2).await;
}

#[tokio::test]
async fn a_database_that_is_lost_altogether_is_made_from_the_topics() {
    let mut lost = Lost::open().await;
    Backup::none().restore(&lost.shop.database).await;
    lost.go_on(1).await;
}

#[tokio::test]
async fn a_database_that_lost_nothing_recovers_nothing() {
    let lost = Lost::open().await;
    let before = lost.shop.documents().await;
    let learner = ProductRecovery::new(lost.shop.database.clone(), Arc::clone(&lost.shop.clock));
    for chunk in lost.own_records().await.chunks(7) {
        assert_eq!(Recover::recover(&learner, chunk).await.unwrap(), 0);
    }
    let topics = TopicReader::new(&lost.shop.environment.kafka()).unwrap();
    Recover::conclude(&learner, &topics).await.unwrap();
    assert_eq!(lost.shop.documents().await, before);
    audit(&lost.shop, &lost.stocked()).await;
}

#[tokio::test]
async fn a_crash_in_the_middle_of_learning_is_gone_over_again() {
    let mut lost = Lost::open().await;
    let (records, database) = (lost.own_records().await, lost.shop.database.clone());
    let topics = TopicReader::new(&lost.shop.environment.kafka()).unwrap();
    lost.backup.restore(&database).await;
    // Each time it gets a little further, and is then cut off wherever it is.
    for millis in 0..40_u64 {
        let learner = ProductRecovery::new(database.clone(), Arc::clone(&lost.shop.clock));
        let learning = async {
            for chunk in records.chunks(9) {
                Recover::recover(&learner, chunk).await?;
            }
            Recover::conclude(&learner, &topics).await
        };
        let cut = tokio::time::timeout(Duration::from_millis(millis * 5), learning).await;
        assert!(!matches!(cut, Ok(Err(_))), "{cut:?}");
    }
    lost.go_on(1).await;
}

#[tokio::test]
async fn what_was_published_in_part_is_completed() {
    for heard in [OrderStatusUpdate::TYPE, ProductsQuantityUpdate::TYPE] {
        let shop = open().await;
        let cup = shop.product("cup", 10).await.product_id;
        settle(&shop, &[]).await;
        let backup = Backup::of(&shop.database).await;
        // Decided, and the database lost while the relay was at it.
        let mut placed = some(3, &[(cup, 2)]);
        publish(&shop, &placed).await;
        let published = handle(&shop.database, &shop.clock, &placed).await.unwrap();
        assert_eq!((published.accepted(), published.products.len()), (3, 1));
        let part: Vec<Message> = published
            .messages
            .into_iter()
            .filter(|message| message.event_type == heard)
            .collect();
        publish_as_said(&shop, &part).await;
        backup.restore(&shop.database).await;

        // Three more of two each: two fit.
        placed.extend(some(3, &[(cup, 2)]));
        publish(&shop, &placed[3..]).await;
        settle(&shop, &placed).await;
        audit(&shop, &[(cup, 10)]).await;
        assert_eq!(shop.state(cup).await.quantity, 0, "after {heard} alone");
    }
}

#[tokio::test]
async fn what_was_given_back_and_had_by_another_is_there_once() {
    for decided_before in [true, false] {
        let shop = open().await;
        let laptop = shop.product("laptop", 1).await.product_id;
        settle(&shop, &[]).await;
        let (first, second) = (order(&[(laptop, 1)]), order(&[(laptop, 1)]));
        let early = Backup::of(&shop.database).await;
        publish(&shop, std::slice::from_ref(&first)).await;
        settle(&shop, std::slice::from_ref(&first)).await;
        let late = Backup::of(&shop.database).await;

        let service = start(&shop).await;
        let cancelled = cancelled(&first);
        let message = Message::new(
            cancelled.id,
            "orders",
            cancelled.time,
            MessageContext::default(),
            &cancelled.event,
        );
        publish_as_said(&shop, &[message.unwrap()]).await;
        eventually("it is given back", async || {
            shop.state(laptop).await.quantity == 1
        })
        .await;
        publish(&shop, std::slice::from_ref(&second)).await;
        let both = [first, second];
        settled(&shop, &both).await;
        service.trigger();
        service.join().await.unwrap();
        audit(&shop, &[(laptop, 1)]).await;

        let backup = if decided_before { late } else { early };
        backup.restore(&shop.database).await;
        let third = [order(&[(laptop, 1)])];
        publish(&shop, &third).await;
        settle(&shop, &third).await;
        audit(&shop, &[(laptop, 1)]).await;
        let left = shop.state(laptop).await.quantity;
        assert_eq!(
            left, 0,
            "the second has it; decided before: {decided_before}"
        );
    }
}

struct Park<'a>(&'a Shop, DeadLetter);

impl Work<products::store::ShopDatabase> for Park<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut outbox::mongo::MongoTx) -> Result<(), StoreError> {
        let dead_letters = std::slice::from_ref(&self.1);
        self.0
            .database
            .add_dead_letters(tx, dead_letters)
            .await
            .map(drop)
    }
}

#[tokio::test]
async fn an_order_dead_lettered_then_and_decided_since_is_known() {
    let shop = open().await;
    let cup = shop.product("cup", 10).await.product_id;
    let placed = some(1, &[(cup, 4)]);
    publish(&shop, &placed).await;
    let records = shop.environment.records(topics::ORDERS).await;
    settle(&shop, &placed).await;
    audit(&shop, &[(cup, 10)]).await;
    // Back to when it was dead-lettered: not decided, and the checkpoint past it.
    let database = shop.database.database();
    for name in ["reservations", "own_topics"] {
        let all = database.collection::<Document>(name);
        all.delete_many(doc! {}).await.unwrap();
    }
    let before = doc! { "$set": { "quantity": 10_i64, "version": 1_i64 } };
    let products = database.collection::<Document>("products");
    products.update_many(doc! {}, before).await.unwrap();
    let now = shop.clock.now();
    let dead_letter = DeadLetter::new("products", &records[0], "a test", false, now);
    transact(&shop.database, &mut Park(&shop, dead_letter))
        .await
        .unwrap();

    let service = start(&shop).await;
    let stock_decisions = database.collection::<Document>("reservations");
    let learned = || async {
        let whole = doc! { "lines.0": { "$exists": true } };
        stock_decisions.count_documents(whole).await.unwrap() == 1
            && shop.state(cup).await.version > 2
            && shop.database.backlog().await.unwrap().records == 0
    };
    eventually(
        "the decision is recovered and the product published once more",
        learned,
    )
    .await;
    service.trigger();
    service.join().await.unwrap();
    audit(&shop, &[(cup, 10)]).await;
    assert_eq!(shop.state(cup).await.quantity, 6);
}

#[tokio::test]
async fn a_database_restored_under_a_running_service_ends_it() {
    let shop = open().await;
    let backup = Backup::of(&shop.database).await;
    let cup = shop.product("cup", 10).await.product_id;
    let service = start(&shop).await;
    let marked = || async {
        let marks = shop
            .database
            .database()
            .collection::<Document>("own_topics");
        marks.count_documents(doc! {}).await.unwrap() == 1
    };
    eventually("the ends are written down", marked).await;
    let placed = some(2, &[(cup, 1)]);
    publish(&shop, &placed).await;
    settled(&shop, &placed).await;
    backup.restore(&shop.database).await;
    let ended = tokio::time::timeout(Duration::from_secs(30), service.join()).await;
    let fault = ended.expect("it ends by itself").unwrap_err().to_string();
    assert!(fault.contains("restored"), "{fault}");
}
