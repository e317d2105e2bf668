use events::OrderStatus;

#[test]
fn an_order_is_decided_once() {
    for from in OrderStatus::ALL {
        for to in OrderStatus::ALL {
            let allowed = *from == OrderStatus::Pending && *to != OrderStatus::Pending;
            assert_eq!(from.may_become(*to), allowed, "{from:?} -> {to:?}");
        }
    }
}

#[test]
fn pending_is_the_only_open_status() {
    let open: Vec<_> = OrderStatus::ALL
        .iter()
        .filter(|status| !status.is_terminal())
        .collect();
    assert_eq!(open, [&OrderStatus::Pending]);
}
