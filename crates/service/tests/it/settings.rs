//! Settings: defaults agree, wrong values are refused by the flag's name.

use std::time::Duration;

use clap::Parser;
use secrecy::ExposeSecret;
use service::config::{
    HttpSettings, InvalidKafkaSecurity, KafkaMechanism, KafkaProtocol, KafkaSecuritySettings,
    KafkaSettings, MongoSettings, TokenSettings,
};

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
    assert_eq!(all.http.metrics_listen, None);
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

fn kafka(arguments: &[&str]) -> KafkaSecuritySettings {
    let line = std::iter::once("test").chain(arguments.iter().copied());
    All::try_parse_from(line).unwrap().kafka.security
}

#[test]
fn without_security_kafkas_client_gets_no_settings() {
    assert_eq!(kafka(&[]).client_settings(), Ok(Vec::new()));
}

#[test]
fn kafkas_security_uses_its_clients_setting_names() {
    // Any file that can be read.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let read = kafka(&[
        "--kafka-security-protocol=sasl_ssl",
        "--kafka-sasl-mechanism=scram-sha-256",
        "--kafka-username=orders",
        "--kafka-password=geheim",
        "--kafka-tls-ca-file",
        path,
    ]);
    assert_eq!(
        (read.protocol, read.mechanism),
        (KafkaProtocol::SaslSsl, KafkaMechanism::ScramSha256)
    );
    let expected = [
        ("security.protocol", "sasl_ssl"),
        ("sasl.mechanism", "SCRAM-SHA-256"),
        ("sasl.username", "orders"),
        ("sasl.password", "geheim"),
        ("ssl.ca.location", path),
    ]
    .map(|(name, value)| (name, value.to_owned()));
    assert_eq!(read.client_settings().unwrap(), expected);
    assert!(!format!("{read:?}").contains("geheim"), "{read:?}");

    let read = kafka(&[
        "--kafka-security-protocol=SSL",
        "--kafka-tls-certificate-file",
        path,
        "--kafka-tls-key-file",
        path,
    ]);
    let names: Vec<&str> = read
        .client_settings()
        .unwrap()
        .iter()
        .map(|(name, _)| *name)
        .collect();
    assert_eq!(
        names,
        [
            "security.protocol",
            "ssl.certificate.location",
            "ssl.key.location"
        ]
    );
}

#[test]
fn security_that_does_not_fit_together_is_refused_with_the_way_out() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let (certificate, key) = ("--kafka-tls-certificate-file", "--kafka-tls-key-file");
    let (ssl, name) = ("--kafka-security-protocol=ssl", "--kafka-username=orders");
    let cases: [(&[&str], &[&str]); 7] = [
        (
            &["--kafka-security-protocol=sasl_ssl"],
            &["sasl_ssl needs QUADRILLE_KAFKA_USERNAME"],
        ),
        (
            &["--kafka-security-protocol=sasl_plaintext", name],
            &["sasl_plaintext needs QUADRILLE_KAFKA_PASSWORD"],
        ),
        (&[name], &["QUADRILLE_KAFKA_USERNAME is set", "sasl_ssl"]),
        (
            &[ssl, name],
            &["QUADRILLE_KAFKA_USERNAME is set", "sasl_ssl"],
        ),
        (
            &["--kafka-tls-ca-file", here],
            &["QUADRILLE_KAFKA_TLS_CA_FILE is set", "ssl"],
        ),
        (
            &[ssl, certificate, here],
            &["without QUADRILLE_KAFKA_TLS_KEY_FILE"],
        ),
        (
            &[ssl, key, here],
            &["without QUADRILLE_KAFKA_TLS_CERTIFICATE_FILE"],
        ),
    ];
    for (arguments, words) in cases {
        let refused = kafka(arguments).client_settings().unwrap_err().to_string();
        for word in words {
            assert!(refused.contains(word), "{arguments:?}: {refused}");
        }
    }
    let away = kafka(&[ssl, "--kafka-tls-ca-file=/nowhere/ca.pem"]);
    assert_eq!(
        away.check(),
        Ok(()),
        "settings are checked on other machines, too"
    );
    let away = away.client_settings();
    assert!(
        matches!(away, Err(InvalidKafkaSecurity::File { .. })),
        "{away:?}"
    );
    let text = away.unwrap_err().to_string();
    assert!(
        text.contains("QUADRILLE_KAFKA_TLS_CA_FILE: /nowhere/ca.pem"),
        "{text}"
    );
}
