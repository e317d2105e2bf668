//! `quadrille audit`: a shop in order is clean, and whatever is off is named.

use bson::doc;
use events::{
    AccountId, AccountUpdate, CartCheckout, OrderCreate, OrderId, OrderStatus, OrderStatusUpdate,
    Rejection,
};
use outbox::{MessageContext, SystemClock};
use purchases::commands::RecordPurchase;
use purchases::domain::Purchase;
use serde_json::Value;
use uuid::Uuid;

use crate::shop::Shop;

/// What a check has found.
fn found(findings: &Value, check: &str) -> Vec<String> {
    let checks = findings["checks"].as_array().unwrap();
    let named = checks.iter().find(|c| c["name"] == check);
    let named = named.unwrap_or_else(|| panic!("there is no check {check}"))["named"].as_array();
    named
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

fn assert_named(findings: &Value, check: &str, what: &[&str]) {
    let found = found(findings, check);
    assert!(
        found
            .iter()
            .any(|text| what.iter().all(|part| text.contains(part))),
        "{check} does not name {what:?}: {found:#?}"
    );
    let all = findings["differences"].to_string();
    assert!(what.iter().all(|part| all.contains(part)), "{all}");
}

/// What has nothing to look at: no account is deleted yet, and nothing is paid for.
const NOTHING: [&str; 6] = [
    "mails-erased",
    "orders-paid",
    "ledger-adds-up",
    "balances-add-up",
    "provider-agrees",
    "payments-published",
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_off_is_named() {
    let shop = Shop::open().await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["cup", "plate", "pot"], 100).await;
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(shop.order(&orders, &[("cup", 1), ("plate", 2)]).await);
    }
    let purchases = shop.start_purchases().await;
    let values = ["ann", "7", "25", "2026-01-02T03:04:05Z"].map(str::to_owned);
    let [username, userid, price, at] = values;
    let purchase = Purchase::new(username, userid, price, at).unwrap();
    let (database, context) = (shop.database("purchases").await, MessageContext::default());
    let mut work = RecordPurchase::new(&database, &SystemClock, context, purchase);
    let taken = outbox::transact(&database, &mut work).await.unwrap();
    assert_eq!(taken, Ok(()));
    shop.settle().await;

    let cart = Uuid::now_v7().to_string();
    let line = doc! {
        "product": crate::shop::key(&shop.product_id("cup").await), "name": "cup", "quantity": 2,
        "known_price": 250_i64, "currency": "EUR",
    };
    let row = doc! { "_id": crate::shop::key(&cart), "version": 1_i64, "lines": [line] };
    shop.slip_in("carts", "carts", row).await;
    let checkout = CartCheckout {
        order_id: ids[0].parse().unwrap(),
        customer_id: AccountId::from_u128(8),
        lines: Vec::new(),
        total: events::Money::zero(events::money::DEFAULT_CURRENCY),
        payment: None,
        delivery: None,
        version: 2,
    };
    let context = MessageContext::default();
    shop.environment.publish(&checkout, context).await;
    let row = doc! {
        "_id": crate::shop::key(&ids[0]), "account": crate::shop::key(&cart), "status": "PLACED",
        "lines": [],
    };
    shop.slip_in("carts", "checkouts", row).await;

    // Mails are not waited for by anyone else.
    testkit::eventually("no mail waits", || async {
        let mails = shop.all("notifications", "mails").await;
        mails
            .iter()
            .all(|mail| mail.get_str("status").is_ok_and(|status| status == "KEPT"))
    })
    .await;
    let mails = shop.all("notifications", "mails").await;
    let mail_of = |order: &str| {
        let of_order =
            |mail: &&bson::Document| mail.get("order") == Some(&crate::shop::key(order).into());
        let mail = mails.iter().find(of_order).unwrap();
        bson::deserialize_from_bson::<bson::Uuid>(mail.get("_id").unwrap().clone())
            .unwrap()
            .to_string()
    };

    // In order: every rule was looked at and holds.
    let clean = shop.quadrille(&["audit", "--json"]).await.well();
    assert_eq!(clean["clean"], true);
    assert_eq!(
        (&clean["orders"], &clean["statuses"]["ACCEPTED"]),
        (&8.into(), &8.into())
    );
    assert_eq!(clean["units_given"], 24);
    assert!(clean["records"].as_u64().unwrap() >= 8 + 8 + 3, "{clean:#}");
    for check in clean["checks"].as_array().unwrap() {
        assert_eq!(check["passed"], true, "{check}");
        let (name, looked_at) = (&check["name"], check["looked_at"].as_u64().unwrap());
        assert_eq!(
            looked_at > 0,
            !NOTHING.iter().any(|it| name == it),
            "{check}"
        );
    }

    let text = shop.quadrille(&["audit"]).await;
    assert!(
        text.stdout.contains("The services and the topics agree."),
        "{}",
        text.stdout
    );

    // An account that is deleted by its topic, and not by its owner.
    let gone = AccountUpdate {
        account_id: AccountId::from_u128(7),
        email: None,
        role: "user".to_owned(),
        blocked: false,
        token_version: 0,
        deleted: true,
        version: 2,
    };
    let context = MessageContext::default();
    shop.environment.publish(&gone, context).await;
    shop.settle().await;

    // What the topics say and the databases do not.
    let stranger = OrderId::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);
    let price = events::Money::new(250, events::money::DEFAULT_CURRENCY);
    let line = events::OrderLine {
        product_id: shop.product_id("pot").await.parse().unwrap(),
        name: "pot".to_owned(),
        quantity: 1,
        unit_price: price,
        seller: None,
    };
    let from_nowhere = OrderCreate {
        order_id: stranger,
        customer_id: events::AccountId::from_u128(7),
        lines: vec![line],
        total: price,
        version: 1,
        asks: events::Asks::NOTHING,
    };
    let second_opinion = OrderStatusUpdate {
        order_id: ids[0].parse().unwrap(),
        status: OrderStatus::Rejected,
        reason: Some(Rejection::UnknownProduct {
            product_id: events::ProductId::from_u128(1),
        }),
        version: 1,
    };
    shop.environment
        .publish(&from_nowhere, MessageContext::default())
        .await;
    shop.environment
        .publish(&second_opinion, MessageContext::default())
        .await;
    // Products decides about the stranger, and orders dead-letters the decision.
    testkit::eventually("the stranger's decision is dead-lettered", || async {
        let found = shop.quadrille(&["audit", "--json"]).await.json();
        found["parked"] == 1 && found["lag"] == 0 && found["outbox_records"] == 0
    })
    .await;
    products.stop().await;
    orders.stop().await;
    purchases.stop().await;

    // What the databases say and nobody else.
    let set = |field: &str, value: bson::Bson| doc! { "$set": { field: value } };
    shop.damage(
        "orders",
        "orders",
        &ids[1],
        set("status", "REJECTED".into()),
    )
    .await;
    shop.lose("orders", "orders", &ids[2]).await;
    let other_id = bson::Uuid::new();
    shop.damage(
        "products",
        "reservations",
        &ids[3],
        set("event_id", other_id.into()),
    )
    .await;
    shop.damage("orders", "orders", &ids[4], set("total", 1_i64.into()))
        .await;
    shop.damage("orders", "orders", &ids[5], set("currency", 5.into()))
        .await;
    shop.lose("products", "reservations", &ids[6]).await;
    shop.damage("orders", "orders", &ids[7], set("status", "PENDING".into()))
        .await;
    shop.damage(
        "orders",
        "orders",
        &ids[0],
        set("status", "CANCELLED".into()),
    )
    .await;
    let now = bson::DateTime::now();
    shop.damage(
        "products",
        "reservations",
        &ids[4],
        set("released_at", now.into()),
    )
    .await;
    let (cup, plate, pot) = (
        shop.product_id("cup").await,
        shop.product_id("plate").await,
        shop.product_id("pot").await,
    );
    shop.damage(
        "products",
        "products",
        &plate,
        set("quantity", 3_i64.into()),
    )
    .await;
    shop.damage("orders", "product_copies", &cup, set("price", 1_i64.into()))
        .await;
    shop.damage("products", "products", &pot, set("version", 77_i64.into()))
        .await;
    let record = doc! { "_id": bson::Uuid::new(), "writer": bson::Uuid::new(),
    "at": bson::DateTime::now(), "messages": [] };
    shop.slip_in("orders", "outbox", record).await;
    let database = shop.database("orders").await;
    let checkpoints = database
        .database()
        .collection::<bson::Document>("checkpoints");
    let behind = doc! { "topic": "products.order-status.v1", "next": { "$gt": 0_i64 } };
    let done = checkpoints
        .update_one(behind, doc! { "$inc": { "next": -1_i64 } })
        .await
        .unwrap();
    assert_eq!(done.modified_count, 1);

    let unscheduled = mail_of(&ids[1]);
    shop.lose("notifications", "mails", &mail_of(&ids[0])).await;
    shop.damage(
        "notifications",
        "mails",
        &unscheduled,
        set("status", "WAITING".into()),
    )
    .await;

    let personal = crate::shop::key(&Uuid::now_v7().to_string());
    let left = doc! {
        "_id": personal, "kind": "ACCOUNT_NEW", "account": crate::shop::key(&gone.account_id.to_string()),
        "created_at": bson::DateTime::now(), "status": "SENT", "recipient": "gone@example.com",
    };
    shop.slip_in("notifications", "mails", left).await;
    let personal = personal.to_string();

    shop.damage("carts", "carts", &cart, set("lines.0.quantity", 0.into()))
        .await;
    shop.damage(
        "carts",
        "checkouts",
        &ids[0],
        set("status", "PENDING".into()),
    )
    .await;
    let rows = shop.database("purchases").await;
    let rows = rows.database().collection::<bson::Document>("purchases");
    assert_eq!(rows.delete_many(doc! {}).await.unwrap().deleted_count, 1);
    let accounts = shop.all("auth", "accounts").await;
    let account = accounts[0].get("_id").unwrap().clone();
    let account = bson::deserialize_from_bson::<bson::Uuid>(account).unwrap();
    let account = account.to_string();
    shop.damage("auth", "accounts", &account, set("role", "user".into()))
        .await;

    let answer = shop.quadrille(&["audit", "--json"]).await;
    assert_eq!(answer.code, 1);
    let off = answer.json();
    assert_eq!(off["clean"], false);
    let stranger = stranger.to_string();
    for (check, what) in [
        ("documents-readable", vec![ids[5].as_str(), "orders"]),
        ("orders-settled", vec![ids[7].as_str(), "PENDING"]),
        ("orders-add-up", vec![ids[4].as_str()]),
        (
            "decisions-match",
            vec![
                ids[1].as_str(),
                "REJECTED in orders and ACCEPTED in products",
            ],
        ),
        ("decisions-match", vec![ids[2].as_str(), "not in orders"]),
        (
            "decisions-match",
            vec![ids[6].as_str(), "nobody decided it"],
        ),
        (
            "orders-published",
            vec![ids[2].as_str(), "not in the orders database"],
        ),
        (
            "orders-published",
            vec![ids[4].as_str(), "another one in the topic"],
        ),
        (
            "orders-published",
            vec![stranger.as_str(), "not in the orders database"],
        ),
        (
            "decisions-published",
            vec![ids[0].as_str(), "both ACCEPTED and REJECTED"],
        ),
        (
            "decisions-published",
            vec![ids[3].as_str(), "another event id"],
        ),
        (
            "decisions-published",
            vec![ids[6].as_str(), "not in the products database"],
        ),
        (
            "updates-published",
            vec![ids[1].as_str(), "another one by its steps"],
        ),
        (
            "updates-published",
            vec![ids[2].as_str(), "not in the orders database"],
        ),
        (
            "updates-published",
            vec![ids[3].as_str(), "does not follow from its decision"],
        ),
        (
            "stock-released",
            vec![ids[0].as_str(), "still has its stock"],
        ),
        (
            "stock-released",
            vec![ids[4].as_str(), "ACCEPTED, and its stock was given back"],
        ),
        ("stock-adds-up", vec![plate.as_str(), "3 left"]),
        ("copies-match", vec![cup.as_str(), "for 0.01 EUR"]),
        ("copies-match", vec![plate.as_str(), "3 left"]),
        ("products-published", vec![pot.as_str(), "version 77"]),
        (
            "products-published",
            vec![plate.as_str(), "says something else"],
        ),
        ("outboxes-empty", vec!["orders", "1 outbox records"]),
        (
            "no-dead-letters",
            vec![stranger.as_str(), "not in this database"],
        ),
        (
            "caught-up",
            vec!["orders", "products.order-status.v1", "1 records"],
        ),
        ("accounts-published", vec![account.as_str(), "differs"]),
        ("purchases-published", vec!["in its topic only"]),
        ("carts-sound", vec![cart.as_str(), "has 0 of product"]),
        (
            "checkouts-published",
            vec![ids[0].as_str(), "is PENDING; its topic says version 2"],
        ),
        ("mails-written", vec![ids[0].as_str(), "ORDER_CREATED"]),
        ("mails-scheduled", vec![unscheduled.as_str(), "no job"]),
        ("mails-erased", vec![personal.as_str(), "deleted"]),
    ] {
        assert_named(&off, check, &what);
    }
    let text = shop.quadrille(&["audit"]).await;
    assert_eq!(text.code, 1);
    assert!(
        text.stdout.contains("OFF") && text.stdout.contains(&ids[2]),
        "{}",
        text.stdout
    );

    // Without Kafka the rules about topics are not looked at, and never pass unseen.
    let databases = shop
        .quadrille(&["audit", "--json", "--databases-only"])
        .await;
    assert_eq!(databases.code, 1);
    let databases = databases.json();
    for check in databases["checks"].as_array().unwrap() {
        let name = check["name"].as_str().unwrap();
        let needs_topics =
            name.ends_with("-published") || ["caught-up", "mails-written"].contains(&name);
        assert_eq!(check["passed"].is_null(), needs_topics, "{check}");
    }
    assert_named(&databases, "stock-adds-up", &[&plate]);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_compared_is_an_error_that_says_so() {
    let shop = Shop::open().await;
    let uri = format!("--mongodb-uri={}", shop.environment.mongodb_uri());
    let all = format!(
        "--databases={}",
        shop.environment.database_name("{service}")
    );
    let nobodys = format!("{all},orders=nobodys");
    let named: [&[&str]; 3] = [
        &["audit", &uri, &all],
        &["audit", &uri, &nobodys, "--databases-only"],
        &["audit", &uri, &all, "--kafka-brokers=127.0.0.1:1"],
    ];
    let texts = [
        "--kafka-brokers",
        "holds no tables of the service orders",
        "--databases-only",
    ];
    for (command, text) in named.into_iter().zip(texts) {
        let output = tokio::process::Command::from(crate::quadrille(command))
            .output()
            .await;
        let answer = crate::shop::answer(&output.unwrap());
        assert_eq!(answer.code, 1, "{command:?}");
        assert!(
            answer.stderr.contains(text),
            "{command:?}: {}",
            answer.stderr
        );
        assert_eq!(answer.stdout, "");
    }
    shop.close().await;
}

/// The end of a transaction has an offset and is no record; nor is what was aborted.
#[tokio::test(flavor = "multi_thread")]
async fn the_marks_of_foreign_transactions_are_not_missing_records() {
    let shop = Shop::open().await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["cup"], 100).await;
    shop.order(&orders, &[("cup", 1)]).await;
    shop.settle().await;
    for committed in [true, false] {
        let topic = events::topics::ORDER_STATUS;
        shop.environment.transaction(topic, committed).await;
        shop.settle().await;
        let clean = shop.quadrille(&["audit", "--json"]).await.well();
        assert_eq!((&clean["clean"], &clean["lag"]), (&true.into(), &0.into()));
    }
}
