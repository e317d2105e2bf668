//! A running service and its customers.

use std::ops::Deref;

use carts::domain::ProductCopy;
use carts::{Carts, Settings};
use events::money::DEFAULT_CURRENCY;
use events::{Money, ProductCreate, ProductId, ProductState, ProductsQuantityUpdate};
use newtype_uuid::GenericUuid;
use outbox::MessageContext;
use outbox::mongo::MongoDatabase;
use replica::{ReplicaStore, Versioned};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use service::token::Role;
use testkit::{TestEnvironment, TestService, eventually};

pub(crate) const CART: &str = "/api/cart";

/// The service, which knows the products 1 to 3: 5.99, 20.00 and 0.50, of which there are 10 each.
pub(crate) struct Server(TestService);

/// Who asks: an account, a visitor, or both.
#[derive(Debug, Clone, Default)]
pub(crate) struct Customer {
    pub(crate) account: Option<String>,
    pub(crate) cart: Option<String>,
}

/// What a customer is answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The `Cart-Token` that it gives.
    pub(crate) token: Option<String>,
    pub(crate) body: Value,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let environment = TestEnvironment::new().await;
        let server =
            Self(TestService::start::<Carts>(environment, false, Settings::default()).await);
        for (number, price) in [(1, 599), (2, 2_000), (3, 50)] {
            let product = product(number, price, 10, 1);
            let context = MessageContext::default();
            server
                .environment
                .publish(&ProductCreate { product }, context)
                .await;
        }
        for number in 1..=3 {
            server.knows(number, 1).await;
        }
        server
    }

    pub(crate) async fn stop(self) {
        self.0.stop().await;
    }

    pub(crate) async fn database(&self) -> MongoDatabase {
        self.environment.database("carts").await
    }

    /// Waits until the product `number` is known at `version`.
    async fn knows(&self, number: u128, version: u64) {
        let database = self.database().await;
        let id = ProductId::from_u128(number).into_untyped_uuid();
        let known = || async {
            let copy: Option<Versioned<ProductCopy>> = database.by_id(id).await.unwrap();
            copy.is_some_and(|copy| copy.version >= version)
        };
        eventually("the product is known", known).await;
    }

    /// Has the product `number` changed.
    pub(crate) async fn change_product(&self, number: u128, price: i64, left: u32, version: u64) {
        let product = product(number, price, left, version);
        let event = ProductsQuantityUpdate { product };
        let context = MessageContext::default();
        self.environment.publish(&event, context).await;
        self.knows(number, version).await;
    }

    /// A customer with an account of its own.
    pub(crate) fn account(&self) -> Customer {
        Customer {
            account: Some(self.signer.token(Role::User, 600)),
            cart: None,
        }
    }

    pub(crate) async fn ask(
        &self,
        who: &Customer,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Response {
        let mut request = self.request(method, path);
        if let Some(account) = &who.account {
            request = request.bearer_auth(account);
        }
        if let Some(cart) = &who.cart {
            request = request.header("cart-token", cart);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.unwrap()
    }

    async fn answer(
        &self,
        who: &Customer,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let response = self.ask(who, method, path, body).await;
        let token = response.headers().get("cart-token");
        Answer {
            status: response.status().as_u16(),
            token: token.map(|token| token.to_str().unwrap().to_owned()),
            body: response.json().await.unwrap(),
        }
    }

    pub(crate) async fn cart(&self, who: &Customer) -> Answer {
        let answer = self.answer(who, Method::GET, CART, None).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }

    pub(crate) async fn put(&self, who: &Customer, number: u128, quantity: i64) -> Answer {
        let body = json!({ "quantity": quantity });
        let path = line_path(number);
        self.answer(who, Method::PUT, &path, Some(&body)).await
    }

    pub(crate) async fn delete(&self, who: &Customer, path: &str) -> Answer {
        self.answer(who, Method::DELETE, path, None).await
    }

    /// A visitor who has put `quantity` of the product `number` into a new cart.
    pub(crate) async fn visitor_with(&self, number: u128, quantity: i64) -> Customer {
        let put = self.put(&Customer::default(), number, quantity).await;
        assert_eq!(put.status, 200, "{put:?}");
        Customer {
            account: None,
            cart: Some(put.token.unwrap()),
        }
    }

    /// How many carts the database has.
    pub(crate) async fn kept(&self) -> u64 {
        let database = self.database().await;
        let carts = database.database().collection::<bson::Document>("carts");
        carts.count_documents(bson::doc! {}).await.unwrap()
    }
}

impl Deref for Server {
    type Target = TestService;

    fn deref(&self) -> &TestService {
        &self.0
    }
}

impl Answer {
    /// Its lines: the product's number and how many.
    pub(crate) fn quantities(&self) -> Vec<(u128, u64)> {
        assert_eq!(self.status, 200, "{self:?}");
        let lines = self.body["lines"].as_array().unwrap().iter();
        lines
            .map(|line| {
                let id: ProductId = line["product_id"].as_str().unwrap().parse().unwrap();
                (id.as_u128(), line["quantity"].as_u64().unwrap())
            })
            .collect()
    }

    /// The code of a problem, which came with `status`.
    pub(crate) fn code(&self, status: u16) -> &str {
        assert_eq!(self.status, status, "{self:?}");
        self.body["code"].as_str().unwrap()
    }
}

pub(crate) fn line_path(number: u128) -> String {
    format!("{CART}/lines/{}", ProductId::from_u128(number))
}

fn product(number: u128, price: i64, quantity: u32, version: u64) -> ProductState {
    ProductState {
        product_id: ProductId::from_u128(number),
        name: format!("product {number}"),
        description: String::new(),
        price: Money::new(price, DEFAULT_CURRENCY),
        quantity,
        stocked: None,
        categories: Vec::new(),
        version,
    }
}
