//! Which mails there are, what asks for them, and what becomes of them. No I/O.

use std::collections::BTreeMap;
use std::fmt;

use events::{
    AccountId, AccountUpdate, Cancellation, CheckoutRejection, Money, OrderId, OrderLine,
    OrderStatus, OrderUpdate, ProductId, Reason, Rejection,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a mail says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MailKind {
    /// The account is open.
    AccountNew,
    /// The account was changed.
    AccountChanged,
    /// The order is accepted.
    OrderCreated,
    /// The order is rejected or cancelled.
    OrderCancelled,
    /// The order has arrived.
    OrderDelivered,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::AccountNew,
        Self::AccountChanged,
        Self::OrderCreated,
        Self::OrderCancelled,
        Self::OrderDelivered,
    ];

    /// What HTTP and the database call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccountNew => "ACCOUNT_NEW",
            Self::AccountChanged => "ACCOUNT_CHANGED",
            Self::OrderCreated => "ORDER_CREATED",
            Self::OrderCancelled => "ORDER_CANCELLED",
            Self::OrderDelivered => "ORDER_DELIVERED",
        }
    }
}

/// What has become of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MailStatus {
    /// It is still to be sent.
    Waiting,
    /// The mail server has it.
    Sent,
    /// There is no mail server: it can be read in the list of mails.
    Kept,
    /// It is not sent, and a reason says why.
    Dropped,
}

impl MailStatus {
    /// What HTTP and the database call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Sent => "SENT",
            Self::Kept => "KEPT",
            Self::Dropped => "DROPPED",
        }
    }
}

/// A mail that an event asks for, without any personal data: the address is looked up when it is
/// sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// The same for the same kind, account or order, and version; its `Message-ID` is made of it.
    pub id: Uuid,
    /// What it says.
    pub kind: MailKind,
    /// Whom it is for.
    pub account_id: AccountId,
    /// When that happened which it tells.
    pub created_at: Timestamp,
    /// What a mail about an order has to say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderContent>,
}

/// What a mail has to say of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderContent {
    /// The order.
    pub order_id: OrderId,
    /// What was ordered.
    pub lines: Vec<OrderLine>,
    /// The sum of the lines.
    pub total: Money,
    /// Why it is rejected or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

impl Mail {
    /// The mail that `update`, published at `time`, asks for.
    pub fn of_account(update: &AccountUpdate, time: Timestamp) -> Option<Self> {
        let kind = match (update.deleted, update.version) {
            (true, _) => return None,
            (false, 1) => MailKind::AccountNew,
            (false, _) => MailKind::AccountChanged,
        };
        Some(Self {
            id: mail_id(kind, update.account_id.as_u128(), update.version),
            kind,
            account_id: update.account_id,
            created_at: time,
            order: None,
        })
    }

    /// The mail that `update`, published at `time`, asks for.
    pub fn of_order(update: &OrderUpdate, time: Timestamp) -> Option<Self> {
        let kind = match update.status {
            OrderStatus::Accepted => MailKind::OrderCreated,
            OrderStatus::Rejected | OrderStatus::Cancelled => MailKind::OrderCancelled,
            OrderStatus::Delivered => MailKind::OrderDelivered,
            OrderStatus::Pending
            | OrderStatus::Paid
            | OrderStatus::InDelivery
            | OrderStatus::Cancelling => return None,
        };
        Some(Self {
            id: mail_id(kind, update.order_id.as_u128(), update.version),
            kind,
            account_id: update.customer_id,
            created_at: time,
            order: Some(OrderContent {
                order_id: update.order_id,
                lines: update.lines.clone(),
                total: update.total,
                reason: update.reason.clone(),
            }),
        })
    }
}

impl OrderContent {
    /// Why it is rejected or cancelled, for people.
    pub fn reason_text(&self) -> Option<String> {
        let names: BTreeMap<ProductId, &str> = self
            .lines
            .iter()
            .map(|line| (line.product_id, line.name.as_str()))
            .collect();
        let name = |product: &ProductId| names.get(product).copied().unwrap_or("a product");
        Some(match self.reason.as_ref()? {
            Reason::Rejection(Rejection::InsufficientStock {
                product_id,
                available,
            }) => format!("there are only {available} of {} left", name(product_id)),
            Reason::Rejection(Rejection::UnknownProduct { product_id }) => {
                format!("{} is not sold any more", name(product_id))
            }
            Reason::Checkout(CheckoutRejection::PriceChanged { product_id, price }) => {
                format!("{} costs {price} now", name(product_id))
            }
            Reason::Cancellation(cancellation) => match cancellation {
                Cancellation::CancelledByCustomer => "you asked for it",
                Cancellation::CancelledByShop => "the shop cancelled it",
                Cancellation::PaymentDeclined => "the payment was declined",
                Cancellation::PaymentExpired => "it was not paid for in time",
            }
            .to_owned(),
            Reason::Other { code } => code.replace('-', " "),
        })
    }
}

/// An account, as far as mails go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Its address; absent once it is deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl From<&AccountUpdate> for Recipient {
    fn from(update: &AccountUpdate) -> Self {
        let email = update.email.as_ref().filter(|_| !update.deleted);
        Self {
            email: email.cloned(),
        }
    }
}

/// For operators, who need not read the address.
impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.email {
            Some(_) => "an address",
            None => "no address",
        })
    }
}

/// The id of the mail of `kind` about an account or order at `version`.
fn mail_id(kind: MailKind, about: u128, version: u64) -> Uuid {
    Uuid::new_v5(
        &Uuid::from_u128(about),
        format!("{} {version}", kind.name()).as_bytes(),
    )
}
