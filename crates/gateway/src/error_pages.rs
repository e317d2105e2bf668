//! The pages of `docs/errors/`, one for each problem code, inside the program.

macro_rules! pages {
    ($($code:literal)*) => {
        static PAGES: &[(&str, &str)] = &[
            $(($code, include_str!(concat!("../../../docs/errors/", $code, ".md"))),)*
        ];
    };
}

pages! {
    "account-exists"
    "body-too-large"
    "category-exists"
    "conflict"
    "forbidden"
    "idempotency-key-reused"
    "insufficient-stock"
    "internal"
    "invalid-body"
    "invalid-category"
    "invalid-credentials"
    "invalid-email"
    "invalid-idempotency-key"
    "invalid-last-event-id"
    "invalid-order"
    "invalid-page-token"
    "invalid-password"
    "invalid-product"
    "invalid-query"
    "invalid-refresh-token"
    "job-state"
    "letter-waits"
    "malformed-json"
    "method-not-allowed"
    "not-found"
    "product-exists"
    "reason-required"
    "timeout"
    "too-many-requests"
    "unauthorized"
    "unavailable"
    "unknown-category"
    "unknown-job"
    "unknown-letter"
    "unknown-order"
    "unknown-product"
    "unsupported-media-type"
}

/// The list of all pages.
pub(crate) const INDEX: &str = include_str!("../../../docs/errors/README.md");

/// The page of `code`.
pub(crate) fn page(code: &str) -> Option<&'static str> {
    let at = PAGES.binary_search_by_key(&code, |(name, _)| name).ok()?;
    Some(PAGES[at].1)
}

/// All codes that have a page, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(code, _)| *code)
}
