//! The HTTP surface, one endpoint a file.

mod client_address;
mod cookie_mode;
mod jwks;
mod login;
mod logout;
mod problems;
mod refresh;
mod register;
mod tokens;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::commands::Auth;

/// The endpoints.
pub fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .routes(routes!(register::register))
        .routes(routes!(login::login))
        .routes(routes!(refresh::refresh))
        .routes(routes!(logout::logout))
        .routes(routes!(jwks::jwks))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_endpoint_is_described() {
        let document = serde_json::to_value(super::routes().into_openapi()).unwrap();
        let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
        let expected = [
            "/.well-known/jwks.json",
            "/api/login",
            "/api/logout",
            "/api/refresh",
            "/api/register",
        ];
        assert_eq!(paths, expected);
        for (path, status) in [("register", "409"), ("login", "401"), ("refresh", "401")] {
            let response = &document["paths"][format!("/api/{path}")]["post"]["responses"][status];
            assert!(
                response["content"]["application/problem+json"].is_object(),
                "{path}"
            );
        }
    }
}
