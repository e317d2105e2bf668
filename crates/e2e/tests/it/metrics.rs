//! What a running shop measures is what docs/observability.md lists, and what the alerts and
//! dashboards of infra/monitoring ask for is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use e2e::{Client, Shop};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::eventually;

/// Kind and labels of each metric, by its name.
type Metrics = BTreeMap<String, (String, BTreeSet<String>)>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The metrics of a text in Prometheus' format; each has to say what it means.
fn exported(text: &str, all: &mut Metrics) {
    let kinds: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '))
        .collect();
    for (name, kind) in &kinds {
        assert!(
            text.contains(&format!("# HELP {name} ")),
            "{name} does not say what it means"
        );
        let entry = all.entry((*name).to_owned()).or_default();
        (*kind).clone_into(&mut entry.0);
    }
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((series, _value)) = line.rsplit_once(' ') else {
            continue;
        };
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let base = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| {
                name.strip_suffix(end)
                    .filter(|base| kinds.contains_key(base))
            })
            .unwrap_or(name);
        let entry = all.get_mut(base).unwrap();
        for (label, value) in labels_of(labels) {
            assert!(
                uuid::Uuid::parse_str(&value).is_err(),
                "{name}: {label} is an id: {value}"
            );
            if label != "le" {
                entry.1.insert(label);
            }
        }
    }
}

/// `a="1",b="2"}` as pairs; no value here has a quotation mark in it.
fn labels_of(text: &str) -> Vec<(String, String)> {
    let mut parts = text.split('"');
    let mut labels = Vec::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        let name = name.trim_matches([',', '=', '}', ' ']);
        labels.push((name.to_owned(), value.to_owned()));
    }
    labels
}

/// The rows of the page's table: `` | `name` | kind | `label`, `label` | meaning | ``.
fn documented() -> Metrics {
    let page = read("docs/observability.md");
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, name, kind, labels, _, _] = cells.as_slice() else {
            return None;
        };
        let name = name.strip_prefix('`')?.strip_suffix('`')?;
        let labels = labels.split(',').filter_map(|label| {
            let label = label.trim().strip_prefix('`')?.strip_suffix('`')?;
            Some(label.to_owned())
        });
        ["counter", "gauge", "histogram"].contains(kind).then(|| {
            let row = ((*kind).to_owned(), labels.collect());
            (name.to_owned(), row)
        })
    });
    rows.collect()
}

/// The names of metrics in a `PromQL` expression: every word that is not a function, a label, a
/// keyword, a number or inside of a selector.
fn names_in(expression: &str) -> BTreeSet<String> {
    const KEYWORDS: [&str; 12] = [
        "by",
        "without",
        "on",
        "ignoring",
        "group_left",
        "group_right",
        "and",
        "or",
        "unless",
        "bool",
        "offset",
        "inf",
    ];
    let mut names = BTreeSet::new();
    let mut rest = expression;
    // What is between these is not a metric.
    let skip = |text: &str, end: char| text.find(end).map_or(text.len(), |at| at + end.len_utf8());
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '{' => skip(rest, '}'),
            '[' => skip(rest, ']'),
            '"' => 1 + skip(&rest[1..], '"'),
            _ if first.is_ascii_alphanumeric() || first == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
                let word = &rest[..end.unwrap_or(rest.len())];
                let after = rest[word.len()..].trim_start();
                let mut length = word.len();
                if KEYWORDS.contains(&word) {
                    if after.starts_with('(') && !["and", "or", "unless", "bool"].contains(&word) {
                        length = skip(rest, ')');
                    }
                } else if !["(", "by ", "without "]
                    .iter()
                    .any(|it| after.starts_with(it))
                    && !first.is_ascii_digit()
                {
                    names.insert(word.to_owned());
                }
                length
            }
            _ => first.len_utf8(),
        };
        rest = &rest[length..];
    }
    names
}

/// Every expression of the alerts and dashboards, with where it is.
fn expressions() -> Vec<(String, String)> {
    let alerts = read("infra/monitoring/alerts.yml");
    let mut found: Vec<(String, String)> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expr: "))
        .map(|text| ("alerts.yml".to_owned(), text.to_owned()))
        .collect();
    assert_eq!(
        found.len(),
        alerts.matches("- alert: ").count(),
        "one line each"
    );
    let folder = root().join("infra/monitoring/grafana/dashboards");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let board: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let before = found.len();
        walk(&board, &mut |text| {
            found.push((name.clone(), text.to_owned()));
        });
        assert!(found.len() > before, "{name} shows nothing");
    }
    found
}

fn walk(value: &Value, found: &mut impl FnMut(&str)) {
    match value {
        Value::Object(members) => {
            if let Some(text) = members.get("expr").and_then(Value::as_str) {
                found(text);
            }
            members.values().for_each(|member| walk(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        _ => {}
    }
}

#[test]
fn an_alert_leads_to_its_page_of_the_runbook() {
    let alerts = read("infra/monitoring/alerts.yml");
    let tests = read("infra/monitoring/alerts_test.yml");
    let operations = read("docs/operations.md");
    let names: Vec<&str> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let kebab = name.chars().fold(String::new(), |mut text, dead_letter| {
            if dead_letter.is_ascii_uppercase() && !text.is_empty() {
                text.push('-');
            }
            text.push(dead_letter.to_ascii_lowercase());
            text
        });
        let link = format!("runbook_url: docs/operations.md#alert-{kebab}\n");
        assert!(alerts.contains(&link), "{name} has no {link}");
        assert!(
            tests.contains(&format!("alertname: {name}\n")),
            "{name} is not tested"
        );
        let anchors = operations.lines().filter(|line| line.starts_with('#'));
        let mut anchors = anchors.map(|line| {
            let text = line.trim_start_matches('#').trim().to_lowercase();
            let kept = text
                .chars()
                .filter(|c| c.is_alphanumeric() || [' ', '-'].contains(c));
            kept.collect::<String>().replace(' ', "-")
        });
        let wanted = format!("alert-{kebab}");
        assert!(
            anchors.any(|anchor| anchor == wanted),
            "docs/operations.md has no heading for #{wanted}"
        );
    }
}

#[test]
fn names_are_found_in_expressions() {
    let names = |text| names_in(text).into_iter().collect::<Vec<_>>();
    assert_eq!(
        names(
            "sum by (job, le) (rate(a_total{x=~\"b|c\"}[5m])) / on (job) max(d) > 10 and up == 0"
        ),
        ["a_total", "d", "up"]
    );
    assert_eq!(
        names(
            "histogram_quantile(0.99, sum without (instance) (rate(e_bucket[$__rate_interval])))"
        ),
        ["e_bucket"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_running_shop_measures_is_what_the_page_lists_and_the_dashboards_show() {
    let shop = Shop::start(crate::shared_connection().await, 1, 1)
        .await
        .unwrap();
    let user = shop.user().await.unwrap();
    let answer = user.order(&[("cutlery", 1)], 20).await.unwrap();
    assert_eq!(answer.text("status"), "ACCEPTED", "{answer:?}");

    let documented = documented();
    let wanted: BTreeSet<&String> = documented.keys().collect();
    // Some are measured every few seconds only.
    eventually("every metric of the page is measured", || async {
        let found = scrape(&shop).await;
        wanted.iter().all(|name| found.contains_key(*name))
    })
    .await;
    let found = scrape(&shop).await;
    for (name, row) in &found {
        assert_eq!(
            documented.get(name),
            Some(row),
            "{name} in docs/observability.md"
        );
    }

    for (place, expression) in expressions() {
        for name in names_in(&expression) {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
                name.strip_suffix(end)
                    .filter(|base| found.contains_key(*base))
            });
            let there = name == "up" || base.is_some() || found.contains_key(&name);
            assert!(there, "{place}: nothing measures {name}: {expression}");
        }
    }

    // A scraper's request is no caller's and counts like any other.
    let probe = Client::new(&shop.url());
    let body = json!({ "email": "nobody@example.org", "password": "wrong" });
    let refused = probe
        .send(Method::POST, "/api/login", Some(&body), &[])
        .await
        .unwrap();
    assert_eq!(refused.status, 401);
    let auth = text_of(&shop.part("auth", 0).unwrap().url()).await;
    assert!(
        auth.contains("auth_logins_total{outcome=\"refused\"} 1"),
        "{auth}"
    );
    shop.stop().await.unwrap();
}

async fn scrape(shop: &Shop) -> Metrics {
    let mut all = Metrics::new();
    for part in shop.parts() {
        exported(&text_of(&shop.metrics_url(part)).await, &mut all);
    }
    all
}

async fn text_of(url: &str) -> String {
    let answer = reqwest::get(format!("{url}/metrics")).await.unwrap();
    answer.text().await.unwrap()
}
