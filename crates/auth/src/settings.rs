//! What can be set, with flags or in the environment.

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use service::config::{TokenSettings, duration};

use crate::commands::TokenRules;

/// For how long others may keep the public keys without asking again.
pub(crate) const PUBLIC_KEYS_MAX_AGE: Duration = Duration::from_secs(10);

/// What can be set for this service alone.
#[derive(Debug, Clone, Default, clap::Args)]
#[group(skip)]
pub struct Settings {
    /// How tokens are made.
    #[command(flatten)]
    pub issuing: IssuerSettings,
    /// How many passwords are hashed.
    #[command(flatten)]
    pub passwords: PasswordSettings,
}

/// How tokens are made.
#[derive(Debug, Clone, clap::Args)]
pub struct IssuerSettings {
    /// How long an access token is good, such as 15m; at most a day. A logout takes this long to
    /// reach the other services
    #[arg(long, env = "QUADRILLE_AUTH_ACCESS_LIFETIME", value_name = "DURATION", default_value = "15m", value_parser = access_lifetime)]
    pub access_lifetime: Duration,

    /// How long a login lasts, however often it is refreshed, such as 720h (30 days); at most a
    /// year
    #[arg(long, env = "QUADRILLE_AUTH_REFRESH_LIFETIME", value_name = "DURATION", default_value = "720h", value_parser = refresh_lifetime)]
    pub refresh_lifetime: Duration,

    /// For how long a refresh token that was just replaced is still taken, such as 10s; at most a
    /// minute. Longer is kinder to bad connections and to thieves
    #[arg(long, env = "QUADRILLE_AUTH_REUSE_GRACE", value_name = "DURATION", default_value = "10s", value_parser = reuse_grace)]
    pub reuse_grace: Duration,

    /// Ed25519 private keys, PEM files in PKCS#8, separated by commas. The last one signs, the
    /// others' tokens are still taken. Without any, the service makes its keys itself and keeps
    /// them in its database
    #[arg(
        long = "signing-key-file",
        env = "QUADRILLE_AUTH_SIGNING_KEY_FILE",
        value_name = "FILE",
        value_delimiter = ','
    )]
    pub signing_key_files: Vec<PathBuf>,

    /// How often the signing keys are read anew, such as 10s; a new key signs after three times
    /// this, when every instance and whoever keeps the public ones has read it
    #[arg(long, env = "QUADRILLE_AUTH_KEY_RELOAD", value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub key_reload: Duration,
}

/// How many passwords are hashed.
#[derive(Debug, Clone, clap::Args)]
pub struct PasswordSettings {
    /// Passwords hashed at once, 19 MiB and one core each, of which they have what other threads
    /// leave [default: the number of cores]
    #[arg(long, env = "QUADRILLE_AUTH_HASH_CONCURRENCY", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub hash_concurrency: Option<u16>,

    /// Passwords that may wait to be hashed; more are answered with 503
    #[arg(long, env = "QUADRILLE_AUTH_HASH_QUEUE", value_name = "COUNT", default_value_t = PasswordSettings::QUEUE)]
    pub hash_queue: u16,

    /// How many of them, hashed or waiting, may be one address's (of IPv6: one /64's); more are
    /// answered with 429; 0 is no limit
    #[arg(long, env = "QUADRILLE_AUTH_HASH_QUEUE_PER_ADDRESS", value_name = "COUNT", default_value_t = PasswordSettings::OF_AN_ADDRESS)]
    pub hash_queue_per_address: u16,
}

impl IssuerSettings {
    pub(crate) fn rules(&self, tokens: &TokenSettings) -> TokenRules {
        TokenRules {
            issuer: tokens.issuer.clone(),
            audience: tokens.audience.clone(),
            access_lifetime: signed(self.access_lifetime),
            refresh_lifetime: signed(self.refresh_lifetime),
            reuse_grace: signed(self.reuse_grace),
        }
    }

    /// How long a new key is known before it signs.
    pub(crate) fn key_spread(&self) -> SignedDuration {
        signed(
            self.key_reload
                .saturating_mul(2)
                .saturating_add(PUBLIC_KEYS_MAX_AGE),
        )
    }
}

impl Default for IssuerSettings {
    fn default() -> Self {
        Self {
            access_lifetime: Duration::from_mins(15),
            refresh_lifetime: Duration::from_hours(720),
            reuse_grace: Duration::from_secs(10),
            signing_key_files: Vec::new(),
            key_reload: Duration::from_secs(10),
        }
    }
}

impl PasswordSettings {
    const QUEUE: u16 = 256;
    const OF_AN_ADDRESS: u16 = 32;

    pub(crate) fn concurrency(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        self.hash_concurrency.map_or_else(cores, usize::from)
    }
}

impl Default for PasswordSettings {
    fn default() -> Self {
        Self {
            hash_concurrency: None,
            hash_queue: Self::QUEUE,
            hash_queue_per_address: Self::OF_AN_ADDRESS,
        }
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn access_lifetime(text: &str) -> Result<Duration, String> {
    at_most(text, Duration::from_hours(24))
}

fn refresh_lifetime(text: &str) -> Result<Duration, String> {
    at_most(text, Duration::from_hours(24 * 366))
}

fn reuse_grace(text: &str) -> Result<Duration, String> {
    at_most(text, Duration::from_mins(1))
}

fn at_most(text: &str, limit: Duration) -> Result<Duration, String> {
    let read = duration(text).map_err(|error| error.to_string())?;
    if read > limit {
        let limit = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
        return Err(format!("`{text}` is too long: at most {limit:#}"));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    #[test]
    fn without_flags_the_settings_are_the_defaults() {
        let read = Line::try_parse_from(["auth"]).unwrap().settings;
        assert_eq!(format!("{read:?}"), format!("{:?}", Settings::default()));
        assert_eq!(read.issuing.access_lifetime, Duration::from_mins(15));
        assert_eq!(read.issuing.refresh_lifetime, Duration::from_hours(30 * 24));
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_name() {
        for (flag, value) in [
            ("--access-lifetime", "2d 1h"),
            ("--access-lifetime", "25h"),
            ("--refresh-lifetime", "soon"),
            ("--reuse-grace", "2m"),
            ("--hash-concurrency", "0"),
            ("--key-reload", "0s"),
        ] {
            let error = Line::try_parse_from(["auth", flag, value])
                .unwrap_err()
                .to_string();
            assert!(error.contains(flag) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn several_key_files_are_read_in_their_order() {
        let line = ["auth", "--signing-key-file", "old.pem,new.pem"];
        let read = Line::try_parse_from(line).unwrap().settings;
        let files = [PathBuf::from("old.pem"), PathBuf::from("new.pem")];
        assert_eq!(read.issuing.signing_key_files, files);
    }
}
