//! Those who use the shop: customers who order, again when they get no answer, and an admin.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use controls::Broken;
use events::{AccountId, AccountUpdate, OrderId, ProductId, topics};
use orders::commands::{CancelOrder, CancelledBy, NotCancelled, PlaceOrder, Placed, retry_key};
use orders::domain::{Basket, Order};
use outbox::idempotency::RetryKey;
use outbox::memory::MemoryDatabase;
use outbox::{Clock, Message, MessageContext, Publisher, transact};
use products::commands::{CommandError, create_product, restock};
use products::domain::{Draft, DraftFields, Refusal};
use products::store::memory::Tables as ProductsTables;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::clock::SimulatedClock;
use crate::fault::Fault;
use crate::instance::Running;
use crate::shop::Shop;
use crate::violation::Check;

/// What the customers and the admin know when all is over.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The order that a customer was told of, with what was asked for.
    pub(crate) answered: BTreeMap<AccountId, (OrderId, Basket)>,
    /// Customers that came without a key, so that each try may have become an order.
    pub(crate) tries: BTreeMap<AccountId, u32>,
    /// The orders that a customer wanted cancelled.
    pub(crate) cancelled: BTreeMap<OrderId, Asked>,
    /// What the admin put in.
    pub(crate) stocked: BTreeMap<ProductId, Stocked>,
}

/// What a customer knows of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It was answered.
    Acknowledged,
    /// No answer was heard, or it was too late: the order is cancelled or not.
    Unheard,
}

/// What the admin put in of a product.
#[derive(Debug, Default)]
pub(crate) struct Stocked {
    /// At first.
    pub(crate) initial: u64,
    /// The restocks that were acknowledged.
    pub(crate) sure: Vec<u64>,
    /// Those whose answer was not heard: each was applied or not.
    pub(crate) unheard: Vec<u64>,
}

type Shared = Arc<Mutex<Memory>>;

fn with<T>(memory: &Shared, work: impl FnOnce(&mut Memory) -> T) -> T {
    work(&mut memory.lock().unwrap_or_else(PoisonError::into_inner))
}

/// How long it takes until all orders are placed, if all goes well.
const RUSH: Duration = Duration::from_secs(5);

/// Sends everybody on their way. All are done when the set is empty.
pub(crate) fn send(shop: &Arc<Shop>) -> (Shared, JoinSet<()>) {
    let memory = Shared::default();
    let mut people = JoinSet::new();
    let plan = shop.world.plan.clone();
    for number in 0..plan.products {
        people.spawn(admin(Arc::clone(shop), Arc::clone(&memory), number));
    }
    for number in 0..plan.orders {
        people.spawn(account(Arc::clone(shop), number));
        people.spawn(customer(Arc::clone(shop), Arc::clone(&memory), number));
    }
    (memory, people)
}

fn account_id(number: u32) -> AccountId {
    AccountId::from_u128(u128::from(number) + 1)
}

fn catalogue(running: &Running) -> Option<Broken<MemoryDatabase<ProductsTables>>> {
    running.catalogue.clone()
}

fn product_name(number: u32) -> String {
    format!("product {number}")
}

/// Adds a product and perhaps raises its stock.
async fn admin(shop: Arc<Shop>, memory: Shared, number: u32) {
    let chance = &shop.world.chance;
    let name = product_name(number);
    let quantity = i64::from(chance.between(1, 12));
    let restocks = chance.between(0, 2);
    let id = loop {
        let fields = DraftFields {
            name: &name,
            description: "to be sold",
            price: "9.50",
            quantity,
            categories: &[],
        };
        let Ok(draft) = Draft::new(&fields) else {
            shop.world.violate(format!("{name} was refused"));
            return;
        };
        let added = shop
            .inside(catalogue, async move |store, clock| {
                create_product(&store, clock.as_ref(), MessageContext::default(), draft).await
            })
            .await;
        match added {
            Some(Ok(product)) => break product.product_id,
            // It is the one whose answer was not heard.
            Some(Err(CommandError::Refused(Refusal::ProductExists(_)))) => {
                let tables = shop.servers.products.state();
                let mut all = tables.products.values().map(|kept| &kept.state);
                match all.find(|state| state.name == name) {
                    Some(state) => break state.product_id,
                    None => shop
                        .world
                        .violate(format!("{name} exists, but is not there")),
                }
            }
            _ => tokio::time::sleep(chance.time(Duration::from_millis(500))).await,
        }
    };
    with(&memory, |memory| {
        memory.stocked.entry(id).or_default().initial = quantity.unsigned_abs();
    });
    for _ in 0..restocks {
        tokio::time::sleep(chance.time(RUSH)).await;
        let by = chance.between(1, 4);
        let heard = shop
            .inside(catalogue, async move |store, clock| {
                let context = MessageContext::default();
                restock(&store, clock.as_ref(), context, id, by.into()).await
            })
            .await;
        with(&memory, |memory| {
            let stocked = memory.stocked.entry(id).or_default();
            match heard {
                Some(Ok(_)) => stocked.sure.push(by.into()),
                _ => stocked.unheard.push(by.into()),
            }
        });
    }
}

fn basket(shop: &Shop) -> Basket {
    let (chance, plan) = (&shop.world.chance, &shop.world.plan);
    let lines = chance.between(1, 3);
    let wanted = (0..lines).map(|_| {
        let name = product_name(chance.between(0, plan.products - 1));
        (name, i64::from(chance.between(1, 3)))
    });
    match Basket::new(wanted.collect::<Vec<_>>()) {
        Ok(basket) => basket,
        Err(refusal) => unreachable!("a basket of the simulation: {refusal}"),
    }
}

/// Publishes the account of a customer, in the place of auth: before its order or after it, once or
/// several times, and perhaps deleted in the end.
async fn account(shop: Arc<Shop>, number: u32) {
    let (world, chance) = (&shop.world, &shop.world.chance);
    let clock = SimulatedClock::new(Arc::clone(chance), world.began, 0);
    let account_id = account_id(number);
    for version in 1..=u64::from(chance.between(1, 3)) {
        tokio::time::sleep(chance.time(RUSH)).await;
        let deleted = version > 1 && chance.happens(3_000);
        let update = AccountUpdate {
            account_id,
            email: (!deleted).then(|| format!("{number}@example.com")),
            role: "user".to_owned(),
            blocked: false,
            token_version: 0,
            deleted,
            version,
        };
        let id = Uuid::from_u64_pair(u64::from(number), version);
        let context = MessageContext::default();
        let message = Message::new(id, "auth", clock.now(), context, &update);
        match message {
            Ok(message) => {
                let published = shop.servers.broker.publish(&[message]).await;
                if let Err(fault) = published {
                    world.violate(format!("an account is not published: {fault}"));
                }
            }
            Err(fault) => world.violate(format!("an account is no message: {fault}")),
        }
        if deleted {
            return;
        }
    }
}

/// Places one order, with a key as often as it takes, without one once; asks again afterwards.
async fn customer(shop: Arc<Shop>, memory: Shared, number: u32) {
    let world = &shop.world;
    let chance = &world.chance;
    let who = account_id(number);
    let basket = basket(&shop);
    let keyed = chance.happens(7_500);
    let key = keyed.then(|| retry_key(who, "once", &basket, None, None));
    tokio::time::sleep(chance.time(RUSH)).await;
    // A product is known to the orders service when it has heard of it, not before.
    let mut refusals = 0;
    loop {
        match ask(&shop, who, &basket, key, number).await {
            Answer::Order(order) => {
                world.tell(|| format!("customer {number} has order {order}"));
                let first = with(&memory, |memory| {
                    let kept = memory.answered.entry(who);
                    kept.or_insert_with(|| (order, basket.clone())).0
                });
                if first != order {
                    let what = format!(
                        "customer {number} asked twice with one key and got orders {first} and {order}"
                    );
                    world.found(Check::Requests, what);
                }
                if chance.happens(3_500) {
                    cancel(&shop, &memory, who, order).await;
                }
                if !keyed || chance.happens(6_000) {
                    return;
                }
            }
            Answer::No if refusals == 3 => return,
            Answer::No => refusals += 1,
            Answer::None => {
                if !keyed {
                    with(&memory, |memory| *memory.tries.entry(who).or_default() += 1);
                    return;
                }
            }
        }
        tokio::time::sleep(chance.time(Duration::from_millis(1_500))).await;
    }
}

/// Cancels an order, soon or late, by chance in two windows at once, and again until it is answered or
/// patience ends.
async fn cancel(shop: &Shop, memory: &Shared, who: AccountId, order: OrderId) {
    let (world, chance) = (&shop.world, &shop.world.chance);
    tokio::time::sleep(chance.time(Duration::from_millis(2_000))).await;
    with(memory, |memory| {
        memory.cancelled.entry(order).or_insert(Asked::Unheard);
    });
    for _ in 0..5 {
        let done = if chance.happens(2_000) {
            let (first, second) =
                tokio::join!(cancel_once(shop, who, order), cancel_once(shop, who, order));
            first.or(second)
        } else {
            cancel_once(shop, who, order).await
        };
        match done {
            Some(Ok((cancelled, _))) => {
                world.tell(|| format!("order {order} is {}", cancelled.status.name()));
                with(memory, |memory| {
                    memory.cancelled.insert(order, Asked::Acknowledged)
                });
                return;
            }
            Some(Err(NotCancelled::TooLate(status))) => {
                world.tell(|| format!("order {order} is {} already", status.name()));
                return;
            }
            Some(Err(NotCancelled::Unknown)) => {
                let what = format!("order {order} was acknowledged, and can't be cancelled");
                return world.found(Check::Requests, what);
            }
            None => tokio::time::sleep(chance.time(Duration::from_millis(800))).await,
        }
    }
}

/// `None` when no answer is heard.
async fn cancel_once(
    shop: &Shop,
    who: AccountId,
    order: OrderId,
) -> Option<Result<(Order, bool), NotCancelled>> {
    let heard = shop.inside(
        |running| running.orders.clone(),
        async move |database, clock| {
            let by = CancelledBy::Customer(who);
            let context = MessageContext::default();
            let mut work = CancelOrder::new(&database, clock.as_ref(), context, order, by, None);
            transact(&database, &mut work).await
        },
    );
    heard.await?.ok()
}

enum Answer {
    Order(OrderId),
    No,
    None,
}

async fn ask(
    shop: &Shop,
    who: AccountId,
    basket: &Basket,
    retry: Option<RetryKey>,
    number: u32,
) -> Answer {
    let Some((order_queue, clock)) = shop.door() else {
        return Answer::No;
    };
    let id = OrderId::from_bytes(clock.uuid().into_bytes());
    let request = PlaceOrder {
        id,
        event_id: clock.uuid(),
        customer: who,
        basket: basket.clone(),
        payment: None,
        delivery: None,
        retry,
        context: MessageContext {
            correlation_id: Some(format!("request of customer {number}")),
            ..MessageContext::default()
        },
    };
    let world = &shop.world;
    if !world.is_calm() && world.chance.happens(world.plan.poison) {
        world.count(Fault::Garbage);
        world.tell(|| format!("an unreadable message comes before order {id}"));
        let header = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
        let headers = match world.chance.place(3) {
            0 => vec![],
            1 => vec![header("ce_type", "OrderCreate")],
            _ => vec![
                header("ce_type", "OrderCreate"),
                header("ce_id", &clock.uuid().to_string()),
                header("ce_dataversion", "7"),
                header("ce_time", "2026-01-01T00:00:00Z"),
            ],
        };
        let key = id.to_string();
        shop.servers
            .broker
            .append(topics::ORDERS, Some(&key), headers, b"{".to_vec());
    }
    match order_queue.place(request).await {
        Ok(Ok(Placed::New(order) | Placed::Again(order))) => Answer::Order(order.id),
        Ok(Err(_)) => Answer::No,
        Err(_) => Answer::None,
    }
}
