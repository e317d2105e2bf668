//! Rules of mails.

use std::collections::{BTreeMap, BTreeSet};

use notifications::domain::{Mail, MailKind, MailStatus};
use notifications::store::MailRecord;
use outbox::Query;
use uuid::Uuid;

use super::books::{Snapshot, Topics};
use crate::expected::Published;
use crate::name::Service;

/// Each event that asks for a mail has one, and no other is there. It is kept with its text, unless its
/// account is deleted: then it has none, and no address.
pub(super) fn written(snapshot: &Snapshot, topics: &Topics, off: &mut Vec<String>) {
    let mut asked: BTreeMap<Uuid, MailKind> = BTreeMap::new();
    let mut deleted = BTreeSet::new();
    let now = jiff::Timestamp::UNIX_EPOCH;
    for topic in [&topics.orders, &topics.accounts] {
        let expected = topic.expected_of(Service::Notifications);
        for (record, event) in &topic.records {
            let waits = expected
                .dead_lettered
                .contains_key(&(record.at.partition, record.offset));
            let mail = match event {
                Some(Published::Step(_, update)) if !waits => Mail::of_order(update, now),
                Some(Published::Account(_, update)) if !waits => {
                    if update.deleted {
                        deleted.insert(update.account_id);
                    }
                    Mail::of_account(update, now)
                }
                _ => None,
            };
            asked.extend(mail.map(|mail| (mail.id, mail.kind)));
        }
    }
    let mails: Vec<MailRecord> = match snapshot.notifications.rows.query(&Query::all()) {
        Ok(mails) => mails,
        Err(fault) => return off.push(format!("the mails can't be read: {fault}")),
    };
    for mail in mails {
        let id = mail.id;
        if asked.remove(&id) != Some(mail.kind) {
            off.push(format!("nothing asked for the mail {id}, {:?}", mail.kind));
        }
        let personal = [&mail.recipient, &mail.text, &mail.html];
        let right = if deleted.contains(&mail.account_id) {
            mail.status != MailStatus::Waiting && personal.iter().all(|text| text.is_none())
        } else {
            mail.status == MailStatus::Kept && personal.iter().all(|text| text.is_some())
        };
        if !right {
            off.push(format!(
                "the mail {id} of {} is {:?}",
                mail.account_id, mail.status
            ));
        }
    }
    off.extend(
        asked
            .keys()
            .map(|id| format!("the mail {id} is not written")),
    );
}
