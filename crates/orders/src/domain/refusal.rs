use events::Money;
use thiserror::Error;

/// Why an order can't be placed. Nothing is changed by it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// No line at all.
    #[error("The order has no products; name at least one.")]
    Empty,
    /// More lines than a request may have.
    #[error("The order has more than {limit} lines; put fewer into one order.")]
    TooManyLines {
        /// The most there may be.
        limit: usize,
    },
    /// More different products than an order may have.
    #[error("The order has more than {limit} different products; split it into several orders.")]
    TooManyProducts {
        /// The most there may be.
        limit: usize,
    },
    /// A name that no product can have.
    #[error(
        "Line {line} has an invalid product name: nothing that can be seen, or longer than 200 characters."
    )]
    InvalidName {
        /// Which line, counted from 1.
        line: usize,
    },
    /// A quantity that is none.
    #[error("The quantity of {name:?} must be from 1 to 1000000; it is {quantity}.")]
    InvalidQuantity {
        /// The product's name.
        name: String,
        /// What was asked for, lines of the product added up.
        quantity: i64,
    },
    /// The catalogue has no such product.
    #[error("There is no product {name:?} in the shop.")]
    UnknownProduct {
        /// The name asked for.
        name: String,
    },
    /// There is less of it than asked for.
    #[error("There are {available} of {name:?}; the order wants {wanted}.")]
    InsufficientStock {
        /// The product's name.
        name: String,
        /// What is wanted, lines of the product added up.
        wanted: u32,
        /// What is there as far as this service knows.
        available: u32,
    },
    /// It costs something else than the customer expects.
    #[error("{name:?} costs {price} now.")]
    PriceChanged {
        /// The product's name.
        name: String,
        /// What one costs.
        price: Money,
    },
    /// Lines of one product expect different prices.
    #[error("Lines of {name:?} expect different prices; it has one.")]
    DifferentPrices {
        /// The product's name.
        name: String,
    },
    /// The cost is more than can be counted.
    #[error("The total of the order is too large; order less.")]
    TooExpensive,
    /// Products priced in different currencies.
    #[error("{name:?} is priced in another currency; order it separately.")]
    MixedCurrencies {
        /// The first product with another currency than the first line's.
        name: String,
    },
}
