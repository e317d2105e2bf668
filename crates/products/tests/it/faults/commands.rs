//! What admins ask for.

use events::{ProductCreate, ProductsQuantityUpdate};
use outbox::MessageContext;
use outbox::mongo::MongoDatabase;
use products::commands::{CommandError, create_category, create_product, restock};
use products::domain::{CategoryName, Refusal};
use products::store::CatalogueStore;
use testkit::faults::{FaultCounts, Share, each_command, in_shares};

use super::{SHARES, Setup, events};
use crate::fixture::draft;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_product_is_created_once_whatever_command_fails() {
    in_shares(SHARES, new_products).await;
}

async fn new_products(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let clock = setup.shop.clock.as_ref();
    let mut number = 0;
    let unit = "products: creating a product";
    each_command(&setup.proxy, share, unit, async |what| {
        number += 1;
        let draft = draft(&format!("cup {number}"), "5.99", 7);
        let made = create_product(&setup.proxied, clock, MessageContext::default(), draft).await;
        setup.proxy.rest();
        let made = made.unwrap_or_else(|error| panic!("{what}: {error}"));
        let published = setup.published().await;
        assert_eq!(published.len(), 1, "{what}: published once");
        assert_eq!(
            events::<ProductCreate>(&published)[0].product,
            made,
            "{what}: as it is answered"
        );
        assert_eq!(setup.shop.state(made.product_id).await, made, "{what}");
        let documents = setup.shop.documents().await;
        assert_eq!(documents["products"].len(), number, "{what}: one more");
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_restocked_once_whatever_command_fails() {
    in_shares(SHARES, |share| restocks(share, |db| db)).await;
}

/// Through `adapter` to the database.
pub(crate) async fn restocks<D: CatalogueStore>(
    share: Share,
    adapter: impl Fn(MongoDatabase) -> D,
) -> FaultCounts {
    let setup = Setup::new().await;
    let proxied = adapter(setup.proxied.clone());
    let clock = setup.shop.clock.as_ref();
    let mut before = setup.shop.product("cup", 1).await;
    let cup = before.product_id;
    setup.published().await;
    each_command(
        &setup.proxy,
        share,
        "products: raising stock",
        async |what| {
            let restocked = restock(&proxied, clock, MessageContext::default(), cup, 10).await;
            setup.proxy.rest();
            let restocked = restocked.unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(
                restocked.quantity,
                before.quantity + 10,
                "{what}: raised once"
            );
            assert_eq!(restocked.version, before.version + 1, "{what}");
            assert_eq!(
                setup.shop.state(cup).await,
                restocked,
                "{what}: raised once"
            );
            let published = setup.published().await;
            assert_eq!(published.len(), 1, "{what}: published once");
            assert_eq!(
                events::<ProductsQuantityUpdate>(&published)[0].product,
                restocked,
                "{what}: as it is answered"
            );
            before = restocked;
        },
    )
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_category_is_created_once_whatever_command_fails() {
    in_shares(SHARES, new_categories).await;
}

async fn new_categories(share: Share) -> FaultCounts {
    let setup = Setup::new().await;
    let clock = setup.shop.clock.as_ref();
    let mut number = 0;
    let unit = "products: creating a category";
    each_command(&setup.proxy, share, unit, async |what| {
        number += 1;
        let name = CategoryName::new(&format!("category {number}")).unwrap();
        let made = create_category(&setup.proxied, clock, name.clone()).await;
        setup.proxy.rest();
        match made {
            Ok(made) => assert_eq!(made, name, "{what}"),
            // After an outcome that was not heard it meets itself, as the command's doc says.
            Err(CommandError::Refused(Refusal::CategoryExists(_))) => {
                assert!(what.contains("unknown outcome"), "{what}");
            }
            Err(error) => panic!("{what}: {error}"),
        }
        let documents = setup.shop.documents().await;
        // The fixture has made one.
        assert_eq!(
            documents["categories"].len(),
            1 + number,
            "{what}: one more"
        );
    })
    .await
}
