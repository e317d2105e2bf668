//! A cart that becomes an order, and what becomes of it.

use std::collections::BTreeMap;

use events::money::DEFAULT_CURRENCY;
use events::{
    AccountId, CartCheckout, CheckoutLine, CheckoutRejection, Money, MoneyError, OrderId,
    OrderStatus, OrderUpdate, ProductId, Reason, Rejection,
};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{Cart, Line, ProductCopy};

/// How long a checkout can be looked at once it is closed; the order's own page stays.
const SHOWN: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How far a checkout is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckoutStatus {
    /// The order is not placed yet.
    Pending,
    /// The order stands.
    Placed,
    /// There is no order: what was checked out is in the cart again.
    Rejected,
}

impl CheckoutStatus {
    /// What HTTP calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Placed => "PLACED",
            Self::Rejected => "REJECTED",
        }
    }

    /// What an order's status says of its checkout; `None` while it says nothing.
    pub const fn of(status: OrderStatus) -> Option<Self> {
        match status {
            OrderStatus::Pending => None,
            OrderStatus::Rejected => Some(Self::Rejected),
            OrderStatus::Accepted
            | OrderStatus::Paid
            | OrderStatus::InDelivery
            | OrderStatus::Delivered
            | OrderStatus::Cancelling
            | OrderStatus::Cancelled => Some(Self::Placed),
        }
    }
}

/// Why an order was rejected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectionReason {
    /// The reason's stable name.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
    /// The product that it is about; `None` when it is about all.
    pub product: Option<ProductId>,
}

impl RejectionReason {
    /// What `reason` says about an order with `lines`.
    fn new(reason: Option<&Reason>, lines: &[CheckoutLine]) -> Self {
        let name = |product: &ProductId| {
            let line = lines.iter().find(|line| line.product_id == *product);
            line.map_or("a product", |line| line.name.as_str())
        };
        let detail = match reason {
            Some(Reason::Rejection(Rejection::InsufficientStock {
                product_id,
                available,
            })) => format!("there are only {available} of {} left", name(product_id)),
            Some(Reason::Rejection(Rejection::UnknownProduct { product_id })) => {
                format!("{} is not sold any more", name(product_id))
            }
            Some(Reason::Checkout(CheckoutRejection::PriceChanged { product_id, price })) => {
                format!("{} costs {price} now", name(product_id))
            }
            Some(reason) => reason.code().replace('-', " "),
            None => "the order was rejected".to_owned(),
        };
        Self {
            code: reason.map_or("rejected", Reason::code).to_owned(),
            detail,
            product: reason.and_then(Reason::product_id),
        }
    }
}

/// A cart that was checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// The order that it becomes.
    pub order_id: OrderId,
    /// Whose it is.
    pub account_id: AccountId,
    /// How far it is.
    pub status: CheckoutStatus,
    /// What was in the cart.
    pub lines: Vec<CheckoutLine>,
    /// Why it was rejected.
    pub reason: Option<RejectionReason>,
    /// The digest of payment and delivery, while it is PENDING.
    pub asked: Option<[u8; 32]>,
    /// When it is removed; `None` while it is PENDING.
    pub expires_at: Option<Timestamp>,
}

impl Checkout {
    /// Whether its order is not placed yet.
    pub fn is_pending(&self) -> bool {
        self.status == CheckoutStatus::Pending
    }

    /// Takes over what `update` says of its order, and returns whether that closes it.
    pub fn apply(&mut self, update: &OrderUpdate, now: Timestamp) -> bool {
        let status = CheckoutStatus::of(update.status).filter(|_| self.is_pending());
        let Some(status) = status else {
            return false;
        };
        if status == CheckoutStatus::Rejected {
            self.reason = Some(RejectionReason::new(update.reason.as_ref(), &self.lines));
        }
        self.status = status;
        self.asked = None;
        self.expires_at = Some(now + SHOWN);
        true
    }

    /// What everyone hears once it is closed: nothing personal.
    pub fn closed(&self) -> CartCheckout {
        CartCheckout {
            order_id: self.order_id,
            customer_id: self.account_id,
            lines: self.lines.clone(),
            // They were added up before.
            total: total(&self.lines).unwrap_or(Money::zero(DEFAULT_CURRENCY)),
            payment: None,
            delivery: None,
            version: 2,
        }
    }

    /// The lines as they are in the cart again.
    fn returned(&self) -> impl Iterator<Item = Line> {
        self.lines.iter().map(|line| Line {
            product_id: line.product_id,
            name: line.name.clone(),
            quantity: line.quantity,
            known_price: line.unit_price,
            rejection: self.reason.as_ref().and_then(|reason| {
                let about = reason
                    .product
                    .is_none_or(|product| product == line.product_id);
                about.then(|| reason.detail.clone())
            }),
        })
    }
}

/// The sum of `lines`.
///
/// # Errors
/// When they can't be added up.
pub fn total(lines: &[CheckoutLine]) -> Result<Money, MoneyError> {
    let currency = lines.first().map(|line| line.unit_price.currency);
    let zero = Money::zero(currency.unwrap_or(DEFAULT_CURRENCY));
    let mut lines = lines.iter();
    lines.try_fold(zero, |sum, line| {
        sum.plus(line.unit_price.times(line.quantity)?)
    })
}

/// Why a cart is not checked out. Nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckoutRefusal {
    /// The account is deleted.
    #[error("the account is deleted")]
    Closed,
    /// There is nothing in it.
    #[error("the cart is empty; put something in first")]
    Empty,
    /// It is another than the caller saw.
    #[error("the cart has changed: it is at version {0}; look at it again")]
    Stale(u64),
    /// Another one is not placed yet.
    #[error(
        "order {0} of this account is still being placed, with another payment or delivery; wait for it"
    )]
    UnderWay(OrderId),
    /// A product is not sold any more.
    #[error("{name} is not sold any more; take it out of the cart")]
    Gone {
        /// The product.
        product_id: ProductId,
        /// Its name.
        name: String,
    },
    /// A product costs more than its customer knows.
    #[error("{name} costs {now} now, not {known}; put it in again to accept that")]
    PriceChanged {
        /// The product.
        product_id: ProductId,
        /// Its name.
        name: String,
        /// What its customer knows.
        known: Money,
        /// What it costs now.
        now: Money,
    },
    /// The total can't be counted.
    #[error("the cart can't be added up: {0}")]
    Uncountable(MoneyError),
}

impl Cart {
    /// Takes everything out for the order `order_id`, at the prices of now; `products` are the copies with
    /// their versions. The cart is frozen until [`settle`](Self::settle): what is put in from now on is for
    /// another order.
    ///
    /// # Errors
    /// Nothing is changed then.
    pub fn freeze(
        &mut self,
        order_id: OrderId,
        products: &BTreeMap<ProductId, (ProductCopy, u64)>,
    ) -> Result<Vec<CheckoutLine>, CheckoutRefusal> {
        if self.lines.is_empty() {
            return Err(CheckoutRefusal::Empty);
        }
        let lines = self.lines.iter().map(|line| offered(line, products));
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        total(&lines).map_err(CheckoutRefusal::Uncountable)?;
        self.lines.clear();
        self.frozen = Some(order_id);
        Ok(lines)
    }

    /// Takes over what became of `checkout`, once: the lines of a rejected one join it again, up to the
    /// limits of a cart.
    pub fn settle(&mut self, checkout: &Checkout) {
        self.frozen = self.frozen.filter(|frozen| *frozen != checkout.order_id);
        if checkout.status == CheckoutStatus::Rejected && !self.closed {
            for line in checkout.returned() {
                self.add(line);
            }
        }
    }
}

fn offered(
    line: &Line,
    products: &BTreeMap<ProductId, (ProductCopy, u64)>,
) -> Result<CheckoutLine, CheckoutRefusal> {
    let product_id = line.product_id;
    let Some((product, version)) = products.get(&product_id) else {
        let name = line.name.clone();
        return Err(CheckoutRefusal::Gone { product_id, name });
    };
    let (known, now) = (line.known_price, product.price());
    // Nobody minds to pay less.
    if known.currency != now.currency || now.minor > known.minor {
        return Err(CheckoutRefusal::PriceChanged {
            product_id,
            name: product.name.clone(),
            known,
            now,
        });
    }
    Ok(CheckoutLine {
        product_id,
        name: product.name.clone(),
        quantity: line.quantity,
        unit_price: now,
        seller: None,
        product_version: *version,
    })
}

#[cfg(test)]
mod tests;
