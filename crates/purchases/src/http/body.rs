//! What requests and answers look like.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::store::PurchaseRow;

/// A purchase.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct NewPurchase {
    /// Who bought.
    #[schema(example = "ann", min_length = 1, max_length = 200)]
    pub(super) username: String,
    /// The buyer's id.
    #[schema(example = "17", min_length = 1, max_length = 200)]
    pub(super) userid: String,
    /// What it cost: a decimal number.
    #[schema(example = "19.99", min_length = 1, max_length = 200)]
    pub(super) price: String,
    /// When it was bought.
    #[schema(example = "2026-11-26T20:00:00Z", min_length = 1, max_length = 200)]
    pub(super) timestamp: String,
}

/// A purchase was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Taken {
    /// `Ok!`
    #[schema(example = "Ok!")]
    pub(super) status: &'static str,
    /// A sentence for people.
    pub(super) message: &'static str,
}

/// A purchase that was taken.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PurchaseBody {
    /// Its id.
    #[serde(rename = "_id")]
    id: String,
    username: String,
    userid: String,
    price: String,
    timestamp: String,
}

impl From<PurchaseRow> for PurchaseBody {
    fn from(row: PurchaseRow) -> Self {
        Self {
            id: row.id,
            username: row.username,
            userid: row.userid,
            price: row.price,
            timestamp: row.timestamp,
        }
    }
}

/// A user's purchases, by the user's name.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserBuys {
    pub(super) username: String,
    pub(super) purchases: Vec<PurchaseBody>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_page_token: Option<String>,
}

/// A user's purchases.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BuyList {
    /// `Ok!`
    #[schema(example = "Ok!")]
    pub(super) status: &'static str,
    pub(super) purchases: Vec<PurchaseBody>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_page_token: Option<String>,
}

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// The most purchases of a page, 1 to 1000 [default: 1000]
    #[param(minimum = 1, maximum = 1000)]
    pub(super) page_size: Option<u16>,
    /// `next_page_token` of the page before
    pub(super) page_token: Option<String>,
}
