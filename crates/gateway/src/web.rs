//! The web UI's files, or a page that says what runs here.

use std::convert::Infallible;
use std::path::Path;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, Method, StatusCode, header};
use service::http::Problem;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, ServiceExt};
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};

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

/// The built web UI: its one page and the files beside it.
#[derive(Clone)]
struct Built {
    page: Files,
    files: Files,
}

impl Web {
    /// The files in `root`, or without it the welcome page only.
    pub(crate) fn new(root: Option<&Path>) -> Self {
        Self(root.map(|root| Built {
            page: boxed!(ServeFile::new(root.join("index.html"))),
            files: boxed!(ServeDir::new(root)),
        }))
    }

    /// A file, the UI's page for its own paths, or 404.
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
        // The UI's own paths have no dot in their last part, its files have one: a missing file stays
        // missing instead of being the page.
        let is_file = path
            .rsplit('/')
            .next()
            .is_some_and(|last| last.contains('.'));
        let service = if is_file { self.files } else { self.page };
        let Ok(mut response) = service.oneshot(request).await;
        if response.status() == StatusCode::NOT_FOUND {
            return Problem::not_found().into_response();
        }
        let caching = if hashed && is_file {
            FOR_EVER
        } else {
            ASK_AGAIN
        };
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, caching);
        mark_page(response)
    }
}

/// There a missing page is a problem and never the UI's page.
fn belongs_to_the_api(path: &str) -> bool {
    ["/api", "/.well-known", "/docs"].iter().any(|prefix| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
