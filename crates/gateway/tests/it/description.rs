//! `/docs` and `/openapi.json`.

use gateway::access::{OPERATIONS, table};
use serde_json::Value;

use crate::support::{Shop, problem};

#[tokio::test]
async fn the_description_is_openapi_3_1_and_names_only_routes_of_the_table() {
    let shop = Shop::open().await;
    let description: Value = shop
        .get("/openapi.json")
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(
        description["components"]["securitySchemes"]["bearer"]["scheme"],
        "bearer"
    );
    assert!(description["components"]["schemas"]["ProblemBody"]["properties"]["type"].is_object());
    let rules = table(&quadrille::upstreams()).unwrap();
    for path in description["paths"].as_object().unwrap().keys() {
        assert!(
            rules.iter().any(|rule| rule.path == *path) || path == OPERATIONS,
            "{path} is described and not there"
        );
    }
}

#[test]
fn every_operation_says_what_the_edge_refuses() {
    let description = serde_json::to_value(gateway::merged(&quadrille::upstreams())).unwrap();
    let responses = &description["components"]["responses"];
    let mut with_body = 0;
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let says = |status: &str, code: &str| {
                let said = &operation["responses"][status];
                let said = match said["$ref"].as_str() {
                    Some(name) => &responses[name.rsplit('/').next().unwrap()],
                    None => said,
                };
                let text = said["description"].as_str().unwrap_or_default();
                let body = &said["content"]["application/problem+json"]["schema"]["$ref"];
                let known = gateway::codes().any(|known| known == code);
                known && text.contains(code) && body == "#/components/schemas/ProblemBody"
            };
            let of_a_body = operation.get("requestBody").is_some();
            with_body += usize::from(of_a_body);
            for (status, code, always) in [
                ("400", "invalid-host", true),
                ("408", "body-timeout", false),
                ("413", "body-too-large", false),
                ("415", "unsupported-media-type", false),
                ("429", "too-many-requests", true),
            ] {
                let expected = always || of_a_body;
                assert_eq!(says(status, code), expected, "{method} {path} {status}");
            }
        }
    }
    assert!(with_body > 5, "{with_body} operations have a body");
    let wait = &responses["TooManyRequests"]["headers"]["Retry-After"];
    assert_eq!(wait["schema"]["type"], "integer");
}

/// Every POST that makes or moves something may be repeated. The others are so by nature: a login, a
/// renewal and an operator's word about one dead letter or job are each said about what is there once, an order
/// is cancelled once, and a webhook tells what is so.
#[test]
fn every_post_that_makes_something_declares_its_idempotency_key() {
    const BY_NATURE: [&str; 10] = [
        "/api/admin/dead-letters/{service}/{id}/discard",
        "/api/admin/dead-letters/{service}/{id}/retry",
        "/api/admin/jobs/{service}/{id}/discard",
        "/api/admin/jobs/{service}/{id}/retry",
        "/api/login",
        "/api/logout",
        "/api/refresh",
        "/api/register",
        "/api/{service}/{id}/cancel",
        "/hooks/payments",
    ];
    let description = serde_json::to_value(gateway::merged(&quadrille::upstreams())).unwrap();
    let mut without = std::collections::BTreeSet::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        let Some(post) = item.get("post") else {
            continue;
        };
        let declared = post["parameters"].as_array().is_some_and(|parameters| {
            let header = |it: &Value| it["in"] == "header" && it["name"] == "Idempotency-Key";
            parameters.iter().any(header)
        });
        if !declared {
            let mut path = path.clone();
            for service in quadrille::SERVICES {
                path = path.replace(&format!("/{}/", service.name()), "/{service}/");
            }
            without.insert(path);
        }
    }
    assert_eq!(without, BY_NATURE.map(str::to_owned).into());
}

#[tokio::test]
async fn the_page_and_its_files_come_from_here() {
    let shop = Shop::open().await;
    let response = shop.get("/docs").send().await.unwrap();
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers()["location"].to_str().unwrap()
        ),
        (308, "/docs/")
    );
    let response = shop.get("/docs/").send().await.unwrap();
    let policy = response.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(!policy.contains("http"), "{policy}");
    let page = response.text().await.unwrap();
    let mut files: Vec<_> = page
        .split(['"', '\''])
        .filter_map(|text| text.strip_prefix("./"))
        .collect();
    files.push("swagger-initializer.js");
    assert!(files.len() > 3, "{page}");
    for file in files {
        let response = shop.get(&format!("/docs/{file}")).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{file}");
    }
    let start = shop
        .get("/docs/swagger-initializer.js")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(start.contains("/openapi.json"), "{start}");
    // What the policy forbids must not be there.
    assert!(
        !page.contains("<style") && !page.contains("style=\""),
        "{page}"
    );
    assert!(!page.contains("<script>"), "{page}");
}

#[tokio::test]
async fn each_error_code_has_its_page() {
    let shop = Shop::open().await;
    for code in gateway::codes() {
        let response = shop
            .get(&format!("/docs/errors/{code}"))
            .send()
            .await
            .unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "text/plain; charset=utf-8"
        );
        assert!(
            response
                .text()
                .await
                .unwrap()
                .starts_with(&format!("# {code}\n"))
        );
    }
    let index = shop
        .get("/docs/errors")
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(index.starts_with("# Error codes"));
    let (code, body) = problem(shop.get("/docs/errors/no-such").send().await.unwrap()).await;
    assert_eq!(code, "not-found");
    assert!(body["detail"].as_str().unwrap().contains("no-such"));
}
