//! Every charge and every refund is in the books.

use payment_simulator::faults::Faults;
use serde_json::{Value, json};

use crate::provider::{Provider, charge};

#[tokio::test]
async fn the_books_have_every_charge_and_refund_and_their_sums() {
    let provider = Provider::start(Faults::default()).await;
    for number in 0..3 {
        let intent = provider.charged(&format!("c-{number}"), "tok_ok").await;
        provider.moved(&intent, "capture").await;
        if number > 0 {
            let refund = provider
                .refund(&intent, &format!("r-{number}"), number * 100)
                .await;
            assert_eq!(refund.status(), 201);
        }
    }
    provider.charged("c-8", "tok_declined").await;
    provider.charged("c-9", "tok_ok").await;
    let mut yen = charge("tok_ok");
    yen["currency"] = json!("JPY");
    let yen: Value = provider
        .call("/v1/intents", "c-10", &yen)
        .await
        .json()
        .await
        .unwrap();
    provider.moved(&yen, "capture").await;

    let (mut entries, mut path) = (Vec::new(), "/v1/books?page_size=2".to_owned());
    let totals = loop {
        let page = provider.ask(&path).await;
        entries.extend(page["entries"].as_array().unwrap().clone());
        let Some(token) = page["next_page_token"].as_str() else {
            break page["totals"].clone();
        };
        path = format!("/v1/books?page_size=2&page_token={token}");
    };
    let sums = json!({
        "EUR": { "charges": 3, "charged": 3_000, "refunds": 2, "refunded": 300 },
        "JPY": { "charges": 1, "charged": 1_000, "refunds": 0, "refunded": 0 },
    });
    assert_eq!(totals, sums);
    assert_eq!(entries.len(), 6);
    let sum = |kind: &str, currency: &str| -> i64 {
        let of = entries
            .iter()
            .filter(|one| one["kind"] == kind && one["currency"] == currency);
        of.map(|one| one["amount"].as_i64().unwrap()).sum()
    };
    assert_eq!((sum("charge", "EUR"), sum("refund", "EUR")), (3_000, 300));
    assert_eq!((sum("charge", "JPY"), sum("refund", "JPY")), (1_000, 0));
    assert_eq!(entries[0]["reference"], "order 1");
    provider.stop().await;
}
