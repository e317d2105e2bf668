//! Each handler on each kind of input, always twice.

use events::{
    OrderId, OrderStatus, OrderStatusUpdate, ProductCreate, ProductId, ProductsQuantityUpdate,
    Reason, Rejection,
};
use orders::domain::{Author, ProductCopy};
use orders::handlers::OnOrderStatusUpdate;
use orders::store::OrdersStore;
use outbox::HandleError;
use outbox::mongo::MongoDatabase;
use replica::{Copies, Versioned};
use uuid::Uuid;

use crate::fixture::{
    Shop, customer, decided, envelope, handle, handle_twice, handle_twice_by, product, request,
};

async fn copies(shop: &Shop) -> Vec<(u128, u32, u64)> {
    let copies = shop.copies().await;
    copies
        .iter()
        .map(|copy| (copy.id.as_u128(), copy.state.quantity, copy.version))
        .collect()
}

#[tokio::test]
async fn an_accepted_and_a_rejected_order_are_settled_once() {
    settled_once(|db| db).await;
}

/// Through `adapter` to the database.
pub async fn settled_once<D: OrdersStore>(adapter: impl Fn(MongoDatabase) -> D) {
    let shop = Shop::open().await;
    let (first, second) = (
        shop.place_one(customer()).await,
        shop.place_one(customer()).await,
    );
    let reason = Rejection::InsufficientStock {
        product_id: ProductId::from_u128(1),
        available: 0,
    };
    let rejected = envelope(OrderStatusUpdate {
        order_id: second.id,
        status: OrderStatus::Rejected,
        reason: Some(reason.clone()),
        version: 1,
    });
    let accepted = decided(first.id, OrderStatus::Accepted);
    let store = adapter(shop.database.clone());
    let handler = OnOrderStatusUpdate::new(store.clone());
    // Each of them also comes twice within the batch.
    let events = [
        accepted.clone(),
        rejected.clone(),
        accepted.clone(),
        rejected,
    ];
    handle_twice_by(&shop, &store, &handler, &events).await;

    let order = shop.order(first.id).await;
    assert_eq!((order.status, order.version), (OrderStatus::Accepted, 2));
    assert_eq!(order.history.len(), 2);
    assert_eq!(order.history[0], first.history[0]);
    assert_eq!(order.history[1].by, Author::Products);
    assert_eq!(
        order.history[1].at.as_millisecond(),
        accepted.time.as_millisecond()
    );
    let order = shop.order(second.id).await;
    let reason = Reason::Rejection(reason);
    assert_eq!(
        (order.status, order.reason.as_ref()),
        (OrderStatus::Rejected, Some(&reason))
    );
    assert_eq!(order.history[1].reason, Some(reason));
}

#[tokio::test]
async fn the_first_decision_holds() {
    first_decision(|db| db).await;
}

/// Through `adapter` to the database.
pub async fn first_decision<D: OrdersStore>(adapter: impl Fn(MongoDatabase) -> D) {
    let shop = Shop::open().await;
    let order = shop.place_one(customer()).await;
    let store = adapter(shop.database.clone());
    let handler = OnOrderStatusUpdate::new(store.clone());
    let accepted = decided(order.id, OrderStatus::Accepted);
    handle(&store, &handler, &[accepted]).await.unwrap();
    let settled = shop.contents().await;
    for later in [OrderStatus::Accepted, OrderStatus::Rejected] {
        let again = decided(order.id, later);
        handle(&store, &handler, &[again]).await.unwrap();
        assert_eq!(settled, shop.contents().await, "the first one holds");
    }
}

#[tokio::test]
async fn a_decision_about_an_unknown_order_is_dead_lettered_and_changes_nothing() {
    let shop = Shop::open().await;
    let order = shop.place_one(customer()).await;
    let before = shop.contents().await;
    let handler = OnOrderStatusUpdate::new(shop.database.clone());
    let unknown = decided(OrderId::from_u128(404), OrderStatus::Accepted);
    let impossible = decided(order.id, OrderStatus::Pending);
    for event in [unknown, impossible] {
        let events = [decided(order.id, OrderStatus::Accepted), event];
        let dead_lettered = handle(&shop.database, &handler, &events).await;
        let Err(HandleError::DeadLetter(reason)) = dead_lettered else {
            panic!("{dead_lettered:?}")
        };
        assert!(reason.contains("order"), "{reason}");
        assert_eq!(before, shop.contents().await);
    }
}

#[tokio::test]
async fn a_product_is_copied_and_becomes_orderable() {
    let shop = Shop::new().await;
    let handler = Copies::<ProductCopy, _>::new(shop.database.clone());
    let created = [
        envelope(ProductCreate {
            product: product(1, "lamp", 1250, 4, 1),
        }),
        envelope(ProductCreate {
            product: product(2, "rug", 9900, 1, 1),
        }),
    ];
    assert!(
        shop.place(&[request(customer(), &[("lamp", 1)], None)])
            .await[0]
            .is_err()
    );
    handle_twice(&shop, &handler, &created).await;
    assert_eq!(copies(&shop).await, [(1, 4, 1), (2, 1, 1)]);
    assert!(
        shop.place(&[request(customer(), &[("lamp", 4), ("rug", 1)], None)])
            .await[0]
            .is_ok()
    );
}

#[tokio::test]
async fn a_late_event_never_moves_a_copy_backwards() {
    late_events(|db| db).await;
}

/// Through `adapter` to the database.
pub async fn late_events<D: OrdersStore>(adapter: impl Fn(MongoDatabase) -> D) {
    let shop = Shop::new().await;
    let store = adapter(shop.database.clone());
    let handler = Copies::<ProductCopy, _>::new(store.clone());
    let update = |quantity, version| {
        envelope(ProductsQuantityUpdate {
            product: product(1, "chair", 2999, quantity, version),
        })
    };
    // The newest of a batch counts, wherever it stands in it.
    let batch = [update(20, 11), update(10, 12), update(30, 10)];
    handle(&store, &handler, &batch).await.unwrap();
    assert_eq!(copies(&shop).await, [(1, 10, 12)]);
    for late in [update(30, 1), update(20, 11), update(99, 12)] {
        handle_twice_by(&shop, &store, &handler, &[late]).await;
        assert_eq!(copies(&shop).await, [(1, 10, 12)], "a late one is dropped");
    }
    let late = envelope(ProductCreate {
        product: product(1, "chair", 2999, 30, 1),
    });
    handle_twice_by(&shop, &store, &handler, &[late]).await;
    assert_eq!(copies(&shop).await, [(1, 10, 12)]);
    handle_twice_by(&shop, &store, &handler, &[update(9, 13)]).await;
    assert_eq!(copies(&shop).await, [(1, 9, 13)]);
}

#[tokio::test]
async fn of_two_instances_that_copy_a_product_at_once_the_newer_version_stays() {
    copied_at_two_instances(|db| db).await;
}

/// Through `adapter` to the database.
pub async fn copied_at_two_instances<D: OrdersStore>(adapter: impl Fn(MongoDatabase) -> D) {
    let shop = Shop::open().await;
    let copy = |quantity, version| {
        let product = product(1, "chair", 2999, quantity, version);
        [Versioned::<ProductCopy>::of(&ProductCreate { product }).unwrap()]
    };
    let database = adapter(shop.database.clone());
    let mut slow = database.begin().await.unwrap();
    let ids = [Uuid::from_u128(1)];
    database.versions(&mut slow, &ids).await.unwrap();
    let mut quick = database.begin().await.unwrap();
    database.save(&mut quick, &copy(5, 9)).await.unwrap();
    database.commit(quick).await.unwrap();
    let fault = database.save(&mut slow, &copy(7, 8)).await.unwrap_err();
    assert_eq!(fault.kind(), outbox::ErrorKind::Conflict, "{fault}");
    database.abort(slow).await;
    // Even one that looks again afterwards is stopped by the guard in the statement.
    let mut late = database.begin().await.unwrap();
    let saved = database.save(&mut late, &copy(7, 8)).await;
    let kind = saved.err().map(|fault| fault.kind());
    let conflict = Some(outbox::ErrorKind::Conflict);
    assert_eq!(kind, conflict, "an older one is refused");
    database.abort(late).await;
    assert_eq!(copies(&shop).await, [(1, 5, 9), (2, 200, 1)]);
}
