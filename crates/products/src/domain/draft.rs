//! A product that is to be: checked, not yet in the catalogue.

use std::collections::BTreeSet;

use events::money::DEFAULT_CURRENCY;
use events::names::Name;
use events::text;
use events::{Money, ProductId, ProductState};

use super::category::CategoryName;
use super::refusal::Refusal;
use super::stock::MOST_STOCK;

const MOST_NAME_CHARS: usize = 100;
const MOST_DESCRIPTION_CHARS: usize = 2_000;
const MOST_CATEGORIES: usize = 10;

/// 10,000,000.00: the dearest order there can be (100 lines of 1,000,000 each) is then
/// still countable in an `i64`.
const MOST_PRICE_MINOR: i64 = 1_000_000_000;

/// No price needs more signs; what has more is not worth repeating in an answer.
const MOST_PRICE_CHARS: usize = 40;

/// A product's fields as somebody sent them.
#[derive(Debug, Clone)]
pub struct DraftFields<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is.
    pub description: &'a str,
    /// The price of one as a decimal number, such as `5.99`.
    pub price: &'a str,
    /// How many there are.
    pub quantity: i64,
    /// The names of its categories, in any spelling.
    pub categories: &'a [String],
}

/// A product that is to be. Its fields are right; whether its name is free and its
/// categories exist is for the store to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    name: Name,
    description: String,
    price: Money,
    quantity: u32,
    categories: BTreeSet<CategoryName>,
}

impl Draft {
    /// Checks `fields`, the first wrong one is named.
    ///
    /// # Errors
    /// [`Refusal::InvalidProduct`].
    pub fn new(fields: &DraftFields<'_>) -> Result<Self, Refusal> {
        let name = Name::new(fields.name, MOST_NAME_CHARS)
            .map_err(|fault| Refusal::field("name", fault.sentence("a product's name")))?;
        let description = text::parse(fields.description, MOST_DESCRIPTION_CHARS)
            .map_err(|fault| Refusal::field("description", fault.sentence("a description")))?;
        Ok(Self {
            name,
            description,
            price: price(fields.price)?,
            quantity: quantity(fields.quantity)?,
            categories: categories(fields.categories)?,
        })
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Its categories, each once.
    pub fn categories(&self) -> &BTreeSet<CategoryName> {
        &self.categories
    }

    /// The product, as `id` in its first version, in `categories`: its own as they are stored.
    pub fn into_product(self, id: ProductId, categories: &BTreeSet<CategoryName>) -> ProductState {
        ProductState {
            product_id: id,
            name: self.name.to_string(),
            description: self.description,
            price: self.price,
            quantity: self.quantity,
            stocked: Some(self.quantity.into()),
            categories: categories.iter().map(ToString::to_string).collect(),
            version: 1,
        }
    }
}

fn price(decimal: &str) -> Result<Money, Refusal> {
    if decimal.len() > MOST_PRICE_CHARS {
        return Err(Refusal::field(
            "price",
            "a price must be a decimal number such as 5.99",
        ));
    }
    let price = Money::from_decimal(decimal, DEFAULT_CURRENCY)
        .map_err(|fault| Refusal::field("price", fault.to_string()))?;
    if price.minor < 0 {
        return Err(Refusal::field("price", "a price must not be negative"));
    }
    if price.minor > MOST_PRICE_MINOR {
        let most = Money::new(MOST_PRICE_MINOR, DEFAULT_CURRENCY);
        return Err(Refusal::field(
            "price",
            format!("a price must be at most {most}"),
        ));
    }
    Ok(price)
}

fn quantity(asked: i64) -> Result<u32, Refusal> {
    u32::try_from(asked)
        .ok()
        .filter(|quantity| *quantity <= MOST_STOCK)
        .ok_or_else(|| {
            Refusal::field(
                "quantity",
                format!("a quantity must be from 0 to {MOST_STOCK}, not {asked}"),
            )
        })
}

fn categories(names: &[String]) -> Result<BTreeSet<CategoryName>, Refusal> {
    if names.len() > MOST_CATEGORIES {
        let why = format!(
            "a product has at most {MOST_CATEGORIES} categories, not {}",
            names.len()
        );
        return Err(Refusal::field("categories", why));
    }
    names
        .iter()
        .map(|name| {
            CategoryName::new(name)
                .map_err(|refusal| Refusal::field("categories", refusal.to_string()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(categories: &[String]) -> DraftFields<'_> {
        DraftFields {
            name: "chair",
            description: "to sit on",
            price: "29.99",
            quantity: 30,
            categories,
        }
    }

    fn refused_field(fields: &DraftFields<'_>) -> &'static str {
        match Draft::new(fields) {
            Err(Refusal::InvalidProduct { field, .. }) => field,
            other => panic!("{fields:?} gave {other:?}"),
        }
    }

    #[test]
    fn a_good_one_is_kept_as_written_but_for_its_categories() {
        let categories = [
            "Furniture".to_owned(),
            " furniture ".to_owned(),
            "Office".to_owned(),
        ];
        let draft = Draft::new(&DraftFields {
            name: " Big  Chair ",
            ..fields(&categories)
        })
        .unwrap();
        let filed = draft.categories().clone();
        let product = draft.into_product(ProductId::from_u128(1), &filed);
        assert_eq!(product.name, "Big Chair");
        assert_eq!(product.price.minor, 2_999);
        assert_eq!(product.categories, ["furniture", "office"]);
        assert_eq!((product.quantity, product.version), (30, 1));
    }

    #[test]
    fn the_wrong_field_is_named() {
        let long_name = "x".repeat(MOST_NAME_CHARS + 1);
        let long_text = "x".repeat(MOST_DESCRIPTION_CHARS + 1);
        for name in ["", " \t ", "a\u{7}b", "\u{200b}", "a\u{202e}b", &long_name] {
            assert_eq!(
                refused_field(&DraftFields {
                    name,
                    ..fields(&[])
                }),
                "name"
            );
        }
        for description in ["", " ", "\u{2060}", "a\u{0}b", &long_text] {
            assert_eq!(
                refused_field(&DraftFields {
                    description,
                    ..fields(&[])
                }),
                "description"
            );
        }
        for price in [
            "-0.01",
            "1.999",
            "0.0000000000000000000000000000001",
            "4.999999999999999999999999999999",
            "\"5.99\"",
            "null",
            "1e30",
            "10000000.01",
            "[]",
            "",
            &"9".repeat(50),
        ] {
            assert_eq!(
                refused_field(&DraftFields {
                    price,
                    ..fields(&[])
                }),
                "price",
                "{price}"
            );
        }
        for quantity in [-1, 1_000_000_001, i64::MAX, i64::MIN] {
            assert_eq!(
                refused_field(&DraftFields {
                    quantity,
                    ..fields(&[])
                }),
                "quantity"
            );
        }
        let many: Vec<String> = (0..=MOST_CATEGORIES).map(|n| format!("c{n}")).collect();
        assert_eq!(refused_field(&fields(&many)), "categories");
        assert_eq!(refused_field(&fields(&[String::new()])), "categories");
    }

    #[test]
    fn the_limits_themselves_are_fine() {
        let name = "x".repeat(MOST_NAME_CHARS);
        let most = DraftFields {
            name: &name,
            description: "two\nlines",
            price: "10000000",
            quantity: i64::from(MOST_STOCK),
            categories: &[],
        };
        assert!(Draft::new(&most).is_ok());
        let least = DraftFields {
            price: "0",
            quantity: 0,
            ..fields(&[])
        };
        assert!(Draft::new(&least).is_ok());
    }
}
