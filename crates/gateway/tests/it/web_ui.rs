//! The web UI's files, or the welcome page.

use std::fs;

use axum::Router;
use reqwest::Response;

use crate::support::{Shop, problem};

fn assert_strict(response: &Response) {
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
    assert!(
        !policy.contains("unsafe") && !policy.contains("http"),
        "{policy}"
    );
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert!(response.headers().contains_key("referrer-policy"));
    let devices = response.headers()["permissions-policy"].to_str().unwrap();
    assert!(devices.contains("camera=()"), "{devices}");
}

async fn with_ui() -> (Shop, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().to_owned();
    fs::create_dir(root.join("assets")).unwrap();
    fs::write(
        root.join("routes.json"),
        r#"["/","/products","/orders/:id"]"#,
    )
    .unwrap();
    fs::write(root.join("index.html"), "<!doctype html><p>the page</p>").unwrap();
    fs::write(
        root.join("assets/app-1a2b.js"),
        "console.log(1);".repeat(20),
    )
    .unwrap();
    fs::write(folder.path().join("robots.txt"), "User-agent: *").unwrap();
    (
        Shop::with(|settings| settings.web_root = Some(root), Router::new()).await,
        folder,
    )
}

#[tokio::test]
async fn the_uis_own_paths_all_show_its_page() {
    let (shop, _folder) = with_ui().await;
    for path in ["/", "/products", "/orders/1", "/orders/1/", "/index.html"] {
        let response = shop.get(path).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{path}");
        assert_strict(&response);
        assert_eq!(response.headers()["cache-control"], "no-cache");
        assert!(
            response.text().await.unwrap().contains("the page"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_address_that_the_ui_does_not_know_is_404_with_its_page() {
    let (shop, _folder) = with_ui().await;
    for path in ["/nowhere", "/orders", "/orders/1/2", "/products/1"] {
        let response = shop.get(path).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 404, "{path}");
        assert_strict(&response);
        assert_eq!(response.headers()["content-type"], "text/html");
        assert!(
            response.text().await.unwrap().contains("the page"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn files_are_served_with_their_type_and_kept_by_their_hash() {
    let (shop, _folder) = with_ui().await;
    let script = shop
        .get("/assets/app-1a2b.js")
        .header("accept-encoding", "gzip")
        .send()
        .await
        .unwrap();
    assert_strict(&script);
    assert_eq!(script.headers()["content-type"], "text/javascript");
    assert_eq!(script.headers()["content-encoding"], "gzip");
    assert!(
        script.headers()["cache-control"]
            .to_str()
            .unwrap()
            .contains("immutable")
    );
    let robots = shop.get("/robots.txt").send().await.unwrap();
    assert_eq!(robots.headers()["cache-control"], "no-cache");
}

#[tokio::test]
async fn missing_files_the_api_and_other_methods_never_get_the_page() {
    let (shop, _folder) = with_ui().await;
    for path in [
        "/assets/old-9f.js",
        "/assets/old",
        "/favicon.ico",
        "/api/none",
        "/api",
        "/..%2f..%2fetc/passwd.txt",
        "/%2e%2e/Cargo.toml",
    ] {
        let response = shop.get(path).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 404, "{path}");
        assert_eq!(problem(response).await.0, "not-found");
    }
    assert_eq!(
        shop.post("/products")
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        404
    );
}

#[tokio::test]
async fn without_a_folder_a_small_page_says_what_runs() {
    let shop = Shop::open().await;
    let response = shop.get("/").send().await.unwrap();
    assert_strict(&response);
    assert!(response.text().await.unwrap().contains("href=\"/docs/\""));
    assert_eq!(
        shop.get("/products")
            .send()
            .await
            .unwrap()
            .status()
            .as_u16(),
        404
    );
}

#[tokio::test]
async fn a_folder_without_a_page_is_refused_at_start_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = gateway::Settings::default();
    settings.http.listen = Some(([127, 0, 0, 1], 0).into());
    settings.web_root = Some(folder.path().to_owned());
    let lifecycle = service::lifecycle::Lifecycle::new(std::time::Duration::from_secs(1));
    let refusal = async || {
        let shop = gateway::Shop::default();
        let started = gateway::start(settings.clone(), shop, &lifecycle, None).await;
        started.unwrap_err().to_string()
    };
    let without_page = refusal().await;
    assert!(
        without_page.contains("index.html") && without_page.contains("--web-root"),
        "{without_page}"
    );
    fs::write(folder.path().join("index.html"), "the page").unwrap();
    let without_routes = refusal().await;
    assert!(
        without_routes.contains("routes.json") && without_routes.contains("build the web UI again"),
        "{without_routes}"
    );
}
