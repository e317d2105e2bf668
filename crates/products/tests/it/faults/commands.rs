//! What admins ask for.

use events::{ProductCreate, ProductsQuantityUpdate};
use outbox::MessageContext;
use outbox::mongo::MongoDatabase;
use products::commands::{CommandError, create_category, create_product, raise_stock};
use products::domain::{CategoryName, Refusal};
use products::store::CatalogueStore;
use testkit::faults::{Lane, Tally, each_command, in_lanes};

use super::{Ground, LANES, events};
use crate::fixture::draft;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_is_created_once_whatever_command_fails() {
    in_lanes(LANES, new_products).await;
}

async fn new_products(lane: Lane) -> Tally {
    let ground = Ground::new().await;
    let clock = ground.shop.clock.as_ref();
    let mut number = 0;
    let unit = "products: creating a product";
    each_command(&ground.tap, lane, unit, async |what| {
        number += 1;
        let draft = draft(&format!("cup {number}"), "5.99", 7);
        let made = create_product(&ground.tapped, clock, MessageContext::default(), draft).await;
        ground.tap.rest();
        let made = made.unwrap_or_else(|error| panic!("{what}: {error}"));
        let said = ground.said().await;
        assert_eq!(said.len(), 1, "{what}: said once");
        assert_eq!(
            events::<ProductCreate>(&said)[0].product,
            made,
            "{what}: as it is answered"
        );
        assert_eq!(ground.shop.state(made.product_id).await, made, "{what}");
        let books = ground.shop.books().await;
        assert_eq!(books["products"].len(), number, "{what}: one more");
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_raised_once_whatever_command_fails() {
    in_lanes(LANES, |lane| raises(lane, |db| db)).await;
}

/// Through `adapter` to the database.
pub(crate) async fn raises<D: CatalogueStore>(
    lane: Lane,
    adapter: impl Fn(MongoDatabase) -> D,
) -> Tally {
    let ground = Ground::new().await;
    let tapped = adapter(ground.tapped.clone());
    let clock = ground.shop.clock.as_ref();
    let mut before = ground.shop.product("cup", 1).await;
    let cup = before.product_id;
    ground.said().await;
    each_command(&ground.tap, lane, "products: raising stock", async |what| {
        let raised = raise_stock(&tapped, clock, MessageContext::default(), cup, 10).await;
        ground.tap.rest();
        let raised = raised.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(raised.quantity, before.quantity + 10, "{what}: raised once");
        assert_eq!(raised.version, before.version + 1, "{what}");
        assert_eq!(ground.shop.state(cup).await, raised, "{what}: raised once");
        let said = ground.said().await;
        assert_eq!(said.len(), 1, "{what}: said once");
        assert_eq!(
            events::<ProductsQuantityUpdate>(&said)[0].product,
            raised,
            "{what}: as it is answered"
        );
        before = raised;
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_category_is_created_once_whatever_command_fails() {
    in_lanes(LANES, new_categories).await;
}

async fn new_categories(lane: Lane) -> Tally {
    let ground = Ground::new().await;
    let clock = ground.shop.clock.as_ref();
    let mut number = 0;
    let unit = "products: creating a category";
    each_command(&ground.tap, lane, unit, async |what| {
        number += 1;
        let name = CategoryName::new(&format!("category {number}")).unwrap();
        let made = create_category(&ground.tapped, clock, name.clone()).await;
        ground.tap.rest();
        match made {
            Ok(made) => assert_eq!(made, name, "{what}"),
            // After an outcome that was not heard it meets itself, as the command's doc says.
            Err(CommandError::Refused(Refusal::CategoryExists(_))) => {
                assert!(what.contains("unknown outcome"), "{what}");
            }
            Err(error) => panic!("{what}: {error}"),
        }
        let books = ground.shop.books().await;
        // The fixture has made one.
        assert_eq!(books["categories"].len(), 1 + number, "{what}: one more");
    })
    .await
}
