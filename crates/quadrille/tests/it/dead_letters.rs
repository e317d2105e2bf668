//! `quadrille dead-letters`: list, show, retry, discard, and the record of it.

use events::{OrderCreate, OrderId, OrderLine};
use outbox::MessageContext;
use testkit::eventually;

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_is_shown_retried_and_discarded_and_that_is_on_record() {
    let shop = Shop::open().await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["cup"], 5).await;
    let nothing = shop.quadrille(&["dead-letters", "list"]).await;
    assert!(
        nothing.stdout.contains("There are no dead letters."),
        "{}",
        nothing.stdout
    );

    // An order of nothing breaks its contract; the right one of the same key waits behind it.
    let order_id = OrderId::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0042);
    let price = events::Money::new(250, events::money::DEFAULT_CURRENCY);
    let line = OrderLine {
        product_id: shop.product_id("cup").await.parse().unwrap(),
        name: "cup".to_owned(),
        quantity: 2,
        unit_price: price,
        seller: None,
    };
    let order = |lines: Vec<OrderLine>| OrderCreate {
        order_id,
        customer_id: events::AccountId::from_u128(7),
        lines,
        total: price,
        version: 1,
        asks: events::Asks::NOTHING,
    };
    shop.environment
        .publish(&order(Vec::new()), MessageContext::default())
        .await;
    shop.environment
        .publish(&order(vec![line]), MessageContext::default())
        .await;
    let list = ["dead-letters", "list", "--json"];
    eventually("both are dead-lettered", || async {
        let found = shop.quadrille(&list).await.well();
        found[0]["waiting_behind"] == 1
    })
    .await;

    let listed = shop.quadrille(&list).await.well();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed:#}");
    let dead_letter = listed[0]["id"].as_str().unwrap();
    assert!(
        dead_letter.starts_with("products/orders.order.v1/"),
        "{dead_letter}"
    );
    assert_eq!(listed[0]["event"], "OrderCreate");
    assert!(
        listed[0]["reason"]
            .as_str()
            .unwrap()
            .contains("asks for nothing"),
        "{listed:#}"
    );
    let others = [
        "--service=orders",
        "--topic=products.product.v1",
        "--key=other",
    ];
    for filter in others {
        let none = shop
            .quadrille(&[&list[..], &[filter]].concat())
            .await
            .well();
        assert_eq!(none, serde_json::json!([]), "{filter}");
    }
    let shown = shop
        .quadrille(&["dead-letters", "show", dead_letter])
        .await
        .stdout;
    for part in [
        "ce_type: OrderCreate",
        "\"lines\": []",
        "behind it",
        "1 later message",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let detail = shop
        .quadrille(&["dead-letters", "show", dead_letter, "--json"])
        .await
        .well();
    let behind = detail["behind"][0]["id"].as_str().unwrap().to_owned();

    // Retrying can't help, one that waits must not overtake, and giving up needs a reason.
    let again = shop
        .quadrille(&["dead-letters", "retry", dead_letter, "--json"])
        .await;
    assert_eq!(again.code, 1);
    assert_eq!(again.json()["outcome"], "failed again");
    let refused: [(&[&str], &str); 5] = [
        (&["retry", &behind], "waits behind"),
        (&["discard", dead_letter], "--reason"),
        (&["discard", dead_letter, "--reason= "], "give a reason"),
        (
            &["show", "products/orders.order.v1/0/99"],
            "there is no dead letter",
        ),
        (&["show", "nonsense"], "service/topic/partition/offset"),
    ];
    for (arguments, reason) in refused {
        let answer = shop
            .quadrille(&[&["dead-letters"], arguments].concat())
            .await;
        assert_ne!(answer.code, 0, "{arguments:?}");
        assert!(
            answer.stderr.contains(reason),
            "{arguments:?}: {}",
            answer.stderr
        );
    }

    let reason = ["--reason=an empty order, no customer has it", "--who=ada"];
    let gone = shop
        .quadrille(
            &[
                &["dead-letters", "discard", dead_letter, "--json"],
                &reason[..],
            ]
            .concat(),
        )
        .await
        .well();
    assert_eq!(
        (&gone["outcome"], &gone["applied"]),
        (&"discarded".into(), &1.into()),
        "{gone:#}"
    );

    // The one behind it is decided; orders never had it, so its decision is dead-lettered there.
    eventually("the decision is dead-lettered by orders", || async {
        let found = shop.quadrille(&list).await.well();
        found[0]["service"] == "orders"
    })
    .await;
    let dead_letter = shop.quadrille(&list).await.well()[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let gone = shop
        .quadrille(&[&["dead-letters", "discard", &dead_letter], &reason[..]].concat())
        .await;
    assert_eq!(gone.code, 0, "{}", gone.stderr);
    let nothing = shop.quadrille(&list).await.well();
    assert_eq!(nothing, serde_json::json!([]));

    let actions = shop
        .quadrille(&["dead-letters", "actions", "--json"])
        .await
        .well();
    let actions = actions.as_array().unwrap();
    assert_eq!(actions.len(), 3, "{actions:#?}");
    let by_ada = actions.iter().filter(|action| {
        action["who"] == "ada" && action["action"] == "discard" && !action["reason"].is_null()
    });
    assert_eq!(by_ada.count(), 2, "{actions:#?}");
    products.stop().await;
    orders.stop().await;
    shop.close().await;
}

/// A record that unpacks to more than a document of MongoDB may have: it alone is set aside.
#[tokio::test(flavor = "multi_thread")]
async fn orders_behind_a_record_that_is_too_large_to_be_kept_settle() {
    let shop = Shop::open().await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["cup"], 50).await;
    let large = vec![b'x'; 17_000_000];
    let headers = [("ce_type", "OrderCreate")];
    let topic = events::topics::ORDERS;
    let appended = shop
        .environment
        .append(topic, Some("large"), &headers, Some(&large));
    appended.await;
    // So many that some lie in its partition.
    for _ in 0..20 {
        shop.order(&orders, &[("cup", 1)]).await;
    }
    shop.settle().await;

    let list = ["dead-letters", "list", "--service", "products", "--json"];
    let listed = shop.quadrille(&list).await.well();
    let [dead_letter] = &listed.as_array().unwrap()[..] else {
        panic!("{listed:#}")
    };
    assert!(dead_letter["original_bytes"].as_u64().unwrap() > 17_000_000);
    let id = dead_letter["id"].as_str().unwrap();
    let shown = shop.quadrille(&["dead-letters", "show", id]).await;
    assert!(
        shown.stdout.contains("too many to be kept"),
        "{}",
        shown.stdout
    );
    assert!(shown.stdout.len() < 10_000, "its beginning is shown");
    let retried = shop
        .quadrille(&["dead-letters", "retry", id, "--json"])
        .await;
    assert_eq!(
        retried.json()["outcome"],
        "failed again",
        "it was read again"
    );
    let reason = "not one of the shop's messages";
    let discarded = ["dead-letters", "discard", id, "--reason", reason, "--json"];
    assert_eq!(
        shop.quadrille(&discarded).await.well()["outcome"],
        "discarded"
    );
    let clean = shop.quadrille(&["audit", "--json"]).await.well();
    assert_eq!(
        (&clean["clean"], &clean["unreadable"]),
        (&true.into(), &1.into())
    );
}
