//! What became of orders: `quadrille events` tells one order's life, `quadrille stuck` says what
//! those wait for that wait too long.

pub(crate) mod history;
mod sources;
pub(crate) mod stuck;
mod waits;
