//! What operators ask of the table of jobs.

use std::time::Duration;

use bson::{Bson, DateTime, Document, doc};
use futures::TryStreamExt;

use super::row::{ACTIONS, time, to_view};
use crate::dead_letter::Action;
use crate::error::StoreError;
use crate::jobs::{JobAction, JobCounts, JobFilter, JobId, JobState, JobView};
use crate::mongo::database::{MongoDatabase, MongoTx};
use crate::mongo::timeout::WithTimeout;

/// Rows in `state`; the times that are asked for bound what is read of the index.
fn rows(state: JobState, at: Document) -> Document {
    doc! { "state": state.name(), "at": at }
}

impl MongoDatabase {
    async fn count_rows(&self, wanted: Document) -> Result<u64, StoreError> {
        self.job_rows()
            .count_documents(wanted)
            .limit(JobCounts::MOST)
            .with_timeout()
            .await
    }

    pub(super) async fn count_jobs(&self) -> Result<JobCounts, StoreError> {
        let ever = || doc! { "$gte": DateTime::MIN };
        let first = self
            .job_rows()
            .find_one(rows(JobState::Waiting, ever()))
            .sort(doc! { "at": 1 })
            .projection(doc! { "now": "$$NOW", "age": { "$subtract": ["$$NOW", "$at"] } })
            .with_timeout()
            .await?;
        let mut counts = JobCounts {
            waiting: self.count_rows(rows(JobState::Waiting, ever())).await?,
            running: self.count_rows(rows(JobState::Running, ever())).await?,
            dead: self.count_rows(rows(JobState::Dead, ever())).await?,
            ..JobCounts::default()
        };
        if let Some(first) = first {
            let age = first.get_i64("age").map_err(StoreError::permanent)?;
            let now = first.get_datetime("now").map_err(StoreError::permanent)?;
            if age >= 0 {
                counts.oldest_due = Duration::from_millis(age.unsigned_abs());
                let due = rows(JobState::Waiting, doc! { "$lte": now });
                counts.due = self.count_rows(due).await?;
            }
        }
        Ok(counts)
    }

    pub(super) async fn list_jobs(&self, filter: &JobFilter) -> Result<Vec<JobView>, StoreError> {
        let mut wanted = rows(filter.state, doc! { "$gte": DateTime::MIN });
        if let Some(after) = &filter.after {
            let at = DateTime::from_millis(after.at.as_millisecond());
            wanted.insert("at", doc! { "$gte": at });
            let behind = [
                doc! { "at": { "$gt": at } },
                doc! { "at": at, "_id": { "$gt": after.id.as_str() } },
            ];
            wanted.insert("$or", behind.to_vec());
        }
        if let Some(name) = &filter.name {
            wanted.insert("name", name);
        }
        let mut found = self
            .job_rows()
            .find(wanted)
            .sort(doc! { "at": 1, "_id": 1 })
            .limit(i64::try_from(filter.limit.max(1)).unwrap_or(i64::MAX))
            .with_timeout()
            .await?;
        let mut jobs = Vec::new();
        while let Some(row) = found.try_next().with_timeout().await? {
            jobs.push(to_view(&row)?);
        }
        Ok(jobs)
    }

    pub(super) async fn insert_job_action(
        &self,
        tx: &mut MongoTx,
        action: &JobAction,
    ) -> Result<(), StoreError> {
        let stored = doc! {
            "_id": bson::Uuid::from(action.id),
            "at": DateTime::from_millis(action.at.as_millisecond()),
            "who": &action.who,
            "action": action.action.name(),
            "job": action.job.as_str(),
            "name": &action.name,
            "why": &action.why,
        };
        self.database()
            .collection::<Document>(ACTIONS)
            .insert_one(stored)
            .session(&mut tx.session)
            .with_timeout()
            .await
            .map(drop)
    }

    pub(super) async fn list_job_actions(
        &self,
        limit: usize,
    ) -> Result<Vec<JobAction>, StoreError> {
        let mut found = self
            .database()
            .collection::<Document>(ACTIONS)
            .find(doc! {})
            .sort(doc! { "_id": -1 })
            .limit(i64::try_from(limit.max(1)).unwrap_or(i64::MAX))
            .with_timeout()
            .await?;
        let mut actions = Vec::new();
        while let Some(stored) = found.try_next().with_timeout().await? {
            actions.push(to_action(&stored).map_err(StoreError::permanent)?);
        }
        Ok(actions)
    }
}

fn to_action(stored: &Document) -> Result<JobAction, Box<dyn std::error::Error + Send + Sync>> {
    let text = |name: &str| stored.get_str(name).map(str::to_owned);
    let Some(Bson::Binary(id)) = stored.get("_id") else {
        return Err("an action has no id".into());
    };
    let action = text("action")?;
    Ok(JobAction {
        id: id.to_uuid()?.into(),
        at: time(stored, "at")?,
        who: text("who")?,
        action: Action::named(&action).ok_or_else(|| format!("no action is called {action}"))?,
        job: JobId::from(text("job")?),
        name: text("name")?,
        why: text("why")?,
    })
}
