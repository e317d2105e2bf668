//! `GET /v1/books`

use std::collections::BTreeMap;

use axum::extract::State;
use service::http::{Json, Problem, Query};

use super::body::{BooksBody, EntryBody, Paging, TotalsBody};
use super::caller::Merchant;
use super::problems;
use super::read_intents::page_size;
use super::simulator::Simulator;
use crate::store::{self, EntryKind, Total};

/// The sums of all charges and refunds, and a page of these in the order in which they were made.
pub(super) async fn books(
    _: Merchant,
    State(simulator): State<Simulator>,
    Query(paging): Query<Paging>,
) -> Result<Json<BooksBody>, Problem> {
    let size = page_size(paging.page_size)?;
    let database = simulator.context.database();
    let of_store = |fault| problems::of_store(&fault);
    let totals = store::totals(&database).await.map_err(of_store)?;
    let found = store::entries(&database, paging.page_token, size + 1).await;
    let mut entries = found.map_err(of_store)?;
    let more = entries.len() > size;
    entries.truncate(size);
    let next_page_token = entries
        .last()
        .filter(|_| more)
        .map(|entry| entry.id.clone());
    Ok(Json(BooksBody {
        totals: by_currency(totals),
        entries: entries.into_iter().map(EntryBody::from).collect(),
        next_page_token,
    }))
}

fn by_currency(totals: Vec<Total>) -> BTreeMap<&'static str, TotalsBody> {
    let mut all: BTreeMap<_, TotalsBody> = BTreeMap::new();
    for total in totals {
        let of_currency = all.entry(total.currency.code()).or_default();
        let (count, sum) = match total.kind {
            EntryKind::Charge => (&mut of_currency.charges, &mut of_currency.charged),
            EntryKind::Refund => (&mut of_currency.refunds, &mut of_currency.refunded),
        };
        (*count, *sum) = (total.count, total.sum);
    }
    all
}
