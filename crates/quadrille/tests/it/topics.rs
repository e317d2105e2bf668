//! The cluster's topics, compared and made as the shop needs them.

use std::process::Output;

use outbox::kafka::{KafkaAdmin, TopicShape, TopicSpec};
use serde_json::Value;
use testkit::TestEnvironment;

use crate::{quadrille, stderr, stdout};

const HISTORY: &str = "orders.order.v1";
const STATE: &str = "products.product.v1";
const DEAD_LETTERS: &str = "orders.order.v1.products.dlt";

/// `quadrille topics …` for the topics under the environment's prefix.
async fn topics(environment: &TestEnvironment, arguments: &[&str]) -> Output {
    let line: Vec<String> = ["topics"]
        .iter()
        .chain(arguments)
        .map(|&word| word.to_owned())
        .collect();
    let (brokers, prefix) = (
        environment.kafka_brokers().to_owned(),
        environment.topic_prefix(),
    );
    tokio::task::spawn_blocking(move || {
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        quadrille(&line)
            .env("QUADRILLE_KAFKA_BROKERS", brokers)
            .env("QUADRILLE_TOPIC_PREFIX", prefix)
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap()
    })
    .await
    .unwrap()
}

async fn shape(environment: &TestEnvironment, topic: &str) -> Option<TopicShape> {
    KafkaAdmin::new(&environment.kafka())
        .unwrap()
        .topic(topic)
        .await
        .unwrap()
}

fn specs() -> Vec<TopicSpec> {
    let contracts = quadrille::SERVICES.iter().map(|service| service.contract());
    let mut specs: Vec<TopicSpec> = contracts.flat_map(|contract| contract.topics()).collect();
    specs.sort_by(|one, other| one.name.cmp(&other.name));
    specs.dedup_by(|one, other| one.name == other.name);
    specs
}

/// Puts a record on `topic`, as if the shop had been at work.
async fn write(environment: &TestEnvironment, topic: &'static str) {
    use outbox::{Message, MessageContext, Publisher};
    let event = events::OrderStatusUpdate {
        order_id: newtype_uuid::GenericUuid::from_untyped_uuid(uuid::Uuid::now_v7()),
        status: events::OrderStatus::Accepted,
        reason: None,
        version: 1,
    };
    let mut message = Message::new(
        uuid::Uuid::now_v7(),
        "test",
        jiff::Timestamp::now(),
        MessageContext::default(),
        &event,
    )
    .unwrap();
    topic.clone_into(&mut message.topic);
    let publisher = outbox::kafka::KafkaPublisher::new(&environment.kafka()).unwrap();
    publisher.publish(&[message]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_topics_are_shown_then_made_once() {
    let environment = TestEnvironment::new().await;
    let planned = topics(
        &environment,
        &["plan", "--partitions", "orders.order.v1=2", "--json"],
    )
    .await;
    assert_eq!(planned.status.code(), Some(1), "{}", stderr(&planned));
    let plan: Value = serde_json::from_slice(&planned.stdout).unwrap();
    let steps: Vec<&Value> = plan["topics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| &t["steps"][0])
        .collect();
    let wanted = specs().len();
    assert_eq!(steps.len(), wanted);
    assert!(steps.iter().all(|step| step["step"] == "make"), "{plan:#}");
    assert!(
        shape(&environment, HISTORY).await.is_none(),
        "a plan changes nothing"
    );

    let unasked = topics(&environment, &["apply"]).await;
    assert_eq!(unasked.status.code(), Some(1));
    assert!(stderr(&unasked).contains("--yes"), "{}", stderr(&unasked));
    assert!(
        stdout(&unasked).contains(&format!("{wanted} to make")),
        "{}",
        stdout(&unasked)
    );
    assert!(shape(&environment, HISTORY).await.is_none());

    let made = topics(
        &environment,
        &[
            "apply",
            "--yes",
            "--replication=1",
            "--partitions=orders.order.v1=2",
        ],
    )
    .await;
    assert_eq!(
        made.status.code(),
        Some(0),
        "{}{}",
        stdout(&made),
        stderr(&made)
    );
    // Known to the environment, to be removed.
    environment.ensure_topics(&specs()).await;
    let history = shape(&environment, HISTORY).await.unwrap();
    assert_eq!(
        (history.partitions, history.replication, history.written),
        (2, 1, false)
    );
    assert_eq!(history.config["retention.ms"], "-1");
    assert_eq!(
        shape(&environment, DEAD_LETTERS).await.unwrap().partitions,
        2
    );
    assert_eq!(
        shape(&environment, STATE).await.unwrap().config["cleanup.policy"],
        "compact"
    );

    let again = topics(&environment, &["apply", "--yes", "--replication=1"]).await;
    assert_eq!(again.status.code(), Some(0), "{}", stderr(&again));
    let page = stdout(&again);
    assert!(
        page.contains("as the shop needs them") && page.contains("2 partitions, where 6"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_harmless_is_changed_and_other_settings_stay() {
    let environment = TestEnvironment::new().await;
    let mut others = specs();
    for spec in &mut others {
        match spec.name.as_str() {
            // As somebody made them by hand, with a setting of his own.
            HISTORY => {
                spec.config = vec![
                    ("retention.ms", "604800000".to_owned()),
                    ("max.message.bytes", "2000000".to_owned()),
                ];
            }
            // Nothing is in it: no harm is done.
            STATE => spec.config.clear(),
            _ => {}
        }
    }
    environment.ensure_topics(&others).await;
    write(&environment, HISTORY).await;
    let shown = topics(&environment, &["plan"]).await;
    assert_eq!(shown.status.code(), Some(1), "{}", stderr(&shown));
    let page = stdout(&shown);
    assert!(page.contains("retention.ms: 604800000 -> -1"), "{page}");
    assert!(page.contains("cleanup.policy: delete -> compact"), "{page}");
    assert!(page.contains("0 to make, 2 to change, 0 refused"), "{page}");

    let done = topics(&environment, &["apply", "--yes"]).await;
    assert_eq!(
        done.status.code(),
        Some(0),
        "{}{}",
        stdout(&done),
        stderr(&done)
    );
    let history = shape(&environment, HISTORY).await.unwrap();
    assert_eq!(history.config["retention.ms"], "-1");
    assert_eq!(
        history.config["max.message.bytes"], "2000000",
        "not ours, and kept"
    );
    assert_eq!(
        shape(&environment, STATE).await.unwrap().config["cleanup.policy"],
        "compact"
    );
    assert_eq!(topics(&environment, &["plan"]).await.status.code(), Some(0));

    // Still empty, so that no key can move.
    let wider = topics(
        &environment,
        &["apply", "--yes", "--partitions", "products.product.v1=4"],
    )
    .await;
    assert_eq!(
        wider.status.code(),
        Some(0),
        "{}{}",
        stdout(&wider),
        stderr(&wider)
    );
    assert_eq!(shape(&environment, STATE).await.unwrap().partitions, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_the_order_of_keys_or_loses_records_is_refused_and_nothing_is_done() {
    let environment = TestEnvironment::new().await;
    let mut others = specs();
    for spec in &mut others {
        if spec.name == STATE || spec.name == DEAD_LETTERS {
            spec.config = vec![
                ("cleanup.policy", "delete".to_owned()),
                ("retention.ms", "-1".to_owned()),
            ];
        }
    }
    // One is missing, and stays so while another thing is refused.
    others.retain(|spec| spec.name != "products.product.v1.orders.dlt");
    environment.ensure_topics(&others).await;
    for topic in [HISTORY, STATE, DEAD_LETTERS] {
        write(&environment, topic).await;
    }
    let before = (
        shape(&environment, HISTORY).await,
        shape(&environment, STATE).await,
        shape(&environment, DEAD_LETTERS).await,
    );
    let refused: [(&[&str], &str); 4] = [
        (&["--partitions=orders.order.v1=12"], "partitions: 6 -> 12"),
        (
            &["--partitions=orders.order.v1=3"],
            "Kafka takes no partitions away",
        ),
        (&["--replication=9"], "kafka-reassign-partitions.sh"),
        (&[], "--even-losing products.product.v1"),
    ];
    for (wishes, reason) in refused {
        let line = [&["apply", "--yes"], wishes].concat();
        let output = topics(&environment, &line).await;
        assert_eq!(
            output.status.code(),
            Some(1),
            "{wishes:?}: {}",
            stderr(&output)
        );
        let page = stdout(&output);
        assert!(page.contains(reason), "{wishes:?}: {page}");
        assert!(
            stderr(&output).contains("Nothing was changed"),
            "{}",
            stderr(&output)
        );
    }
    let after = (
        shape(&environment, HISTORY).await,
        shape(&environment, STATE).await,
        shape(&environment, DEAD_LETTERS).await,
    );
    assert_eq!(after, before);
    assert!(
        shape(&environment, "products.product.v1.orders.dlt")
            .await
            .is_none()
    );

    // Whoever means it says so; letters that are kept longer than asked for stay as they are.
    let meant = topics(&environment, &["apply", "--yes", "--even-losing", STATE]).await;
    assert_eq!(
        meant.status.code(),
        Some(0),
        "{}{}",
        stdout(&meant),
        stderr(&meant)
    );
    assert_eq!(
        shape(&environment, STATE).await.unwrap().config["cleanup.policy"],
        "compact"
    );
    assert_eq!(
        shape(&environment, DEAD_LETTERS).await.unwrap().config["retention.ms"],
        "-1"
    );
    environment.ensure_topics(&specs()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_of_nobody_and_a_kafka_that_is_away_are_named() {
    let environment = TestEnvironment::new().await;
    let unknown = topics(
        &environment,
        &["plan", "--partitions", "orders.orders.v1=9"],
    )
    .await;
    assert_eq!(unknown.status.code(), Some(1));
    let text = stderr(&unknown);
    assert!(
        text.contains("orders.orders.v1") && text.contains("orders.order.v1"),
        "{text}"
    );

    let away = quadrille(&["topics", "plan", "--kafka-brokers", "127.0.0.1:1"])
        .output()
        .unwrap();
    assert_eq!(away.status.code(), Some(1));
    let text = stderr(&away);
    assert!(
        text.contains("Kafka at 127.0.0.1:1") && text.contains("Connection refused"),
        "{text}"
    );
}
