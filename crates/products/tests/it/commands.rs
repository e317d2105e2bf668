//! Commands on the real database.

use events::{ProductCreate, ProductId, ProductsQuantityUpdate};
use futures::TryStreamExt;
use outbox::{Event, MessageContext, OutboxStore};
use products::audit_view;
use products::commands::{CommandError, create_category, create_product, restock};
use products::domain::{CategoryName, Draft, DraftFields, Refusal};
use products::seed::Seeded;
use products::seed_demo;

use crate::fixture::{Shop, draft, order};

fn cause() -> MessageContext {
    MessageContext {
        correlation_id: Some("request-7".to_owned()),
        ..MessageContext::default()
    }
}

#[tokio::test]
async fn a_created_product_is_published_once_in_version_1() {
    let shop = Shop::open().await;
    let made = create_product(
        &shop.database,
        shop.clock.as_ref(),
        cause(),
        draft("Cup", "5.99", 7),
    )
    .await;
    let product = made.unwrap();
    assert_eq!(
        (product.version, product.quantity, product.price.minor),
        (1, 7, 599)
    );
    let records = shop.database.pending(10, &[]).await.unwrap();
    let messages: Vec<_> = records
        .into_iter()
        .flat_map(|record| record.messages)
        .collect();
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].event_type, ProductCreate::TYPE);
    assert_eq!(messages[0].context, cause());
    assert_eq!(
        ProductCreate::read(1, &messages[0].payload)
            .unwrap()
            .product,
        product
    );
}

#[tokio::test]
async fn refused_commands_change_and_publish_nothing() {
    let shop = Shop::open().await;
    let cup = shop.product("Cup", 1).await;
    let documents = shop.documents().await;
    let clock = shop.clock.as_ref();

    for name in ["Cup", "cup", " CUP "] {
        let refused = create_product(&shop.database, clock, cause(), draft(name, "1", 1)).await;
        let expected = Refusal::ProductExists("Cup".to_owned());
        assert!(
            matches!(refused, Err(CommandError::Refused(r)) if r == expected),
            "{name}"
        );
    }
    let categories = ["Things".to_owned(), "Nowhere".to_owned()];
    let fields = DraftFields {
        name: "pan",
        description: "flat",
        price: "1",
        quantity: 1,
        categories: &categories,
    };
    let nowhere = Draft::new(&fields).unwrap();
    let refused = create_product(&shop.database, clock, cause(), nowhere).await;
    let expected = Refusal::UnknownCategory("nowhere".to_owned());
    assert!(matches!(refused, Err(CommandError::Refused(r)) if r == expected));

    for by in [0, -1, 1_000_001] {
        let refused = restock(&shop.database, clock, cause(), cup.product_id, by).await;
        assert!(matches!(
            refused,
            Err(CommandError::Refused(Refusal::InvalidRaise { .. }))
        ));
    }
    let unknown = ProductId::from_u128(5);
    let refused = restock(&shop.database, clock, cause(), unknown, 1).await;
    assert!(matches!(
        refused,
        Err(CommandError::Refused(Refusal::UnknownProduct(_)))
    ));

    let things = CategoryName::new(" THINGS").unwrap();
    let refused = create_category(&shop.database, clock, things).await;
    assert!(matches!(
        refused,
        Err(CommandError::Refused(Refusal::CategoryExists(_)))
    ));

    assert_eq!(shop.documents().await, documents);
}

#[tokio::test]
async fn of_many_who_create_one_name_one_does() {
    let shop = Shop::open().await;
    let clock = shop.clock.as_ref();
    let tries = (0..12).map(|n| {
        let name = if n % 2 == 0 { "Mug" } else { "mug" };
        create_product(&shop.database, clock, cause(), draft(name, "1", 1))
    });
    let outcomes = futures::future::join_all(tries).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        let exists = matches!(refused, CommandError::Refused(Refusal::ProductExists(_)));
        assert!(exists, "{refused}");
    }
    assert_eq!(shop.documents().await["products"].len(), 1);
    assert_eq!(shop.documents().await["outbox"].len(), 1);
}

#[tokio::test]
async fn concurrent_restocks_all_count() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 1).await.product_id;
    let clock = shop.clock.as_ref();
    let restocks = (0..8).map(|_| restock(&shop.database, clock, cause(), cup, 10));
    for restocked in futures::future::join_all(restocks).await {
        restocked.unwrap();
    }
    let now = shop.state(cup).await;
    assert_eq!((now.quantity, now.version), (81, 9));
    let records = shop.database.pending(100, &[]).await.unwrap();
    let newest = records
        .iter()
        .flat_map(|record| &record.messages)
        .filter(|message| message.event_type == ProductsQuantityUpdate::TYPE)
        .map(|message| {
            ProductsQuantityUpdate::read(1, &message.payload)
                .unwrap()
                .product
        })
        .max_by_key(|product| product.version);
    assert_eq!(newest, Some(now));
}

#[tokio::test]
async fn the_seed_is_sown_once_and_leaves_what_is_there_alone() {
    let shop = Shop::open().await;
    let clock = || std::sync::Arc::clone(&shop.clock);
    let sown = seed_demo(&shop.database, clock()).await.unwrap();
    assert_eq!(
        sown,
        Seeded {
            categories: 3,
            products: 4
        }
    );

    let chair = audited(&shop)
        .await
        .into_iter()
        .find(|product| product.state.name == "chair");
    let chair = chair.unwrap().state;
    assert_eq!((chair.price.minor, chair.quantity), (2_999, 30));
    shop.handle(&[order(&[(chair.product_id, 7)])]).await;
    let documents = shop.documents().await;

    let again = seed_demo(&shop.database, clock()).await.unwrap();
    assert_eq!(again, Seeded::default());
    assert_eq!(shop.documents().await, documents);
}

async fn audited(shop: &Shop) -> Vec<products::store::audit::AuditedProduct> {
    audit_view(&shop.database)
        .products()
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap()
}

#[tokio::test]
async fn the_audit_shows_what_was_stocked_and_what_was_promised() {
    let shop = Shop::open().await;
    let cup = shop.product("cup", 5).await.product_id;
    let clock = shop.clock.as_ref();
    restock(&shop.database, clock, cause(), cup, 10)
        .await
        .unwrap();
    let (taken, refused) = (order(&[(cup, 12)]), order(&[(cup, 4)]));
    shop.handle(&[taken.clone(), refused.clone()]).await;

    let product = audited(&shop).await.remove(0);
    assert_eq!((product.stocked, product.state.quantity), (15, 3));
    let view = audit_view(&shop.database);
    let kept: Vec<_> = view
        .stock_decisions()
        .await
        .unwrap()
        .try_collect()
        .await
        .unwrap();
    let mut summary: Vec<_> = kept
        .iter()
        .map(|kept| (kept.order_id, kept.status.name(), kept.lines[0].1))
        .collect();
    summary.sort();
    let mut expected = vec![
        (taken.event.order_id, "ACCEPTED", 12),
        (refused.event.order_id, "REJECTED", 4),
    ];
    expected.sort();
    assert_eq!(summary, expected);
}

#[tokio::test]
async fn preparing_again_changes_nothing() {
    let shop = Shop::open().await;
    shop.product("cup", 5).await;
    let documents = shop.documents().await;
    let prepared = (0..3).map(|_| host::prepare::<products::Products>(&shop.database));
    for outcome in futures::future::join_all(prepared).await {
        outcome.unwrap();
    }
    assert_eq!(shop.documents().await, documents);
}
