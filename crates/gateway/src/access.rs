//! Who may do what: the one table of the API's routes, made from what the services describe.
//!
//! An endpoint's OpenAPI description is what it says of itself: its `security` names the roles that
//! may call it (none named: whoever has a token; no `security`, or an empty one among others:
//! everyone), `x-limit` the limit that it counts against.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;
use service::token::Role;

use crate::Upstream;

/// Who may use a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// No token is asked for, and none is checked.
    Everyone,
    /// Whoever has a good token.
    Members,
    /// A good token with one of these roles.
    Roles(Vec<Role>),
}

impl Access {
    /// Whether a caller with `role` may; `None` is a caller without a token.
    pub fn admits(&self, role: Option<Role>) -> bool {
        match self {
            Self::Everyone => true,
            Self::Members => role.is_some(),
            Self::Roles(roles) => role.is_some_and(|role| roles.contains(&role)),
        }
    }
}

/// Which limit a route counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// The caller's general one.
    General,
    /// The stricter one of routes where passwords can be guessed or accounts be made: `login`.
    Login,
    /// That of refreshing logins: `refresh`.
    Refresh,
}

/// One route: a method and a path, where it leads and who may use it.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The method; `GET` answers `HEAD` too.
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: String,
    /// The service that answers.
    pub service: &'static str,
    /// Who may.
    pub access: Access,
    /// The limit that requests count against.
    pub limit: Limit,
    /// The path at the service, where it is another.
    pub target: Option<&'static str>,
}

/// Why there is no table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTable {
    /// Two services want the same requests.
    #[error("{path} is a route of {first} and of {second}")]
    Twice {
        /// The route.
        path: String,
        /// Whose it is.
        first: &'static str,
        /// Who wants it too.
        second: &'static str,
    },
    /// A description says what the gateway does not understand.
    #[error("{service} describes {operation} with {what}")]
    Unknown {
        /// Whose description it is.
        service: &'static str,
        /// Method and path.
        operation: String,
        /// What is not understood.
        what: String,
    },
}

/// The gateway's own route, beside the table: for admins only, as `operations` checks itself.
pub const OPERATIONS: &str = "/api/admin/operations";

/// All routes that lead to `services`, each service's health among them.
///
/// # Errors
/// [`InvalidTable`].
pub fn table(services: &[Upstream]) -> Result<Vec<Rule>, InvalidTable> {
    let mut rules: Vec<Rule> = Vec::new();
    for service in services {
        let mut own = described(service)?;
        own.push(Rule {
            method: Method::GET,
            path: service.health.to_owned(),
            service: service.name,
            access: Access::Everyone,
            limit: Limit::General,
            target: Some("/readyz"),
        });
        for rule in &own {
            let taken = |other: &&Rule| other.path == rule.path && other.service != rule.service;
            if let Some(other) = rules.iter().find(taken) {
                return Err(InvalidTable::Twice {
                    path: rule.path.clone(),
                    first: other.service,
                    second: rule.service,
                });
            }
        }
        rules.append(&mut own);
    }
    Ok(rules)
}

/// What `service` describes.
fn described(service: &Upstream) -> Result<Vec<Rule>, InvalidTable> {
    let document = serde_json::to_value(&service.openapi).unwrap_or_default();
    let mut rules = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let unknown = |what: String| InvalidTable::Unknown {
                service: service.name,
                operation: format!("{} {path}", method.to_uppercase()),
                what,
            };
            let Ok(known) = Method::try_from(method.to_uppercase().as_str()) else {
                continue;
            };
            rules.push(Rule {
                method: known,
                path: path.clone(),
                service: service.name,
                access: access(&operation["security"]).map_err(unknown)?,
                limit: limit(&operation["x-limit"]).map_err(unknown)?,
                target: None,
            });
        }
    }
    Ok(rules)
}

fn access(security: &Value) -> Result<Access, String> {
    let mut named = BTreeSet::new();
    let schemes: Vec<_> = security.as_array().into_iter().flatten().collect();
    if schemes.is_empty() {
        return Ok(Access::Everyone);
    }
    for scheme in schemes {
        // The service itself asks for a token, or not.
        if scheme.as_object().is_some_and(serde_json::Map::is_empty) {
            return Ok(Access::Everyone);
        }
        let roles = scheme["bearer"]
            .as_array()
            .ok_or_else(|| format!("a security scheme other than `bearer`: {scheme}"))?;
        named.extend(roles.iter().map(|role| role.as_str().unwrap_or_default()));
    }
    let role = |name: &&str| {
        serde_json::from_value::<Role>(Value::from(*name))
            .map_err(|_| format!("an unknown role, `{name}`"))
    };
    let roles = named.iter().map(role).collect::<Result<Vec<_>, _>>()?;
    Ok(if roles.is_empty() {
        Access::Members
    } else {
        Access::Roles(roles)
    })
}

fn limit(name: &Value) -> Result<Limit, String> {
    match name.as_str() {
        None => Ok(Limit::General),
        Some("login") => Ok(Limit::Login),
        Some("refresh") => Ok(Limit::Refresh),
        Some(other) => Err(format!("an unknown `x-limit`, `{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(name: &'static str, paths: &Value) -> Upstream {
        let document = json!({
            "openapi": "3.1.0", "info": { "title": "t", "version": "1" }, "paths": paths,
        });
        Upstream {
            name,
            port: 1,
            health: if name == "carts" { "/carts" } else { "/other" },
            openapi: serde_json::from_value(document).unwrap(),
        }
    }

    fn operation(security: &Value) -> Value {
        json!({ "responses": {}, "security": security })
    }

    #[test]
    fn a_description_says_who_may_and_which_limit_counts() {
        let paths = json!({
            "/open": { "get": { "responses": {}, "x-limit": "login" } },
            "/members": { "post": operation(&json!([{ "bearer": [] }])) },
            "/admins": { "put": operation(&json!([{ "bearer": ["admin"] }])) },
            "/either": { "get": operation(&json!([{}, { "bearer": [] }])) },
        });
        let rules = table(&[service("carts", &paths)]).unwrap();
        let rule = |path: &str| rules.iter().find(|rule| rule.path == path).unwrap();
        assert_eq!(rule("/open").access, Access::Everyone);
        assert_eq!(rule("/open").limit, Limit::Login);
        assert_eq!(rule("/members").access, Access::Members);
        assert_eq!(rule("/members").limit, Limit::General);
        assert_eq!(rule("/admins").access, Access::Roles(vec![Role::Admin]));
        assert_eq!(rule("/either").access, Access::Everyone);
        assert_eq!(rule("/carts").target, Some("/readyz"));
        let admits = |path: &str| {
            [None, Some(Role::User), Some(Role::Admin)].map(|role| rule(path).access.admits(role))
        };
        assert_eq!(admits("/open"), [true, true, true]);
        assert_eq!(admits("/members"), [false, true, true]);
        assert_eq!(admits("/admins"), [false, false, true]);
    }

    #[test]
    fn what_is_not_understood_is_an_error_and_opens_nothing() {
        for (operation, part) in [
            (operation(&json!([{ "bearer": ["king"] }])), "`king`"),
            (operation(&json!([{ "basic": [] }])), "basic"),
            (json!({ "responses": {}, "x-limit": "none" }), "`none`"),
        ] {
            let paths = json!({ "/a": { "get": operation } });
            let refused = table(&[service("carts", &paths)]).unwrap_err().to_string();
            assert!(refused.contains("carts describes GET /a"), "{refused}");
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn a_route_has_one_service() {
        let paths = json!({ "/a": { "get": { "responses": {} } } });
        let services = [service("carts", &paths), service("other", &paths)];
        let refused = table(&services).unwrap_err().to_string();
        assert_eq!(refused, "/a is a route of carts and of other");
    }
}
