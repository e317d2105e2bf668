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
    pub(super) fn own<E: Event>(&mut self, states: &[E]) {
        for kept in self.0.iter_mut().filter(|kept| kept.copy.is_fed_by::<E>()) {
            kept.of_tables = true;
            for state in states {
                kept.copy.take_event(&mut kept.owner, state);
            }
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
        for Kept {
            service,
            copy,
            owner,
            ..
        } in self.0.iter().filter(known)
        {
            check.looked_at += owner.len() as u64;
            for found in copy.compare(&databases[service], owner).await? {
                damaged.extend(found.damage().map(str::to_owned));
                let (live, says) = found.texts(copy);
                check.off(|| {
                    format!(
                        "{} {}: {service} has {live}; its owner says {says}",
                        copy.of, found.id
                    )
                });
            }
        }
        Ok(check)
    }
}
