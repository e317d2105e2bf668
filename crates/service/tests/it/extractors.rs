//! Wrong input is refused with the field's name and the way out.

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::{Request, header};
use serde::Deserialize;
use service::config::HttpSettings;
use service::http::{Json, Path, Query, layers};
use uuid::Uuid;

use crate::support::{self, call};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Basket {
    products: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    quantity: u32,
}

#[derive(Deserialize)]
struct Paging {
    page_size: u8,
}

fn router() -> Router {
    let settings = HttpSettings {
        body_limit_bytes: 1000,
        ..HttpSettings::default()
    };
    let router = Router::new()
        .route(
            "/basket",
            post(async |Json(basket): Json<Basket>| {
                let pieces: u32 = basket.products.iter().map(|line| line.quantity).sum();
                format!("{pieces} pieces of {}", basket.products[0].name)
            }),
        )
        .route(
            "/paging",
            get(async |Query(paging): Query<Paging>| paging.page_size.to_string()),
        )
        .route(
            "/things/{id}",
            get(async |Path(id): Path<Uuid>| id.to_string()),
        );
    layers(router, "test", &settings)
}

#[tokio::test]
async fn a_good_body_is_read() {
    let answer = support::post(
        &router(),
        "/basket",
        r#"{"products":[{"name":"chair","quantity":2}]}"#,
    )
    .await;
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (200, "2 pieces of chair")
    );
}

#[tokio::test]
async fn wrong_bodies_name_the_field() {
    let wrong = [
        ("", 400, "malformed-json", "the body is missing"),
        ("{", 400, "malformed-json", "EOF"),
        (r#"{"products":[]} x"#, 400, "malformed-json", "trailing"),
        ("{}", 422, "invalid-body", "missing field `products`"),
        ("[]", 422, "invalid-body", "invalid"),
        (
            r#"{"products":{}}"#,
            422,
            "invalid-body",
            "products: invalid type: map",
        ),
        (
            r#"{"products":[{"name":"a"}]}"#,
            422,
            "invalid-body",
            "products[0]: missing field `quantity`",
        ),
        (
            r#"{"products":[{"name":"a","quantity":1.5}]}"#,
            422,
            "invalid-body",
            "products[0].quantity: invalid type: floating point",
        ),
        (
            r#"{"products":[{"name":"a","quantity":-1}]}"#,
            422,
            "invalid-body",
            "products[0].quantity: invalid value",
        ),
        (
            r#"{"products":[{"name":"a","quantity":99999999999}]}"#,
            422,
            "invalid-body",
            "products[0].quantity: invalid value",
        ),
        (
            r#"{"products":[{"name":7,"quantity":1}]}"#,
            422,
            "invalid-body",
            "products[0].name: invalid type: integer",
        ),
        (
            r#"{"products":[{"name":"a","quantity":1,"price":0}]}"#,
            422,
            "invalid-body",
            "unknown field `price`",
        ),
    ];
    for (body, status, code, sentence) in wrong {
        let answer = support::post(&router(), "/basket", body).await;
        assert_eq!(answer.status.as_u16(), status, "{body}");
        let (found, detail) = answer.problem();
        assert_eq!(found, code, "{body}");
        assert!(detail.contains(sentence), "{body} was told `{detail}`");
    }
}

#[tokio::test]
async fn another_content_type_is_415() {
    for kind in [None, Some("text/plain"), Some("application/xml")] {
        let mut request = Request::post("/basket");
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
        }
        let answer = call(&router(), request.body(Body::from("{}")).unwrap()).await;
        assert_eq!(answer.status.as_u16(), 415);
        let (code, detail) = answer.problem();
        assert_eq!(code, "unsupported-media-type");
        assert!(detail.contains("application/json"));
    }
}

#[tokio::test]
async fn no_body_is_told_as_what_is_missing_whatever_its_type() {
    let nothing = || futures::stream::empty::<Result<Vec<u8>, std::io::Error>>();
    for kind in [None, Some("application/json"), Some("text/plain")] {
        for body in [Body::empty(), Body::from_stream(nothing())] {
            let mut request = Request::post("/basket");
            if let Some(kind) = kind {
                request = request.header(header::CONTENT_TYPE, kind);
            }
            let answer = call(&router(), request.body(body).unwrap()).await;
            assert_eq!(answer.status.as_u16(), 400, "{kind:?}");
            let (code, detail) = answer.problem();
            assert_eq!(code, "malformed-json");
            assert!(detail.contains("the body is missing"), "{detail}");
        }
    }
}

#[tokio::test]
async fn a_compressed_body_is_415_and_says_what_is_taken() {
    let send = async |coding: &'static str| {
        let request = Request::post("/basket")
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_ENCODING, coding);
        let body = r#"{"products":[{"name":"chair","quantity":2}]}"#;
        call(&router(), request.body(Body::from(body)).unwrap()).await
    };
    for coding in ["gzip", "br", "identity, gzip"] {
        let answer = send(coding).await;
        assert_eq!(answer.status.as_u16(), 415, "{coding}");
        assert_eq!(answer.headers[header::ACCEPT_ENCODING], "identity");
        let (code, detail) = answer.problem();
        assert_eq!(code, "unsupported-media-type");
        assert!(detail.contains(coding), "{detail}");
    }
    assert_eq!(send("identity").await.status.as_u16(), 200);
}

#[tokio::test]
async fn a_body_above_the_limit_is_413_announced_or_not() {
    let body = format!(
        r#"{{"products":[{{"name":"{}","quantity":1}}]}}"#,
        "a".repeat(1000)
    );
    let announced = support::post(&router(), "/basket", &body).await;
    let chunks = futures::stream::iter(
        body.as_bytes()
            .chunks(100)
            .map(<[u8]>::to_vec)
            .map(Ok::<_, std::io::Error>)
            .collect::<Vec<_>>(),
    );
    let request = Request::post("/basket").header(header::CONTENT_TYPE, "application/json");
    let streamed = call(&router(), request.body(Body::from_stream(chunks)).unwrap()).await;
    for answer in [announced, streamed] {
        assert_eq!(answer.status.as_u16(), 413);
        assert_eq!(answer.problem().0, "body-too-large");
        assert_eq!(answer.json()["limit_bytes"], 1000);
    }
}

#[tokio::test]
async fn a_wrong_query_is_400_and_a_wrong_path_404() {
    assert_eq!(
        support::get(&router(), "/paging?page_size=5").await.text,
        "5"
    );
    for query in ["", "?page_size=x", "?page_size=256", "?page_size=-1"] {
        let answer = support::get(&router(), &format!("/paging{query}")).await;
        assert_eq!(answer.status.as_u16(), 400, "{query}");
        let (code, detail) = answer.problem();
        assert_eq!(code, "invalid-query");
        assert!(detail.contains("page_size"), "{detail}");
    }
    let answer = support::get(&router(), "/things/7").await;
    assert_eq!(answer.status.as_u16(), 404);
    assert_eq!(answer.problem().0, "not-found");
}
