//! How letters look on a terminal and as JSON.

use std::fmt::Write as _;

use outbox::DeadLetter;
use outbox::dead_letter::{LetterAction, LetterDetail, LetterView};
use serde_json::{Value, json};

fn header<'a>(letter: &'a DeadLetter, name: &str) -> Option<&'a str> {
    let (_, value) = letter.record.headers.iter().find(|(n, _)| n == name)?;
    std::str::from_utf8(value).ok()
}

/// A letter in a few lines.
pub(super) fn view_text(view: &LetterView) -> String {
    let letter = &view.letter;
    format!(
        "{}\n  {} of key {}, parked {} after {} attempt(s)\n  {}\n  {} later message(s) of the key wait behind it\n",
        letter.id(),
        header(letter, "ce_type").unwrap_or("an unreadable message"),
        letter.record.key.as_deref().unwrap_or("(none)"),
        letter.parked_at,
        letter.attempts,
        letter.reason,
        view.waiting
    )
}

/// A letter whole.
pub(super) fn detail_text(detail: &LetterDetail) -> String {
    let letter = &detail.letter;
    let view = LetterView {
        letter: letter.clone(),
        waiting: detail.waiting,
    };
    let mut text = view_text(&view);
    if let Some(head) = &detail.waits_for {
        let _ = writeln!(text, "  it waits for {head}");
    }
    text.push_str("\nheaders\n");
    for (name, value) in &letter.record.headers {
        let _ = writeln!(text, "  {name}: {}", String::from_utf8_lossy(value));
    }
    let _ = writeln!(
        text,
        "\nvalue ({} bytes)\n{}",
        letter.record.payload.len(),
        value_text(letter)
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

fn value_text(letter: &DeadLetter) -> String {
    match serde_json::from_slice::<Value>(&letter.record.payload) {
        Ok(value) => format!("{value:#}"),
        Err(_) => String::from_utf8_lossy(&letter.record.payload).into_owned(),
    }
}

/// A letter in a list, as JSON.
pub(super) fn view_json(view: &LetterView) -> Value {
    let mut json = letter_json(&view.letter);
    json["waiting_behind"] = json!(view.waiting);
    json
}

fn letter_json(letter: &DeadLetter) -> Value {
    let record = &letter.record;
    json!({
        "id": letter.id(),
        "service": letter.group,
        "topic": record.at.topic,
        "partition": record.at.partition,
        "offset": record.offset,
        "key": record.key,
        "event": header(letter, "ce_type"),
        "event_id": header(letter, "ce_id"),
        "reason": letter.reason,
        "waits": letter.waits,
        "attempts": letter.attempts,
        "parked_at": letter.parked_at,
    })
}

/// A letter whole, as JSON.
pub(super) fn detail_json(detail: &LetterDetail) -> Value {
    let headers: Vec<Value> = detail
        .letter
        .record
        .headers
        .iter()
        .map(|(name, value)| json!({ "name": name, "value": String::from_utf8_lossy(value) }))
        .collect();
    let mut json = letter_json(&detail.letter);
    json["headers"] = json!(headers);
    json["value"] = json!(value_text(&detail.letter));
    json["waits_for"] = json!(detail.waits_for);
    json["waiting_behind"] = json!(detail.waiting);
    json["behind"] = detail.behind.iter().map(letter_json).collect();
    json
}

/// What was done with a letter, as JSON.
pub(super) fn action_json(action: &LetterAction) -> Value {
    json!({
        "id": action.id,
        "at": action.at,
        "who": action.who,
        "action": action.action.name(),
        "letter": action.letter,
        "topic": action.topic,
        "key": action.key,
        "event_id": action.event_id,
        "reason": action.why,
        "outcome": action.outcome,
    })
}
