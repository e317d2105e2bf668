//! Mails as they are read. The texts are in `templates/`, a pair of files for each kind; the first line
//! of the one with the text is the subject.

use events::OrderLine;
use minijinja::{Environment, Error, UndefinedBehavior, Value, context};

use crate::domain::{Mail, MailKind, OrderContent};

const LAYOUT: &str = include_str!("../templates/layout.html");

/// A kind's text and HTML.
const fn sources(kind: MailKind) -> (&'static str, &'static str) {
    match kind {
        MailKind::AccountNew => (
            include_str!("../templates/account_new.txt"),
            include_str!("../templates/account_new.html"),
        ),
        MailKind::AccountChanged => (
            include_str!("../templates/account_changed.txt"),
            include_str!("../templates/account_changed.html"),
        ),
        MailKind::OrderCreated => (
            include_str!("../templates/order_created.txt"),
            include_str!("../templates/order_created.html"),
        ),
        MailKind::OrderCancelled => (
            include_str!("../templates/order_cancelled.txt"),
            include_str!("../templates/order_cancelled.html"),
        ),
        MailKind::OrderDelivered => (
            include_str!("../templates/order_delivered.txt"),
            include_str!("../templates/order_delivered.html"),
        ),
    }
}

/// A mail as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// The body as text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
}

/// `mail` as the person with the address `recipient` reads it, with links into the shop at `shop_url`.
///
/// # Errors
/// When a template is wrong.
pub fn render(mail: &Mail, recipient: &str, shop_url: &str) -> Result<Rendered, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.add_template("layout.html", LAYOUT)?;
    let shop_url = shop_url.trim_end_matches('/');
    let order = mail.order.as_ref().map(|order| values(order, shop_url));
    let values = context! { shop_url, recipient, order };
    let (text, html) = sources(mail.kind);
    // What is escaped is known by the names' endings.
    let text = environment.render_named_str("mail.txt", text, &values)?;
    let html = environment.render_named_str("mail.html", html, &values)?;
    let (subject, text) = text.split_once('\n').unwrap_or((&text, ""));
    Ok(Rendered {
        subject: subject.trim().to_owned(),
        text: text.trim_start().to_owned(),
        html,
    })
}

fn values(order: &OrderContent, shop_url: &str) -> Value {
    let line = |line: &OrderLine| {
        context! {
            name => line.name.as_str(),
            quantity => line.quantity,
            price => line.unit_price.to_string(),
        }
    };
    context! {
        id => order.order_id.to_string(),
        url => format!("{shop_url}/orders/{}", order.order_id),
        lines => order.lines.iter().map(line).collect::<Vec<_>>(),
        total => order.total.to_string(),
        reason => order.reason_text(),
    }
}
