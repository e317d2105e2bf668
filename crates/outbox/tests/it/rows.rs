//! Rows are the same over memory and MongoDB.

use bson::{Document, doc};
use jiff::Timestamp;
use outbox::memory::{Documents, MemoryDatabase};
use outbox::mongo::MongoDatabase;
use outbox::rows::{as_bytes, as_time, as_uuid};
use outbox::{Collection, ErrorKind, Index, Query, Row, Rows, StoreError};
use serde::{Deserialize, Serialize};
use testkit::TestEnvironment;
use uuid::Uuid;

const BOOKS: Collection = Collection::new(
    "books",
    &[
        Index::on(&["isbn"])
            .unique()
            .only(|| doc! { "isbn": { "$exists": true } }),
        Index::on(&["-at", "-_id"]),
    ],
);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Book {
    #[serde(rename = "_id", with = "as_uuid")]
    id: Uuid,
    title: String,
    copies: i64,
    tags: Vec<String>,
    #[serde(with = "as_time")]
    at: Timestamp,
    #[serde(with = "as_bytes")]
    digest: [u8; 4],
    #[serde(default, skip_serializing_if = "Option::is_none")]
    isbn: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_uuid::option"
    )]
    sequel: Option<Uuid>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "as_time::option"
    )]
    lent: Option<Timestamp>,
}

impl Row for Book {
    const COLLECTION: &'static Collection = &BOOKS;
}

fn book(number: u128) -> Book {
    Book {
        id: Uuid::from_u128(number),
        title: format!("Book {number}"),
        copies: 1,
        tags: vec![format!("tag {number}"), "paper".to_owned()],
        at: Timestamp::from_second(1_000).unwrap(),
        digest: [1, 2, 3, 4],
        isbn: None,
        sequel: None,
        lent: None,
    }
}

/// Writes new books in a transaction of their own.
async fn insert<D: Rows>(database: &D, books: &[Book]) -> Result<(), StoreError> {
    let mut tx = database.begin().await?;
    match database.insert(&mut tx, books).await {
        Ok(()) => database.commit(tx).await,
        Err(fault) => {
            database.abort(tx).await;
            Err(fault)
        }
    }
}

async fn read<D: Rows>(database: &D, query: impl Into<Query> + Send) -> Vec<Book> {
    database.read(query).await.expect("it answers")
}

fn numbers(books: &[Book]) -> Vec<u128> {
    books.iter().map(|book| book.id.as_u128()).collect()
}

fn conflict<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Conflict);
}

async fn a_row_is_read_as_it_was_written<D: Rows>(database: D) {
    let full = Book {
        isbn: Some("978".to_owned()),
        sequel: Some(Uuid::from_u128(2)),
        lent: Some(Timestamp::from_millisecond(1_234).unwrap()),
        ..book(1)
    };
    insert(&database, &[full.clone(), book(2)]).await.unwrap();
    let sorted = Query::all().sorted_by(&["_id"]);
    assert_eq!(read(&database, sorted).await, [full.clone(), book(2)]);
    let mut tx = database.begin().await.unwrap();
    let found = database.get::<Book>(&mut tx, as_uuid::of(full.id)).await;
    assert_eq!(found.unwrap(), Some(full));
    let none = database
        .get::<Book>(&mut tx, as_uuid::of(Uuid::nil()))
        .await;
    assert_eq!(none.unwrap(), None);
    database.abort(tx).await;
}

/// More than one command holds, by count and by size.
async fn many_rows_are_written_at_once<D: Rows>(database: D) {
    let small: Vec<Book> = (1..=1_100).map(book).collect();
    let large = (2_001..=2_020).map(|number| Book {
        title: "x".repeat(1_000_000),
        ..book(number)
    });
    for mut books in [small, large.collect()] {
        insert(&database, &books).await.unwrap();
        for book in &mut books {
            book.copies = 2;
        }
        let mut tx = database.begin().await.unwrap();
        database.replace(&mut tx, &books).await.unwrap();
        database.commit(tx).await.unwrap();
        let ids = books.iter().map(|book| as_uuid::of(book.id));
        let changed = read(&database, Query::any_of("_id", ids).sorted_by(&["_id"])).await;
        assert!(changed == books);
    }
}

async fn a_transaction_sees_its_own_changes_and_others_see_them_committed<D: Rows>(database: D) {
    insert(&database, &[book(1), book(2)]).await.unwrap();
    let mut tx = database.begin().await.unwrap();
    let mut first = database
        .get::<Book>(&mut tx, as_uuid::of(Uuid::from_u128(1)))
        .await
        .unwrap()
        .unwrap();
    first.copies = 7;
    first.isbn = Some("978".to_owned());
    database.replace(&mut tx, &[first.clone()]).await.unwrap();
    database.insert(&mut tx, &[book(3)]).await.unwrap();
    let gone = [2, 4].map(|number| as_uuid::of(Uuid::from_u128(number)).into());
    let removed = database.remove::<Book>(&mut tx, gone.into());
    removed.await.unwrap();
    let sorted = || Query::all().sorted_by(&["_id"]);
    let seen = database.find::<Book>(&mut tx, sorted()).await.unwrap();
    assert_eq!(seen, [first.clone(), book(3)]);
    assert_eq!(read(&database, sorted()).await, [book(1), book(2)]);
    database.commit(tx).await.unwrap();
    assert_eq!(read(&database, sorted()).await, [first, book(3)]);
}

async fn what_is_taken_is_a_conflict<D: Rows>(database: D) {
    let titled = |number, isbn: &str| Book {
        isbn: Some(isbn.to_owned()),
        ..book(number)
    };
    insert(&database, &[titled(1, "a")]).await.unwrap();
    conflict(insert(&database, &[book(1)]).await);
    conflict(insert(&database, &[titled(2, "a")]).await);
    insert(&database, &[book(2), book(3), titled(4, "b")])
        .await
        .expect("what the index leaves out may be there twice");
    let mut tx = database.begin().await.unwrap();
    conflict(database.replace(&mut tx, &[titled(4, "a")]).await);
    database.abort(tx).await;
    let mut tx = database.begin().await.unwrap();
    conflict(database.replace(&mut tx, &[book(9)]).await);
    database.abort(tx).await;

    let mut tx = database.begin().await.unwrap();
    database.replace(&mut tx, &[book(1)]).await.unwrap();
    database.commit(tx).await.unwrap();
    insert(&database, &[titled(5, "a")])
        .await
        .expect("what was given up is free");
}

/// Two transactions overlap; the second one to commit or to write loses.
async fn of_two_that_write_the_same_one_loses<D: Rows>(database: D) {
    insert(&database, &[book(1)]).await.unwrap();
    let changed = |copies| Book { copies, ..book(1) };
    let unique = |number| Book {
        isbn: Some("same".to_owned()),
        ..book(number)
    };
    for number in [0, 10] {
        let mut slow = database.begin().await.unwrap();
        database
            .find::<Book>(&mut slow, Query::all())
            .await
            .unwrap();
        let mut quick = database.begin().await.unwrap();
        if number == 0 {
            database.replace(&mut quick, &[changed(2)]).await.unwrap();
        } else {
            database.insert(&mut quick, &[unique(10)]).await.unwrap();
        }
        database.commit(quick).await.unwrap();
        let written = if number == 0 {
            database.replace(&mut slow, &[changed(3)]).await
        } else {
            database.insert(&mut slow, &[unique(11)]).await
        };
        match written {
            Ok(()) => conflict(database.commit(slow).await),
            Err(fault) => {
                database.abort(slow).await;
                assert_eq!(fault.kind(), ErrorKind::Conflict);
            }
        }
    }
    let left = read(&database, Query::all().sorted_by(&["_id"])).await;
    assert_eq!(left, [changed(2), unique(10)]);
}

async fn a_query_finds_what_it_says<D: Rows>(database: D) {
    let second = |seconds| Timestamp::from_second(seconds).unwrap();
    let books: Vec<Book> = (1..=6)
        .map(|number| Book {
            copies: i64::try_from(number).unwrap() % 3,
            at: second(if number < 4 { 10 } else { 20 }),
            isbn: (number == 5).then(|| "978".to_owned()),
            ..book(number)
        })
        .collect();
    insert(&database, &books).await.unwrap();
    let cases: Vec<(Document, &[u128])> = vec![
        (doc! {}, &[1, 2, 3, 4, 5, 6]),
        (doc! { "title": "Book 3" }, &[3]),
        (doc! { "tags": "tag 4" }, &[4]),
        (doc! { "copies": { "$in": [0, 2] } }, &[2, 3, 5, 6]),
        (doc! { "copies": { "$gt": 0, "$lte": 1 } }, &[1, 4]),
        (doc! { "copies": { "$ne": 1 } }, &[2, 3, 5, 6]),
        (
            doc! { "at": { "$lt": as_time::of(second(20)) } },
            &[1, 2, 3],
        ),
        (
            doc! { "at": { "$gte": as_time::of(second(20)) } },
            &[4, 5, 6],
        ),
        (doc! { "isbn": { "$exists": true } }, &[5]),
        (doc! { "isbn": null }, &[1, 2, 3, 4, 6]),
        (doc! { "title": { "$gt": 0 } }, &[]),
        (
            doc! { "digest": as_bytes::of(&[1, 2, 3, 4]), "copies": 2 },
            &[2, 5],
        ),
        (
            doc! { "$or": [{ "title": "Book 1" }, { "isbn": "978" }] },
            &[1, 5],
        ),
        (
            doc! { "$and": [{ "copies": 1 }, { "title": "Book 4" }] },
            &[4],
        ),
    ];
    for (filter, wanted) in cases {
        let found = read(&database, Query::from(filter.clone()).sorted_by(&["_id"])).await;
        assert_eq!(numbers(&found), wanted, "{filter}");
    }
    let known = [Uuid::from_u128(2), Uuid::from_u128(9)].map(as_uuid::of);
    assert_eq!(
        numbers(&read(&database, Query::any_of("_id", known)).await),
        [2]
    );
    assert_eq!(read(&database, Query::all().limit(0)).await, []);
    assert_eq!(read(&database, Query::all().limit(2)).await.len(), 2);
}

async fn pages_follow_each_other<D: Rows>(database: D) {
    const ORDER: &[&str] = &["-at", "_id"];
    let second = |seconds| Timestamp::from_second(seconds).unwrap();
    let books = [(1, 10), (2, 20), (3, 10), (4, 30), (5, 10)].map(|(number, at)| Book {
        at: second(at),
        ..book(number)
    });
    insert(&database, &books).await.unwrap();
    let (mut pages, mut last) = (Vec::new(), None::<Book>);
    loop {
        let mut query = Query::from(doc! { "copies": 1 }).sorted_by(ORDER);
        if let Some(last) = &last {
            let values = vec![as_time::of(last.at).into(), as_uuid::of(last.id).into()];
            query = query.after(ORDER, values);
        }
        let page = read(&database, query.limit(2)).await;
        if page.is_empty() {
            break;
        }
        last = page.last().cloned();
        pages.push(numbers(&page));
    }
    assert_eq!(pages, [vec![4, 2], vec![1, 3], vec![5]]);
}

macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        mod rows_in_memory {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(super::MemoryDatabase::<super::Documents>::default()).await;
                }
            )*
        }
        mod rows_in_mongo {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(super::in_mongo(&super::TestEnvironment::new().await).await).await;
                }
            )*
        }
    };
}

async fn in_mongo(environment: &TestEnvironment) -> MongoDatabase {
    let database = environment.database("library").await;
    for _ in 0..2 {
        let prepared = database.prepare_collections(&[BOOKS]).await;
        prepared.expect("preparing again changes nothing");
    }
    database
}

cases!(
    a_row_is_read_as_it_was_written,
    many_rows_are_written_at_once,
    a_transaction_sees_its_own_changes_and_others_see_them_committed,
    what_is_taken_is_a_conflict,
    of_two_that_write_the_same_one_loses,
    a_query_finds_what_it_says,
    pages_follow_each_other,
);

#[tokio::test]
async fn memory_refuses_what_it_does_not_understand() {
    let database = MemoryDatabase::<Documents>::default();
    insert(&database, &[book(1)]).await.unwrap();
    for (filter, what) in [
        (doc! { "title": { "$regex": "B" } }, "$regex"),
        (doc! { "author.name": "B" }, "author.name"),
        (doc! { "copies": 1.5 }, "1.5"),
        (doc! { "copies": { "$in": [1, 1.5] } }, "1.5"),
        (doc! { "copies": { "$gt": 0.5 } }, "0.5"),
        (doc! { "tags": { "$gt": ["a"] } }, "$gt of an array"),
        (doc! { "tags": { "$lte": "a" } }, "$lte on an array"),
        (doc! { "lent": { "$gte": null } }, "$gte of null"),
        (doc! { "title": { "$lt": { "a": 1 } } }, "$lt of a document"),
    ] {
        refused(&database, filter, what).await;
    }
    let by_tags = Query::all().sorted_by(&["-tags"]);
    refused(&database, by_tags, "an order by tags").await;
}

async fn refused(database: &MemoryDatabase<Documents>, query: impl Into<Query> + Send, what: &str) {
    let refused = database.read::<Book>(query).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Permanent);
    assert!(refused.to_string().contains(what), "{refused}");
}

#[tokio::test]
async fn a_collection_gets_todays_rule_and_indexes() {
    const RULED: Collection = BOOKS.validated(|| doc! { "copies": { "$gte": 0 } });
    let environment = TestEnvironment::new().await;
    let database = in_mongo(&environment).await;
    for _ in 0..2 {
        database.prepare_collections(&[RULED]).await.unwrap();
    }
    let none_left = Book {
        copies: -1,
        ..book(1)
    };
    let refused = insert(&database, &[none_left]).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Permanent);
    let books = database.database().collection::<Document>("books");
    let mut names = books.list_index_names().await.unwrap();
    names.sort();
    assert_eq!(names, ["_id_", "at_-1__id_-1", "isbn_1"]);
}
