//! Families of refresh tokens.
//!
//! Every change is one guarded statement on one document: of two that start from the same
//! state one finds its guard gone, and has to look again.

use bson::doc;
use outbox::StoreError;
use outbox::mongo::WithTimeout;
use serde::{Deserialize, Serialize};

use super::{FAMILIES, MongoAuth, fields};
use crate::domain::{Family, FamilyId, TokenHash};

#[derive(Serialize, Deserialize)]
struct Document {
    #[serde(rename = "_id")]
    id: bson::Binary,
    account: bson::Uuid,
    generation: i64,
    current: Vec<bson::Binary>,
    previous: Vec<bson::Binary>,
    replaced_at: bson::DateTime,
    expires_at: bson::DateTime,
    revoked: Option<String>,
}

impl MongoAuth {
    /// Adds a new family.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn add_family(&self, family: &Family) -> Result<(), StoreError> {
        let hashes = |all: &[TokenHash]| all.iter().map(|hash| fields::binary(&hash.0)).collect();
        let document = Document {
            id: fields::binary(&family.id.0),
            account: fields::account_id(family.account),
            generation: family.generation,
            current: hashes(&family.current),
            previous: hashes(&family.previous),
            replaced_at: fields::time(family.replaced_at),
            expires_at: fields::time(family.expires_at),
            revoked: None,
        };
        let families = self.collection::<Document>(FAMILIES).await?;
        families.insert_one(document).with_timeout().await.map(drop)
    }

    /// The family of that name, unless it is long over.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn family(&self, id: FamilyId) -> Result<Option<Family>, StoreError> {
        let families = self.collection::<Document>(FAMILIES).await?;
        let found = families
            .find_one(doc! { "_id": fields::binary(&id.0) })
            .with_timeout()
            .await?;
        found.map(read).transpose()
    }

    /// Replaces all current tokens of `seen` by `new`, if it is still of the generation that
    /// was seen and not revoked. Returns whether it was.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn replace_tokens(
        &self,
        seen: &Family,
        new: TokenHash,
        now: jiff::Timestamp,
    ) -> Result<bool, StoreError> {
        // A pipeline, since a sibling that was added after we looked has to move along.
        let update = vec![doc! { "$set": {
            "generation": { "$add": ["$generation", 1] },
            "previous": "$current",
            "current": [fields::binary(&new.0)],
            "replaced_at": fields::time(now),
        } }];
        let families = self.collection::<Document>(FAMILIES).await?;
        let before = families
            .find_one_and_update(unchanged(seen), update)
            .with_timeout()
            .await?;
        Ok(before.is_some())
    }

    /// Adds `new` to the current tokens of `seen`, if it is still of the generation that was
    /// seen, not revoked, and not full. Returns whether it was.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn add_sibling(&self, seen: &Family, new: TokenHash) -> Result<bool, StoreError> {
        let mut filter = unchanged(seen);
        let last_place = format!("current.{}", Family::MAX_SIBLINGS - 1);
        filter.insert(last_place, doc! { "$exists": false });
        let update = doc! { "$push": { "current": fields::binary(&new.0) } };
        let families = self.collection::<Document>(FAMILIES).await?;
        let before = families
            .find_one_and_update(filter, update)
            .with_timeout()
            .await?;
        Ok(before.is_some())
    }

    /// Revokes a family for good. Returns whether it was there and not revoked before.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn revoke_family(&self, id: FamilyId, why: &str) -> Result<bool, StoreError> {
        // The record stays until it expires: so its tokens are known as revoked.
        let filter = doc! { "_id": fields::binary(&id.0), "revoked": null };
        let update = doc! { "$set": { "revoked": why } };
        let families = self.collection::<Document>(FAMILIES).await?;
        let before = families
            .find_one_and_update(filter, update)
            .with_timeout()
            .await?;
        Ok(before.is_some())
    }
}

fn unchanged(seen: &Family) -> bson::Document {
    doc! { "_id": fields::binary(&seen.id.0), "generation": seen.generation, "revoked": null }
}

fn read(document: Document) -> Result<Family, StoreError> {
    let hashes = |all: Vec<bson::Binary>| {
        all.into_iter()
            .map(|hash| fields::fixed(hash, "token hash").map(TokenHash))
            .collect::<Result<_, _>>()
    };
    Ok(Family {
        id: FamilyId(fields::fixed(document.id, "family name")?),
        account: fields::read_account_id(document.account),
        generation: document.generation,
        current: hashes(document.current)?,
        previous: hashes(document.previous)?,
        replaced_at: fields::read_time(document.replaced_at)?,
        expires_at: fields::read_time(document.expires_at)?,
        revoked: document.revoked.is_some(),
    })
}
