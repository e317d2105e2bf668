//! A login ends.

use super::{Auth, Fault};
use crate::crypto::RefreshToken;

impl Auth {
    /// Revokes the family of a refresh token. A token that is none, or of a family that is
    /// over, has nothing left to revoke, which is what its holder wants: no error.
    ///
    /// Access tokens that were given before stay good until they expire: the services check
    /// them without asking here.
    ///
    /// # Errors
    /// When the database is out of reach.
    pub async fn logout(&self, token: &str) -> Result<(), Fault> {
        let Some(token) = RefreshToken::parse(token) else {
            return Ok(());
        };
        self.store
            .revoke_family(token.family(), "logged out")
            .await?;
        Ok(())
    }
}
