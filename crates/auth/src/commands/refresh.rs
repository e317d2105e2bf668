//! A login goes on: a refresh token is replaced by a new one. The rules are in
//! [`family`](crate::domain::family).

use outbox::StoreError;

use super::{Auth, Fault, Issued};
use crate::crypto::RefreshToken;
use crate::domain::Verdict;

/// Why a refresh token gives no new ones.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// It is none, has expired, was revoked, or was replaced before; in the last case its
    /// whole family is revoked now.
    #[error("the refresh token is not valid any more")]
    InvalidRefreshToken,
    /// It was replaced a moment ago, and very many tokens were given for it already.
    #[error("this refresh token was used too often")]
    TooMany,
    /// It could not be done now.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// How often to look again when the family changed between looking and writing. Once is
/// normal: after it the token is known as one that was just replaced.
const ATTEMPTS: usize = 8;

impl Auth {
    /// Replaces a refresh token, and gives a new access token.
    ///
    /// # Errors
    /// See [`RefreshError`].
    pub async fn refresh(&self, token: &str) -> Result<Issued, RefreshError> {
        let token = RefreshToken::parse(token).ok_or(RefreshError::InvalidRefreshToken)?;
        for _ in 0..ATTEMPTS {
            if let Some(issued) = self.try_refresh(&token).await? {
                return Ok(issued);
            }
        }
        let conflict = StoreError::conflict("a refresh family changed again and again");
        Err(Fault::from(conflict).into())
    }

    /// `None` when another change came between.
    async fn try_refresh(&self, token: &RefreshToken) -> Result<Option<Issued>, RefreshError> {
        let store = &self.store;
        let family = store.family(token.family()).await.map_err(Fault::from)?;
        let family = family.ok_or(RefreshError::InvalidRefreshToken)?;
        let now = self.clock.now();
        let verdict = family.judge(&token.hash(), self.rules.reuse_grace, now);
        match verdict {
            Verdict::Over => return Err(RefreshError::InvalidRefreshToken),
            Verdict::TooMany => return Err(RefreshError::TooMany),
            Verdict::Reused => {
                let revoked = store.revoke_family(family.id, "reused").await;
                if revoked.map_err(Fault::from)? {
                    tracing::warn!(
                        account = %family.account,
                        "a replaced refresh token was used again: its login is revoked"
                    );
                    metrics::counter!("auth_refresh_tokens_reused_total").increment(1);
                }
                return Err(RefreshError::InvalidRefreshToken);
            }
            Verdict::Replace | Verdict::Sibling => {}
        }
        // Read again at each refresh: a role that was taken away is gone with the next token.
        let account = store.account(family.account).await.map_err(Fault::from)?;
        let account = account.ok_or(RefreshError::InvalidRefreshToken)?;
        let next = RefreshToken::next(family.id).map_err(Fault::from)?;
        let hash = next.hash();
        // Signed before anything is written: what can't be signed changes nothing.
        let issued = self.issue(&account, &family, next, now)?;
        let written = if verdict == Verdict::Replace {
            store.replace_tokens(&family, hash, now).await
        } else {
            store.add_sibling(&family, hash).await
        };
        Ok(written.map_err(Fault::from)?.then_some(issued))
    }
}
