//! Accounts: what their topic says of them.

use std::collections::HashMap;

use events::{AccountId, AccountUpdate};

use super::findings::{Check, Findings};
use super::rules::Scope;

/// What is known of accounts.
#[derive(Default)]
pub(super) struct Accounts {
    owned: HashMap<AccountId, AccountUpdate>,
    told: HashMap<AccountId, AccountUpdate>,
}

impl Accounts {
    /// Takes note of what auth has to publish of an account.
    pub(super) fn own(&mut self, account: AccountUpdate) {
        self.owned.insert(account.account_id, account);
    }

    /// Takes note of what is published of an account; the newest version counts.
    pub(super) fn tell(&mut self, update: AccountUpdate) {
        let known = self.told.get(&update.account_id);
        if known.is_none_or(|known| known.version <= update.version) {
            self.told.insert(update.account_id, update);
        }
    }

    /// Holds the topic against the accounts.
    pub(super) fn judge(mut self, scope: Scope, findings: &mut Findings) {
        let mut check = Check::new(
            "accounts-published",
            "accounts",
            "the newest state in the topic is the account's",
        );
        if scope == Scope::Databases {
            findings.add(check.skipped());
            return;
        }
        check.looked_at = self.owned.len() as u64;
        for (id, account) in &self.owned {
            match self.told.remove(id) {
                // Addresses are not for a terminal.
                Some(told) if told != *account => check.off(|| {
                    let (told, version) = (told.version, account.version);
                    format!(
                        "account {id} at version {version} differs from its topic's, at version {told}"
                    )
                }),
                Some(_) => {}
                None => check.off(|| {
                    format!(
                        "account {id} is not in its topic; `quadrille migrate auth` publishes it"
                    )
                }),
            }
        }
        for told in self.told.into_values().filter(|told| !told.deleted) {
            check.off(|| format!("account {} is in its topic only", told.account_id));
        }
        findings.add(check);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: u128, version: u64, role: &str) -> AccountUpdate {
        AccountUpdate {
            account_id: AccountId::from_u128(id),
            email: Some(format!("{id}@example.com")),
            role: role.to_owned(),
            blocked: false,
            token_version: 0,
            deleted: false,
            version,
        }
    }

    fn off(owned: &[AccountUpdate], told: &[AccountUpdate]) -> Vec<String> {
        let mut accounts = Accounts::default();
        owned.iter().cloned().for_each(|one| accounts.own(one));
        told.iter().cloned().for_each(|one| accounts.tell(one));
        let mut findings = Findings::default();
        accounts.judge(Scope::Whole, &mut findings);
        findings.differences
    }

    #[test]
    fn a_topic_that_says_what_the_accounts_are_is_right_whatever_came_before() {
        let newest = account(1, 2, "user");
        let told = [newest.clone(), account(1, 1, "admin"), newest.clone()];
        assert_eq!(off(&[newest], &told), Vec::<String>::new());
    }

    #[test]
    fn an_account_that_is_missing_or_another_one_is_named() {
        let owned = [account(1, 1, "user"), account(2, 1, "user")];
        let told = [account(2, 1, "admin"), account(3, 1, "user")];
        let off = off(&owned, &told).join("\n");
        for id in 1..=3_u128 {
            let id = AccountId::from_u128(id).to_string();
            assert!(off.contains(&id), "{off}");
        }
        assert!(!off.contains("example.com"), "{off}");
    }
}
