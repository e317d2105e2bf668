//! The web UI's files, or a page that says what runs here.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use service::http::Problem;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};

use crate::Error;
use crate::security_headers::mark_page;

/// Files whose names carry their content's hash never change.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Others are asked for again with their date.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// Where the build puts the files whose names carry a hash.
const HASHED: &str = "/assets/";

const WELCOME: &str = include_str!("welcome.html");

/// One shape for two services whose bodies' types differ.
macro_rules! boxed {
    ($service:expr) => {
        BoxCloneSyncService::new(
            ServiceBuilder::new()
                .map_response(|response: http::Response<_>| response.map(Body::new))
                .layer(CompressionLayer::new())
                .service($service),
        )
    };
}

type Files = BoxCloneSyncService<Request, Response, Infallible>;

/// What the gateway shows at paths that are no route of its own.
#[derive(Clone)]
pub(crate) struct Web(Option<Built>);

/// The built web UI: its one page, the addresses that it knows, and the files beside it.
#[derive(Clone)]
struct Built {
    page: Files,
    addresses: Arc<[String]>,
    files: Files,
}

impl Web {
    /// The files in `root`, or without it the welcome page only.
    ///
    /// # Errors
    /// When the UI does not say which addresses it knows.
    pub(crate) fn new(root: Option<&Path>) -> Result<Self, Error> {
        let Some(root) = root else {
            return Ok(Self(None));
        };
        Ok(Self(Some(Built {
            page: boxed!(ServeFile::new(root.join("index.html"))),
            addresses: addresses(root)?,
            files: boxed!(ServeDir::new(root)),
        })))
    }

    /// A file, the UI's page for the addresses that it knows, or 404: with the UI's page, which
    /// says so, where a page could have been, else as a problem.
    pub(crate) async fn answer(self, request: Request) -> Response {
        let path = request.uri().path();
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        if !reads || belongs_to_the_api(path) {
            return Problem::not_found().into_response();
        }
        match self.0 {
            Some(built) => built.answer(request).await,
            None if path == "/" => mark_page(Html(WELCOME).into_response()),
            None => Problem::not_found().into_response(),
        }
    }
}

impl Built {
    async fn answer(self, request: Request) -> Response {
        let path = request.uri().path();
        let hashed = path.starts_with(HASHED);
        // The UI's own paths have no dot in their last part, its files have one: a missing file
        // stays missing instead of being the page.
        let is_file = hashed
            || path
                .rsplit('/')
                .next()
                .is_some_and(|last| last.contains('.'));
        let unknown = !is_file && !self.addresses.iter().any(|known| fits(known, path));
        let service = if is_file { self.files } else { self.page };
        let Ok(mut response) = service.oneshot(request).await;
        if response.status() == StatusCode::NOT_FOUND {
            return Problem::not_found().into_response();
        }
        if unknown {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        let caching = if hashed { FOR_EVER } else { ASK_AGAIN };
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, caching);
        mark_page(response)
    }
}

/// The addresses that the UI in `root` knows, as its build has written them: `/orders/:id`.
fn addresses(root: &Path) -> Result<Arc<[String]>, Error> {
    let read = || -> Result<Vec<String>, Box<dyn std::error::Error>> {
        let text = std::fs::read_to_string(root.join("routes.json"))?;
        Ok(serde_json::from_str(&text)?)
    };
    let addresses = read();
    let addresses = addresses.map_err(|why| Error::WebRoutes(root.to_owned(), why.to_string()))?;
    Ok(addresses.into())
}

/// Whether `path` is an address of the form `known`, compared as the UI's router does: a part that
/// begins with a colon is any, case and a slash at the end make no difference.
fn fits(known: &str, path: &str) -> bool {
    let parts = |path: &'_ str| -> Vec<String> {
        let parts = path.trim_end_matches('/').split('/');
        parts.map(str::to_ascii_lowercase).collect()
    };
    let (known, path) = (parts(known), parts(path));
    let fits = |(known, part): (&String, &String)| {
        known == part || (known.starts_with(':') && !part.is_empty())
    };
    known.len() == path.len() && known.iter().zip(&path).all(fits)
}

/// There a missing page is a problem and never the UI's page.
fn belongs_to_the_api(path: &str) -> bool {
    ["/api", "/.well-known", "/docs"].iter().any(|prefix| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_as_the_uis_router_knows_it() {
        for path in ["/orders/1", "/Orders/1/", "/orders/a%20b"] {
            assert!(fits("/orders/:id", path), "{path}");
        }
        for path in [
            "/orders",
            "/orders/",
            "/orders//",
            "/orders/1/2",
            "/order/1",
        ] {
            assert!(!fits("/orders/:id", path), "{path}");
        }
        assert!(fits("/", "/") && !fits("/", "/cart"));
    }
}
