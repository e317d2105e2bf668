//! Mails on their way to a mail server.

use std::time::Duration;

use events::OrderStatus;
use notifications::Settings;
use outbox::JobId;
use outbox::jobs::{JobFilter, JobState};
use testkit::{eventually, eventually_within};

use crate::mail_server::{MailServer, Mood, headers};
use crate::server::{Server, account, order};

fn with(mail_server: &MailServer) -> Settings {
    Settings {
        smtp_url: Some(mail_server.url().into()),
        shop_url: "https://shop.example".to_owned(),
        ..Settings::default()
    }
}

#[tokio::test]
async fn mails_follow_when_the_mail_server_is_back_each_once() {
    let mut mail_server = MailServer::start().await;
    let server = Server::start(with(&mail_server)).await;
    server.publish_account(&account(1)).await;
    server.settled(1).await;

    mail_server.goes_away().await;
    for number in 11..=13 {
        let accepted = order(number, 1, OrderStatus::Accepted, 2);
        server.publish_order(&accepted).await;
    }
    // What others tell is handled meanwhile, and the mails are tried.
    server.caught_up().await;
    let jobs = server.jobs().await;
    eventually("each was tried", || async {
        let waiting = jobs.list(&JobFilter::of(JobState::Waiting)).await.unwrap();
        waiting.len() == 3 && waiting.iter().all(|job| job.reason.is_some())
    })
    .await;
    let waiting = server.page("?status=WAITING").await;
    assert_eq!(waiting["mails"].as_array().unwrap().len(), 3);
    assert_eq!(mail_server.mails().len(), 1);

    mail_server.comes_back().await;
    let listed = server.settled(4).await;
    let mails = mail_server.mails();
    assert_eq!(mails.len(), 4);
    for mail in &listed {
        let id = format!("<{}@quadrille.example>", mail["id"].as_str().unwrap());
        let ids = headers(&mails, "Message-ID");
        assert_eq!(
            ids.iter().filter(|found| **found == id).count(),
            1,
            "{ids:?}"
        );
        assert_eq!(mail["status"], "SENT");
        assert_eq!(mail["recipient"], "person1@example.com");
        assert!(mail["sent_at"].is_string() && mail["subject"].is_string());
        assert!(mail["text"].is_null() && mail["html"].is_null(), "{mail}");
    }
    for to in headers(&mails, "To") {
        assert_eq!(to, "person1@example.com");
    }
    assert!(mails[1].contains("text/plain") && mails[1].contains("text/html"));
    server.stop().await;
}

/// As when the process ends between the mail server's answer and the row.
#[tokio::test]
async fn a_mail_whose_answer_was_lost_is_sent_again_under_the_same_id() {
    let mail_server = MailServer::start().await;
    mail_server.is(Mood::HangsUp);
    let server = Server::start(with(&mail_server)).await;
    server.publish_account(&account(1)).await;
    eventually("it is taken", || async { !mail_server.mails().is_empty() }).await;
    mail_server.is(Mood::Takes);
    server.settled(1).await;
    let mails = mail_server.mails();
    assert!(mails.len() > 1);
    for name in ["Message-ID", "Date", "Subject", "To"] {
        let mut values = headers(&mails, name);
        values.dedup();
        assert_eq!(values.len(), 1, "{name}: {values:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_for_now_is_tried_again_and_one_for_good_is_set_aside() {
    let mail_server = MailServer::start().await;
    mail_server.is(Mood::IsBusy);
    let server = Server::start(with(&mail_server)).await;
    let jobs = server.jobs().await;
    server.publish_account(&account(1)).await;
    eventually("it is tried", || async {
        let waiting = jobs.list(&JobFilter::of(JobState::Waiting)).await.unwrap();
        waiting.iter().any(|job| job.reason.is_some())
    })
    .await;

    mail_server.is(Mood::KnowsNobody);
    let dead = || async { jobs.list(&JobFilter::of(JobState::Dead)).await.unwrap() };
    let limit = Duration::from_secs(60);
    eventually_within(limit, "it is set aside", || async {
        dead().await.len() == 1
    })
    .await;
    let reason = dead().await[0].reason.clone().unwrap();
    assert!(reason.contains("550"), "{reason}");
    assert!(!reason.contains("person1"), "{reason}");
    let mails = server.mails().await;
    assert_eq!(mails[0]["status"], "WAITING");

    // An operator has it tried again when the mailbox is there.
    mail_server.is(Mood::Takes);
    let id: JobId = notifications::job_id(mails[0]["id"].as_str().unwrap().parse().unwrap());
    jobs.retry(&id, "an operator", "").await.unwrap();
    assert_eq!(server.settled(1).await[0]["status"], "SENT");
    server.stop().await;
}

#[tokio::test]
async fn an_address_that_is_none_is_set_aside_and_adds_no_header() {
    let mail_server = MailServer::start().await;
    let server = Server::start(with(&mail_server)).await;
    let mut wrong = account(1);
    wrong.email = Some("a@b.example\r\nBcc: other@example.com".to_owned());
    server.publish_account(&wrong).await;
    let jobs = server.jobs().await;
    eventually("it is set aside", || async {
        let dead = jobs.list(&JobFilter::of(JobState::Dead)).await.unwrap();
        dead.len() == 1
    })
    .await;
    assert!(mail_server.mails().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn a_mail_server_that_can_not_be_meant_stops_the_start_without_its_password() {
    for (url, hint) in [
        ("smtp://shop:geheim@mail.example", "TLS"),
        ("smtp://shop:geheim@mail.example?tls=opportunistic", "TLS"),
        ("imap://shop:geheim@mail.example?tls=required", "scheme"),
        ("smtps://shop:geheim@", "can't be used"),
        ("geheim", "can't be used"),
    ] {
        let own = Settings {
            smtp_url: Some(url.into()),
            ..Settings::default()
        };
        let lifecycle = service::lifecycle::Lifecycle::new(Duration::from_secs(1));
        let settings = host::Settings {
            http: service::config::HttpSettings::on_free_port(),
            ..host::Settings::default()
        };
        let refused = host::start::<notifications::Notifications>(settings, own, &lifecycle).await;
        let text = refused.err().unwrap().to_string();
        assert!(
            text.contains(hint) && !text.contains("geheim"),
            "{url}: {text}"
        );
    }
}
