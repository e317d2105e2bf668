//! All services as separate processes, two of orders and two of products.

use e2e::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_followed_through_two_instances_of_each() {
    let shop = Shop::start(crate::shared_connection().await, 2, 2)
        .await
        .unwrap();
    let user = shop.user().await.unwrap();
    for number in 0..20 {
        let answer = user
            .order(&[("cutlery", 1), ("chair", 1)], 20)
            .await
            .unwrap();
        assert_eq!(answer.status, 201, "{number}: {answer:?}");
        assert_eq!(answer.text("status"), "ACCEPTED", "{number}: {answer:?}");
    }
    let laptops = futures::future::join_all((0..8).map(|_| user.order(&[("laptop", 1)], 20))).await;
    let sold = laptops
        .iter()
        .filter(|answer| {
            answer
                .as_ref()
                .is_ok_and(|a| a.text("status") == "ACCEPTED")
        })
        .count();
    assert_eq!(sold, 1, "there is one laptop: {laptops:?}");
    let list = user.get("/api/orders?page_size=100").await.unwrap();
    let orders = list.body["orders"].as_array().unwrap();
    assert!(
        orders.iter().all(|order| order["status"] != "PENDING"),
        "{orders:?}"
    );
    let audit = shop.audit().await.unwrap();
    assert_eq!(audit["orders"].as_u64(), Some(orders.len() as u64));
    shop.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_instance_of_each_can_go_and_the_other_goes_on() {
    let shop = Shop::start(crate::shared_connection().await, 2, 2)
        .await
        .unwrap();
    let user = shop.user().await.unwrap();
    crate::orders_settle(&user).await;
    shop.kill("orders", 0).await.unwrap();
    shop.kill("products", 0).await.unwrap();
    let answer = user.order(&[("cutlery", 2)], 30).await.unwrap();
    assert_eq!(answer.text("status"), "ACCEPTED", "{answer:?}");
    shop.audit().await.unwrap();
    shop.stop().await.unwrap();
}
