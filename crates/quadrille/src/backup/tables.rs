//! What of a service's database is kept, and in which order it comes back.

use anyhow::{Context, bail};
use outbox::mongo::MongoDatabase;
use service::config::MongoSettings;

/// The services that have a database.
pub(super) const SERVICES: [&str; 3] = ["auth", "products", "orders"];

/// Tables that go first and come last.
///
/// A database without them is one that has lost everything, as far as its service can tell: it
/// makes itself anew from the topics. So what is cut off in the middle is never taken for whole.
const GUARDS: [&str; 2] = ["own_topics", "checkpoints"];

/// Tables that only wake who waits, or that a command left behind: each is made anew.
pub(super) fn left_out(table: &str) -> bool {
    table.starts_with("system.")
        || matches!(
            table,
            "outbox_bell" | "order_news" | "product_copies_rebuild"
        )
}

/// All tables of `database`, in the order in which they have to go.
///
/// # Errors
/// When MongoDB does not answer.
pub(super) async fn of(database: &MongoDatabase) -> anyhow::Result<Vec<String>> {
    let name = database.database().name();
    let mut tables = database
        .database()
        .list_collection_names()
        .await
        .with_context(|| format!("the database {name} can't be read; is MongoDB up?"))?;
    tables.retain(|table| !table.starts_with("system."));
    tables.sort_by_key(|table| (place(table), table.clone()));
    Ok(tables)
}

/// Its place among those that go: guards, what the service knows, what it has not said yet.
///
/// The outbox goes last and comes first, because what lies in it is then published, and the service
/// learns it from there: the other way round an order could be there that nobody ever hears of.
fn place(table: &str) -> usize {
    let guard = GUARDS.iter().position(|guard| *guard == table);
    guard.unwrap_or(GUARDS.len() + usize::from(table == "outbox"))
}

/// Puts `tables` in the order in which they have to come: the reverse of [`of`].
pub(super) fn in_order_of_return<T>(tables: &mut [T], name: impl Fn(&T) -> &str) {
    tables.sort_by_key(|table| std::cmp::Reverse(place(name(table))));
}

/// Makes the tables and indexes of `service` in the database `name`.
///
/// # Errors
/// When MongoDB does not answer or refuses.
pub(super) async fn prepare(service: &str, uri: &str, name: &str) -> anyhow::Result<()> {
    let settings = MongoSettings::new(uri, name);
    match service {
        "auth" => auth::migrate(&settings).await?,
        "products" => products::migrate(&settings).await?,
        "orders" => orders::migrate(&settings).await?,
        other => bail!("{other} has no database"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_how_far_the_database_is_goes_first_and_comes_last() {
        let mut tables = [
            "own_topics",
            "orders",
            "outbox",
            "checkpoints",
            "dead_letters",
        ];
        in_order_of_return(&mut tables, |table| table);
        assert_eq!(
            tables,
            [
                "outbox",
                "orders",
                "dead_letters",
                "checkpoints",
                "own_topics"
            ]
        );
        tables.sort_by_key(|table| place(table));
        assert_eq!(
            tables,
            [
                "own_topics",
                "checkpoints",
                "orders",
                "dead_letters",
                "outbox"
            ]
        );
    }
}
