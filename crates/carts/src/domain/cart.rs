//! A cart and its changes.

use std::num::NonZeroU32;

use events::{AccountId, Money, ProductId};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use uuid::Uuid;

use super::ProductCopy;

/// The most different products that a cart may have: as many as an order.
pub const MAX_LINES: usize = 100;
/// The most of one product that a cart may have: as many as an order.
pub const MAX_QUANTITY: u32 = 1_000_000;
/// How long a visitor's cart is kept after its last change.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// So many of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The product.
    pub product_id: ProductId,
    /// Its name when it was put in, for when it is gone.
    pub name: String,
    /// How many: 1 to [`MAX_QUANTITY`].
    pub quantity: u32,
    /// The price of one that its customer knows: when it was last put in.
    pub known_price: Money,
}

/// How many of a product are wanted: 1 to [`MAX_QUANTITY`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantity(NonZeroU32);

impl Quantity {
    /// `wanted`, or `None` for 0, which takes a line out.
    ///
    /// # Errors
    /// When there can't be so many.
    pub fn new(wanted: i64) -> Result<Option<Self>, Refusal> {
        let count = u32::try_from(wanted).ok().filter(|n| *n <= MAX_QUANTITY);
        let count = count.ok_or(Refusal::InvalidQuantity(wanted))?;
        Ok(NonZeroU32::new(count).map(Self))
    }

    /// The number.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

/// What is to become of a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It has so many of a product, at the price of now.
    Put(ProductId, Quantity),
    /// It has none of a product.
    Remove(ProductId),
    /// It has nothing.
    Empty,
    /// It is as it is.
    Keep,
}

/// Why a cart is not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// There can't be so many.
    #[error("quantity must be from 0 to {MAX_QUANTITY}; it is {0}")]
    InvalidQuantity(i64),
    /// Another product would be one too many.
    #[error("a cart has at most {MAX_LINES} different products; take one out first")]
    TooManyLines,
    /// The catalogue has no such product.
    #[error("there is no product {0}")]
    UnknownProduct(ProductId),
    /// It was merged, or its account is deleted.
    #[error("the cart is closed")]
    Closed,
}

/// What somebody means to buy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cart {
    /// An account's id, or what a visitor's token stands for.
    pub id: Uuid,
    /// Rises by one with every change; 0 before the first.
    pub version: u64,
    /// Each product once, as they were first put in.
    pub lines: Vec<Line>,
    /// Whether it takes nothing any more: it was merged, or its account is deleted.
    pub closed: bool,
    /// When it is removed; `None` for an account's.
    pub expires_at: Option<Timestamp>,
}

impl Cart {
    /// An account's, with nothing in it.
    pub fn of_account(account: AccountId) -> Self {
        Self::new(Uuid::from_bytes(account.into_bytes()), None)
    }

    /// A visitor's, with nothing in it.
    pub fn of_visitor(id: Uuid, now: Timestamp) -> Self {
        Self::new(id, Some(now + KEPT))
    }

    fn new(id: Uuid, expires_at: Option<Timestamp>) -> Self {
        Self {
            id,
            version: 0,
            lines: Vec::new(),
            closed: false,
            expires_at,
        }
    }

    /// Makes `change`; `product` is the one that it names, if it is known.
    ///
    /// # Errors
    /// When it can't be made: nothing is changed then.
    pub fn apply(&mut self, change: Change, product: Option<&ProductCopy>) -> Result<(), Refusal> {
        if self.closed {
            return Err(Refusal::Closed);
        }
        match change {
            Change::Put(id, quantity) => {
                let product = product.ok_or(Refusal::UnknownProduct(id))?;
                self.put(id, quantity, product)?;
            }
            Change::Remove(id) => self.lines.retain(|line| line.product_id != id),
            Change::Empty => self.lines.clear(),
            Change::Keep => {}
        }
        Ok(())
    }

    fn put(
        &mut self,
        product_id: ProductId,
        quantity: Quantity,
        product: &ProductCopy,
    ) -> Result<(), Refusal> {
        let new = Line {
            product_id,
            name: product.name.clone(),
            quantity: quantity.get(),
            known_price: product.price(),
        };
        let has_room = self.lines.len() < MAX_LINES;
        match self.line(product_id) {
            Some(line) => *line = new,
            None if has_room => self.lines.push(new),
            None => return Err(Refusal::TooManyLines),
        }
        Ok(())
    }

    /// Takes over what a visitor's cart has, and closes that: quantities are added up. What would be over
    /// the limits of a cart is left out. Of a closed one there is nothing to take.
    pub fn merge(&mut self, visitors: &mut Self) {
        for line in visitors.lines.drain(..) {
            let has_room = self.lines.len() < MAX_LINES;
            match self.line(line.product_id) {
                Some(own) => {
                    own.quantity = own.quantity.saturating_add(line.quantity).min(MAX_QUANTITY);
                }
                None if has_room => self.lines.push(line),
                None => {}
            }
        }
        visitors.closed = true;
    }

    /// Takes out everything for good, until it is removed.
    pub fn close(&mut self, now: Timestamp) {
        self.lines.clear();
        self.closed = true;
        self.expires_at = Some(now + KEPT);
    }

    /// Notes at `now` that it was changed.
    pub fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.expires_at = self.expires_at.map(|_| now + KEPT);
    }

    fn line(&mut self, id: ProductId) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.product_id == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use events::money::DEFAULT_CURRENCY;
    use proptest::prelude::*;

    use super::*;

    fn product(price: i64) -> ProductCopy {
        ProductCopy {
            name: "chair".to_owned(),
            price,
            currency: DEFAULT_CURRENCY,
            quantity: 3,
        }
    }

    fn put(cart: &mut Cart, id: u128, quantity: i64) -> Result<(), Refusal> {
        let quantity = Quantity::new(quantity)?.expect("it is not 0");
        let change = Change::Put(ProductId::from_u128(id), quantity);
        cart.apply(change, Some(&product(599)))
    }

    fn filled(lines: &[(u128, u32)]) -> Cart {
        let mut cart = Cart::of_visitor(Uuid::from_u128(1), Timestamp::UNIX_EPOCH);
        for (id, quantity) in lines {
            put(&mut cart, *id, i64::from(*quantity)).unwrap();
        }
        cart
    }

    fn quantities(cart: &Cart) -> Vec<(u128, u32)> {
        let lines = cart.lines.iter();
        lines
            .map(|line| (line.product_id.as_u128(), line.quantity))
            .collect()
    }

    #[test]
    fn a_quantity_is_what_is_wanted_and_not_added() {
        let mut cart = filled(&[(1, 2), (2, 1)]);
        put(&mut cart, 1, 5).unwrap();
        assert_eq!(quantities(&cart), [(1, 5), (2, 1)]);
        let remove = Change::Remove(ProductId::from_u128(1));
        cart.apply(remove, None).unwrap();
        cart.apply(remove, None).unwrap();
        assert_eq!(quantities(&cart), [(2, 1)]);
        cart.apply(Change::Empty, None).unwrap();
        assert_eq!(quantities(&cart), []);
    }

    #[test]
    fn what_can_not_be_changes_nothing() {
        for wrong in [-1, i64::MIN, i64::MAX, i64::from(MAX_QUANTITY) + 1] {
            assert_eq!(Quantity::new(wrong), Err(Refusal::InvalidQuantity(wrong)));
        }
        assert_eq!(Quantity::new(0), Ok(None));
        let full: Vec<_> = (0..MAX_LINES as u128).map(|id| (id, 1)).collect();
        let mut cart = filled(&full);
        assert_eq!(put(&mut cart, 777, 1), Err(Refusal::TooManyLines));
        put(&mut cart, 7, i64::from(MAX_QUANTITY)).unwrap();
        let unknown = ProductId::from_u128(9);
        let change = Change::Put(unknown, Quantity::new(1).unwrap().unwrap());
        assert_eq!(
            cart.apply(change, None),
            Err(Refusal::UnknownProduct(unknown))
        );
        assert_eq!(cart.lines.len(), MAX_LINES);
    }

    #[test]
    fn a_closed_cart_takes_nothing() {
        let mut cart = filled(&[(1, 1)]);
        cart.close(Timestamp::UNIX_EPOCH);
        assert_eq!(put(&mut cart, 2, 1), Err(Refusal::Closed));
        assert_eq!(cart.apply(Change::Empty, None), Err(Refusal::Closed));
        assert!(cart.lines.is_empty());
    }

    #[test]
    fn what_is_over_the_limits_is_left_out_of_a_merge() {
        let full: Vec<_> = (0..MAX_LINES as u128)
            .map(|id| (id, MAX_QUANTITY))
            .collect();
        let mut cart = filled(&full);
        cart.merge(&mut filled(&[(7, 5), (777, 1)]));
        assert_eq!(quantities(&cart), full);
    }

    #[test]
    fn a_visitors_cart_is_kept_from_its_last_change_on() {
        let later = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let mut cart = filled(&[]);
        let first = cart.expires_at.unwrap();
        cart.touch(later);
        assert_eq!(cart.expires_at, Some(first + SignedDuration::from_hours(1)));
        let mut own = Cart::of_account(AccountId::from_u128(1));
        own.touch(later);
        assert_eq!((own.version, own.expires_at), (1, None));
    }

    proptest! {
        #[test]
        fn a_merge_adds_up_what_both_have_and_happens_once(
            own in prop::collection::btree_map(0_u128..20, 1_u32..=MAX_QUANTITY, 0..20),
            visitors in prop::collection::btree_map(0_u128..20, 1_u32..=MAX_QUANTITY, 0..20),
        ) {
            let lines = |of: &BTreeMap<u128, u32>| of.iter().map(|(id, n)| (*id, *n)).collect::<Vec<_>>();
            let (mut cart, mut other) = (filled(&lines(&own)), filled(&lines(&visitors)));
            cart.merge(&mut other);
            let mut sums = own;
            for (id, quantity) in visitors {
                let sum = sums.entry(id).or_default();
                *sum = (*sum + quantity).min(MAX_QUANTITY);
            }
            let merged: BTreeMap<_, _> = quantities(&cart).into_iter().collect();
            prop_assert_eq!(merged.len(), cart.lines.len());
            prop_assert_eq!(merged, sums);
            prop_assert!(other.closed && other.lines.is_empty());
            let once = cart.clone();
            cart.merge(&mut other);
            prop_assert_eq!(cart, once);
        }
    }
}
