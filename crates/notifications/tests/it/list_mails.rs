//! `GET /api/admin/mails`: who may read it, and its pages.

use jiff::Timestamp;
use notifications::Settings;
use service::token::Role;
use testkit::problem_code;

use crate::server::{Server, account};

#[tokio::test]
async fn only_an_admin_reads_mails() {
    let server = Server::start(Settings::default()).await;
    let path = "/api/admin/mails";
    assert_eq!(
        problem_code(server.get(path, None).await, 401).await,
        "unauthorized"
    );
    let user = server.signer.token(Role::User, 600);
    let answer = server.get(path, Some(&user)).await;
    assert_eq!(problem_code(answer, 403).await, "forbidden");
    let admin = server.signer.token(Role::Admin, 600);
    for (query, refusal) in [
        ("page_size=0", "invalid-query"),
        ("page_size=101", "invalid-query"),
        ("page_size=many", "invalid-query"),
        ("status=LOST", "invalid-query"),
        ("sort=kind", "invalid-query"),
        ("page_token=x", "invalid-page-token"),
    ] {
        let answer = server.get(&format!("{path}?{query}"), Some(&admin)).await;
        assert_eq!(problem_code(answer, 400).await, refusal, "{query}");
    }
    server.stop().await;
}

#[tokio::test]
async fn pages_show_each_mail_once_newest_first() {
    let server = Server::start(Settings::default()).await;
    for number in 1..=5 {
        server.publish_account(&account(number)).await;
    }
    let mails = server.settled(5).await;
    let mut dates: Vec<Timestamp> = mails
        .iter()
        .map(|m| m["created_at"].as_str().unwrap().parse().unwrap())
        .collect();
    dates.reverse();
    assert!(dates.is_sorted(), "{dates:?}");

    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let page = server.page(&format!("?status=KEPT&limit=2{token}")).await;
        let rows = page["mails"].as_array().unwrap();
        assert!(rows.len() <= 2);
        seen.extend(rows.iter().cloned());
        match page["next_page_token"].as_str() {
            Some(next) => token = format!("&page_token={next}"),
            None => break,
        }
    }
    assert_eq!(seen, mails);
    let waiting = server.page("?status=WAITING").await;
    assert_eq!(waiting, serde_json::json!({ "mails": [] }));
    server.stop().await;
}
