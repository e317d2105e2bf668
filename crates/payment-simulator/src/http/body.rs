//! What requests and answers look like.

use events::money::Currency;
use serde::{Deserialize, Serialize};

use crate::body::IntentBody;
use crate::domain::Refund;
use crate::store::EntryRow;

/// A charge that is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewIntentBody {
    pub(super) amount: i64,
    pub(super) currency: Currency,
    pub(super) token: String,
    pub(super) reference: String,
}

/// A refund that is wanted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRefundBody {
    pub(super) amount: i64,
}

/// A refund that was made.
#[derive(Debug, Serialize)]
pub(super) struct RefundBody<'a> {
    #[serde(flatten)]
    pub(super) refund: &'a Refund,
    pub(super) currency: Currency,
    pub(super) intent: IntentBody<'a>,
}

/// A page of intents.
#[derive(Debug, Serialize)]
pub(super) struct IntentsBody<'a> {
    pub(super) intents: Vec<IntentBody<'a>>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_page_token: Option<String>,
}

/// The sums of a currency.
#[derive(Debug, Default, Serialize)]
pub(super) struct TotalsBody {
    pub(super) charges: i64,
    pub(super) charged: i64,
    pub(super) refunds: i64,
    pub(super) refunded: i64,
}

/// The books: the sums of all entries, and a page of these.
#[derive(Debug, Serialize)]
pub(super) struct BooksBody {
    /// By currency.
    pub(super) totals: std::collections::BTreeMap<&'static str, TotalsBody>,
    pub(super) entries: Vec<EntryBody>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_page_token: Option<String>,
}

/// Money that moved.
#[derive(Debug, Serialize)]
pub(super) struct EntryBody {
    id: String,
    kind: crate::store::EntryKind,
    intent: String,
    reference: String,
    amount: i64,
    currency: Currency,
    at: jiff::Timestamp,
}

impl From<EntryRow> for EntryBody {
    fn from(row: EntryRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind,
            intent: row.intent,
            reference: row.reference,
            amount: row.amount,
            currency: row.currency,
            at: row.at,
        }
    }
}

/// Which page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    pub(super) page_size: Option<usize>,
    pub(super) page_token: Option<String>,
}
