//! What happens to accounts.

use events::{AccountId, AccountUpdate};
use outbox::MessageContext;
use service::token::Role;
use testkit::eventually;

use crate::server::{CART, Customer, Server};

fn update(account: &str, deleted: bool, version: u64) -> AccountUpdate {
    AccountUpdate {
        account_id: account.parse::<AccountId>().unwrap(),
        email: (!deleted).then(|| "ann@example.com".to_owned()),
        role: "user".to_owned(),
        blocked: false,
        token_version: 0,
        deleted,
        version,
    }
}

#[tokio::test]
async fn a_deleted_accounts_cart_is_gone_and_no_token_that_still_lives_makes_another() {
    let server = Server::start().await;
    let customers = [0, 1].map(|_| {
        let (token, claims) = server.signer.token_and_claims(Role::User, 600);
        let customer = Customer {
            account: Some(token),
            cart: None,
        };
        (customer, claims.sub)
    });
    let [(one, one_id), (other, other_id)] = &customers;
    server.put(one, 1, 2).await;
    let visitor = server.visitor_with(1, 2).await;
    // Twice, as any event may come; the other one has no cart.
    for (id, deleted) in [
        (one_id, false),
        (one_id, true),
        (one_id, true),
        (other_id, true),
    ] {
        let context = MessageContext::default();
        let version = if deleted { 2 } else { 1 };
        server
            .environment
            .publish(&update(id, deleted, version), context)
            .await;
    }
    for customer in [one, other] {
        let refused = || async {
            let answer = server.get(CART, customer.account.as_deref()).await;
            answer.status() == 401
        };
        eventually("the cart is closed", refused).await;
        let both = Customer {
            cart: visitor.cart.clone(),
            ..customer.clone()
        };
        assert_eq!(server.put(&both, 1, 1).await.code(401), "unauthorized");
        assert_eq!(server.delete(&both, CART).await.code(401), "unauthorized");
    }
    assert_eq!(server.cart(&visitor).await.quantities(), [(1, 2)]);
    let database = server.database().await;
    let carts = database.database().collection::<bson::Document>("carts");
    let closed = bson::doc! { "closed": true, "lines": [], "expires_at": { "$exists": true } };
    assert_eq!(carts.count_documents(closed).await.unwrap(), 2);
    server.stop().await;
}
