//! A database restored from an older backup.

use carts::recovery::CheckoutRecovery;
use carts::store;
use events::money::DEFAULT_CURRENCY;
use events::{AccountId, Address, CartCheckout, Money, OrderId, PaymentChoice, topics};
use outbox::{MessageContext, Recover};
use testkit::TestEnvironment;

fn checkout(order: u128, version: u64) -> CartCheckout {
    let open = version == 1;
    CartCheckout {
        order_id: OrderId::from_u128(order),
        customer_id: AccountId::from_u128(1),
        lines: Vec::new(),
        total: Money::zero(DEFAULT_CURRENCY),
        payment: open.then_some(PaymentChoice::Later),
        delivery: open.then(|| Address {
            name: "Ann Example".to_owned(),
            street: "1 High Street".to_owned(),
            city: "Bristol".to_owned(),
            postal_code: "BS1 1AA".to_owned(),
            country: "GB".to_owned(),
        }),
        version,
    }
}

#[tokio::test]
async fn what_is_not_closed_in_the_topic_is_known_again_so_that_it_will_be() {
    let environment = TestEnvironment::new().await;
    let contract = host::contract::<carts::Carts>();
    environment.ensure_topics(&contract.topics()).await;
    for (order, version) in [(1, 1), (2, 1), (2, 2), (3, 1)] {
        let context = MessageContext::default();
        environment
            .publish(&checkout(order, version), context)
            .await;
    }
    let records = environment.records(topics::CHECKOUTS).await;
    let database = environment.database("carts").await;
    host::prepare::<carts::Carts>(&database).await.unwrap();
    let recovery = CheckoutRecovery::new(database.clone());
    // As they may come: each in a batch of its own, and again.
    for record in records.iter().chain(&records) {
        recovery
            .recover(std::slice::from_ref(record))
            .await
            .unwrap();
    }
    for (order, known) in [(1, true), (2, false), (3, true)] {
        let found = store::read_checkout(&database, OrderId::from_u128(order)).await;
        assert_eq!(
            found.unwrap().is_some_and(|it| it.is_pending()),
            known,
            "{order}"
        );
    }
    assert_eq!(recovery.recover(&records).await.unwrap(), 0);
}
