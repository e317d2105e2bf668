//! Who can log in.

use events::{AccountId, AccountUpdate};

use super::email::Email;

/// What an account may do in the shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Places orders. Everyone who registers is one.
    User,
    /// Looks after the catalogue. Only seeding makes one, never a request.
    Admin,
}

impl Role {
    /// As it is stored and sent: `user` or `admin`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }

    /// The role of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::User, Self::Admin]
            .into_iter()
            .find(|role| role.as_str() == name)
    }
}

/// A person's account, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name for other services; never given to anyone else again.
    pub id: AccountId,
    /// The address it logs in with. No two accounts have the same.
    pub email: Email,
    /// What it may do.
    pub role: Role,
}

impl Account {
    /// What everyone may know of it, as it is when it is opened.
    pub fn to_event(&self) -> AccountUpdate {
        AccountUpdate {
            account_id: self.id,
            email: Some(self.email.as_str().to_owned()),
            role: self.role.as_str().to_owned(),
            blocked: false,
            token_version: 0,
            deleted: false,
            version: 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_found_again_by_its_name_and_nothing_else_is_a_role() {
        for role in [Role::User, Role::Admin] {
            assert_eq!(Role::from_name(role.as_str()), Some(role));
        }
        for name in ["", "Admin", "root", "user "] {
            assert_eq!(Role::from_name(name), None, "{name:?}");
        }
    }
}
