//! What a customer asks for, checked as far as it can be without knowing the catalogue.

use events::{Money, names};

use super::Refusal;

/// The most lines that a request may have, before those of one product are added up.
pub const MAX_RAW_LINES: usize = 1_000;
/// The most different products that an order may have.
pub const MAX_LINES: usize = 100;
/// The most of one product that an order may want.
pub const MAX_QUANTITY: u32 = 1_000_000;
/// The longest name that a product can have, in characters.
pub const MAX_NAME_CHARS: usize = 200;

/// A line as a customer sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawLine {
    /// The product's name.
    pub name: String,
    /// How many.
    pub quantity: i64,
    /// What one is expected to cost.
    pub price: Option<Money>,
}

impl From<(String, i64)> for RawLine {
    /// Whatever it costs.
    fn from((name, quantity): (String, i64)) -> Self {
        Self {
            name,
            quantity,
            price: None,
        }
    }
}

/// So many of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The product's name, as the customer wrote it first.
    pub name: String,
    /// What it is compared by.
    pub key: String,
    /// How many: 1 to [`MAX_QUANTITY`].
    pub quantity: u32,
    /// What one is expected to cost; the customer takes any price when there is none.
    pub price: Option<Money>,
}

/// The products that a customer wants, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basket(Vec<Item>);

impl Basket {
    /// Adds up the lines of each product, in the order in which the products are first named.
    ///
    /// # Errors
    /// When there is no line, when there are too many, when a name or a quantity can't be, or when two
    /// lines of a product expect different prices.
    /// A quantity is checked per line and again for the sum, so that nothing can be hidden in
    /// two halves.
    pub fn new(lines: impl IntoIterator<Item = impl Into<RawLine>>) -> Result<Self, Refusal> {
        let mut items: Vec<Item> = Vec::new();
        for (index, line) in lines.into_iter().enumerate() {
            let RawLine {
                name,
                quantity,
                price,
            } = line.into();
            if index >= MAX_RAW_LINES {
                return Err(Refusal::TooManyLines {
                    limit: MAX_RAW_LINES,
                });
            }
            let (key, length) = (names::key(&name), name.chars().count());
            if key.is_empty() || length > MAX_NAME_CHARS {
                return Err(Refusal::InvalidName { line: index + 1 });
            }
            let quantity = count(&name, quantity)?;
            // At most 100 names are compared: a linear search is as fast as a table here.
            if let Some(item) = items.iter_mut().find(|item| item.key == key) {
                item.quantity = count(&name, i64::from(item.quantity) + i64::from(quantity))?;
                if item.price.is_some() && price.is_some() && item.price != price {
                    return Err(Refusal::DifferentPrices { name });
                }
                item.price = item.price.or(price);
            } else if items.len() == MAX_LINES {
                return Err(Refusal::TooManyProducts { limit: MAX_LINES });
            } else {
                items.push(Item {
                    name,
                    key,
                    quantity,
                    price,
                });
            }
        }
        if items.is_empty() {
            return Err(Refusal::Empty);
        }
        Ok(Self(items))
    }

    /// The products and how many of each.
    pub fn items(&self) -> &[Item] {
        &self.0
    }
}

fn count(name: &str, quantity: i64) -> Result<u32, Refusal> {
    u32::try_from(quantity)
        .ok()
        .filter(|n| (1..=MAX_QUANTITY).contains(n))
        .ok_or_else(|| Refusal::InvalidQuantity {
            name: name.to_owned(),
            quantity,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use events::money::DEFAULT_CURRENCY;
    use proptest::prelude::*;

    fn basket(lines: &[(&str, i64)]) -> Result<Basket, Refusal> {
        Basket::new(
            lines
                .iter()
                .map(|(name, quantity)| ((*name).to_owned(), *quantity)),
        )
    }

    #[test]
    fn lines_of_one_product_are_added_up() {
        let basket = basket(&[("chair", 2), ("cup", 1), ("chair", 3)]).unwrap();
        let items: Vec<_> = basket
            .items()
            .iter()
            .map(|item| (item.name.as_str(), item.quantity))
            .collect();
        assert_eq!(items, [("chair", 5), ("cup", 1)]);
    }

    #[test]
    fn every_spelling_of_a_name_is_one_product() {
        let basket = basket(&[("Caf\u{e9}", 2), (" CAFE\u{301}", 3), ("cafe", 1)]).unwrap();
        let items: Vec<_> = basket
            .items()
            .iter()
            .map(|item| (item.name.as_str(), item.quantity))
            .collect();
        assert_eq!(items, [("Caf\u{e9}", 5), ("cafe", 1)]);
    }

    #[test]
    fn a_sum_over_the_limit_is_refused_though_each_line_is_within_it() {
        let limit = i64::from(MAX_QUANTITY);
        assert!(basket(&[("chair", limit)]).is_ok());
        assert_eq!(
            basket(&[("chair", limit), ("chair", 1)]),
            Err(Refusal::InvalidQuantity {
                name: "chair".into(),
                quantity: limit + 1
            })
        );
    }

    #[test]
    fn lines_of_one_product_expect_one_price() {
        let line = |minor: Option<i64>| RawLine {
            name: "chair".to_owned(),
            quantity: 1,
            price: minor.map(|minor| Money::new(minor, DEFAULT_CURRENCY)),
        };
        for lines in [[line(None), line(Some(5))], [line(Some(5)), line(Some(5))]] {
            let basket = Basket::new(lines).unwrap();
            let expected = Some(Money::new(5, DEFAULT_CURRENCY));
            assert_eq!(basket.items()[0].price, expected);
        }
        let name = "chair".to_owned();
        let refused = Basket::new([line(Some(5)), line(Some(6))]);
        assert_eq!(refused, Err(Refusal::DifferentPrices { name }));
    }

    #[test]
    fn an_invalid_quantity_is_refused_by_its_name() {
        for quantity in [0, -1, i64::MIN, i64::MAX, i64::from(MAX_QUANTITY) + 1] {
            assert_eq!(
                basket(&[("cup", 1), ("chair", quantity)]),
                Err(Refusal::InvalidQuantity {
                    name: "chair".into(),
                    quantity
                })
            );
        }
    }

    #[test]
    fn a_negative_line_can_not_take_from_another() {
        assert!(basket(&[("chair", 5), ("chair", -3)]).is_err());
    }

    #[test]
    fn an_empty_list_and_too_many_lines_are_refused() {
        assert_eq!(basket(&[]), Err(Refusal::Empty));
        let names: Vec<String> = (0..=MAX_LINES).map(|n| format!("p{n}")).collect();
        let lines: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
        assert_eq!(
            basket(&lines),
            Err(Refusal::TooManyProducts { limit: MAX_LINES })
        );
        assert!(basket(&lines[..MAX_LINES]).is_ok());
        let same = vec![("chair", 1); MAX_RAW_LINES + 1];
        assert_eq!(
            basket(&same),
            Err(Refusal::TooManyLines {
                limit: MAX_RAW_LINES
            })
        );
        assert!(basket(&same[..MAX_RAW_LINES]).is_ok());
    }

    #[test]
    fn a_name_that_no_product_can_have_is_refused() {
        for name in [
            String::new(),
            "   ".to_owned(),
            "\u{200b}\u{3164}".to_owned(),
            "x".repeat(MAX_NAME_CHARS + 1),
        ] {
            assert_eq!(basket(&[(&name, 1)]), Err(Refusal::InvalidName { line: 1 }));
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_counted_twice(lines in prop::collection::vec(("[a-e]", 1_i64..1000), 1..100)) {
            let basket = Basket::new(lines.clone()).unwrap();
            for item in basket.items() {
                let sum: i64 = lines.iter().filter(|(name, _)| *name == item.name).map(|(_, q)| q).sum();
                prop_assert_eq!(i64::from(item.quantity), sum);
            }
            let names: std::collections::BTreeSet<_> = lines.iter().map(|(name, _)| name).collect();
            prop_assert_eq!(names.len(), basket.items().len());
        }
    }
}
