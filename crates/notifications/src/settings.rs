//! What can be set.

use std::time::Duration;

use clap::Args;
use lettre::address::AddressError;
use lettre::message::Mailbox;
use secrecy::SecretString;

/// What can be set for this service alone.
#[derive(Debug, Clone, Args)]
#[group(skip)]
pub struct Settings {
    /// Mail server, `smtps://USER:PASSWORD@HOST` or `smtp://USER:PASSWORD@HOST?tls=required`, with
    /// reserved characters percent-encoded; without TLS, as `smtp://HOST:PORT`, no password is sent. May
    /// hold a password, so the variable is safer than the flag [default: none; an admin can read the
    /// mails that would be sent]
    #[arg(
        long,
        env = "QUADRILLE_NOTIFICATIONS_SMTP_URL",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub smtp_url: Option<SecretString>,

    /// Sender of mails, who also gets the answers
    #[arg(
        long, env = "QUADRILLE_NOTIFICATIONS_MAIL_FROM", value_name = "NAME <ADDRESS>",
        default_value = Settings::MAIL_FROM, value_parser = mailbox
    )]
    pub mail_from: String,

    /// Where people find the shop, for links in mails
    #[arg(
        long, env = "QUADRILLE_NOTIFICATIONS_SHOP_URL", value_name = "URL",
        default_value = Settings::SHOP_URL
    )]
    pub shop_url: String,

    /// What happened longer ago is not mailed, such as 72h: a service that begins to read old topics does
    /// not write to everyone about the past
    #[arg(
        long, env = "QUADRILLE_NOTIFICATIONS_MAIL_MAX_AGE", value_name = "DURATION",
        default_value = "72h", value_parser = service::config::duration
    )]
    pub mail_max_age: Duration,
}

impl Settings {
    const MAIL_FROM: &'static str = "Quadrille <shop@quadrille.example>";
    const SHOP_URL: &'static str = "http://localhost:8080";
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            smtp_url: None,
            mail_from: Self::MAIL_FROM.to_owned(),
            shop_url: Self::SHOP_URL.to_owned(),
            mail_max_age: Duration::from_hours(72),
        }
    }
}

fn mailbox(text: &str) -> Result<String, AddressError> {
    text.parse::<Mailbox>().map(|_| text.to_owned())
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
        let read = Line::try_parse_from(["notifications"]).unwrap().settings;
        assert_eq!(format!("{read:?}"), format!("{:?}", Settings::default()));
    }

    #[test]
    fn a_password_is_not_shown_and_a_wrong_sender_is_refused() {
        let url = "smtps://shop:geheim@mail.example";
        let read = Line::try_parse_from(["notifications", "--smtp-url", url]).unwrap();
        assert!(!format!("{read:?}").contains("geheim"), "{read:?}");
        for wrong in ["", "shop", "Shop <shop>", "a@b.example\r\nBcc: c@d.example"] {
            let refused = Line::try_parse_from(["notifications", "--mail-from", wrong]);
            assert!(refused.is_err(), "{wrong:?}");
        }
    }
}
