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

#[cfg(test)]
mod tests {
    use events::{AccountId, AccountUpdate};
    use outbox::memory::{MemoryBroker, MemoryDatabase};
    use outbox::{Database, Message, MessageContext, Publisher, Rows};

    use super::*;

    fn account(number: u128, version: u64, deleted: bool) -> AccountUpdate {
        AccountUpdate {
            account_id: AccountId::from_u128(number),
            email: (!deleted).then(|| "ann@example.com".to_owned()),
            role: "user".to_owned(),
            blocked: false,
            token_version: 0,
            deleted,
            version,
        }
    }

    fn mail(update: &AccountUpdate) -> MailRecord {
        let now = jiff::Timestamp::UNIX_EPOCH;
        let mail = Mail::of_account(update, now).expect("it asks for one");
        let text = || Some("Hello, Ann".to_owned());
        MailRecord {
            status: MailStatus::Kept,
            recipient: update.email.clone(),
            text: text(),
            html: text(),
            ..MailRecord::new(&mail, None)
        }
    }

    /// What is off when the topic has `updates` and notifications has `mails`.
    async fn off(updates: &[AccountUpdate], mails: &[MailRecord]) -> Vec<String> {
        let broker = MemoryBroker::new(1);
        for update in updates {
            let id = Uuid::from_u128(update.version.into());
            let now = jiff::Timestamp::UNIX_EPOCH;
            let message = Message::new(id, "auth", now, MessageContext::default(), update);
            let message = message.expect("it is small");
            broker.publish(&[message]).await.expect("it is there");
        }
        let database = MemoryDatabase::default();
        let mut tx = database.begin().await.expect("it is there");
        database.insert(&mut tx, mails).await.expect("it is there");
        database.commit(tx).await.expect("nothing is in its way");
        let snapshot = Snapshot {
            orders: orders::store::memory::Tables::default(),
            products: products::store::memory::Tables::default(),
            notifications: database.state(),
            dead_letters: Vec::new(),
        };
        let mut off = Vec::new();
        written(&snapshot, &Topics::of(&broker), &mut off);
        off
    }

    #[tokio::test]
    async fn a_mail_that_is_missing_waits_is_foreign_or_was_not_erased_is_named() {
        let (first, second) = (account(1, 1, false), account(1, 2, false));
        let right = [mail(&first), mail(&second)];
        let both = [first.clone(), second.clone()];
        assert_eq!(off(&both, &right).await, Vec::<String>::new());

        let missing = off(&both, &right[..1]).await;
        assert!(missing[0].ends_with("is not written"), "{missing:?}");
        let foreign = off(&both[..1], &right).await;
        assert!(foreign[0].starts_with("nothing asked for"), "{foreign:?}");
        let waiting = MailRecord {
            status: MailStatus::Waiting,
            ..right[0].clone()
        };
        let waits = off(&both[..1], &[waiting]).await;
        assert!(waits[0].ends_with("is Waiting"), "{waits:?}");

        let deleted = [first, account(1, 2, true)];
        let left = off(&deleted, &right[..1]).await;
        assert!(left[0].ends_with("is Kept"), "{left:?}");
        let erased = MailRecord {
            recipient: None,
            text: None,
            html: None,
            ..right[0].clone()
        };
        assert_eq!(off(&deleted, &[erased]).await, Vec::<String>::new());
    }
}
