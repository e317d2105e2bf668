//! Reading and changing the catalogue over HTTP.

use events::ProductId;
use reqwest::StatusCode;
use serde_json::json;
use service::token::Role;

use crate::counter::{Counter, answer, names};

#[tokio::test]
async fn a_product_is_added_and_read_as_clients_know_it() {
    let counter = Counter::open().await;
    let category = counter
        .post("/api/categories", json!({ "name": " Home  Office " }))
        .await;
    assert_eq!(category.status, StatusCode::CREATED);
    assert_eq!(category.body, json!({ "name": "home office" }));

    let asked = json!({ "product": {
        "name": "lamp", "description": "for a desk", "price": 19.9, "quantity": 12,
        "categories": ["HOME OFFICE", "things"],
    } });
    let made = counter.post("/api/products", asked).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let id = made.body["id"].as_str().unwrap().to_owned();
    let lamp = json!({
        "id": id, "name": "lamp", "description": "for a desk", "price": 19.90, "currency": "EUR",
        "quantity": 12, "categories": ["home office", "things"],
    });
    assert_eq!(made.body, lamp);
    assert_eq!(made.headers["location"], format!("/api/products/{id}"));

    assert_eq!(counter.get(&format!("/api/products/{id}")).await.body, lamp);
    let listed = json!({ "products": [lamp] });
    assert_eq!(counter.get("/api/products").await.body, listed);
    assert_eq!(counter.get("/api/products?name=lamp").await.body, listed);

    let restocked = counter
        .post(
            &format!("/api/products/{id}/stock"),
            json!({ "quantity": 8 }),
        )
        .await;
    assert_eq!(
        (restocked.status, &restocked.body["quantity"]),
        (StatusCode::OK, &json!(20))
    );
    let categories = json!({ "categories": [{ "name": "home office" }, { "name": "things" }] });
    assert_eq!(counter.get("/api/categories").await.body, categories);
}

#[tokio::test]
async fn prices_have_two_places_and_no_rounding() {
    let counter = Counter::open().await;
    for (name, sent, shown) in [
        ("a", "5.99", "5.99"),
        ("b", "30", "30.00"),
        ("c", "0.1", "0.10"),
        ("d", "1.2e1", "12.00"),
        ("g", "5.990", "5.99"),
        ("h", "599E-2", "5.99"),
        ("i", "-0", "0.00"),
        ("e", "0", "0.00"),
        ("f", "9999999.99", "9999999.99"),
    ] {
        let body = format!(
            r#"{{"product":{{"name":"{name}","description":"d","price":{sent},"quantity":1,"categories":[]}}}}"#
        );
        let admin = counter.signer.token(Role::Admin, 600);
        let made = counter.post_as(Some(&admin), "/api/products", body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{sent}: {}", made.body);
        let request = counter.client.get(format!(
            "http://{}/api/products?name={name}",
            counter.address
        ));
        let text = request.send().await.unwrap().text().await.unwrap();
        assert!(text.contains(&format!("\"price\":{shown},")), "{text}");
    }
}

#[tokio::test]
async fn the_event_carries_the_request_that_caused_it() {
    let counter = Counter::open().await;
    let request = counter
        .client
        .post(format!("http://{}/api/products", counter.address));
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let body = json!({ "product": {
        "name": "lamp", "description": "d", "price": 1, "quantity": 1, "categories": [],
    } });
    let made = request
        .bearer_auth(counter.signer.token(Role::Admin, 600))
        .header("x-request-id", "tour-1")
        .header("traceparent", trace)
        .json(&body);
    assert_eq!(answer(made).await.status, StatusCode::CREATED);
    let records = outbox::OutboxStore::pending(&counter.shop.database, 10, &[])
        .await
        .unwrap();
    let context = &records[0].messages[0].context;
    assert_eq!(context.correlation_id.as_deref(), Some("tour-1"));
    assert_eq!(context.traceparent.as_deref(), Some(trace));
}

#[tokio::test]
async fn text_is_searched_as_it_is_written() {
    let counter = Counter::open().await;
    for name in [
        "cup",
        "Cup (large)",
        "a.b",
        "a+b",
        "100%",
        r"back\slash",
        "c*",
        "naïve [x]",
    ] {
        counter.shop.product(name, 1).await;
    }
    for (text, expected) in [
        ("cup", vec!["cup", "Cup (large)"]),
        ("(LARGE)", vec!["Cup (large)"]),
        (".", vec!["a.b"]),
        ("a.b", vec!["a.b"]),
        (".*", vec![]),
        ("+", vec!["a+b"]),
        ("*", vec!["c*"]),
        ("(", vec!["Cup (large)"]),
        ("[x]", vec!["naïve [x]"]),
        (r"\", vec![r"back\slash"]),
        (r"\E", vec![]),
        ("^c", vec![]),
        ("$", vec![]),
        ("%", vec!["100%"]),
        ("NAÏVE", vec!["naïve [x]"]),
        (
            "for tests",
            vec![
                "100%",
                "a+b",
                "a.b",
                r"back\slash",
                "c*",
                "cup",
                "Cup (large)",
                "naïve [x]",
            ],
        ),
    ] {
        let query = reqwest::Url::parse_with_params("http://x/", [("search", text)]).unwrap();
        assert_eq!(
            counter.names(query.query().unwrap()).await,
            expected,
            "{text}"
        );
    }
    for pattern in [".*", "cu.", "^cup$", "cup|a.b", "c*p"] {
        let query = reqwest::Url::parse_with_params("http://x/", [("name", pattern)]).unwrap();
        let answer = counter
            .get(&format!("/api/products?{}", query.query().unwrap()))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{pattern}");
        assert_eq!(answer.body["code"], "unknown-product");
    }
    assert_eq!(counter.names("name=C*").await, ["c*"]);
    assert_eq!(counter.names("name=Cup%20(large)").await, ["Cup (large)"]);
}

#[tokio::test]
async fn a_category_filter_finds_every_spelling() {
    let counter = Counter::open().await;
    counter.shop.product("cup", 1).await;
    counter
        .post("/api/categories", json!({ "name": "empty" }))
        .await;
    for spelling in ["things", "Things", "THINGS", "%20things%20"] {
        assert_eq!(
            counter.names(&format!("categoryName={spelling}")).await,
            ["cup"],
            "{spelling}"
        );
    }
    assert_eq!(
        counter.names("categoryName=empty").await,
        Vec::<String>::new()
    );
    assert_eq!(counter.names("categoryName=things&search=c").await, ["cup"]);
    assert_eq!(
        counter.names("categoryName=things&search=x").await,
        Vec::<String>::new()
    );
    let answer = counter.get("/api/products?categoryName=thing").await;
    assert_eq!(
        (answer.status, &answer.body["code"]),
        (StatusCode::NOT_FOUND, &json!("unknown-category"))
    );
}

#[tokio::test]
async fn products_are_sorted_as_asked() {
    let counter = Counter::open().await;
    for (name, price) in [
        ("Banana", "2"),
        ("apple", "3"),
        ("cherry", "2"),
        ("date", "10"),
    ] {
        counter.shop.priced(name, price, 1).await;
    }
    for (sort, expected) in [
        ("name", ["apple", "Banana", "cherry", "date"]),
        ("-name", ["date", "cherry", "Banana", "apple"]),
        ("price", ["Banana", "cherry", "apple", "date"]),
        ("-price", ["date", "apple", "cherry", "Banana"]),
        ("newest", ["date", "cherry", "apple", "Banana"]),
    ] {
        assert_eq!(
            counter.names(&format!("sort={sort}")).await,
            expected,
            "{sort}"
        );
    }
}

#[tokio::test]
async fn pages_show_every_product_once_while_others_are_added() {
    let counter = Counter::open().await;
    let mut there = Vec::new();
    for n in 0..23 {
        let name = format!("p{n:02}");
        counter.shop.priced(&name, &format!("{}", n % 4), 1).await;
        there.push(name);
    }
    for sort in ["name", "-name", "price", "-price", "newest"] {
        let mut seen = Vec::new();
        let mut token = String::new();
        for page in 0.. {
            let query = format!("/api/products?sort={sort}&page_size=5&search=p{token}");
            let answer = counter.get(&query).await;
            assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.body);
            let names = names(&answer.body);
            assert!(names.len() <= 5);
            seen.extend(names);
            // Before, between and behind the others, while somebody walks.
            for name in ["a-p", "p10", "z-p"] {
                let name = format!("{name}-{page}-{sort}");
                counter.shop.priced(&name, "2", 1).await;
            }
            match answer.body["next_page_token"].as_str() {
                Some(next) => token = format!("&page_token={next}"),
                None => break,
            }
        }
        let mut of_old: Vec<String> = seen.iter().filter(|n| there.contains(n)).cloned().collect();
        assert_eq!(of_old.len(), there.len(), "{sort}: {seen:?}");
        of_old.sort();
        assert_eq!(of_old, there, "{sort}");
        let mut unique = seen.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(
            unique.len(),
            seen.len(),
            "{sort}: a product was shown twice"
        );
        // For the next walk everything is there from the start.
        there = counter.names("search=p&page_size=200").await;
        there.sort();
    }
}

#[tokio::test]
async fn an_exact_last_page_has_no_next_one() {
    let counter = Counter::open().await;
    for n in 0..4 {
        counter.shop.product(&format!("p{n}"), 1).await;
    }
    let first = counter.get("/api/products?page_size=2").await.body;
    let next = first["next_page_token"].as_str().unwrap();
    let second = counter
        .get(&format!("/api/products?page_size=2&page_token={next}"))
        .await
        .body;
    assert_eq!(names(&second), ["p2", "p3"]);
    assert_eq!(second.get("next_page_token"), None);
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let counter = Counter::open().await;
    let unknown = counter
        .get(&format!("/api/products/{}", ProductId::from_u128(1)))
        .await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(unknown.body["code"], "unknown-product");
    let nonsense = counter.get("/api/products/nonsense").await;
    assert_eq!(
        (nonsense.status, &nonsense.body["code"]),
        (StatusCode::NOT_FOUND, &json!("not-found"))
    );
}

#[test]
fn every_route_is_described() {
    let openapi = serde_json::to_value(host::openapi::<products::Products>()).unwrap();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, methods) in [
        ("/api/products", vec!["get", "post"]),
        ("/api/products/{id}", vec!["get"]),
        ("/api/products/{id}/stock", vec!["post"]),
        ("/api/categories", vec!["get", "post"]),
    ] {
        for method in methods {
            let operation = &openapi["paths"][path][method];
            assert!(operation["responses"].is_object(), "{method} {path}");
            assert_eq!(
                operation.get("security").is_some(),
                method == "post",
                "{method} {path}"
            );
        }
    }
}
