//! Accounts, passwords, access tokens and refresh tokens
