//! Parts of text files that repeat for each service.
//!
//! A block stands between two comments, and begins with its template, a comment as well:
//!
//! ```yaml
//! # each service, by `cargo xtask generate`:
//! #|{service}:
//! #|  command: [serve, {service}]
//! auth:
//!   command: [serve, auth]
//! # end of each service
//! ```
//!
//! `{service}` is its name, `{SERVICE}` the name as part of a variable, `{port}` its port, `{writes}` the topics
//! that it may write. A line with `{write}` stands once for each of those topics, one with `{other}`
//! once for each service of the shop.

use std::collections::BTreeSet;
use std::iter;

use anyhow::{Context, bail};
use serde_json::Value;

const BEGIN: &str = "# each service, by `cargo xtask generate`:";
const TEMPLATE: &str = "#|";
const END: &str = "# end of each service";

/// What a template can say of a service.
#[derive(Debug)]
pub(super) struct Service {
    name: String,
    port: u64,
    writes: BTreeSet<String>,
}

/// The services as `quadrille services --json` prints them.
pub(super) fn services(json: &str) -> anyhow::Result<Vec<Service>> {
    let list: Vec<Value> = serde_json::from_str(json)?;
    list.iter()
        .map(|one| service(one).with_context(|| format!("this describes no service: {one}")))
        .collect()
}

fn service(value: &Value) -> Option<Service> {
    let topics = |key| -> Option<Vec<String>> {
        let list = value.get(key)?.as_array()?.iter();
        list.map(|topic| Some(topic.as_str()?.to_owned())).collect()
    };
    Some(Service {
        name: value.get("name")?.as_str()?.to_owned(),
        port: value.get("port")?.as_u64()?,
        writes: topics("publishes")?
            .into_iter()
            .chain(topics("dead_letters")?)
            .collect(),
    })
}

/// The text with its blocks made anew.
pub(super) fn filled(text: &str, services: &[Service]) -> anyhow::Result<String> {
    let mut filled = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        push(&mut filled, line);
        if line.trim() != BEGIN {
            continue;
        }
        let mut template = Vec::new();
        let end = loop {
            let Some(line) = lines.next() else {
                bail!("a block has no line `{END}`");
            };
            let bare = line.trim_start();
            if bare == END {
                break line;
            }
            if let Some(rest) = bare.strip_prefix(TEMPLATE) {
                push(&mut filled, line);
                let indent = &line[..line.len() - bare.len()];
                template.push(format!("{indent}{rest}"));
            }
        };
        for one in services {
            for line in template.iter().flat_map(|line| of_one(line, one, services)) {
                push(&mut filled, &line);
            }
        }
        push(&mut filled, end);
    }
    Ok(filled)
}

fn push(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

/// What a template's line becomes for a service.
fn of_one(line: &str, one: &Service, all: &[Service]) -> Vec<String> {
    let writes: Vec<&str> = one.writes.iter().map(String::as_str).collect();
    let line = line
        .replace("{service}", &one.name)
        .replace("{SERVICE}", &one.name.to_uppercase().replace('-', "_"))
        .replace("{port}", &one.port.to_string())
        .replace("{writes}", &writes.join(" "));
    if line.contains("{write}") {
        return writes
            .into_iter()
            .map(|topic| line.replace("{write}", topic))
            .collect();
    }
    if line.contains("{other}") {
        let others = all.iter().map(|other| line.replace("{other}", &other.name));
        return others.collect();
    }
    iter::once(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Vec<Service> {
        services(
            r#"[
                {"name": "orders", "port": 8083, "publishes": ["orders.order.v1"],
                 "dead_letters": ["products.product.v1.orders.dlt"]},
                {"name": "card-simulator", "port": 8090, "publishes": [], "dead_letters": []}
            ]"#,
        )
        .unwrap()
    }

    #[test]
    fn a_block_is_its_template_for_each_service() {
        let text = "a: 1\n  # each service, by `cargo xtask generate`:\n  #|{service}:\n  \
                    #|  KEY: ${KEY_{SERVICE}} # {port}\n  gone: x\n  # end of each service\nb: 2\n";
        let wanted = "a: 1\n  # each service, by `cargo xtask generate`:\n  #|{service}:\n  \
                      #|  KEY: ${KEY_{SERVICE}} # {port}\n  orders:\n    KEY: ${KEY_ORDERS} # 8083\n  \
                      card-simulator:\n    KEY: ${KEY_CARD_SIMULATOR} # 8090\n  # end of each service\nb: 2\n";
        assert_eq!(filled(text, &shop()).unwrap(), wanted);
        assert_eq!(filled(wanted, &shop()).unwrap(), wanted);
    }

    #[test]
    fn a_line_stands_once_for_each_topic_or_each_service() {
        let lines = |line| of_one(line, &shop()[0], &shop());
        assert_eq!(
            lines("{service} {write}"),
            [
                "orders orders.order.v1",
                "orders products.product.v1.orders.dlt"
            ]
        );
        assert_eq!(lines("{other}."), ["orders.", "card-simulator."]);
        assert_eq!(
            lines("{writes}"),
            ["orders.order.v1 products.product.v1.orders.dlt"]
        );
        assert!(of_one("{write}", &shop()[1], &shop()).is_empty());
    }

    #[test]
    fn a_block_without_an_end_is_an_error_and_other_text_stays() {
        assert!(filled("# each service, by `cargo xtask generate`:\n#|x\n", &shop()).is_err());
        assert_eq!(filled("x\n\ny\n", &shop()).unwrap(), "x\n\ny\n");
    }
}
