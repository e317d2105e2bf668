//! Accounts that a new shop starts with.

use auth::{Role, SeedError, Seeded, seed_account};
use reqwest::StatusCode;

use crate::server::{PASSWORD, Server, Tokens};

#[tokio::test]
async fn seeding_twice_is_seeding_once_and_the_only_way_to_an_admin() {
    let server = Server::start().await;
    let seed = |email, role| seed_account(&server.common.mongo, email, PASSWORD, role);
    assert_eq!(
        seed("admin@admin.com", Role::Admin).await.unwrap(),
        Seeded::Added
    );
    assert_eq!(
        seed("aaa@aaa.com", Role::User).await.unwrap(),
        Seeded::Added
    );
    let before = server.everything().await;
    assert_eq!(
        seed("admin@admin.com", Role::Admin).await.unwrap(),
        Seeded::Present
    );
    assert_eq!(server.everything().await, before);

    let tokens = server.try_login("admin@admin.com", PASSWORD).await;
    assert_eq!(
        Tokens::of(tokens).await.claims().role,
        service::token::Role::Admin
    );
    let tokens = server.try_login("aaa@aaa.com", PASSWORD).await;
    assert_eq!(
        Tokens::of(tokens).await.claims().role,
        service::token::Role::User
    );
}

#[tokio::test]
async fn whoever_took_the_address_first_does_not_become_an_admin() {
    let server = Server::start().await;
    server.register("admin@admin.com").await;
    let before = server.everything().await;
    let seeded = seed_account(
        &server.common.mongo,
        "admin@admin.com",
        "another password",
        Role::Admin,
    );
    let refused = seeded.await.unwrap_err();
    assert!(
        matches!(refused, SeedError::OtherRole { role: "user", .. }),
        "{refused}"
    );
    assert_eq!(server.everything().await, before);
    let login = server
        .try_login("admin@admin.com", "another password")
        .await;
    assert_eq!(login.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_wrong_seed_is_named() {
    let server = Server::start().await;
    let refused = seed_account(&server.common.mongo, "nobody", "password", Role::User).await;
    assert!(refused.unwrap_err().to_string().contains("nobody"));
    let refused = seed_account(&server.common.mongo, "a@b.com", "short", Role::User).await;
    assert!(refused.unwrap_err().to_string().contains("a@b.com"));
    let own = seed_account(&server.common.mongo, "a@b.com", "a@b.com!", Role::Admin).await;
    assert!(own.unwrap_err().to_string().contains("your e-mail address"));
    assert!(server.everything().await["accounts"].is_empty());
}

#[tokio::test]
async fn the_demo_users_alone_have_their_addresses_as_passwords() {
    let server = Server::start().await;
    let auth = host::role::<auth::Auth>();
    let database = server.environment.database("auth").await;
    auth.load_demo(&database).await.unwrap();
    for (email, _) in auth::DEMO_USERS {
        let login = server.try_login(email, email).await;
        assert_eq!(login.status(), StatusCode::OK, "{email}");
    }
    let accounts = &server.everything().await["accounts"];
    let known = bson::Uuid::from_bytes(events::demo::CUSTOMER.as_u128().to_be_bytes());
    let customer = accounts
        .iter()
        .find(|it| it.get("_id") == Some(&known.into()));
    let email = customer.and_then(|it| it.get_str("email").ok());
    assert_eq!(email, Some("aaa@aaa.com"), "payments knows its id");
}
