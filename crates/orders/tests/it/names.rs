//! Products are ordered by every spelling of their names, also by copies that older builds wrote.

use bson::{Document, doc};
use events::ProductId;
use orders::commands::{Declined, Placed};
use orders::domain::Refusal;
use orders::store::apply_name_rule;
use replica::Replica as _;

use crate::fixture::{Shop, customer, request};

async fn lines(shop: &Shop, asked: &[(&str, i64)]) -> Vec<(u128, String, u32)> {
    let placed = shop
        .place(&[request(customer(), asked, None)])
        .await
        .remove(0);
    let Ok(Placed::New(order)) = placed else {
        panic!("{placed:?}")
    };
    let lines = order.lines.iter();
    lines
        .map(|line| (line.product_id.as_u128(), line.name.clone(), line.quantity))
        .collect()
}

#[tokio::test]
async fn every_spelling_orders_one_product() {
    let shop = Shop::open().await;
    let asked = [("CHAIR", 1), (" Chair ", 2), ("\u{ff43}up", 1)];
    let expected = [(1, "chair".to_owned(), 3), (2, "cup".to_owned(), 1)];
    assert_eq!(lines(&shop, &asked).await, expected);
    let other = [request(customer(), &[("Chairs", 1)], None)];
    let unknown = Refusal::UnknownProduct {
        name: "Chairs".to_owned(),
    };
    let refused = shop.place(&other).await.remove(0);
    assert_eq!(refused, Err(Declined::Refused(unknown)));
}

#[tokio::test]
async fn copies_of_older_builds_are_found_before_and_after_they_are_carried_over() {
    let shop = Shop::open().await;
    let copies = shop.database.database();
    let copies = copies.collection::<Document>(orders::domain::ProductCopy::COLLECTION);
    for (id, name) in [
        (7_u128, "cafe\u{301}"),
        (8, "mug\u{200b}"),
        (9, "mug"),
        (10, "Stra\u{df}e"),
    ] {
        let copy = doc! {
            "_id": bson::Uuid::from_bytes(id.to_be_bytes()), "version": 1_i64, "name": name,
            "price": 100_i64, "currency": "EUR", "quantity": 50_i64,
        };
        copies.insert_one(copy).await.unwrap();
    }
    for carried_over in [false, true] {
        for (asked, id) in [
            ("Caf\u{e9}", 7),
            ("cafe\u{301}", 7),
            ("mug\u{200b}", 8),
            ("Mug", 9),
            ("STRASSE", 10),
            ("CHAIR", 1),
        ] {
            let found = lines(&shop, &[(asked, 1)]).await;
            let id = ProductId::from_u128(id).as_u128();
            assert_eq!(found[0].0, id, "{asked:?}, carried over: {carried_over}");
        }
        let before = shop.copies().await;
        let kept = apply_name_rule(shop.database.clone()).await.unwrap();
        assert_eq!(kept, Vec::<String>::new());
        assert_eq!(shop.copies().await, before, "they are what they were");
        let without = doc! { "name_key": { "$exists": false } };
        assert_eq!(copies.count_documents(without).await.unwrap(), 0);
    }
}
