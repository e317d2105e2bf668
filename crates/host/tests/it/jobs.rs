//! Jobs over HTTP.

use jiff::{SignedDuration, Timestamp};
use outbox::mongo::{MongoDatabase, MongoTx};
use outbox::{
    EventCollector, Job, JobId, JobStore as _, MessageContext, StoreError, SystemClock, Work,
    transact,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service::token::Role;
use uuid::Uuid;

use crate::fixture::Service;

#[derive(Serialize, Deserialize)]
struct Mail {
    to: String,
}

impl Job for Mail {
    const NAME: &'static str = "mail";
}

struct Schedule<'a>(&'a MongoDatabase, &'a [&'a str], Timestamp);

impl Work<MongoDatabase> for Schedule<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let mut out = EventCollector::new("pings", &SystemClock);
        for to in self.1 {
            let (id, job) = (
                JobId::of("mail", &[to]),
                Mail {
                    to: (*to).to_owned(),
                },
            );
            let context = MessageContext {
                causation_id: Some("a test".to_owned()),
                ..MessageContext::default()
            };
            out.schedule(id, &job, self.2, context)
                .map_err(StoreError::permanent)?;
        }
        out.write(self.0, tx).await.map(drop)
    }
}

/// Schedules a mail to each of `to`, an hour from now.
async fn waiting(service: &Service, to: &[&str]) {
    let due = Timestamp::now() + SignedDuration::from_hours(1);
    let mut schedule = Schedule(service.database(), to, due);
    transact(service.database(), &mut schedule).await.unwrap();
}

/// Sets a mail to `to` aside.
async fn dead(service: &Service, to: &str) {
    let due = Timestamp::now() - SignedDuration::from_secs(1);
    let mut schedule = Schedule(service.database(), &[to], due);
    transact(service.database(), &mut schedule).await.unwrap();
    let lease = std::time::Duration::from_secs(60);
    let taken = service.database().take(Uuid::now_v7(), 1, lease).await;
    let held = &taken.unwrap().jobs[0].held;
    let aside = service.database().set_aside(held, "the address is wrong");
    assert!(aside.await.unwrap());
}

async fn get(service: &Service, path: &str) -> Value {
    let admin = Some(Role::Admin);
    let (status, body) = service.call_for("jobs", path, admin, None).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

async fn refused(service: &Service, path: &str, body: Option<Value>) -> (u16, String) {
    let admin = Some(Role::Admin);
    let (status, body) = service.call_for("jobs", path, admin, body).await;
    let code = body["code"].as_str().unwrap_or_default();
    (status, code.to_owned())
}

#[tokio::test]
async fn jobs_are_for_admins_only() {
    let service = Service::start().await;
    dead(&service, "ada").await;
    let reason = || Some(json!({ "reason": "a test" }));
    for (path, body) in [
        ("", None),
        ("/actions", None),
        ("/mail:ada", None),
        ("/mail:ada/retry", reason()),
        ("/mail:ada/discard", reason()),
    ] {
        let (nobody, _) = service.call_for("jobs", path, None, body.clone()).await;
        let user = Some(Role::User);
        let (user, _) = service.call_for("jobs", path, user, body).await;
        assert_eq!((nobody, user), (401, 403), "{path}");
    }
    assert_eq!(get(&service, "/mail:ada").await["state"], "dead");
}

#[tokio::test]
async fn jobs_are_listed_by_state_page_by_page_and_shown() {
    let service = Service::start().await;
    waiting(&service, &["a", "b", "c", "d", "e"]).await;
    dead(&service, "ada").await;
    let list = get(&service, "").await;
    assert_eq!(list["jobs"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["jobs"][0]["reason"], "the address is wrong");
    let counts = json!({
        "waiting": 5, "due": 0, "oldest_due_seconds": 0, "running": 0, "dead": 1,
    });
    assert_eq!(list["counts"], counts);

    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let path = format!("?state=waiting&name=mail&page_size=2{token}");
        let page = get(&service, &path).await;
        let ids = page["jobs"].as_array().unwrap().iter();
        seen.extend(ids.map(|job| job["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next_page_token"].as_str() else {
            break;
        };
        token = format!("&page_token={next}");
    }
    assert_eq!(seen, ["mail:a", "mail:b", "mail:c", "mail:d", "mail:e"]);
    let other = get(&service, "?state=waiting&name=other").await;
    assert_eq!(other["jobs"], json!([]));

    let shown = get(&service, "/mail:ada").await;
    assert_eq!(shown["payload"], r#"{"to":"ada"}"#);
    assert_eq!(
        (&shown["attempts"], &shown["name"]),
        (&json!(1), &json!("mail"))
    );
    assert_eq!(shown["causation_id"], "a test");

    for wrong in [
        "?state=done",
        "?state=tired",
        "?page_size=0",
        "?page_size=101",
        "?of=x",
    ] {
        let expected = (400, "invalid-query".to_owned());
        assert_eq!(refused(&service, wrong, None).await, expected, "{wrong}");
    }
    let expected = (400, "invalid-page-token".to_owned());
    assert_eq!(refused(&service, "?page_token=x", None).await, expected);
}

#[tokio::test]
async fn a_dead_job_is_retried_then_discarded_and_that_is_on_record() {
    let service = Service::start().await;
    dead(&service, "ada").await;
    let admin = || Some(Role::Admin);
    let retried = service
        .call_for(
            "jobs",
            "/mail:ada/retry",
            admin(),
            Some(json!({ "reason": "" })),
        )
        .await;
    assert_eq!(retried, (204, Value::Null));
    let shown = get(&service, "/mail:ada").await;
    assert_eq!(
        (&shown["state"], &shown["attempts"]),
        (&json!("waiting"), &json!(0))
    );
    let again = refused(&service, "/mail:ada/retry", Some(json!({ "reason": "" }))).await;
    assert_eq!(again, (409, "job-state".to_owned()), "it has not failed");

    let silent = refused(
        &service,
        "/mail:ada/discard",
        Some(json!({ "reason": " " })),
    )
    .await;
    assert_eq!(silent, (422, "reason-required".to_owned()));
    let long = json!({ "reason": "x".repeat(501) });
    let long = refused(&service, "/mail:ada/discard", Some(long)).await;
    assert_eq!(long, (422, "reason-required".to_owned()));
    let why = json!({ "reason": "she has left" });
    let discarded = service
        .call_for("jobs", "/mail:ada/discard", admin(), Some(why.clone()))
        .await;
    assert_eq!(discarded, (204, Value::Null));
    let shown = get(&service, "/mail:ada").await;
    assert_eq!(
        (&shown["state"], &shown["payload"]),
        (&json!("discarded"), &Value::Null)
    );
    let over = refused(&service, "/mail:ada/discard", Some(why.clone())).await;
    assert_eq!(over, (409, "job-state".to_owned()));
    let nowhere = refused(&service, "/mail:eve/discard", Some(why)).await;
    assert_eq!(nowhere, (404, "unknown-job".to_owned()));

    let actions = get(&service, "/actions").await;
    let actions: Vec<_> = actions["actions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|done| {
            (
                done["action"].as_str().unwrap(),
                done["why"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        actions,
        [("discard", "she has left"), ("retry", "tried again")]
    );
}

#[test]
fn the_routes_are_described() {
    let openapi = serde_json::to_value(host::operations::openapi("pings")).unwrap();
    for (path, method) in [
        ("", "get"),
        ("/actions", "get"),
        ("/{id}", "get"),
        ("/{id}/retry", "post"),
        ("/{id}/discard", "post"),
    ] {
        let path = format!("/api/admin/jobs/pings{path}");
        let described = &openapi["paths"][&path][method]["operationId"];
        let name = described.as_str().unwrap_or_default();
        assert!(name.starts_with("pings_"), "{path}: {described}");
    }
}
