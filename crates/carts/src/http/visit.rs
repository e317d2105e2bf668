//! Whose cart a request is about, and the answer with that cart.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use events::AccountId;
use host::Context;
use http::request::Parts;
use http::{HeaderName, HeaderValue, header};
use outbox::transact;
use service::http::{Json, Problem};
use utoipa::IntoParams;
use uuid::Uuid;

use super::body::CartBody;
use super::cart_token::CartToken;
use super::problems;
use crate::commands::{ChangeCart, Owner};
use crate::domain::{Cart, Change, Refusal};
use crate::{Settings, metrics, store};

const CART_TOKEN: HeaderName = HeaderName::from_static("cart-token");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Who comes: an account by its access token, a visitor by a cart token, or both at login. An extractor;
/// 401 with an access token that is not valid. What is no cart token is none.
#[derive(Debug, Clone, IntoParams)]
#[into_params(parameter_in = Header)]
pub(super) struct Visit {
    #[param(ignore)]
    account: Option<AccountId>,
    /// Of the visitor's cart, as an answer gave it. With an access token that cart is merged into the
    /// account's, once
    #[param(rename = "Cart-Token", value_type = Option<String>)]
    token: Option<CartToken>,
}

impl FromRequestParts<Context<Settings>> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut Parts,
        context: &Context<Settings>,
    ) -> Result<Self, Problem> {
        let account = if parts.headers.contains_key(header::AUTHORIZATION) {
            let caller = context.verifier().caller(&parts.headers).await?;
            Some(AccountId::from_bytes(caller.account_id.into_bytes()))
        } else {
            None
        };
        let token = parts.headers.get(CART_TOKEN);
        let token = token.and_then(|text| CartToken::parse(text.as_bytes()));
        Ok(Self { account, token })
    }
}

impl Visit {
    /// Answers with the cart as it is. Nothing is written, but for a merge.
    pub(super) async fn show(self, context: &Context<Settings>) -> Result<Response, Problem> {
        let Some(account) = self.account else {
            return self.show_visitors(context).await;
        };
        if let Some(token) = self.token {
            let visitors = read(context, token.cart_id()).await?;
            if visitors.is_some_and(|cart| !cart.lines.is_empty()) {
                return self.change(context, Change::Keep).await;
            }
        }
        let empty = Cart::of_account(account);
        let cart = read(context, empty.id).await?.unwrap_or(empty);
        if cart.closed {
            return Err(problems::of_refusal(Refusal::Closed));
        }
        answer(context, &cart, None).await
    }

    async fn show_visitors(self, context: &Context<Settings>) -> Result<Response, Problem> {
        let found = match self.token {
            Some(token) => read(context, token.cart_id()).await?,
            None => None,
        };
        // One that was merged is as good as none.
        let is_merged = found.as_ref().is_some_and(|cart| cart.closed);
        let (token, fresh) = known_or_fresh(self.token.filter(|_| !is_merged));
        let empty = || Cart::of_visitor(token.cart_id(), context.clock().now());
        let cart = found.filter(|_| !is_merged).unwrap_or_else(empty);
        answer(context, &cart, fresh).await
    }

    /// Makes `change` of the cart and answers with it.
    pub(super) async fn change(
        self,
        context: &Context<Settings>,
        change: Change,
    ) -> Result<Response, Problem> {
        if let Some(id) = self.account {
            let merge = self.token.map(CartToken::cart_id);
            let made = make(context, Owner::Account { id, merge }, change).await?;
            let cart = made.map_err(problems::of_refusal)?;
            return answer(context, &cart, None).await;
        }
        let (mut token, mut fresh) = known_or_fresh(self.token);
        let mut made = make(context, Owner::Visitor(token.cart_id()), change).await?;
        if made == Err(Refusal::Closed) {
            (token, fresh) = known_or_fresh(None);
            made = make(context, Owner::Visitor(token.cart_id()), change).await?;
        }
        let cart = made.map_err(problems::of_refusal)?;
        answer(context, &cart, fresh).await
    }
}

/// The token of a visitor's cart, and once more if it is a new one.
fn known_or_fresh(token: Option<CartToken>) -> (CartToken, Option<CartToken>) {
    if let Some(known) = token {
        return (known, None);
    }
    let fresh = CartToken::draw();
    (fresh, Some(fresh))
}

async fn read(context: &Context<Settings>, id: Uuid) -> Result<Option<Cart>, Problem> {
    let found = store::read(&context.database(), id).await;
    found.map_err(|fault| problems::of_store(&fault))
}

async fn make(
    context: &Context<Settings>,
    owner: Owner,
    change: Change,
) -> Result<Result<Cart, Refusal>, Problem> {
    let (database, clock) = (context.database(), context.clock());
    let mut work = ChangeCart::new(&database, clock.as_ref(), owner, change);
    let made = transact(&database, &mut work).await;
    let made = made.map_err(|fault| problems::of_store(&fault))?;
    Ok(made.map(|made| {
        metrics::changed(&made);
        made.cart
    }))
}

/// `cart` with the prices of now, and the token that it is known by if that is a `fresh` one.
async fn answer(
    context: &Context<Settings>,
    cart: &Cart,
    fresh: Option<CartToken>,
) -> Result<Response, Problem> {
    let products = store::products_of(&context.database(), cart).await;
    let products = products.map_err(|fault| problems::of_store(&fault))?;
    let mut response = Json(CartBody::new(cart, &products)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    if let Some(fresh) = fresh
        && let Ok(mut token) = HeaderValue::try_from(fresh.expose())
    {
        token.set_sensitive(true);
        headers.insert(CART_TOKEN, token);
    }
    Ok(response)
}
