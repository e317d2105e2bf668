//! `/docs`: the API to read and to try, its description, and a page for each error code.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::{HeaderValue, header};
use service::http::Problem;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::error_pages;
use crate::security_headers::mark_page;

const DESCRIPTION: &str = "/openapi.json";
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

pub(crate) fn routes(openapi: &OpenApi) -> Result<Router, serde_json::Error> {
    let description = Bytes::from(serde_json::to_vec(openapi)?);
    let config = Arc::new(Config::new([DESCRIPTION]).try_it_out_enabled(true));
    let file = move |path: &str| mark_page(swagger_file(path, &config));
    let page = file.clone();
    Ok(Router::new()
        .route(
            DESCRIPTION,
            get(async move || ([(header::CONTENT_TYPE, JSON)], description)),
        )
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .route("/docs/", get(async move || page("index.html")))
        .route(
            "/docs/{*file}",
            get(async move |Path(path): Path<String>| file(&path)),
        )
        .route("/docs/errors", get(async || text(error_pages::index())))
        .route("/docs/errors/", get(async || text(error_pages::index())))
        .route("/docs/errors/{code}", get(error_page)))
}

async fn error_page(Path(code): Path<String>) -> Response {
    match error_pages::page(code.strip_suffix(".md").unwrap_or(&code)) {
        Some(page) => text(page),
        None => Problem::not_found()
            .detail(format!(
                "there is no error code `{code}`; /docs/errors lists all"
            ))
            .into_response(),
    }
}

fn text(page: &'static str) -> Response {
    mark_page(([(header::CONTENT_TYPE, TEXT)], page).into_response())
}

fn swagger_file(path: &str, config: &Arc<Config<'static>>) -> Response {
    match utoipa_swagger_ui::serve(path, Arc::clone(config)) {
        Ok(Some(file)) => {
            let mut response = file.bytes.into_owned().into_response();
            let headers = response.headers_mut();
            if let Ok(kind) = HeaderValue::try_from(&file.content_type) {
                headers.insert(header::CONTENT_TYPE, kind);
            }
            if file.gzpipped {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            response
        }
        Ok(None) => Problem::not_found().into_response(),
        Err(error) => Problem::internal(&*error).into_response(),
    }
}
