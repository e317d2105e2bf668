//! What can be set.

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use standardwebhooks::Webhook;
use thiserror::Error;

use crate::faults::Faults;

/// What can be set for this service alone.
#[derive(Debug, Clone, Default, Args)]
#[group(skip)]
pub struct Settings {
    /// The secret key that callers send as `Authorization: Bearer KEY`; the variable is safer than the flag
    /// [default: in a demo start one that the shop knows]
    #[arg(
        long = "simulator-key",
        env = "QUADRILLE_PAYMENT_SIMULATOR_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub key: Option<SecretString>,

    /// Where webhooks are sent, such as `http://localhost:8080/hooks/payments` [default: in a demo start to the
    /// shop; else none are sent]
    #[arg(
        long = "simulator-webhook-url", env = "QUADRILLE_PAYMENT_SIMULATOR_WEBHOOK_URL", value_name = "URL",
        value_parser = http_url
    )]
    pub webhook_url: Option<String>,

    /// The secret that webhooks are signed with, `whsec_` and 24 to 64 bytes in Base64; the variable is safer
    /// than the flag [default: in a demo start one that the shop knows]
    #[arg(
        long = "simulator-webhook-secret",
        env = "QUADRILLE_PAYMENT_SIMULATOR_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub webhook_secret: Option<SecretString>,

    /// What goes wrong.
    #[command(flatten)]
    pub faults: Faults,
}

/// The role at the shop's address.
pub(crate) const GATEWAY: &str = "gateway";

/// The key of a demo start.
pub const DEMO_KEY: &str = "sk_demo_quadrille";
/// The webhooks' secret of a demo start.
pub const DEMO_WEBHOOK_SECRET: &str = "whsec_cXVhZHJpbGxlLWRlbW8td2ViaG9vay1zZWNyZXQ=";

/// Why the provider can't run with these settings. Never holds a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum InvalidSettings {
    /// Anyone could charge.
    #[error(
        "set a secret key: --simulator-key (QUADRILLE_PAYMENT_SIMULATOR_KEY); only a demo start has one by itself"
    )]
    NoKey,
    /// Nobody could tell its webhooks from others'.
    #[error(
        "webhooks are signed: set --simulator-webhook-secret (QUADRILLE_PAYMENT_SIMULATOR_WEBHOOK_SECRET); only a demo \
         start has one by itself"
    )]
    NoWebhookSecret,
    /// The secret is none.
    #[error(
        "--simulator-webhook-secret (QUADRILLE_PAYMENT_SIMULATOR_WEBHOOK_SECRET) must be whsec_ and 24 to 64 bytes in \
         Base64"
    )]
    WebhookSecret,
}

/// The digest of the key that callers must have.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// Of `key`. Digests are compared, so that the time it takes says nothing of the key.
    pub(crate) fn of(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }
}

impl Settings {
    /// What callers must have; `demo` in a demo start.
    pub(crate) fn key(&self, demo: bool) -> Result<KeyDigest, InvalidSettings> {
        let set = self.key.as_ref().map(ExposeSecret::expose_secret);
        let key = set
            .filter(|key| !key.is_empty())
            .or(demo.then_some(DEMO_KEY));
        key.map(KeyDigest::of).ok_or(InvalidSettings::NoKey)
    }

    /// Where webhooks go, in a shop whose address is `shop`.
    pub(crate) fn webhooks_to(&self, shop: Option<&str>) -> Option<String> {
        let to_shop = || shop.map(|shop| format!("{shop}/hooks/payments"));
        self.webhook_url.clone().or_else(to_shop)
    }

    /// What signs webhooks; `demo` in a demo start.
    pub(crate) fn signer(&self, demo: bool) -> Result<Webhook, InvalidSettings> {
        let set = self
            .webhook_secret
            .as_ref()
            .map(ExposeSecret::expose_secret);
        let secret = set
            .or(demo.then_some(DEMO_WEBHOOK_SECRET))
            .ok_or(InvalidSettings::NoWebhookSecret)?;
        let encoded = secret
            .strip_prefix("whsec_")
            .ok_or(InvalidSettings::WebhookSecret)?;
        // 24 bytes in Base64 are 32 characters, 64 bytes 88.
        if !(32..=88).contains(&encoded.len()) {
            return Err(InvalidSettings::WebhookSecret);
        }
        Webhook::new(secret).map_err(|_| InvalidSettings::WebhookSecret)
    }
}

/// An address without TLS: what the simulator sends is worth nothing.
fn http_url(text: &str) -> Result<String, String> {
    let url =
        reqwest::Url::parse(text).map_err(|fault| format!("`{text}` is not a URL: {fault}"))?;
    if url.scheme() != "http" || url.host().is_none() {
        return Err(format!(
            "`{text}` does not begin with http://, and the simulator speaks no TLS"
        ));
    }
    Ok(text.to_owned())
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

    fn read(flags: &[&str]) -> Result<Settings, clap::Error> {
        let line = ["simulator"].iter().chain(flags);
        Ok(Line::try_parse_from(line)?.settings)
    }

    #[test]
    fn without_flags_the_settings_are_the_defaults() {
        let read = read(&[]).unwrap();
        assert_eq!(format!("{read:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn only_a_demo_start_has_secrets_by_itself() {
        let settings = Settings::default();
        assert!(settings.key(true).is_ok() && settings.signer(true).is_ok());
        assert_eq!(settings.key(false).err(), Some(InvalidSettings::NoKey));
        let refused = settings.signer(false).err();
        assert_eq!(refused, Some(InvalidSettings::NoWebhookSecret));
    }

    #[test]
    fn secrets_are_not_shown_and_wrong_ones_are_refused() {
        let flags = [
            "--simulator-key",
            "geheim",
            "--simulator-webhook-secret",
            "whsec_geheim",
        ];
        let settings = read(&flags).unwrap();
        assert!(!format!("{settings:?}").contains("geheim"), "{settings:?}");
        for wrong in [
            "whsec_geheim",
            "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LTMyYnl0ZXM=",
            "whsec_%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%",
        ] {
            let settings = Settings {
                webhook_secret: Some(wrong.into()),
                ..Settings::default()
            };
            let refused = settings.signer(true).err();
            assert_eq!(refused, Some(InvalidSettings::WebhookSecret), "{wrong}");
        }
    }

    #[test]
    fn an_address_that_can_not_be_called_is_refused() {
        assert!(read(&["--simulator-webhook-url", "http://127.0.0.1:8080/hooks"]).is_ok());
        for wrong in ["https://a.example/", "a.example", "ftp://a.example/", ""] {
            assert!(
                read(&["--simulator-webhook-url", wrong]).is_err(),
                "{wrong}"
            );
        }
    }
}
