//! The mail server.

use std::time::{Duration, SystemTime};

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::response::{Category, Code, Detail, Severity};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use outbox::JobError;
use secrecy::ExposeSecret;
use thiserror::Error;

use crate::domain::Mail;
use crate::settings::Settings;
use crate::templates::Rendered;

/// How long the server may take for one answer; a job has a minute for all of them.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why mails can't be sent with these settings. Never holds a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(crate) enum InvalidSmtp {
    /// The server's address is none.
    #[error("--smtp-url (QUADRILLE_NOTIFICATIONS_SMTP_URL) can't be used: {0}")]
    Url(String),
    /// A password would be readable on its way.
    #[error(
        "--smtp-url (QUADRILLE_NOTIFICATIONS_SMTP_URL) holds a password and does not demand TLS: use smtps:// or \
         ?tls=required"
    )]
    PasswordInTheClear,
    /// The sender is none.
    #[error("--mail-from (QUADRILLE_NOTIFICATIONS_MAIL_FROM) can't be used: {0}")]
    From(String),
}

/// Sends mails.
pub(crate) struct SmtpClient {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpClient {
    /// For the server of `settings`, if there is one. Nothing is contacted yet.
    ///
    /// # Errors
    /// When the settings can't be used.
    pub(crate) fn new(settings: &Settings) -> Result<Option<Self>, InvalidSmtp> {
        let from = settings.mail_from.parse();
        let from = from.map_err(|fault| InvalidSmtp::From(format!("{fault}")))?;
        let Some(url) = &settings.smtp_url else {
            return Ok(None);
        };
        let url = url.expose_secret();
        let (server, query) = url.rsplit_once('?').unwrap_or((url, ""));
        let demands_tls = server.starts_with("smtps://") || query.contains("tls=required");
        if server.contains('@') && !demands_tls {
            return Err(InvalidSmtp::PasswordInTheClear);
        }
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let transport = transport.map_err(|fault| InvalidSmtp::Url(fault.to_string()))?;
        Ok(Some(Self {
            transport: transport.timeout(Some(PATIENCE)).build(),
            from,
        }))
    }

    /// Sends `mail` to the address `recipient`.
    ///
    /// # Errors
    /// Whether it may be taken later. The text does not hold the address, because it is logged.
    pub(crate) async fn send(
        &self,
        mail: &Mail,
        recipient: &str,
        body: Rendered,
    ) -> Result<(), JobError> {
        let message = message(&self.from, mail, recipient, body).map_err(JobError::GiveUp)?;
        let Err(fault) = self.transport.send(message).await else {
            return Ok(());
        };
        let text = fault.to_string().replace(recipient, "(the recipient)");
        Err(if fault.status().is_some_and(is_hopeless) {
            JobError::GiveUp(format!("the mail server refuses this mail: {text}"))
        } else {
            JobError::Retry(format!("the mail server did not take it: {text}"))
        })
    }
}

/// The message of `mail`: the same whenever it is sent.
fn message(
    from: &Mailbox,
    mail: &Mail,
    recipient: &str,
    body: Rendered,
) -> Result<Message, String> {
    let address: Address = recipient
        .parse()
        .map_err(|fault| format!("the account's address is none: {fault}"))?;
    let id = format!("<{}@{}>", mail.id, from.email.domain());
    let message = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, address))
        .subject(body.subject)
        .message_id(Some(id))
        .date(SystemTime::from(mail.created_at))
        .multipart(MultiPart::alternative_plain_html(body.text, body.html));
    message.map_err(|fault| format!("it can't be written as a mail: {fault}"))
}

/// Whether the server has something against this mail or its recipient (RFC 5321 4.2.1: x5z), and not
/// against us, such as a password that is wrong for now (x3z, RFC 4954).
fn is_hopeless(code: Code) -> bool {
    let about_the_mail = code.category == Category::MailSystem
        || (code.category == Category::Syntax && code.detail == Detail::One);
    code.severity == Severity::PermanentNegativeCompletion && about_the_mail
}
