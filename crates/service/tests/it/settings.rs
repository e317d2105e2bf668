//! Settings: defaults agree, wrong values are refused by the flag's name.

use std::time::Duration;

use clap::Parser;
use secrecy::ExposeSecret;
use service::config::{HttpSettings, KafkaSettings, MongoSettings, TokenSettings};

#[derive(Debug, Parser)]
struct All {
    #[command(flatten)]
    http: HttpSettings,
    #[command(flatten)]
    mongo: MongoSettings,
    #[command(flatten)]
    kafka: KafkaSettings,
    #[command(flatten)]
    tokens: TokenSettings,
}

#[test]
fn the_flags_defaults_are_the_structs_defaults() {
    let all = All::try_parse_from(["test"]).unwrap();
    let (mongo, http) = (MongoSettings::default(), HttpSettings::default());
    // A test run names its servers in the environment, and that goes before the default.
    let set = |name| std::env::var(name).ok();
    assert_eq!(
        all.mongo.uri.expose_secret(),
        set("QUADRILLE_MONGODB_URI")
            .as_deref()
            .unwrap_or(mongo.uri.expose_secret())
    );
    assert_eq!(
        (all.mongo.pool_size, all.mongo.timeout, all.mongo.database),
        (mongo.pool_size, mongo.timeout, None)
    );
    assert_eq!(
        (all.http.body_limit_bytes, all.http.request_timeout),
        (http.body_limit_bytes, http.request_timeout)
    );
    let kafka = KafkaSettings {
        brokers: set("QUADRILLE_KAFKA_BROKERS").unwrap_or(KafkaSettings::default().brokers),
        ..KafkaSettings::default()
    };
    assert_eq!(format!("{:?}", all.kafka), format!("{kafka:?}"));
    assert_eq!(
        format!("{:?}", all.tokens),
        format!("{:?}", TokenSettings::default())
    );
    assert_eq!(all.http.listen_or(8082).to_string(), "127.0.0.1:8082");
}

#[test]
fn flags_are_read() {
    let arguments = [
        "test",
        "--listen",
        "127.0.0.1:9",
        "--request-timeout",
        "2m",
        "--topic-prefix",
        "a.",
    ];
    let all = All::try_parse_from(arguments).unwrap();
    assert_eq!(all.http.listen_or(1).port(), 9);
    assert_eq!(all.http.request_timeout, Duration::from_mins(2));
    assert_eq!(all.kafka.topic_prefix, "a.");
}

#[test]
fn wrong_values_are_refused_by_name() {
    let wrong = [
        ("--listen", "8080"),
        ("--body-limit-bytes", "many"),
        ("--request-timeout", "5"),
        ("--mongodb-pool-size", "0"),
        ("--kafka-session-timeout", "-1s"),
    ];
    for (flag, value) in wrong {
        let refusal = All::try_parse_from(["test".to_owned(), format!("{flag}={value}")])
            .unwrap_err()
            .to_string();
        assert!(
            refusal.contains(flag) && refusal.contains(value),
            "{refusal}"
        );
    }
}

#[test]
fn a_connection_string_is_not_printed() {
    let mongo = MongoSettings::new("mongodb://a:secret@h/", "orders");
    assert!(!format!("{mongo:?}").contains("secret"));
}
