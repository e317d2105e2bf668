//! 10,000 products, every filter, every order.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use bson::{Document, doc};
use events::money::DEFAULT_CURRENCY;
use events::{Money, names};
use outbox::mongo::MongoDatabase;
use products::domain::CategoryName;
use products::store::{Catalogue, Filter, Listing, Page, Sort};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{listing, loaded};
use crate::fixture::Shop;

const SORTS: [Sort; 5] = [
    Sort::Name,
    Sort::NameDown,
    Sort::Price,
    Sort::PriceDown,
    Sort::Newest,
];

const TEXTS: [&str; 12] = [
    "cup",
    "Cup",
    "stra\u{df}e",
    "STRA\u{1e9e}E",
    "\u{3a3}\u{3c3}\u{3c2}",
    "\u{130}i\u{131}I",
    "na\u{ef}ve",
    "NA\u{cf}VE",
    "a.b*",
    "k\u{212a}K",
    "\u{17f}s",
    "10% (x)",
];
const CATEGORIES: [&str; 3] = ["books", "garden", "home office"];

/// 10,000 products with what may go wrong: prices alike, names that sort differently in another
/// letter case, descriptions that fold in strange ways.
async fn many(database: &MongoDatabase) {
    let product = |n: usize| {
        let name = format!("{} {}", TEXTS[n % TEXTS.len()], n * 7_919 % 10_000);
        let price = Money::new(i64::try_from(n * 31 % 400).unwrap(), DEFAULT_CURRENCY);
        let categories: Vec<&str> = (0..CATEGORIES.len())
            .filter(|bit| n >> bit & 1 == 1)
            .map(|bit| CATEGORIES[bit])
            .collect();
        let description = format!("about {} {n}", TEXTS[n / 12 % TEXTS.len()]);
        let id = u128::try_from(n * 104_729 % 10_007).unwrap() << 64 | 7;
        doc! {
            "_id": bson::Uuid::from_bytes(id.to_be_bytes()),
            "name_key": names::key(&name),
            "search": format!("{}\n{}", names::fold(&name), names::fold(&description)),
            "name": name,
            "description": description,
            "price": bson::serialize_to_bson(&price).unwrap(),
            "quantity": 5_i64, "stocked": 5_i64, "version": 1_i64,
            "categories": categories,
            "created_at": bson::DateTime::now(),
        }
    };
    let all: Vec<Document> = (0..10_000).map(product).collect();
    let products = database.database().collection::<Document>("products");
    products.insert_many(all).await.unwrap();
}

fn listings() -> impl Strategy<Value = (Listing, usize)> {
    static SEARCHES: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let own = [
            "",
            "1",
            "99",
            "x",
            "nothing at all",
            "Strasse",
            "ss",
            "i",
            "s",
            "K",
            ".",
        ];
        TEXTS.into_iter().chain(own).collect()
    });
    let category = prop::option::of(prop::sample::select(&CATEGORIES[..]));
    let search = prop::option::of(prop::sample::select(SEARCHES.as_slice()));
    let sort = prop::sample::select(&SORTS[..]);
    (category, search, sort, 1_u32..=200, 1_usize..=4).prop_map(
        |(category, search, sort, size, pages)| {
            let filter = Filter {
                category: category.map(CategoryName::asked),
                search: search.filter(|text| !text.is_empty()).map(names::fold),
            };
            let after = None;
            (
                Listing {
                    filter,
                    sort,
                    after,
                    size,
                },
                pages,
            )
        },
    )
}

#[test]
fn memory_and_database_list_ten_thousand_products_alike() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (shop, memory) = runtime.block_on(async {
        let shop = Shop::open().await;
        many(&shop.database).await;
        let memory = loaded(shop.database.clone()).await;
        (shop, memory)
    });
    assert_eq!(memory.size().0, 10_000);
    let both = |asked: &Listing| -> (Page, Page) {
        runtime.block_on(async {
            let told = memory.page(asked).await.expect("memory can tell");
            (told, shop.database.list(asked).await.unwrap())
        })
    };
    for sort in SORTS {
        let mut asked = listing(sort, 200);
        let mut seen = BTreeSet::new();
        loop {
            let (told, kept) = both(&asked);
            assert_eq!(told, kept, "{asked:?}");
            seen.extend(told.products.iter().map(|product| product.product_id));
            match told.next {
                Some(next) => asked.after = Some(next),
                None => break,
            }
        }
        assert_eq!(seen.len(), 10_000, "{sort:?}");
    }
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(150)
    });
    let alike = |(mut asked, pages): (Listing, usize)| {
        for _ in 0..pages {
            let (told, kept) = both(&asked);
            prop_assert_eq!(&told, &kept, "{:?}", &asked);
            match told.next {
                Some(next) => asked.after = Some(next),
                None => break,
            }
        }
        Ok(())
    };
    runner.run(&listings(), alike).unwrap();
    drop(shop);
}
