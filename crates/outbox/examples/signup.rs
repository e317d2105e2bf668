//! A service that signs people up and one that greets them, on `MongoDB` and Kafka.

use std::error::Error;
use std::sync::Arc;

use bson::{Document, doc};
use outbox::kafka::{KafkaAdmin, KafkaOptions, KafkaPublisher, KafkaSource, TopicSpec};
use outbox::mongo::{MongoDatabase, MongoOptions, MongoTx};
use outbox::{
    Envelope, Event, EventCollector, Handle, HandleError, Inbox, InboxSettings, MessageContext,
    Relay, RelaySettings, StoreError, Subscriptions, SystemClock, Work, transact,
};
use tokio_util::sync::CancellationToken;

/// What happened, as others read it.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct SignedUp {
    email: String,
}

impl Event for SignedUp {
    const TYPE: &'static str = "SignedUp";
    const VERSION: u32 = 1;
    const TOPIC: &'static str = "accounts.person.v1";

    fn key(&self) -> String {
        self.email.clone()
    }

    fn aggregate_version(&self) -> u64 {
        1 // a person signs up once
    }
}

/// The command: state and event in one transaction.
struct SignUp<'a>(&'a MongoDatabase, &'a str);

impl Work<MongoDatabase> for SignUp<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let email = self.1.to_owned();
        let person =
            doc! { "q": { "_id": &email }, "u": { "$set": { "greeted": false } }, "upsert": true };
        tx.update("people", vec![person]).await?;
        let mut out = EventCollector::new("accounts", &SystemClock);
        out.push(&SignedUp { email }, MessageContext::default())
            .map_err(StoreError::permanent)?;
        out.write(self.0, tx).await.map(drop)
    }
}

/// The handler. Its natural key is the address: an event that comes again changes nothing.
struct Greet;

impl Handle<SignedUp, MongoDatabase> for Greet {
    async fn handle(
        &self,
        tx: &mut MongoTx,
        events: &[&Envelope<SignedUp>],
        _out: &mut EventCollector<'_>,
    ) -> Result<(), HandleError> {
        let mail = |to: &str| doc! { "q": { "_id": to }, "u": { "$setOnInsert": { "text": "Welcome!" } }, "upsert": true };
        let mails = events.iter().map(|e| mail(&e.event.email)).collect();
        tx.update("mails", mails).await?;
        Ok(())
    }
}

async fn open(uri: &str, name: &str, table: &str) -> Result<MongoDatabase, StoreError> {
    let database = MongoDatabase::connect(uri, name, MongoOptions::default()).await?;
    database.prepare().await?;
    database.create_collection(table).await?;
    Ok(database)
}

/// Signs `email` up and comes back with the mail that follows from it.
///
/// `prefix` is put before the names of databases, topics and groups.
pub async fn run(
    mongodb_uri: &str,
    brokers: &str,
    prefix: &str,
    email: &str,
) -> Result<Document, Box<dyn Error + Send + Sync>> {
    let mut kafka = KafkaOptions::new(brokers);
    prefix.clone_into(&mut kafka.topic_prefix);
    let dead_letters = TopicSpec::dead_letters(SignedUp::TOPIC, "mailer", 3);
    let topics = [TopicSpec::unlimited(SignedUp::TOPIC, 3), dead_letters];
    KafkaAdmin::new(&kafka)?.ensure_topics(&topics).await?;
    let accounts = open(mongodb_uri, &format!("{prefix}accounts"), "people").await?;
    let mailer = open(mongodb_uri, &format!("{prefix}mailer"), "mails").await?;
    let (clock, stop) = (Arc::new(SystemClock), CancellationToken::new());

    let (publisher, settings) = (KafkaPublisher::new(&kafka)?, RelaySettings::default());
    let relay = Relay::new(
        accounts.clone(),
        publisher,
        "accounts",
        clock.clone(),
        settings,
    );
    let relay = tokio::spawn(relay.run(stop.clone()));

    let handlers = Subscriptions::new("mailer").on::<SignedUp, _>(Greet);
    let source = KafkaSource::subscribe(&kafka, "mailer", handlers.topics())?;
    let settings = InboxSettings::default();
    let inbox = Inbox::new(mailer.clone(), source, handlers, "mailer", clock, settings);
    let inbox = tokio::spawn(inbox.run(stop.clone()));

    transact(&accounts, &mut SignUp(&accounts, email)).await?;

    let mails = mailer.database().collection::<Document>("mails");
    let mail = loop {
        if let Some(mail) = mails.find_one(doc! { "_id": email }).await? {
            break mail;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    };
    stop.cancel();
    relay.await?;
    inbox.await??;
    Ok(mail)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let (mongodb, brokers) = (
        std::env::var("MONGODB_URI")?,
        std::env::var("KAFKA_BROKERS")?,
    );
    let mail = run(&mongodb, &brokers, "signup_", "ada@example.org").await?;
    println!("{mail}");
    Ok(())
}
