//! One rule for names: shown in one form, found by every spelling, and carried over to what older
//! builds wrote.

use bson::{Document, doc};
use events::ProductId;
use outbox::mongo::MongoDatabase;
use products::Products;
use products::store::{Catalogue, apply_name_rule};
use serde_json::json;

use crate::counter::Counter;
use crate::fixture::Shop;
use crate::in_memory::loaded;

const NFC: &str = "caf\u{e9}";
const NFD: &str = "cafe\u{301}";

fn query(parameter: &str, value: &str) -> String {
    let url = reqwest::Url::parse_with_params("http://x/", [(parameter, value)]).unwrap();
    url.query().unwrap().to_owned()
}

#[tokio::test]
async fn every_spelling_of_a_name_is_one_product_and_one_category() {
    let counter = Counter::open().await;
    let category = counter
        .post(
            "/api/categories",
            json!({ "name": format!("{NFD} Stra\u{df}e") }),
        )
        .await;
    assert_eq!(category.body["name"], format!("{NFC} stra\u{df}e"));
    let body = |name: &str, category: &str| {
        json!({ "product": { "name": name, "description": format!("a {NFD}"), "price": 1,
            "quantity": 1, "categories": [category] } })
    };
    let asked = body(&format!(" Big  {NFD}"), "CAF\u{c9} STRASSE");
    let made = counter.post("/api/products", asked).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let shown = format!("Big {NFC}");
    assert_eq!(made.body["name"], shown);
    assert_eq!(made.body["description"], format!("a {NFC}"));
    assert_eq!(
        made.body["categories"],
        json!([format!("{NFC} stra\u{df}e")])
    );

    for spelling in ["BIG CAF\u{c9}", "big  cafe\u{301}", "\u{ff22}ig caf\u{e9}"] {
        let again = counter
            .post("/api/products", body(spelling, "things"))
            .await;
        assert_eq!(again.body["code"], "product-exists", "{spelling:?}");
        let found = counter.names(&query("name", spelling)).await;
        assert_eq!(found, [shown.as_str()], "{spelling:?}");
        let found = counter.names(&query("search", spelling)).await;
        // White space is searched as it is.
        assert_eq!(found.is_empty(), spelling.contains("  "), "{spelling:?}");
    }
    for spelling in ["cafe\u{301} strasse", " CAF\u{c9}  STRA\u{1e9e}E "] {
        let again = counter
            .post("/api/categories", json!({ "name": spelling }))
            .await;
        assert_eq!(again.body["code"], "category-exists", "{spelling:?}");
        let found = counter.names(&query("categoryName", spelling)).await;
        assert_eq!(found, [shown.as_str()], "{spelling:?}");
    }
}

/// Writes products and categories as builds before this rule did.
async fn older(database: &MongoDatabase, products: &[(u128, &str)], categories: &[&str]) {
    let table = |name| database.database().collection::<Document>(name);
    for (id, name) in products {
        let product = doc! {
            "_id": bson::Uuid::from_bytes(id.to_be_bytes()), "name": *name,
            "name_key": name.trim().to_lowercase(), "description": format!("about {name}"),
            "price": { "minor": 100_i64, "currency": "EUR" }, "quantity": 1_i64, "stocked": 1_i64,
            "categories": categories, "version": 1_i64, "created_at": bson::DateTime::now(),
        };
        table("products").insert_one(product).await.unwrap();
    }
    for name in categories {
        let category = doc! { "_id": *name, "created_at": bson::DateTime::now() };
        table("categories").insert_one(category).await.unwrap();
    }
}

#[tokio::test]
async fn names_of_older_builds_are_found_and_those_that_are_one_by_now_stay_two() {
    let shop = Shop::open().await;
    let hidden = "chair\u{200b}";
    let products = [
        (1, hidden),
        (2, "chair"),
        (3, NFD),
        (4, "Stra\u{df}e"),
        (5, "two  words"),
    ];
    older(
        &shop.database,
        &products,
        &["th\u{e9}", "the\u{301}", "cafe\u{301}"],
    )
    .await;

    let kept = apply_name_rule(shop.database.clone()).await.unwrap();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept[0].contains("00000001 \"chair\\u{200b}\""), "{kept:?}");
    assert!(kept[0].contains("00000002"), "{kept:?}");
    assert!(kept[1].contains("the category \"the\\u{301}\""), "{kept:?}");
    let documents = shop.documents().await;
    let again = apply_name_rule(shop.database.clone()).await.unwrap();
    assert_eq!((again, shop.documents().await), (kept, documents));

    let memory = loaded(shop.database.clone()).await;
    for (asked, id) in [
        (hidden, 1),
        ("CHAIR\u{200b}", 1),
        ("Chair", 2),
        ("chair\u{2060}", 2),
        ("CAF\u{c9}", 3),
        (NFD, 3),
        ("STRASSE", 4),
        ("Two Words", 5),
        ("two  words", 5),
    ] {
        let expected = Some(ProductId::from_u128(id));
        for found in [
            shop.database.find_by_name(asked).await.unwrap(),
            memory.find_by_name(asked).await.unwrap(),
        ] {
            assert_eq!(found.map(|found| found.product_id), expected, "{asked:?}");
        }
    }
    for (asked, stored) in [
        ("TH\u{c9}", "th\u{e9}"),
        ("the\u{301}", "th\u{e9}"),
        ("Caf\u{e9}", "cafe\u{301}"),
    ] {
        let asked = products::domain::CategoryName::asked(asked);
        let found = shop.database.category(&asked).await.unwrap();
        assert_eq!(found.unwrap().as_str(), stored, "{asked:?}");
    }
    assert_eq!(memory.size().0, products.len());
}

#[tokio::test]
async fn migrating_applies_the_rule() {
    let shop = Shop::open().await;
    older(&shop.database, &[(1, NFD)], &[]).await;
    let migrated = host::migrate::<Products>(&shop.database).await.unwrap();
    assert_eq!(migrated.kept, Vec::<String>::new());
    let found = shop.database.find_by_name(NFC).await.unwrap();
    assert!(found.is_some());
}
