//! The local copies that services keep of what others own.

use outbox::{Event, Record};
use quadrille::SERVICES;
use replica::{LocalCopy, Newest};

use super::findings::Check;
use super::messages::Databases;
use super::rules::Scope;

/// Every registered copy, and what its owner says.
pub(super) struct Copies(Vec<Kept>);

struct Kept {
    service: &'static str,
    copy: LocalCopy,
    owner: Newest,
    /// Whether that is from the owner's tables; otherwise it is from its topic.
    of_tables: bool,
}

impl Copies {
    pub(super) fn new() -> Self {
        let kept = SERVICES.iter().flat_map(|service| {
            service.copies().into_iter().map(|copy| Kept {
                service: service.name(),
                copy,
                owner: Newest::default(),
                of_tables: false,
            })
        });
        Self(kept.collect())
    }

    /// Takes note of what the owner has in its tables, which goes before what its topic says.
    pub(super) fn own(&mut self, state: &impl Event) {
        for kept in &mut self.0 {
            kept.of_tables |= kept.copy.take_event(&mut kept.owner, state);
        }
    }

    /// Takes note of a record.
    pub(super) fn say(&mut self, record: &Record) {
        for kept in self.0.iter_mut().filter(|kept| !kept.of_tables) {
            kept.copy.take_record(&mut kept.owner, record);
        }
    }

    /// Holds the copies against what their owners say.
    pub(super) async fn judge(
        &self,
        databases: &Databases,
        scope: Scope,
        damaged: &mut Vec<String>,
    ) -> anyhow::Result<Check> {
        let mut check = Check::new(
            "copies-match",
            "copies",
            "what a service believes of what another owns is so",
        );
        let known = |kept: &&Kept| kept.of_tables || scope == Scope::Whole;
        for kept in self.0.iter().filter(known) {
            check.looked_at += kept.owner.len() as u64;
            let database = &databases[kept.service];
            for found in kept.copy.compare(database, &kept.owner).await? {
                check.off(|| {
                    format!(
                        "{} {}: {} has {}; its owner says {}",
                        kept.copy.of, found.id, kept.service, found.live, found.owner
                    )
                });
                damaged.extend(found.damage);
            }
        }
        Ok(check)
    }
}
