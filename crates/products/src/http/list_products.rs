//! `GET /api/products`

use axum::extract::State;
use events::names;
use serde::{Deserialize, Serialize};
use service::http::{Json, Problem, ProblemBody, Query};
use utoipa::{IntoParams, ToSchema};

use super::ProductBody;
use super::page_token::PageToken;
use super::problems::{self, invalid_query};
use super::sort_by::SortBy;
use crate::catalogue::MemoryCatalogue;
use crate::domain::CategoryName;
use crate::store::{Catalogue, Filter, Listing, Sort};

const USUAL_PAGE: u32 = 50;
const MOST_PER_PAGE: u32 = 200;
const MOST_SEARCH_CHARS: usize = 100;

/// Which products, in which order, from where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// Only the product of this name, in any letter case; stands alone.
    name: Option<String>,
    /// Only those in this category, in any letter case.
    #[serde(rename = "categoryName")]
    category_name: Option<String>,
    /// Only those with this text in their name or description, in any letter case.
    search: Option<String>,
    /// The order; by name unless said otherwise.
    #[param(inline)]
    sort: Option<SortBy>,
    /// The most products in the answer, 1 to 200; 50 unless said otherwise.
    #[param(minimum = 1, maximum = 200, default = 50)]
    page_size: Option<u32>,
    /// `next_page_token` of the page before, with the other parameters as they were.
    page_token: Option<String>,
}

/// A page of the catalogue.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Products {
    /// The products.
    products: Vec<ProductBody>,
    /// Asks for the next page as `page_token`; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

/// Lists products, a page at a time.
///
/// Pages hold together while products are added: none repeats and none is left out.
#[utoipa::path(
    get,
    path = "/api/products",
    tag = "products",
    params(Parameters),
    responses(
        (status = 200, description = "A page of products", body = Products),
        (status = 400, description = "`invalid-query` or `invalid-page-token`", body = ProblemBody),
        (status = 404, description = "`unknown-product` for a name, `unknown-category` for a \
            category that is not there", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub(super) async fn list_products(
    State(catalogue): State<MemoryCatalogue>,
    Query(asked): Query<Parameters>,
) -> Result<Json<Products>, Problem> {
    if let Some(name) = &asked.name {
        return one_by_name(&catalogue, name, &asked).await;
    }
    let category = match &asked.category_name {
        Some(name) => Some(category(&catalogue, name).await?),
        None => None,
    };
    let listing = listing(&asked, category)?;
    let page = catalogue
        .list(&listing)
        .await
        .map_err(|fault| problems::of_fault(&fault))?;
    let next = page.next.as_ref();
    Ok(Json(Products {
        products: page.products.into_iter().map(ProductBody::from).collect(),
        next_page_token: next.map(|after| PageToken::new(&listing, after).to_text()),
    }))
}

async fn one_by_name(
    catalogue: &MemoryCatalogue,
    name: &str,
    asked: &Parameters,
) -> Result<Json<Products>, Problem> {
    let others = [&asked.category_name, &asked.search, &asked.page_token];
    if others.iter().any(|other| other.is_some()) {
        return Err(invalid_query(
            "name can't be combined with categoryName, search or page_token; use search instead",
        ));
    }
    let found = catalogue.find_by_name(name).await;
    let product = found
        .map_err(|fault| problems::of_fault(&fault))?
        .ok_or_else(|| problems::no_product_named(name))?;
    Ok(Json(Products {
        products: vec![product.into()],
        next_page_token: None,
    }))
}

async fn category(catalogue: &MemoryCatalogue, name: &str) -> Result<CategoryName, Problem> {
    let found = catalogue.category(&CategoryName::asked(name)).await;
    found
        .map_err(|fault| problems::of_fault(&fault))?
        .ok_or_else(|| problems::no_category_named(name))
}

fn listing(asked: &Parameters, category: Option<CategoryName>) -> Result<Listing, Problem> {
    let size = asked.page_size.unwrap_or(USUAL_PAGE);
    if !(1..=MOST_PER_PAGE).contains(&size) {
        return Err(invalid_query(format!(
            "page_size must be from 1 to {MOST_PER_PAGE}"
        )));
    }
    let search = asked
        .search
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    if let Some(text) = search {
        if text.chars().count() > MOST_SEARCH_CHARS {
            let detail = format!("search must have at most {MOST_SEARCH_CHARS} characters");
            return Err(invalid_query(detail));
        }
        if text.chars().any(char::is_control) {
            return Err(invalid_query("search must not contain control characters"));
        }
    }
    let filter = Filter {
        category,
        search: search.map(names::fold).filter(|text| !text.is_empty()),
    };
    let sort = asked.sort.map_or_else(Sort::default, Sort::from);
    let mut listing = Listing {
        filter,
        sort,
        after: None,
        size,
    };
    if let Some(text) = &asked.page_token {
        let place = PageToken::from_text(text).and_then(|token| token.place_in(&listing));
        listing.after = Some(place.ok_or_else(problems::invalid_page_token)?);
    }
    Ok(listing)
}
