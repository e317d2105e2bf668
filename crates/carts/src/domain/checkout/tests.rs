use events::Asks;
use proptest::prelude::*;

use super::*;
use crate::domain::{Change, Quantity};

fn product(price: i64) -> ProductCopy {
    ProductCopy {
        name: "chair".to_owned(),
        price,
        currency: DEFAULT_CURRENCY,
        quantity: 3,
    }
}

fn products(price: i64) -> BTreeMap<ProductId, (ProductCopy, u64)> {
    let all = (1..=5).map(|id| (ProductId::from_u128(id), (product(price), 7)));
    all.collect()
}

fn put(cart: &mut Cart, id: u128, quantity: i64) {
    let quantity = Quantity::new(quantity).unwrap().unwrap();
    let change = Change::Put(ProductId::from_u128(id), quantity);
    cart.apply(change, Some(&product(599))).unwrap();
}

fn filled(lines: &[(u128, i64)]) -> Cart {
    let mut cart = Cart::of_account(AccountId::from_u128(1));
    for (id, quantity) in lines {
        put(&mut cart, *id, *quantity);
    }
    cart
}

fn check_out(cart: &mut Cart, order: u128) -> Checkout {
    let order_id = OrderId::from_u128(order);
    Checkout {
        order_id,
        account_id: AccountId::from_u128(1),
        status: CheckoutStatus::Pending,
        lines: cart.freeze(order_id, &products(599)).unwrap(),
        reason: None,
        asked: Some([1; 32]),
        expires_at: None,
    }
}

fn update(order_id: OrderId, status: OrderStatus, reason: Option<Reason>) -> OrderUpdate {
    OrderUpdate {
        order_id,
        customer_id: AccountId::from_u128(1),
        lines: Vec::new(),
        total: Money::zero(DEFAULT_CURRENCY),
        asks: Asks::NOTHING,
        status,
        reason,
        by: "orders".to_owned(),
        version: 2,
    }
}

fn quantities(cart: &Cart) -> Vec<(u128, u32)> {
    let lines = cart.lines.iter();
    lines
        .map(|line| (line.product_id.as_u128(), line.quantity))
        .collect()
}

#[test]
fn a_cart_is_frozen_with_what_it_costs_now() {
    let mut cart = filled(&[(1, 2), (2, 1)]);
    let lines = cart.freeze(OrderId::from_u128(9), &products(500)).unwrap();
    assert_eq!(total(&lines), Ok(Money::new(1_500, DEFAULT_CURRENCY)));
    assert_eq!((lines[0].product_version, lines[0].quantity), (7, 2));
    assert!(cart.lines.is_empty());
    assert_eq!(cart.frozen, Some(OrderId::from_u128(9)));
}

#[test]
fn what_its_customer_does_not_know_is_not_checked_out() {
    let order = OrderId::from_u128(9);
    let empty = filled(&[]).freeze(order, &products(599));
    assert_eq!(empty, Err(CheckoutRefusal::Empty));
    let mut cart = filled(&[(1, 2)]);
    let before = cart.clone();
    let dearer = cart.freeze(order, &products(600)).unwrap_err();
    assert!(matches!(dearer, CheckoutRefusal::PriceChanged { .. }));
    let gone = cart.freeze(order, &BTreeMap::new()).unwrap_err();
    assert!(matches!(gone, CheckoutRefusal::Gone { .. }));
    assert_eq!(cart, before);
}

#[test]
fn a_reason_is_at_the_line_that_it_is_about() {
    let short = Reason::Rejection(Rejection::InsufficientStock {
        product_id: ProductId::from_u128(2),
        available: 1,
    });
    let other = Reason::Other {
        code: "price-changed".to_owned(),
    };
    let says = |text: &str| Some(text.to_owned());
    let left = says("there are only 1 of chair left");
    for (reason, expected) in [
        (short, [None, left]),
        (other, [says("price changed"), says("price changed")]),
    ] {
        let mut cart = filled(&[(1, 2), (2, 4)]);
        let mut checkout = check_out(&mut cart, 9);
        let rejected = update(checkout.order_id, OrderStatus::Rejected, Some(reason));
        assert!(checkout.apply(&rejected, Timestamp::UNIX_EPOCH));
        cart.settle(&checkout);
        let lines = cart.lines.iter();
        let reasons: Vec<_> = lines.map(|line| line.rejection.clone()).collect();
        assert_eq!(reasons, expected);
        put(&mut cart, 2, 1);
        assert_eq!(cart.lines[1].rejection, None);
    }
}

#[test]
fn a_closed_cart_gets_nothing_back() {
    let mut cart = filled(&[(1, 2)]);
    let mut checkout = check_out(&mut cart, 9);
    cart.close(Timestamp::UNIX_EPOCH);
    let rejected = update(checkout.order_id, OrderStatus::Rejected, None);
    assert!(checkout.apply(&rejected, Timestamp::UNIX_EPOCH));
    cart.settle(&checkout);
    assert!(cart.lines.is_empty());
}

#[derive(Debug, Clone)]
enum Step {
    Put(u128, i64),
    CheckOut,
    Update(OrderStatus),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let statuses = prop::sample::select(vec![
        OrderStatus::Pending,
        OrderStatus::Rejected,
        OrderStatus::Accepted,
        OrderStatus::Paid,
        OrderStatus::Cancelled,
    ]);
    let step = prop_oneof![
        (1_u128..=5, 1_i64..9).prop_map(|(id, quantity)| Step::Put(id, quantity)),
        Just(Step::CheckOut),
        statuses.prop_map(Step::Update),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    /// Whatever comes in whatever order: what was put in is in the cart or in one order.
    #[test]
    fn goods_are_in_the_cart_or_in_one_order(steps in steps()) {
        let mut cart = filled(&[]);
        let mut checkouts: Vec<Checkout> = Vec::new();
        let (mut has, mut ordered) = (BTreeMap::<u128, u32>::new(), BTreeMap::<u128, u32>::new());
        for step in steps {
            match step {
                Step::Put(id, quantity) => {
                    put(&mut cart, id, quantity);
                    has.insert(id, u32::try_from(quantity).unwrap());
                }
                Step::CheckOut if cart.frozen.is_none() && !cart.lines.is_empty() => {
                    let order = checkouts.len() as u128 + 1;
                    checkouts.push(check_out(&mut cart, order));
                    has.clear();
                }
                Step::CheckOut => {}
                // Of every order, since an event of each may come again.
                Step::Update(status) => for checkout in &mut checkouts {
                    let update = update(checkout.order_id, status, None);
                    let pending = checkout.is_pending();
                    if !checkout.apply(&update, Timestamp::UNIX_EPOCH) {
                        continue;
                    }
                    prop_assert!(pending);
                    cart.settle(checkout);
                    prop_assert_eq!(cart.frozen, None);
                    let to = if status == OrderStatus::Rejected { &mut has } else { &mut ordered };
                    for line in &checkout.lines {
                        *to.entry(line.product_id.as_u128()).or_default() += line.quantity;
                    }
                },
            }
            let found: BTreeMap<_, _> = quantities(&cart).into_iter().collect();
            prop_assert_eq!(&found, &has);
        }
        let mut placed = BTreeMap::<u128, u32>::new();
        let standing = checkouts.iter().filter(|it| it.status == CheckoutStatus::Placed);
        for line in standing.flat_map(|checkout| &checkout.lines) {
            *placed.entry(line.product_id.as_u128()).or_default() += line.quantity;
        }
        prop_assert_eq!(placed, ordered);
    }
}
