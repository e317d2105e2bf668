//! `quadrille jobs`: list, show, retry, discard, and the record of it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use outbox::{
    Database as _, EventCollector, Job, JobId, JobStore as _, MessageContext, SystemClock,
};
use serde::{Deserialize, Serialize};

use crate::shop::Shop;

#[derive(Serialize, Deserialize)]
struct Mail {
    to: String,
}

impl Job for Mail {
    const NAME: &'static str = "mail";
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_job_is_shown_retried_and_discarded_and_that_is_on_record() {
    let shop = Shop::open().await;
    let database = shop.environment.database("orders").await;
    let nothing = shop.quadrille(&["jobs", "list"]).await;
    assert!(
        nothing.stdout.contains("No job is dead."),
        "{}",
        nothing.stdout
    );

    let mut tx = database.begin().await.unwrap();
    let mut out = EventCollector::new("orders", &SystemClock);
    let due = Timestamp::now() - SignedDuration::from_secs(1);
    let mail = Mail {
        to: "ada".to_owned(),
    };
    let id = JobId::of("mail", &[&"ada"]);
    out.schedule(id, &mail, due, MessageContext::default())
        .unwrap();
    out.write(&database, &mut tx).await.unwrap();
    database.commit(tx).await.unwrap();
    let lease = Duration::from_secs(60);
    let taken = database.take(uuid::Uuid::now_v7(), 1, lease).await.unwrap();
    let aside = database.set_aside(&taken.jobs[0].held, "the address is wrong");
    assert!(aside.await.unwrap());

    let listed = shop.quadrille(&["jobs", "list", "--json"]).await.well();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed:#}");
    assert_eq!(listed[0]["id"], "mail:ada");
    assert_eq!(listed[0]["service"], "orders");
    assert_eq!(listed[0]["payload"]["to"], "ada");
    for filter in ["--service=products", "--name=other", "--state=waiting"] {
        let none = shop.quadrille(&["jobs", "list", "--json", filter]).await;
        assert_eq!(none.well(), serde_json::json!([]), "{filter}");
    }
    let one = ["--service=orders", "mail:ada"];
    let on = |words: &[&'static str]| [&["jobs"], words, &one].concat();
    let shown = shop.quadrille(&on(&["show"])).await.stdout;
    for part in [
        "mail of orders, dead since",
        "the address is wrong",
        "\"to\": \"ada\"",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }

    let retried = shop.quadrille(&on(&["retry", "--reason=mended"])).await;
    assert!(
        retried.stdout.contains("mail:ada: due now"),
        "{}",
        retried.stdout
    );
    let refused: [(&[&str], &str); 4] = [
        (
            &["jobs", "retry", "--service=orders", "mail:ada"],
            "only one that has failed",
        ),
        (
            &["jobs", "show", "--service=orders", "mail:eve"],
            "there is no job mail:eve",
        ),
        (&["jobs", "list", "--state=done"], "is found by its id"),
        (&["jobs", "list", "--state=tired"], "no state is called"),
    ];
    for (command, why) in refused {
        let refused = shop.quadrille(command).await;
        assert_eq!(refused.code, 1, "{command:?}");
        assert!(
            refused.stderr.contains(why),
            "{command:?}: {}",
            refused.stderr
        );
    }
    let discarded = shop
        .quadrille(&on(&["discard", "--reason=gone", "--who=grace"]))
        .await;
    assert!(
        discarded.stdout.contains("mail:ada: discarded"),
        "{}",
        discarded.stdout
    );
    let shown = shop.quadrille(&on(&["show", "--json"])).await.well();
    assert_eq!(shown["state"], "discarded");
    let actions = shop.quadrille(&["jobs", "actions", "--json"]).await.well();
    assert_eq!(actions.as_array().unwrap().len(), 2, "{actions:#}");
    assert_eq!(
        (&actions[0]["who"], &actions[0]["reason"]),
        (&"grace".into(), &"gone".into())
    );
    assert_eq!(
        (&actions[1]["action"], &actions[1]["reason"]),
        (&"retry".into(), &"mended".into())
    );
}
