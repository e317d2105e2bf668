//! What a new shop has to show.

use std::sync::Arc;

use outbox::{Clock, MessageContext};
use thiserror::Error;

use crate::commands::{CommandError, create_category, create_product};
use crate::domain::{CategoryName, Draft, DraftFields, Refusal};
use crate::store::ShopDatabase;

const CATEGORIES: [&str; 3] = ["electronics", "kitchen", "furniture"];

struct Product {
    name: &'static str,
    description: &'static str,
    price: &'static str,
    quantity: i64,
    category: &'static str,
}

/// How many products the demo data has.
pub const DEMO_PRODUCTS: u64 = PRODUCTS.len() as u64;

const PRODUCTS: [Product; 4] = [
    Product {
        name: "cutlery",
        description: "Knife, fork and two spoons of brushed steel, for one person. \
                      Goes in the dishwasher.",
        price: "5.99",
        quantity: 200,
        category: "kitchen",
    },
    Product {
        name: "chair",
        description: "A dining chair of solid beech with a woven seat. Carries 120 kg, \
                      comes assembled.",
        price: "29.99",
        quantity: 30,
        category: "furniture",
    },
    Product {
        name: "laptop",
        description: "A 14-inch laptop: 32 GB of memory, a 1 TB disk, a battery for a \
                      working day. The last one in the house.",
        price: "1299.99",
        quantity: 1,
        category: "electronics",
    },
    Product {
        name: "headphones",
        description: "Closed headphones with noise cancelling and a cable for when the \
                      battery is empty. The last pair.",
        price: "99.99",
        quantity: 1,
        category: "electronics",
    },
];

/// What the seed did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seeded {
    /// How many categories were added.
    pub categories: u32,
    /// How many products were added.
    pub products: u32,
}

/// The seed could not be sown.
#[derive(Debug, Error)]
#[error("the demo {what} could not be added: {cause}")]
pub struct SeedError {
    what: String,
    #[source]
    cause: CommandError,
}

/// Adds the demo categories and products that are not there, through the same commands as
/// anyone's. What is there is left alone, whatever became of it. The tables are made already.
///
/// # Errors
/// When the database is away or refuses.
pub async fn seed_demo(
    database: &ShopDatabase,
    clock: Arc<dyn Clock>,
) -> Result<Seeded, SeedError> {
    let failed = |what: &str, cause| SeedError {
        what: what.to_owned(),
        cause,
    };
    let mut seeded = Seeded::default();
    for name in CATEGORIES {
        let created = add_category(database, clock.as_ref(), name).await;
        if unless_there(created).map_err(|cause| failed(name, cause))? {
            seeded.categories += 1;
        }
    }
    for product in &PRODUCTS {
        let created = add_product(database, clock.as_ref(), product).await;
        if unless_there(created).map_err(|cause| failed(product.name, cause))? {
            seeded.products += 1;
        }
    }
    Ok(seeded)
}

async fn add_category(
    database: &ShopDatabase,
    clock: &dyn Clock,
    name: &str,
) -> Result<(), CommandError> {
    create_category(database, clock, CategoryName::new(name)?)
        .await
        .map(drop)
}

async fn add_product(
    database: &ShopDatabase,
    clock: &dyn Clock,
    product: &Product,
) -> Result<(), CommandError> {
    let draft = Draft::new(&DraftFields {
        name: product.name,
        description: product.description,
        price: product.price,
        quantity: product.quantity,
        categories: &[product.category.to_owned()],
    })?;
    create_product(database, clock, MessageContext::default(), draft)
        .await
        .map(drop)
}

/// Whether it was added now.
fn unless_there(created: Result<(), CommandError>) -> Result<bool, CommandError> {
    match created {
        Ok(()) => Ok(true),
        Err(CommandError::Refused(Refusal::CategoryExists(_) | Refusal::ProductExists(_))) => {
            Ok(false)
        }
        Err(other) => Err(other),
    }
}
