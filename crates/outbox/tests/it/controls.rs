//! Negative controls on MongoDB and Kafka: where an adapter breaks a rule, the case that guards it
//! has to fail by the assertion that is named here. A time-out or another panic does not count.
//!
//! `cargo xtask negative-controls` runs them, by the modules, which are named after the rules.

use std::sync::Arc;

use controls::{Broken, BrokenTx, Rule};
use outbox::dead_letter::Originals;
use outbox::mongo::MongoDatabase;
use outbox::{Record, StoreError};
use testkit::faults::in_shares;

use crate::conformance::ledger::{Account, Ledger, Letter};
use crate::conformance::real::RealRig;
use crate::conformance::rig::Rig;
use crate::conformance::{dead_letters, fencing, leases, publishing};
use crate::faults::SHARES;
use crate::faults::batches::batches;
use crate::faults::rounds::rounds;
use crate::mongo_visibility::stays_open;

/// A rig whose databases and publishers break a rule.
struct BrokenRig {
    right: RealRig,
    rule: Rule,
}

impl Rig for BrokenRig {
    type Db = Broken<MongoDatabase>;
    type Out = Broken<<RealRig as Rig>::Out>;
    type In = <RealRig as Rig>::In;

    async fn database(&self) -> Self::Db {
        Broken::new(self.right.database().await, self.rule)
    }

    fn publisher(&self) -> Self::Out {
        Broken::new(self.right.publisher(), self.rule)
    }

    fn source(&self, group: &str) -> Self::In {
        self.right.source(group)
    }

    fn originals(&self) -> Arc<dyn Originals> {
        self.right.originals()
    }

    async fn append_tombstone(&self, key: &str, headers: &[(&str, &str)]) {
        self.right.append_tombstone(key, headers).await;
    }

    async fn append_raw(&self, key: Option<&str>, headers: &[(&str, &str)], payload: &[u8]) {
        self.right.append_raw(key, headers, payload).await;
    }

    async fn records(&self, topic: &str) -> Vec<Record> {
        self.right.records(topic).await
    }
}

impl<D: Ledger> Ledger for Broken<D> {
    async fn account(&self, tx: &mut BrokenTx<D::Tx>, key: &str) -> Result<Account, StoreError> {
        self.right().account(&mut tx.right, key).await
    }

    async fn save(
        &self,
        tx: &mut BrokenTx<D::Tx>,
        key: &str,
        account: &Account,
    ) -> Result<(), StoreError> {
        self.right().save(&mut tx.right, key, account).await
    }

    async fn committed(&self, key: &str) -> Account {
        self.right().committed(key).await
    }

    async fn dead_letters(&self) -> Vec<Letter> {
        self.right().dead_letters().await
    }
}

async fn rig(rule: Rule) -> BrokenRig {
    crate::log();
    let right = RealRig::new(3).await;
    BrokenRig { right, rule }
}

mod checkpoint {
    use super::*;
    use crate::conformance::applying;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = "each once, in order, of a")]
    async fn a_passing_fault_leaves_nothing_half_done() {
        applying::a_passing_fault_leaves_nothing_half_done(&rig(Rule::Checkpoint).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = ": each once, in order")]
    async fn a_batch_is_applied_once_whatever_command_of_it_fails() {
        let adapter = |db| Broken::new(db, Rule::Checkpoint);
        in_shares(SHARES, |share| batches(share, adapter)).await;
    }
}

mod checkpoint_fence {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = "an older claim is fenced")]
    async fn an_older_claim_changes_nothing() {
        fencing::an_older_claim_changes_nothing(&rig(Rule::CheckpointFence).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = "each once, in order, of ")]
    async fn two_consumers_of_the_same_partitions_apply_each_record_once() {
        let rig = rig(Rule::CheckpointFence).await;
        fencing::two_consumers_of_the_same_partitions_apply_each_record_once(&rig).await;
    }
}

mod unpaged_outbox {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = "the earlier id is published too")]
    async fn a_record_that_appears_behind_published_ones_is_not_lost() {
        let rig = rig(Rule::UnpagedOutbox).await;
        publishing::a_record_that_appears_behind_published_ones_is_not_lost(&rig).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = "the slow one is published too")]
    async fn a_transaction_that_stays_open_while_others_are_published_is_not_lost() {
        stays_open(&rig(Rule::UnpagedOutbox).await).await;
    }
}

mod delete_after_ack {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = "all, in order, of a")]
    async fn a_failing_broker_loses_and_reorders_nothing() {
        let rig = rig(Rule::DeleteAfterAck).await;
        publishing::a_failing_broker_loses_and_reorders_nothing(&rig).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = ": all, in order")]
    async fn records_are_published_in_order_and_deleted_whatever_command_fails() {
        let adapter = |db| Broken::new(db, Rule::DeleteAfterAck);
        in_shares(SHARES, |share| rounds(share, adapter)).await;
    }
}

mod outbox_in_transaction {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = ": each published once")]
    async fn a_batch_is_applied_once_whatever_command_of_it_fails() {
        let adapter = |db| Broken::new(db, Rule::OutboxInTransaction);
        in_shares(SHARES, |share| batches(share, adapter)).await;
    }
}

mod key_order {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = "all, in order, of a")]
    async fn a_failing_broker_loses_and_reorders_nothing() {
        let rig = rig(Rule::KeyOrder).await;
        publishing::a_failing_broker_loses_and_reorders_nothing(&rig).await;
    }
}

mod dead_letter_key {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = "what comes behind it waits")]
    async fn waiting_keys_wait_after_a_restart_too() {
        dead_letters::waiting_keys_wait_after_a_restart_too(&rig(Rule::DeadLetterKey).await).await;
    }
}

mod lease {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = "it is held")]
    async fn a_lease_is_held_by_one() {
        leases::a_lease_is_held_by_one(&rig(Rule::Lease).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    #[should_panic(expected = "the second one has it")]
    async fn a_second_relay_takes_over_when_the_first_stops() {
        leases::a_second_relay_takes_over_when_the_first_stops(&rig(Rule::Lease).await).await;
    }
}
