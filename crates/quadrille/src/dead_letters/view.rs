//! How dead letters look on a terminal and as JSON.

use std::fmt::Write as _;

use outbox::DeadLetter;
use outbox::dead_letter::{DeadLetterAction, DeadLetterDetail, DeadLetterView};
use serde_json::{Value, json};

fn header<'a>(dead_letter: &'a DeadLetter, name: &str) -> Option<&'a str> {
    let (_, value) = dead_letter.record.headers.iter().find(|(n, _)| n == name)?;
    std::str::from_utf8(value).ok()
}

/// A dead letter in a few lines.
pub(super) fn view_text(view: &DeadLetterView) -> String {
    let dead_letter = &view.dead_letter;
    format!(
        "{}\n  {} of key {}, dead-lettered {} after {} attempt(s)\n  {}\n  {} later message(s) of the key wait behind it\n",
        dead_letter.id(),
        header(dead_letter, "ce_type").unwrap_or("an unreadable message"),
        dead_letter.record.key.as_deref().unwrap_or("(none)"),
        dead_letter.dead_lettered_at,
        dead_letter.attempts,
        dead_letter.reason,
        view.waiting
    )
}

/// A dead letter whole.
pub(super) fn detail_text(detail: &DeadLetterDetail) -> String {
    let dead_letter = &detail.dead_letter;
    let view = DeadLetterView {
        dead_letter: dead_letter.clone(),
        waiting: detail.waiting,
    };
    let mut text = view_text(&view);
    if let Some(head) = &detail.waits_for {
        let _ = writeln!(text, "  it waits for {head}");
    }
    text.push_str("\nheaders\n");
    for (name, value) in &dead_letter.record.headers {
        let _ = writeln!(text, "  {name}: {}", String::from_utf8_lossy(value));
    }
    let _ = writeln!(
        text,
        "\nvalue ({})\n{}",
        size_text(dead_letter),
        value_text(dead_letter)
    );
    if !detail.behind.is_empty() {
        text.push_str("\nbehind it\n");
        for behind in &detail.behind {
            let event = header(behind, "ce_type").unwrap_or("an unreadable message");
            let _ = writeln!(text, "  {} {event}", behind.id());
        }
    }
    text
}

fn size_text(dead_letter: &DeadLetter) -> String {
    let kept = dead_letter.record.payload.len();
    match dead_letter.original_bytes {
        None => format!("{kept} bytes"),
        Some(bytes) => format!(
            "the first {kept} bytes: the record has {bytes}, too many to be kept, and lies whole in {} \
             at offset {}; a retry reads it there",
            dead_letter.record.at, dead_letter.record.offset
        ),
    }
}

fn value_text(dead_letter: &DeadLetter) -> String {
    match serde_json::from_slice::<Value>(&dead_letter.record.payload) {
        Ok(value) => format!("{value:#}"),
        Err(_) => String::from_utf8_lossy(&dead_letter.record.payload).into_owned(),
    }
}

/// A dead letter in a list, as JSON.
pub(super) fn view_json(view: &DeadLetterView) -> Value {
    let mut json = dead_letter_json(&view.dead_letter);
    json["waiting_behind"] = json!(view.waiting);
    json
}

fn dead_letter_json(dead_letter: &DeadLetter) -> Value {
    let record = &dead_letter.record;
    json!({
        "id": dead_letter.id(),
        "service": dead_letter.group,
        "topic": record.at.topic,
        "partition": record.at.partition,
        "offset": record.offset,
        "key": record.key,
        "event": header(dead_letter, "ce_type"),
        "event_id": header(dead_letter, "ce_id"),
        "reason": dead_letter.reason,
        "waits": dead_letter.waits,
        "attempts": dead_letter.attempts,
        "original_bytes": dead_letter.original_bytes,
        "parked_at": dead_letter.dead_lettered_at,
    })
}

/// A dead letter whole, as JSON.
pub(super) fn detail_json(detail: &DeadLetterDetail) -> Value {
    let headers: Vec<Value> = detail
        .dead_letter
        .record
        .headers
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": String::from_utf8_lossy(value) }))
        .collect();
    let mut json = dead_letter_json(&detail.dead_letter);
    json["headers"] = json!(headers);
    json["value"] = json!(value_text(&detail.dead_letter));
    json["waits_for"] = json!(detail.waits_for);
    json["waiting_behind"] = json!(detail.waiting);
    json["behind"] = detail.behind.iter().map(dead_letter_json).collect();
    json
}

/// What was done with a dead letter, as JSON.
pub(super) fn action_json(action: &DeadLetterAction) -> Value {
    json!({
        "id": action.id,
        "at": action.at,
        "who": action.who,
        "action": action.action.name(),
        "letter": action.dead_letter,
        "topic": action.topic,
        "key": action.key,
        "event_id": action.event_id,
        "reason": action.why,
        "outcome": action.outcome,
    })
}
