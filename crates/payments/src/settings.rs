//! What can be set.

use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use standardwebhooks::Webhook;
use thiserror::Error;

use crate::domain::Rules;

/// What can be set for this service alone.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Settings {
    /// Where the card provider is, `http://HOST:PORT` [default: in a demo start the payment simulator; else none,
    /// and no card can be charged]
    #[arg(long, env = "QUADRILLE_PAYMENTS_PROVIDER_URL", value_name = "URL")]
    pub payment_provider_url: Option<String>,

    /// The secret key by which the card provider knows the shop; the variable is safer than the flag [default:
    /// in a demo start that of the payment simulator; else none, and no card can be charged]
    #[arg(
        long,
        env = "QUADRILLE_PAYMENTS_PROVIDER_KEY",
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub payment_provider_key: Option<SecretString>,

    /// The secret that the provider signs its webhooks with, `whsec_...`; the variable is safer than the flag
    /// [default: in a demo start that of the payment simulator; else none, and no webhook is taken]
    #[arg(
        long,
        env = "QUADRILLE_PAYMENTS_WEBHOOK_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub payment_webhook_secret: Option<SecretString>,

    /// How long an accepted order may wait for its payment, such as 30m; after that it is cancelled
    #[arg(
        long, env = "QUADRILLE_PAYMENTS_WINDOW", value_name = "DURATION", default_value = "30m",
        value_parser = service::config::duration
    )]
    pub payment_window: Duration,

    /// How often a payment may be declined before its order is cancelled
    #[arg(
        long, env = "QUADRILLE_PAYMENTS_MAX_DECLINES", value_name = "COUNT",
        default_value_t = Settings::MAX_DECLINES, value_parser = clap::value_parser!(u32).range(1..=100)
    )]
    pub payment_max_declines: u32,
}

/// The provider's key in a demo start, as the payment simulator has it.
pub const DEMO_PROVIDER_KEY: &str = "sk_demo_quadrille";
/// The webhooks' secret in a demo start, as the payment simulator has it.
pub const DEMO_WEBHOOK_SECRET: &str = "whsec_cXVhZHJpbGxlLWRlbW8td2ViaG9vay1zZWNyZXQ=";

/// The secret of webhooks is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("--payment-webhook-secret (QUADRILLE_PAYMENTS_WEBHOOK_SECRET) must be whsec_ and Base64")]
pub(crate) struct InvalidWebhookSecret;

impl Settings {
    const MAX_DECLINES: u32 = 5;

    /// What customers are granted.
    pub fn rules(&self) -> Rules {
        Rules {
            max_declines: self.payment_max_declines,
        }
    }

    /// By what the provider knows the shop; `demo` in a demo start.
    pub(crate) fn provider_key(&self, demo: bool) -> Option<SecretString> {
        let set = self.payment_provider_key.clone();
        set.or_else(|| demo.then(|| DEMO_PROVIDER_KEY.into()))
    }

    /// What tells the provider's webhooks from others'; `demo` in a demo start.
    ///
    /// # Errors
    /// When the secret is none.
    pub(crate) fn verifier(&self, demo: bool) -> Result<Option<Webhook>, InvalidWebhookSecret> {
        let set = self.payment_webhook_secret.as_ref();
        let set = set.map(ExposeSecret::expose_secret);
        let Some(secret) = set.or(demo.then_some(DEMO_WEBHOOK_SECRET)) else {
            return Ok(None);
        };
        // An empty one would be a signature that everybody can make.
        if secret
            .strip_prefix("whsec_")
            .is_none_or(|key| key.len() < 32)
        {
            return Err(InvalidWebhookSecret);
        }
        let verifier = Webhook::new(secret).map_err(|_| InvalidWebhookSecret)?;
        Ok(Some(verifier))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            payment_provider_url: None,
            payment_provider_key: None,
            payment_webhook_secret: None,
            payment_window: Duration::from_mins(30),
            payment_max_declines: Self::MAX_DECLINES,
        }
    }
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
        let read = Line::try_parse_from(["payments"]).unwrap().settings;
        assert_eq!(format!("{read:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn only_a_demo_start_has_secrets_by_itself_and_wrong_ones_are_refused() {
        let settings = Settings::default();
        assert!(settings.provider_key(true).is_some() && settings.provider_key(false).is_none());
        assert!(settings.verifier(true).unwrap().is_some());
        assert!(settings.verifier(false).unwrap().is_none());
        for wrong in [
            "",
            "whsec_",
            "whsec_YQ==",
            "geheim",
            "whsec_%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%",
        ] {
            let settings = Settings {
                payment_webhook_secret: Some(wrong.into()),
                ..Settings::default()
            };
            assert!(settings.verifier(false).is_err(), "{wrong}");
            assert!(!format!("{settings:?}").contains("geheim"));
        }
    }
}
