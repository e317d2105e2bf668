//! A plan as it is read by people.

use std::collections::BTreeMap;
use std::fmt;

use super::plan::{Plan, Step, TopicPlan};

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = match self.prefix.as_str() {
            "" => String::new(),
            prefix => format!(", with the prefix {prefix:?}"),
        };
        writeln!(f, "Topics of the shop at {}{prefix}\n", self.brokers)?;
        for topic in &self.topics {
            write!(f, "{topic}")?;
        }
        let count = |which: fn(&TopicPlan) -> bool| self.topics.iter().filter(|t| which(t)).count();
        let (make, refuse) = (count(TopicPlan::is_missing), count(TopicPlan::is_refused));
        let change = count(TopicPlan::is_changed);
        if make + refuse + change == 0 {
            writeln!(f, "\nThe topics are as the shop needs them.")
        } else {
            writeln!(f, "\n{make} to make, {change} to change, {refuse} refused.")
        }
    }
}

impl TopicPlan {
    fn has(&self, which: fn(&Step) -> bool) -> bool {
        self.steps.iter().any(which)
    }

    fn is_missing(&self) -> bool {
        self.has(|step| matches!(step, Step::Make { .. }))
    }

    fn is_refused(&self) -> bool {
        self.has(|step| matches!(step, Step::Refuse { .. }))
    }

    fn is_changed(&self) -> bool {
        self.has(|step| matches!(step, Step::Set { .. } | Step::AddPartitions { .. }))
    }
}

impl fmt::Display for TopicPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_refused() {
            '!'
        } else if self.is_missing() {
            '+'
        } else if self.is_changed() {
            '~'
        } else {
            '='
        };
        let copies = match self.replication {
            -1 => "the cluster's number of copies".to_owned(),
            1 => "1 copy".to_owned(),
            copies => format!("{copies} copies"),
        };
        writeln!(
            f,
            "{mark} {:<42} {:>2} partitions, {copies}, {}",
            self.topic,
            self.partitions,
            keeps(&self.keeps)
        )?;
        for step in &self.steps {
            match step {
                Step::Make { .. } => {}
                Step::AddPartitions { from, to } => {
                    writeln!(f, "      partitions: {from} -> {to}")?;
                }
                Step::Set { setting, from, to } => writeln!(f, "      {setting}: {from} -> {to}")?,
                Step::Leave { what, why } => writeln!(f, "      left as it is: {what}; {why}")?,
                Step::Refuse { what, why } => writeln!(f, "      refused: {what}; {why}")?,
            }
        }
        Ok(())
    }
}

/// What a topic with these settings keeps.
fn keeps(config: &BTreeMap<String, String>) -> String {
    const DAY: i64 = 24 * 60 * 60 * 1000;
    let value = |name: &str| config.get(name).map(String::as_str);
    let policy = value("cleanup.policy").unwrap_or("delete");
    let mut kept = Vec::new();
    if policy.contains("compact") {
        kept.push("the newest record of each key".to_owned());
    }
    if policy.contains("delete") {
        kept.push(
            match value("retention.ms").and_then(|text| text.parse().ok()) {
                Some(millis @ DAY..) if millis % DAY == 0 => {
                    format!("kept for {} days", millis / DAY)
                }
                Some(millis @ 0..) => format!("kept for {millis} ms"),
                _ => "kept for ever".to_owned(),
            },
        );
        match value("retention.bytes") {
            None | Some("-1") => {}
            Some(bytes) => kept.push(format!("at most {bytes} bytes in a partition")),
        }
    }
    kept.join(", ")
}
