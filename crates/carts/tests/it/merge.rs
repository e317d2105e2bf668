//! A visitor's cart at login.

use futures::future::join_all;

use crate::server::{CART, Customer, Server};

#[tokio::test]
async fn quantities_are_added_up_once_however_often_both_tokens_come() {
    let server = Server::start().await;
    let account = server.account();
    server.put(&account, 1, 2).await;
    server.put(&account, 2, 1).await;
    let visitor = server.visitor_with(3, 4).await;
    server.put(&visitor, 1, 5).await;
    let both = Customer {
        cart: visitor.cart.clone(),
        ..account.clone()
    };
    let merged = [(1, 7), (2, 1), (3, 4)];
    for _ in 0..3 {
        let cart = server.cart(&both).await;
        assert_eq!((cart.quantities(), cart.token), (merged.to_vec(), None));
    }
    assert_eq!(server.put(&both, 2, 3).await.quantities()[1], (2, 3));
    assert_eq!(server.cart(&account).await.quantities()[0], (1, 7));
    server.stop().await;
}

#[tokio::test]
async fn a_merged_cart_is_as_good_as_none_and_its_visitor_goes_on_with_another() {
    let server = Server::start().await;
    let visitor = server.visitor_with(1, 2).await;
    let account = server.account();
    let both = Customer {
        cart: visitor.cart.clone(),
        ..account.clone()
    };
    assert_eq!(server.cart(&both).await.quantities(), [(1, 2)]);
    let seen = server.cart(&visitor).await;
    assert_eq!(seen.quantities(), []);
    assert_ne!(seen.token.unwrap(), visitor.cart.clone().unwrap());
    let put = server.put(&visitor, 2, 1).await;
    assert_eq!(put.quantities(), [(2, 1)]);
    let fresh = Customer {
        account: None,
        cart: put.token,
    };
    assert_ne!(fresh.cart, visitor.cart);
    assert_eq!(server.cart(&fresh).await.quantities(), [(2, 1)]);
    // The former token brings nothing more.
    assert_eq!(server.cart(&both).await.quantities(), [(1, 2)]);
    server.stop().await;
}

#[tokio::test]
async fn a_change_with_both_tokens_is_made_after_the_merge_or_with_it_not_at_all() {
    let server = Server::start().await;
    let visitor = server.visitor_with(1, 2).await;
    let both = Customer {
        cart: visitor.cart.clone(),
        ..server.account()
    };
    assert_eq!(server.put(&both, 77, 1).await.code(404), "unknown-product");
    assert_eq!(server.cart(&visitor).await.quantities(), [(1, 2)]);
    let put = server.put(&both, 2, 1).await;
    assert_eq!(put.quantities(), [(1, 2), (2, 1)]);
    let visitor = server.visitor_with(3, 2).await;
    let both = Customer {
        cart: visitor.cart,
        ..both
    };
    assert_eq!(server.delete(&both, CART).await.quantities(), []);
    assert_eq!(server.cart(&both).await.quantities(), []);
    server.stop().await;
}

#[tokio::test]
async fn two_tabs_at_once_merge_once() {
    let server = Server::start().await;
    for _ in 0..10 {
        let visitor = server.visitor_with(1, 2).await;
        let both = Customer {
            cart: visitor.cart,
            ..server.account()
        };
        server
            .put(
                &Customer {
                    cart: None,
                    ..both.clone()
                },
                1,
                1,
            )
            .await;
        let tabs = (0..4).map(|_| server.cart(&both));
        for tab in join_all(tabs).await {
            assert_eq!(tab.quantities(), [(1, 3)]);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn two_accounts_at_once_get_it_once() {
    let server = Server::start().await;
    for _ in 0..10 {
        let visitor = server.visitor_with(1, 2).await;
        let accounts = [server.account(), server.account()].map(|account| Customer {
            cart: visitor.cart.clone(),
            ..account
        });
        let seen = join_all(accounts.iter().map(|who| server.cart(who))).await;
        let mut seen: Vec<_> = seen.iter().map(crate::server::Answer::quantities).collect();
        seen.sort();
        assert_eq!(seen, [vec![], vec![(1, 2)]]);
    }
    server.stop().await;
}

#[tokio::test]
async fn what_a_visitor_puts_in_while_it_is_merged_is_in_one_of_the_carts() {
    let server = Server::start().await;
    for _ in 0..10 {
        let visitor = server.visitor_with(1, 2).await;
        let both = Customer {
            cart: visitor.cart.clone(),
            ..server.account()
        };
        let (put, _) = tokio::join!(server.put(&visitor, 2, 1), server.cart(&both));
        let still = Customer {
            account: None,
            cart: put.token.or(visitor.cart),
        };
        let mut all = server.cart(&both).await.quantities();
        all.extend(server.cart(&still).await.quantities());
        all.sort_unstable();
        assert_eq!(all, [(1, 2), (2, 1)]);
    }
    server.stop().await;
}
