use super::super::wanted;
use super::*;

const HISTORY: &str = "orders.order.v1";
const STATE: &str = "products.product.v1";
const DEAD_LETTERS: &str = "orders.order.v1.products.dlt";
const MONTH: &str = "2592000000";

/// A cluster with every topic as a start of the services makes it, written to.
fn cluster() -> Cluster {
    let wanted = wanted::all(&Wishes::default()).unwrap();
    let shapes = wanted.into_iter().map(|wanted| {
        let mut config: BTreeMap<String, String> = [
            ("retention.ms", "604800000"),
            ("retention.bytes", "-1"),
            (IN_SYNC, "1"),
            (POLICY, "delete"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        config.extend(
            wanted
                .spec
                .config
                .iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        );
        let shape = TopicShape {
            partitions: wanted.spec.partitions,
            replication: 1,
            written: true,
            config,
        };
        (wanted.spec.name, shape)
    });
    Cluster {
        brokers: 3,
        topics: shapes.collect(),
    }
}

impl Cluster {
    fn with(mut self, topic: &str, change: impl FnOnce(&mut TopicShape)) -> Self {
        change(self.topics.get_mut(topic).unwrap());
        self
    }

    fn set(self, topic: &str, setting: &str, value: &str) -> Self {
        self.with(topic, |shape| {
            shape.config.insert(setting.to_owned(), value.to_owned());
        })
    }
}

fn steps(cluster: &Cluster, wishes: &Wishes) -> Vec<Step> {
    let plan = decide(&wanted::all(wishes).unwrap(), cluster, wishes);
    plan.steps().cloned().collect()
}

fn refusal(cluster: &Cluster, wishes: &Wishes) -> String {
    let found = steps(cluster, wishes);
    let [Step::Refuse { what, why }] = found.as_slice() else {
        panic!("{found:?}");
    };
    format!("{what}: {why}")
}

fn left(cluster: &Cluster, wishes: &Wishes) -> bool {
    let found = steps(cluster, wishes);
    assert_eq!(found.len(), 1, "{found:?}");
    matches!(found.as_slice(), [Step::Leave { .. }])
}

fn partitions(topic: &str, count: i32) -> Wishes {
    Wishes {
        partitions: BTreeMap::from([(topic.to_owned(), count)]),
        ..Wishes::default()
    }
}

fn replicated(replication: i32) -> Wishes {
    Wishes {
        replication: Some(replication),
        ..Wishes::default()
    }
}

fn losing(topic: &str) -> Wishes {
    Wishes {
        losing: [topic.to_owned()].into(),
        ..Wishes::default()
    }
}

#[test]
fn what_the_services_make_is_what_the_plan_wants() {
    assert_eq!(steps(&cluster(), &Wishes::default()), []);
}

#[test]
fn a_missing_topic_is_made() {
    let mut cluster = cluster();
    cluster.topics.remove(STATE);
    let made = |replication, extra: &[(&'static str, &str)]| {
        let mut config = vec![(POLICY, "compact".to_owned())];
        config.extend(
            extra
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        vec![Step::Make {
            partitions: 3,
            replication,
            config,
        }]
    };
    assert_eq!(steps(&cluster, &Wishes::default()), made(-1, &[]));
    let alone = Cluster {
        topics: BTreeMap::new(),
        brokers: 3,
    };
    let all = steps(&alone, &replicated(3));
    assert_eq!(all.len(), wanted::all(&replicated(3)).unwrap().len());
    assert!(all.contains(&made(3, &[(IN_SYNC, "2")])[0]), "{all:?}");
}

#[test]
fn more_copies_than_brokers_are_refused() {
    let mut cluster = cluster();
    cluster.topics.retain(|_, _| false);
    cluster.brokers = 1;
    let plan = decide(
        &wanted::all(&replicated(3)).unwrap(),
        &cluster,
        &replicated(3),
    );
    assert!(plan.is_refused() && plan.is_fulfilled());
}

#[test]
fn partitions_change_only_where_nothing_was_ever_written() {
    let text = refusal(&cluster(), &partitions(HISTORY, 12));
    assert!(
        text.contains("6 -> 12") && text.contains("new version"),
        "{text}"
    );
    let text = refusal(&cluster(), &partitions(HISTORY, 2));
    assert!(
        text.contains("6 -> 2") && text.contains("new version"),
        "{text}"
    );
    let fresh = || cluster().with(HISTORY, |shape| shape.written = false);
    let more = Step::AddPartitions { from: 6, to: 12 };
    assert_eq!(steps(&fresh(), &partitions(HISTORY, 12)), [more]);
    let text = refusal(&fresh(), &partitions(HISTORY, 2));
    assert!(text.contains("delete it"), "{text}");
    assert_eq!(steps(&cluster(), &partitions(HISTORY, 6)), []);
}

#[test]
fn a_number_of_partitions_that_nobody_asked_for_is_left_alone() {
    let twelve = cluster().with(HISTORY, |shape| shape.partitions = 12);
    assert!(left(&twelve, &Wishes::default()));
    assert_eq!(steps(&twelve, &partitions(HISTORY, 12)), []);
}

#[test]
fn a_history_is_never_compacted_and_a_compacted_one_is_saved() {
    let compacted = cluster().set(HISTORY, POLICY, "compact");
    let saved = set(POLICY, "compact".to_owned(), "delete".to_owned());
    assert_eq!(steps(&compacted, &Wishes::default()), [saved]);

    // As when a build declares a topic compacted that was a history until then.
    let history = cluster().set(STATE, POLICY, "delete");
    let text = refusal(&history, &Wishes::default());
    assert!(
        text.contains("delete -> compact") && text.contains("--even-losing"),
        "{text}"
    );
    let meant = set(POLICY, "delete".to_owned(), "compact".to_owned());
    assert_eq!(
        steps(&history, &losing(STATE)),
        std::slice::from_ref(&meant)
    );
    let empty = history.with(STATE, |shape| shape.written = false);
    assert_eq!(steps(&empty, &Wishes::default()), [meant]);
}

#[test]
fn compacted_dead_letter_topics_get_no_retention_time() {
    let compacted = cluster().set(DEAD_LETTERS, POLICY, "compact");
    let text = refusal(&compacted, &Wishes::default());
    assert!(text.contains("by their age"), "{text}");
}

#[test]
fn records_may_be_kept_longer_but_not_shorter() {
    for (setting, short) in [
        ("retention.ms", "604800000"),
        ("retention.bytes", "1000000"),
    ] {
        let ageing = cluster().set(HISTORY, setting, short);
        let saved = set(setting, short.to_owned(), "-1".to_owned());
        assert_eq!(steps(&ageing, &Wishes::default()), [saved]);
    }
    for long in ["-1", "5184000000"] {
        let generous = || cluster().set(DEAD_LETTERS, "retention.ms", long);
        assert!(left(&generous(), &Wishes::default()));
        let meant = set("retention.ms", long.to_owned(), MONTH.to_owned());
        assert_eq!(
            steps(&generous(), &losing(DEAD_LETTERS)),
            std::slice::from_ref(&meant)
        );
        let empty = generous().with(DEAD_LETTERS, |shape| shape.written = false);
        assert_eq!(steps(&empty, &Wishes::default()), [meant]);
    }
    let week = cluster().set(DEAD_LETTERS, "retention.ms", "604800000");
    let longer = set("retention.ms", "604800000".to_owned(), MONTH.to_owned());
    assert_eq!(steps(&week, &Wishes::default()), [longer]);
}

#[test]
fn all_copies_but_one_confirm() {
    let copies = |replication, confirm: &str| {
        cluster()
            .with(HISTORY, |shape| shape.replication = replication)
            .set(HISTORY, IN_SYNC, confirm)
    };
    let raised = set(IN_SYNC, "1".to_owned(), "2".to_owned());
    assert_eq!(steps(&copies(3, "1"), &Wishes::default()), [raised]);
    assert_eq!(steps(&copies(3, "2"), &Wishes::default()), []);
    assert_eq!(steps(&copies(3, "3"), &Wishes::default()), []);
    assert_eq!(steps(&copies(2, "1"), &Wishes::default()), []);
    // Nothing could be written.
    let lowered = set(IN_SYNC, "2".to_owned(), "1".to_owned());
    assert_eq!(steps(&copies(1, "2"), &Wishes::default()), [lowered]);
}

#[test]
fn copies_are_not_moved_here() {
    let wishes = replicated(3);
    let plan = decide(&wanted::all(&wishes).unwrap(), &cluster(), &wishes);
    assert!(plan.is_refused());
    let text = plan.to_string();
    assert!(text.contains("kafka-reassign-partitions.sh"), "{text}");
    let more = cluster().with(HISTORY, |shape| {
        shape.replication = 3;
        shape.config.insert(IN_SYNC.to_owned(), "2".to_owned());
    });
    assert!(left(&more, &replicated(1)));
}
