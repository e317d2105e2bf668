//! Who may do what: the one table of the API's routes.

use http::Method;
use service::token::Role;

use Access::{Everyone, Roles};
use Limit::{General, Guessing};
use Upstream::{Auth, Orders, Products};

/// A service behind the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Upstream {
    /// Accounts and tokens.
    Auth,
    /// The catalogue and the stock.
    Products,
    /// Orders.
    Orders,
}

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// No token is asked for, and none is checked.
    Everyone,
    /// A good token with one of these roles.
    Roles(&'static [Role]),
}

/// Which limit a route counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The caller's general one.
    General,
    /// The stricter one of routes where passwords can be guessed or accounts be made.
    Guessing,
}

/// One route: a method and a path, where it leads and who may use it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The method; `GET` answers `HEAD` too.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: &'static str,
    /// The service that answers.
    pub upstream: Upstream,
    /// Who may.
    pub access: Access,
    /// The limit that requests count against.
    pub limit: Limit,
    /// The path at the service, where it is another.
    pub target: Option<&'static str>,
}

const MEMBERS: Access = Roles(&[Role::User, Role::Admin]);
const ADMINS: Access = Roles(&[Role::Admin]);

/// All routes that lead to a service. Visitors may read the catalogue, register, log in, refresh and out.
pub static RULES: [Rule; 29] = [
    rule(Method::POST, "/api/register", Auth, Everyone).limited(Guessing),
    rule(Method::POST, "/api/login", Auth, Everyone).limited(Guessing),
    rule(Method::POST, "/api/refresh", Auth, Everyone).limited(Guessing),
    rule(Method::POST, "/api/logout", Auth, Everyone),
    rule(Method::GET, "/.well-known/jwks.json", Auth, Everyone),
    rule(Method::GET, "/api/products", Products, Everyone),
    rule(Method::POST, "/api/products", Products, ADMINS),
    rule(Method::GET, "/api/products/{id}", Products, Everyone),
    rule(Method::POST, "/api/products/{id}/stock", Products, ADMINS),
    rule(Method::GET, "/api/categories", Products, Everyone),
    rule(Method::POST, "/api/categories", Products, ADMINS),
    rule(Method::POST, "/api/orders", Orders, MEMBERS),
    rule(Method::GET, "/api/orders", Orders, MEMBERS),
    rule(Method::GET, "/api/orders/{id}", Orders, MEMBERS),
    rule(Method::GET, "/api/orders/stream", Orders, MEMBERS),
    rule(Method::GET, "/api/admin/orders", Orders, ADMINS),
    rule(
        Method::GET,
        "/api/admin/dead-letters/orders",
        Orders,
        ADMINS,
    ),
    rule(
        Method::GET,
        "/api/admin/dead-letters/orders/actions",
        Orders,
        ADMINS,
    ),
    rule(
        Method::GET,
        "/api/admin/dead-letters/orders/{id}",
        Orders,
        ADMINS,
    ),
    rule(
        Method::POST,
        "/api/admin/dead-letters/orders/{id}/retry",
        Orders,
        ADMINS,
    ),
    rule(
        Method::POST,
        "/api/admin/dead-letters/orders/{id}/discard",
        Orders,
        ADMINS,
    ),
    rule(
        Method::GET,
        "/api/admin/dead-letters/products",
        Products,
        ADMINS,
    ),
    rule(
        Method::GET,
        "/api/admin/dead-letters/products/actions",
        Products,
        ADMINS,
    ),
    rule(
        Method::GET,
        "/api/admin/dead-letters/products/{id}",
        Products,
        ADMINS,
    ),
    rule(
        Method::POST,
        "/api/admin/dead-letters/products/{id}/retry",
        Products,
        ADMINS,
    ),
    rule(
        Method::POST,
        "/api/admin/dead-letters/products/{id}/discard",
        Products,
        ADMINS,
    ),
    rule(Method::GET, "/api/products_health", Products, Everyone).to("/readyz"),
    rule(Method::GET, "/api/orders_health", Orders, Everyone).to("/readyz"),
    rule(Method::GET, "/api/authentication_health", Auth, Everyone).to("/readyz"),
];

/// The gateway's own route, beside the table: for admins only, as `operations` checks itself.
pub const OPERATIONS: &str = "/api/admin/operations";

const fn rule(method: Method, path: &'static str, upstream: Upstream, access: Access) -> Rule {
    Rule {
        method,
        path,
        upstream,
        access,
        limit: General,
        target: None,
    }
}

impl Rule {
    const fn limited(mut self, limit: Limit) -> Self {
        self.limit = limit;
        self
    }

    const fn to(mut self, target: &'static str) -> Self {
        self.target = Some(target);
        self
    }
}

impl Upstream {
    /// The service's name, as problems and logs show it.
    pub fn name(self) -> &'static str {
        match self {
            Auth => "auth",
            Products => "products",
            Orders => "orders",
        }
    }
}
