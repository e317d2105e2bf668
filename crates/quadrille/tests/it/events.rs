//! `quadrille events`: the life of one order.

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_an_order_is_shown_step_by_step() {
    let shop = Shop::open().await;
    let (products, orders) = (shop.start_products().await, shop.start_orders().await);
    shop.stock(&products, &["cup"], 5).await;
    shop.order(&orders, &[("cup", 1)]).await;
    let id = shop.order(&orders, &[("cup", 2)]).await;
    shop.order(&orders, &[("cup", 1)]).await;
    shop.settle().await;

    let life = shop.quadrille(&["events", &id, "--json"]).await.well();
    assert_eq!(life["status"], "ACCEPTED");
    let steps = life["steps"].as_array().unwrap();
    let told: Vec<(&str, &str)> = steps
        .iter()
        .map(|step| {
            (
                step["service"].as_str().unwrap(),
                step["what"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        ("orders", "placed: PENDING"),
        ("orders", "OrderCreate published"),
        ("products", "decided: ACCEPTED"),
        ("products", "OrderStatusUpdate published"),
        ("orders", "settled: ACCEPTED"),
        ("orders", "OrderUpdate published"),
    ];
    assert_eq!(told, expected, "{life:#}");
    let (placed, decided, output) = (&steps[1], &steps[2], &steps[3]);
    assert_eq!(output["event_id"], decided["event_id"]);
    assert_eq!(output["cause"], placed["event_id"]);
    assert_eq!(steps[5]["cause"], output["event_id"]);
    let place = placed["place"].as_str().unwrap();
    assert!(
        place.starts_with("orders.order.v1/") && place.contains('@'),
        "{place}"
    );
    let mut before = 0;
    for step in steps {
        let since = step["since_start_ms"].as_i64().unwrap();
        assert_eq!(step["after_ms"].as_i64().unwrap(), since - before);
        assert!(since >= before);
        before = since;
    }

    // Said again, under the same id: one event, published twice.
    let replay = [
        "replay",
        "--service=products",
        "--topic=orders.order.v1",
        "--from=earliest",
        "--json",
    ];
    shop.quadrille(&replay).await.well();
    shop.settle().await;
    let life = shop.quadrille(&["events", &id, "--json"]).await.well();
    let steps = life["steps"].as_array().unwrap();
    assert_eq!(steps.len(), expected.len(), "{life:#}");
    let output = steps
        .iter()
        .find(|step| step["what"] == "OrderStatusUpdate published")
        .unwrap();
    assert_eq!(
        (
            &output["published"],
            output["again"].as_array().unwrap().len()
        ),
        (&2.into(), 1)
    );
    let text = shop.quadrille(&["events", &id]).await.stdout;
    for part in [
        id.as_str(),
        "ACCEPTED",
        "published 2 times",
        "caused by",
        "+",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }

    let unknown = "01990000-0000-7000-8000-000000000001";
    let answer = shop.quadrille(&["events", unknown]).await;
    assert_eq!(answer.code, 1);
    assert!(
        answer
            .stderr
            .contains(&format!("there is no order {unknown}")),
        "{}",
        answer.stderr
    );
    let answer = shop.quadrille(&["events", "17"]).await;
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("17"), "{}", answer.stderr);
    products.stop().await;
    orders.stop().await;
    shop.close().await;
}
