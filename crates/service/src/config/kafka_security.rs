//! How a connection to Kafka is made safe; plain data, the client is not known here.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};

// Of these alone: what a struct declares as its heading stays in force for those that follow it.
const HEADING: &str = "Kafka's security";

/// How a connection to Kafka is made safe.
///
/// What is given and not used, or needed and not given, is refused by [`check`](Self::check):
/// a password that is set beside a protocol without one means that somebody believes in a
/// safety that is not there.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct KafkaSecuritySettings {
    /// Kafka's security protocol: with or without TLS (ssl), with or without a password (sasl)
    #[arg(
        id = "kafka-security-protocol",
        long = "kafka-security-protocol",
        help_heading = HEADING,
        env = "QUADRILLE_KAFKA_SECURITY_PROTOCOL",
        value_name = "PROTOCOL",
        value_enum,
        ignore_case = true,
        default_value = "plaintext"
    )]
    pub protocol: KafkaProtocol,

    /// The SASL mechanism
    #[arg(
        id = "kafka-sasl-mechanism",
        long = "kafka-sasl-mechanism",
        help_heading = HEADING,
        env = "QUADRILLE_KAFKA_SASL_MECHANISM",
        value_name = "MECHANISM",
        value_enum,
        ignore_case = true,
        default_value = "SCRAM-SHA-512"
    )]
    pub mechanism: KafkaMechanism,

    /// The user's name, with `sasl_plaintext` and `sasl_ssl`
    #[arg(
        id = "kafka-username",
        long = "kafka-username",
        help_heading = HEADING,
        env = "QUADRILLE_KAFKA_USERNAME",
        value_name = "NAME"
    )]
    pub username: Option<String>,

    /// The user's password. A command line is seen by everybody on the machine: the variable is
    /// safer
    #[arg(
        id = "kafka-password",
        long = "kafka-password",
        help_heading = HEADING,
        env = "QUADRILLE_KAFKA_PASSWORD",
        hide_env_values = true,
        value_name = "PASSWORD",
        value_parser = super::mongo::secret
    )]
    pub password: Option<SecretString>,

    /// The CA certificates (PEM) to verify brokers with, with `ssl` and `sasl_ssl`
    /// [default: those of the system]
    #[arg(
        id = "kafka-tls-ca-file",
        long = "kafka-tls-ca-file",
        help_heading = HEADING,
        env = "QUADRILLE_KAFKA_TLS_CA_FILE",
        value_name = "FILE"
    )]
    pub ca_file: Option<PathBuf>,

    /// A client certificate (PEM), for brokers that require one; with `ssl` and `sasl_ssl`
    #[arg(
        id = "kafka-tls-certificate-file",
        long = "kafka-tls-certificate-file",
        help_heading = HEADING,
        env = "QUADRILLE_KAFKA_TLS_CERTIFICATE_FILE",
        value_name = "FILE"
    )]
    pub certificate_file: Option<PathBuf>,

    /// The private key (PEM, not encrypted) of that certificate
    #[arg(
        id = "kafka-tls-key-file",
        long = "kafka-tls-key-file",
        help_heading = HEADING,
        env = "QUADRILLE_KAFKA_TLS_KEY_FILE",
        value_name = "FILE"
    )]
    pub key_file: Option<PathBuf>,
}

/// What protects a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum KafkaProtocol {
    /// None: for one machine or a trusted network
    #[default]
    Plaintext,
    /// TLS
    Ssl,
    /// A password, unencrypted except for what the mechanism hides
    #[value(name = "sasl_plaintext")]
    SaslPlaintext,
    /// TLS and a password
    #[value(name = "sasl_ssl")]
    SaslSsl,
}

/// How a password is shown to a broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum KafkaMechanism {
    /// Without sending it
    #[default]
    #[value(name = "SCRAM-SHA-512")]
    ScramSha512,
    /// Without sending it
    #[value(name = "SCRAM-SHA-256")]
    ScramSha256,
    /// By sending it: with TLS only
    #[value(name = "PLAIN")]
    Plain,
}

/// Settings that do not fit together, with the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKafkaSecurity {
    /// Something is needed that is not given.
    #[error("QUADRILLE_KAFKA_SECURITY_PROTOCOL={protocol} needs {missing}, which is not set")]
    Missing {
        /// The protocol chosen.
        protocol: &'static str,
        /// The variable that it needs.
        missing: &'static str,
    },
    /// Something is given that the protocol does not use.
    #[error(
        "{given} is set, but QUADRILLE_KAFKA_SECURITY_PROTOCOL={protocol} does not use it: set {protocols}, or \
         take it away"
    )]
    Unused {
        /// The protocol chosen.
        protocol: &'static str,
        /// The variable that has no use.
        given: &'static str,
        /// The protocols that have one for it.
        protocols: &'static str,
    },
    /// A certificate without its key, or a key without its certificate.
    #[error("{given} is set without {missing}: a certificate needs its key")]
    HalfAPair {
        /// The variable that is set.
        given: &'static str,
        /// The one that is not.
        missing: &'static str,
    },
    /// A file can't be read.
    #[error("{variable}: {path} can't be read: {cause}")]
    File {
        /// The variable that names it.
        variable: &'static str,
        /// The file.
        path: String,
        /// Why.
        cause: String,
    },
}

const USERNAME: &str = "QUADRILLE_KAFKA_USERNAME";
const PASSWORD: &str = "QUADRILLE_KAFKA_PASSWORD";
const CA: &str = "QUADRILLE_KAFKA_TLS_CA_FILE";
const CERTIFICATE: &str = "QUADRILLE_KAFKA_TLS_CERTIFICATE_FILE";
const KEY: &str = "QUADRILLE_KAFKA_TLS_KEY_FILE";

impl KafkaProtocol {
    /// As it is written, here and in Kafka.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "plaintext",
            Self::Ssl => "ssl",
            Self::SaslPlaintext => "sasl_plaintext",
            Self::SaslSsl => "sasl_ssl",
        }
    }

    const fn has_tls(self) -> bool {
        matches!(self, Self::Ssl | Self::SaslSsl)
    }

    const fn has_password(self) -> bool {
        matches!(self, Self::SaslPlaintext | Self::SaslSsl)
    }
}

impl KafkaMechanism {
    /// As it is written, here and in Kafka.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
        }
    }
}

impl KafkaSecuritySettings {
    /// Whether the settings fit together; their files need not be there.
    ///
    /// # Errors
    /// What does not fit, by its variable, and the way out.
    pub fn check(&self) -> Result<(), InvalidKafkaSecurity> {
        let protocol = self.protocol.name();
        let logins = [
            (USERNAME, self.username.is_some()),
            (PASSWORD, self.password.is_some()),
        ];
        for (variable, given) in logins {
            match (self.protocol.has_password(), given) {
                (true, false) => {
                    let missing = variable;
                    return Err(InvalidKafkaSecurity::Missing { protocol, missing });
                }
                (false, true) => {
                    return Err(InvalidKafkaSecurity::Unused {
                        protocol,
                        given: variable,
                        protocols: "sasl_ssl or sasl_plaintext",
                    });
                }
                _ => {}
            }
        }
        for (variable, file) in self.files() {
            if file.is_some() && !self.protocol.has_tls() {
                return Err(InvalidKafkaSecurity::Unused {
                    protocol,
                    given: variable,
                    protocols: "ssl or sasl_ssl",
                });
            }
        }
        match (&self.certificate_file, &self.key_file) {
            (Some(_), None) => Err(InvalidKafkaSecurity::HalfAPair {
                given: CERTIFICATE,
                missing: KEY,
            }),
            (None, Some(_)) => Err(InvalidKafkaSecurity::HalfAPair {
                given: KEY,
                missing: CERTIFICATE,
            }),
            _ => Ok(()),
        }
    }

    /// The settings as Kafka's clients call them; none when nothing protects the connection. The
    /// password is among them: not for printing.
    ///
    /// # Errors
    /// As [`check`](Self::check), and a file that can't be read.
    pub fn client_settings(&self) -> Result<Vec<(&'static str, String)>, InvalidKafkaSecurity> {
        self.check()?;
        if self.protocol == KafkaProtocol::Plaintext {
            return Ok(Vec::new());
        }
        let mut settings = vec![("security.protocol", self.protocol.name().to_owned())];
        if let (Some(username), Some(password)) = (&self.username, &self.password) {
            settings.push(("sasl.mechanism", self.mechanism.name().to_owned()));
            settings.push(("sasl.username", username.clone()));
            settings.push(("sasl.password", password.expose_secret().to_owned()));
        }
        let names = [
            "ssl.ca.location",
            "ssl.certificate.location",
            "ssl.key.location",
        ];
        for (name, (variable, file)) in names.into_iter().zip(self.files()) {
            let Some(file) = file else { continue };
            let path = file.display().to_string();
            // Kafka's client says no more than that it failed.
            if let Err(cause) = std::fs::File::open(file) {
                let cause = cause.to_string();
                return Err(InvalidKafkaSecurity::File {
                    variable,
                    path,
                    cause,
                });
            }
            settings.push((name, path));
        }
        Ok(settings)
    }

    fn files(&self) -> [(&'static str, Option<&Path>); 3] {
        [
            (CA, self.ca_file.as_deref()),
            (CERTIFICATE, self.certificate_file.as_deref()),
            (KEY, self.key_file.as_deref()),
        ]
    }
}
