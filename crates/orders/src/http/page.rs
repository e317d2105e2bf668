//! Turning pages: `page_size`, and a `page_token` that only this service can read.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use events::{OrderId, OrderStatus};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use service::http::Problem;
use utoipa::{IntoParams, ToSchema};

use super::body::OrderBody;
use crate::domain::Order;

const DEFAULT_SIZE: i64 = 50;
const MAX_SIZE: i64 = 100;

/// Which orders are wanted, and which page of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Only those that stand here: `PENDING`, `ACCEPTED`, `REJECTED`, `PAID`, `IN_DELIVERY`,
    /// `DELIVERED`, `CANCELLING` or `CANCELLED`.
    #[param(value_type = Option<String>, example = "PENDING")]
    pub(super) status: Option<OrderStatus>,
    /// The most orders in the answer: 1 to 100.
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub(super) page_size: Option<i64>,
    /// `next_page_token` of the page before.
    pub(super) page_token: Option<String>,
}

/// A page of orders, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderPage)]
pub(super) struct OrdersBody {
    /// The orders.
    orders: Vec<OrderBody>,
    /// Asks for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// A page that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    size: usize,
    /// The last order of the page before.
    pub(super) after: Option<OrderId>,
}

impl Page {
    /// # Errors
    /// 400 for a size out of range or a token that is not one of ours.
    pub(super) fn of(query: &ListQuery) -> Result<Self, Problem> {
        let size = query.page_size.unwrap_or(DEFAULT_SIZE);
        let size = usize::try_from(size)
            .ok()
            .filter(|_| (1..=MAX_SIZE).contains(&size))
            .ok_or_else(|| {
                Problem::new(
                    StatusCode::BAD_REQUEST,
                    "invalid-query",
                    "A query parameter is invalid",
                )
                .detail(format!(
                    "page_size must be from 1 to {MAX_SIZE}; it is {size}"
                ))
            })?;
        let after = query.page_token.as_deref().map(read_token).transpose()?;
        Ok(Self { size, after })
    }

    /// How many to ask the database for: one more says whether there is a next page.
    pub(super) fn limit(self) -> i64 {
        i64::try_from(self.size + 1).unwrap_or(MAX_SIZE + 1)
    }

    /// The answer with what was found.
    pub(super) fn answer(self, mut found: Vec<Order>) -> OrdersBody {
        let more = found.len() > self.size;
        found.truncate(self.size);
        let last = found.last().filter(|_| more);
        OrdersBody {
            next_page_token: last.map(|order| write_token(order.id)),
            orders: found.iter().map(OrderBody::of).collect(),
        }
    }
}

fn write_token(last: OrderId) -> String {
    URL_SAFE_NO_PAD.encode(last.as_bytes())
}

fn read_token(token: &str) -> Result<OrderId, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let bytes: Option<[u8; 16]> = bytes.and_then(|bytes| bytes.try_into().ok());
    bytes.map(OrderId::from_bytes).ok_or_else(|| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid-page-token",
            "The page token is invalid",
        )
        .detail("send page_token unchanged from next_page_token, or omit it for the first page")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(page_size: Option<i64>, page_token: Option<&str>) -> Result<Page, Problem> {
        Page::of(&ListQuery {
            page_size,
            page_token: page_token.map(str::to_owned),
            ..ListQuery::default()
        })
    }

    #[test]
    fn a_token_leads_to_where_it_was_made() {
        let last = OrderId::from_u128(77);
        let page = page(None, Some(&write_token(last))).unwrap();
        assert_eq!((page.after, page.limit()), (Some(last), 51));
    }

    #[test]
    fn sizes_out_of_range_and_foreign_tokens_are_refused() {
        for size in [0, -1, 101, i64::MAX] {
            assert_eq!(page(Some(size), None).unwrap_err().code(), "invalid-query");
        }
        for token in ["", "x", "AAAA", "!!!!", &"A".repeat(400)] {
            assert_eq!(
                page(None, Some(token)).unwrap_err().code(),
                "invalid-page-token"
            );
        }
    }
}
