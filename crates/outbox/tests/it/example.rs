//! The examples work, and the README shows them as they are.

use std::time::Duration;

use outbox::Event as _;
use outbox::kafka::{KafkaAdmin, KafkaOptions};
use testkit::TestEnvironment;

#[allow(dead_code, unreachable_pub, reason = "it is a program of its own")]
#[path = "../../examples/signup.rs"]
mod signup;

#[allow(dead_code, unreachable_pub, reason = "it is a program of its own")]
#[path = "../../examples/reminder.rs"]
mod reminder;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signs_up_is_greeted() {
    let environment = TestEnvironment::new().await;
    // Named by the environment, so that it removes them.
    environment.database_name("signup_mailer");
    let prefix = environment
        .database_name("signup_accounts")
        .replace("accounts", "");
    let signup = signup::run(
        environment.mongodb_uri(),
        environment.kafka_brokers(),
        &prefix,
        "ada@example.org",
    );
    let mail = tokio::time::timeout(Duration::from_mins(1), signup).await;
    let mail = mail
        .expect("the mail comes in time")
        .expect("nothing fails");
    assert_eq!(mail.get_str("_id").ok(), Some("ada@example.org"));
    assert_eq!(mail.get_str("text").ok(), Some("Welcome!"));

    let mut kafka = KafkaOptions::new(environment.kafka_brokers());
    kafka.topic_prefix = prefix;
    let topic = signup::SignedUp::TOPIC;
    let dead_letters = outbox::DeadLetter::topic(topic, "mailer");
    let admin = KafkaAdmin::new(&kafka).expect("the settings are Kafka's");
    let deleted = admin.delete_topics(&[topic, &dead_letters]).await;
    deleted.expect("Kafka answers");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_not_confirmed_is_reminded_once() {
    let environment = TestEnvironment::new().await;
    let name = environment.database_name("reminder");
    let reminded = reminder::run(environment.mongodb_uri(), &name);
    let mails = tokio::time::timeout(Duration::from_mins(1), reminded).await;
    let mails = mails
        .expect("the mail comes in time")
        .expect("nothing fails");
    let expected = "remind:ada@example.org: confirm, ada@example.org!";
    assert_eq!(mails, [expected]);
}

#[test]
fn the_readme_shows_the_examples_as_they_are() {
    let readme = include_str!("../../README.md");
    let examples = [
        include_str!("../../examples/signup.rs"),
        include_str!("../../examples/reminder.rs"),
    ];
    for example in examples {
        let shown = format!("```rust\n{example}```\n");
        assert!(readme.contains(&shown), "copy it into README.md: {example}");
    }
}
