//! What protects the connections to the brokers.

use std::fmt;

use rdkafka::ClientConfig;

/// What protects the connections to the brokers: Kafka's own settings `security.protocol`,
/// `sasl.*` and `ssl.*` by their names. Printed without their values.
///
/// Every client takes them, so that none speaks in the clear when the others do not.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Security(Vec<(String, String)>);

impl Security {
    /// These settings, such as `("security.protocol", "sasl_ssl")`. What Kafka's client does not
    /// know is refused when a client is made.
    pub fn new<N, V>(settings: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: Into<String>,
        V: Into<String>,
    {
        let settings = settings.into_iter();
        Self(
            settings
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    pub(super) fn apply(&self, config: &mut ClientConfig) {
        for (name, value) in &self.0 {
            config.set(name, value);
        }
    }
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{KafkaAdmin, KafkaOptions};
    use super::*;

    fn with(settings: &[(&str, &str)]) -> KafkaOptions {
        KafkaOptions {
            security: Security::new(settings.iter().copied()),
            ..KafkaOptions::new("127.0.0.1:1")
        }
    }

    #[test]
    fn every_client_is_made_with_them_and_they_are_not_printed() {
        let options = with(&[
            ("security.protocol", "sasl_ssl"),
            ("sasl.mechanism", "SCRAM-SHA-512"),
            ("sasl.username", "orders"),
            ("sasl.password", "geheim"),
        ]);
        let client = options.client();
        assert_eq!(client.get("security.protocol"), Some("sasl_ssl"));
        assert_eq!(client.get("sasl.password"), Some("geheim"));
        // The client library is built with TLS and SCRAM.
        assert!(KafkaAdmin::new(&options).is_ok());
        let printed = format!("{options:?}");
        assert!(
            printed.contains("sasl.password") && !printed.contains("geheim"),
            "{printed}"
        );
    }

    #[test]
    fn what_the_client_does_not_know_is_refused() {
        let refused = |settings| KafkaAdmin::new(&with(settings)).err().unwrap().to_string();
        let text = refused(&[("security.protocol", "tls")]);
        assert!(text.contains("tls"), "{text}");
        let authority = ("ssl.ca.location", "/nowhere/ca.pem");
        let text = refused(&[("security.protocol", "ssl"), authority]);
        assert!(text.contains("ssl.ca.location"), "{text}");
    }
}
