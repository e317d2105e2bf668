//! Wrong input over HTTP: the right status, a problem that says what is wrong, nothing changed.

use serde_json::{Value, json};
use service::token::Role;

use crate::counter::{Answer, Counter};
use testkit::{Signer, unsigned};

/// A good body for a new product, with `change` made to it.
fn product(change: impl FnOnce(&mut Value)) -> String {
    let mut body = json!({ "product": {
        "name": "lamp", "description": "for a desk", "price": 19.99, "quantity": 12,
        "categories": ["things"],
    } });
    change(&mut body);
    body.to_string()
}

fn with(field: &str, value: Value) -> String {
    product(|body| body["product"][field] = value)
}

/// As `with`, for numbers that `Value` would round.
fn with_raw(field: &str, raw: &str) -> String {
    with(field, json!("RAW")).replace("\"RAW\"", raw)
}

fn check(answer: &Answer, status: u16, code: &str, case: &str) {
    assert_eq!(answer.status, status, "{case}: {}", answer.body);
    assert_eq!(
        answer.headers["content-type"], "application/problem+json",
        "{case}"
    );
    assert_eq!(answer.body["code"], code, "{case}: {}", answer.body);
    assert_eq!(
        answer.body["type"],
        format!("/docs/errors/{code}"),
        "{case}"
    );
    assert!(
        answer.body["detail"]
            .as_str()
            .is_some_and(|text| text.len() > 10),
        "{case}"
    );
    assert!(
        answer.body["detail"].as_str().unwrap().len() < 500,
        "{case} is answered too long"
    );
    assert!(answer.body["request_id"].is_string(), "{case}");
}

#[tokio::test]
async fn a_wrong_product_is_refused() {
    let counter = Counter::open().await;
    counter.shop.product("cup", 1).await;
    let admin = counter.signer.token(Role::Admin, 600);
    let documents = counter.shop.documents().await;
    let invalid = "invalid-product";
    let form = "invalid-body";
    let many: Vec<String> = (0..11).map(|n| format!("c{n}")).collect();
    let cases = [
        (String::new(), 400, "malformed-json", ""),
        ("{".to_owned(), 400, "malformed-json", ""),
        ("nonsense".to_owned(), 400, "malformed-json", ""),
        ("{}".to_owned(), 422, form, "product"),
        ("[]".to_owned(), 422, form, ""),
        ("null".to_owned(), 422, form, ""),
        (product(|body| body["extra"] = json!(1)), 422, form, "extra"),
        (with("extra", json!(1)), 422, form, "extra"),
        (
            product(|body| drop(body["product"].as_object_mut().unwrap().remove("price"))),
            422,
            form,
            "price",
        ),
        (with("name", json!(7)), 422, form, "name"),
        (with("name", json!("")), 422, invalid, "name"),
        (with("name", json!("   ")), 422, invalid, "name"),
        (with("name", json!("x".repeat(101))), 422, invalid, "name"),
        (with("name", json!("a\u{0}b")), 422, invalid, "name"),
        (with("description", json!("")), 422, invalid, "description"),
        (
            with("description", json!("x".repeat(2001))),
            422,
            invalid,
            "description",
        ),
        (with("price", json!(-0.01)), 422, invalid, "price"),
        (with_raw("price", "5.999"), 422, invalid, "price"),
        (with_raw("price", "1e40"), 422, invalid, "price"),
        (with_raw("price", "10000000.01"), 422, invalid, "price"),
        (with("price", json!("5.99")), 422, invalid, "price"),
        (with("price", json!(null)), 422, invalid, "price"),
        (with("price", json!([1])), 422, invalid, "price"),
        (
            with("price", json!("9".repeat(10_000))),
            422,
            invalid,
            "price",
        ),
        (with("quantity", json!(-1)), 422, invalid, "quantity"),
        (
            with("quantity", json!(1_000_000_001)),
            422,
            invalid,
            "quantity",
        ),
        (with_raw("quantity", "1.5"), 422, form, "quantity"),
        (with_raw("quantity", "1.0"), 422, form, "quantity"),
        (
            with_raw("quantity", "99999999999999999999"),
            422,
            form,
            "quantity",
        ),
        (with("quantity", json!("1")), 422, form, "quantity"),
        (with("categories", json!("things")), 422, form, "categories"),
        (with("categories", json!([1])), 422, form, "categories"),
        (with("categories", json!([""])), 422, invalid, "categories"),
        (with("categories", json!(many)), 422, invalid, "categories"),
        (
            with("categories", json!(["things", "nowhere"])),
            422,
            "unknown-category",
            "nowhere",
        ),
        (with("name", json!("cup")), 409, "product-exists", "cup"),
        (with("name", json!("CUP ")), 409, "product-exists", "cup"),
    ];
    are_refused(&counter, &admin, cases).await;
    let big = with("description", json!("x".repeat(10 * 1024 * 1024)));
    let answer = counter.post_as(Some(&admin), "/api/products", big).await;
    assert_eq!(answer.status, 413);
    assert_eq!(counter.shop.documents().await, documents);
}

/// Each body is refused with this status and code, and what is wrong is named.
async fn are_refused(
    counter: &Counter,
    admin: &str,
    cases: impl IntoIterator<Item = (String, u16, &str, &str)>,
) {
    for (body, status, code, named) in cases {
        let case = body.chars().take(200).collect::<String>();
        let answer = counter.post_as(Some(admin), "/api/products", body).await;
        check(&answer, status, code, &case);
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(
            detail.contains(named),
            "{case}: {detail} does not name {named}"
        );
        if code == "invalid-product" {
            assert_eq!(answer.body["field"], named, "{case}");
        }
    }
}

#[tokio::test]
async fn a_number_is_taken_exactly_or_refused() {
    let counter = Counter::open().await;
    let admin = counter.signer.token(Role::Admin, 600);
    let documents = counter.shop.documents().await;
    let price = |raw| (with_raw("price", raw), 422, "invalid-product", "price");
    let prices = [
        "0.0000000000000000000000000000001",
        "9.9999999999999999999999999999999",
        "4.999999999999999999999999999999",
        "5.990000000000000000000000000000001",
        "1e-3",
        "1e99999999999999999999",
        "-1e-2",
    ];
    are_refused(&counter, &admin, prices.map(price)).await;
    let quantity = |raw| (with_raw("quantity", raw), 422, "invalid-body", "quantity");
    let quantities = ["1.0", "1e2", "-0", "-0.0", "99999999999999999999"];
    are_refused(&counter, &admin, quantities.map(quantity)).await;
    assert_eq!(counter.shop.documents().await, documents);
}

#[tokio::test]
async fn a_name_that_can_not_be_told_from_another_is_refused() {
    let counter = Counter::open().await;
    counter.shop.product("cup", 1).await;
    let admin = counter.signer.token(Role::Admin, 600);
    let documents = counter.shop.documents().await;
    let name = |name: &str| (with("name", json!(name)), 422, "invalid-product", "name");
    let names = [
        "\u{200b}",
        "\u{2060}\u{feff}",
        "\u{3164}",
        "cup\u{200b}",
        "a\u{202e}b",
        "a\u{2028}b",
    ];
    are_refused(&counter, &admin, names.map(name)).await;
    let blank = with("description", json!("\u{200b}"));
    let wide = with("name", json!("\u{ff43}up"));
    let others = [
        (blank, 422, "invalid-product", "description"),
        (wide, 409, "product-exists", "cup"),
    ];
    are_refused(&counter, &admin, others).await;
    assert_eq!(counter.shop.documents().await, documents);
}

#[tokio::test]
async fn a_wrong_restock_is_refused() {
    let counter = Counter::open().await;
    let cup = counter.shop.product("cup", 1_000_000_000).await.product_id;
    let admin = counter.signer.token(Role::Admin, 600);
    let documents = counter.shop.documents().await;
    let path = format!("/api/products/{cup}/stock");
    let unknown = "/api/products/0190f3c5-0000-7000-8000-000000000000/stock";
    for (path, body, status, code) in [
        (path.as_str(), r#"{"quantity":0}"#, 422, "invalid-product"),
        (&path, r#"{"quantity":-5}"#, 422, "invalid-product"),
        (&path, r#"{"quantity":1000001}"#, 422, "invalid-product"),
        (
            &path,
            r#"{"quantity":9223372036854775807}"#,
            422,
            "invalid-product",
        ),
        (&path, r#"{"quantity":1}"#, 422, "invalid-product"),
        (&path, r#"{"quantity":1.5}"#, 422, "invalid-body"),
        (&path, r#"{"quantity":1.0}"#, 422, "invalid-body"),
        (&path, r#"{"quantity":1e2}"#, 422, "invalid-body"),
        (
            &path,
            r#"{"quantity":99999999999999999999}"#,
            422,
            "invalid-body",
        ),
        (&path, r#"{"quantity":"1"}"#, 422, "invalid-body"),
        (&path, r#"{"quantity":1,"price":2}"#, 422, "invalid-body"),
        (&path, "{}", 422, "invalid-body"),
        (&path, "{", 400, "malformed-json"),
        (unknown, r#"{"quantity":1}"#, 404, "unknown-product"),
        (
            "/api/products/nonsense/stock",
            r#"{"quantity":1}"#,
            404,
            "not-found",
        ),
    ] {
        let answer = counter.post_as(Some(&admin), path, body.to_owned()).await;
        check(&answer, status, code, body);
    }
    assert_eq!(counter.shop.documents().await, documents);
}

#[tokio::test]
async fn a_wrong_category_is_refused() {
    let counter = Counter::open().await;
    let admin = counter.signer.token(Role::Admin, 600);
    let documents = counter.shop.documents().await;
    let long = json!({ "name": "x".repeat(51) }).to_string();
    for (body, status, code) in [
        (r#"{"name":""}"#, 422, "invalid-category"),
        (r#"{"name":" \t"}"#, 422, "invalid-category"),
        (r#"{"name":"a\u0000b"}"#, 422, "invalid-category"),
        (r#"{"name":"\u200b"}"#, 422, "invalid-category"),
        (r#"{"name":"a\u202eb"}"#, 422, "invalid-category"),
        (&long, 422, "invalid-category"),
        (r#"{"name":7}"#, 422, "invalid-body"),
        (r#"{"name":"a","b":1}"#, 422, "invalid-body"),
        ("{}", 422, "invalid-body"),
        ("x", 400, "malformed-json"),
        (r#"{"name":"things"}"#, 409, "category-exists"),
        (r#"{"name":" THINGS "}"#, 409, "category-exists"),
    ] {
        let answer = counter
            .post_as(Some(&admin), "/api/categories", body.to_owned())
            .await;
        check(&answer, status, code, body);
    }
    assert_eq!(counter.shop.documents().await, documents);
}

#[tokio::test]
async fn a_wrong_query_is_refused() {
    let counter = Counter::open().await;
    for n in 0..3 {
        counter.shop.product(&format!("p{n}"), 1).await;
    }
    let page = counter
        .get("/api/products?page_size=1&sort=price")
        .await
        .body;
    let token = page["next_page_token"].as_str().unwrap();
    let long = "x".repeat(101);
    for query in [
        "page_size=0".to_owned(),
        "page_size=201".to_owned(),
        "page_size=-1".to_owned(),
        "page_size=many".to_owned(),
        "page_size=1.5".to_owned(),
        "page_size=99999999999".to_owned(),
        "sort=colour".to_owned(),
        "sort=".to_owned(),
        "colour=red".to_owned(),
        "name=a&name=b".to_owned(),
        "name=p1&search=p".to_owned(),
        "name=p1&categoryName=things".to_owned(),
        "search=a%00b".to_owned(),
        format!("search={long}"),
    ] {
        let answer = counter.get(&format!("/api/products?{query}")).await;
        check(&answer, 400, "invalid-query", &query);
    }
    for query in [
        "page_token=nonsense".to_owned(),
        "page_token=".to_owned(),
        "page_token=e30".to_owned(),
        format!("page_token={token}"),
        format!("page_token={token}&sort=-price"),
        format!("page_token={token}&sort=price&search=p"),
        format!("page_token={token}x&sort=price"),
    ] {
        let answer = counter.get(&format!("/api/products?{query}")).await;
        check(&answer, 400, "invalid-page-token", &query);
    }
    for (query, code) in [
        ("name=", "unknown-product"),
        ("name=nothing", "unknown-product"),
        ("name=%00", "unknown-product"),
        ("categoryName=", "unknown-category"),
        ("categoryName=%00", "unknown-category"),
    ] {
        check(
            &counter.get(&format!("/api/products?{query}")).await,
            404,
            code,
            query,
        );
    }
    let endless = format!("name={}", "x".repeat(5_000));
    check(
        &counter.get(&format!("/api/products?{endless}")).await,
        404,
        "unknown-product",
        "endless",
    );
}

#[tokio::test]
async fn only_an_admin_may_change_the_catalogue() {
    let counter = Counter::open().await;
    let cup = counter.shop.product("cup", 1).await.product_id;
    let documents = counter.shop.documents().await;
    let stock = format!("/api/products/{cup}/stock");
    let user = counter.signer.token(Role::User, 600);
    let expired = counter.signer.token(Role::Admin, -60);
    let forged = Signer::new().token(Role::Admin, 600);
    let (good, _) = forged.rsplit_once('.').unwrap();
    let cut = good.to_owned();
    let nobody = [
        None,
        Some("x"),
        Some(&expired),
        Some(&forged),
        Some(&cut),
        Some(&unsigned()),
    ]
    .map(|token| token.map(str::to_owned));
    for (path, body) in [
        ("/api/products", with("name", json!("lamp"))),
        (stock.as_str(), r#"{"quantity":1}"#.to_owned()),
        ("/api/categories", r#"{"name":"more"}"#.to_owned()),
        // Who may not is told so whatever he sends.
        ("/api/products", "{".to_owned()),
    ] {
        for token in &nobody {
            let answer = counter.post_as(token.as_deref(), path, body.clone()).await;
            check(&answer, 401, "unauthorized", path);
            assert!(answer.headers.contains_key("www-authenticate"), "{path}");
        }
        check(
            &counter.post_as(Some(&user), path, body.clone()).await,
            403,
            "forbidden",
            path,
        );
    }
    assert_eq!(counter.shop.documents().await, documents);
}
