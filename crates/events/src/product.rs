//! Products: what the owner says of them.
//!
//! Both events carry the product's whole public state, so that the newest record of a
//! product is enough to know it, and the topic can be compacted.

use outbox::Event;
use serde::{Deserialize, Serialize};

use crate::ids::ProductId;
use crate::money::Money;
use crate::topics;

/// The public state of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductState {
    /// The product.
    pub product_id: ProductId,
    /// Its name, unique in the shop.
    pub name: String,
    /// What it is.
    pub description: String,
    /// The price of one.
    pub price: Money,
    /// How many can still be ordered.
    pub quantity: u32,
    /// How many were ever put in, at first and by restocks: `quantity` and what accepted orders
    /// took of it. Its owner recovers its stock from it; events of builds before it have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stocked: Option<u64>,
    /// The names of its categories, sorted.
    pub categories: Vec<String>,
    /// Rises by one with every change; a copy takes only a newer one.
    pub version: u64,
}

macro_rules! product_event {
    ($(#[$doc:meta] $name:ident;)*) => {$(
        #[$doc]
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        pub struct $name {
            /// The product as it is from now on.
            pub product: ProductState,
        }

        impl Event for $name {
            const TYPE: &'static str = stringify!($name);
            const VERSION: u32 = 1;
            const TOPIC: &'static str = topics::PRODUCTS;

            fn key(&self) -> String {
                self.product.product_id.to_string()
            }

            fn aggregate_version(&self) -> u64 {
                self.product.version
            }
        }
    )*};
}

product_event! {
    /// A product joined the catalogue.
    ProductCreate;
    /// A product's quantity changed: orders were accepted, or it was restocked.
    ProductsQuantityUpdate;
}
