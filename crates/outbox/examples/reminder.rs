//! Whoever signs up is reminded by mail, unless they confirm their address before.

use std::error::Error;
use std::sync::{Arc, Mutex};

use bson::doc;
use jiff::{SignedDuration, Timestamp};
use outbox::jobs::{Job, JobContext, JobError, JobId, JobRunner, JobSettings, Jobs, RunJob};
use outbox::mongo::{MongoDatabase, MongoOptions, MongoTx};
use outbox::{EventCollector, MessageContext, StoreError, SystemClock, Work, transact};
use tokio_util::sync::CancellationToken;

/// What is to be done, as it is kept until then.
#[derive(serde::Serialize, serde::Deserialize)]
struct Remind {
    email: String,
}

impl Job for Remind {
    const NAME: &'static str = "remind";
}

/// The same for each time that the same is decided, so that it is scheduled once.
fn reminder_of(email: &str) -> JobId {
    JobId::of(Remind::NAME, &[&email])
}

/// The command: the state and the job, in one transaction.
struct SignUp<'a>(&'a MongoDatabase, &'a str, Timestamp);

impl Work<MongoDatabase> for SignUp<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let Self(database, email, due) = *self;
        let person =
            doc! { "q": { "_id": email }, "u": { "$set": { "confirmed": false } }, "upsert": true };
        tx.update("people", vec![person]).await?;
        let mut out = EventCollector::new("accounts", &SystemClock);
        let job = Remind {
            email: email.to_owned(),
        };
        out.schedule(reminder_of(email), &job, due, MessageContext::default())
            .map_err(StoreError::permanent)?;
        out.write(database, tx).await.map(drop)
    }
}

/// Who confirms is not reminded.
struct Confirm<'a>(&'a MongoDatabase, &'a str);

impl Work<MongoDatabase> for Confirm<'_> {
    type Output = ();

    async fn run(&mut self, tx: &mut MongoTx) -> Result<(), StoreError> {
        let Self(database, email) = *self;
        let person = doc! { "q": { "_id": email }, "u": { "$set": { "confirmed": true } } };
        tx.update("people", vec![person]).await?;
        let mut out = EventCollector::new("accounts", &SystemClock);
        out.cancel(reminder_of(email));
        out.write(database, tx).await.map(drop)
    }
}

/// Stands for a mail server.
#[derive(Clone, Default)]
struct Mailer(Arc<Mutex<Vec<String>>>);

impl RunJob<Remind> for Mailer {
    async fn run(&self, job: &Remind, context: &JobContext) -> Result<(), JobError> {
        // A real one is given the job's id, so that a mail that is sent again is known as the same.
        let mail = format!("{}: confirm, {}!", context.id, job.email);
        let mut sent = self.0.lock().map_err(|e| JobError::Retry(e.to_string()))?;
        sent.push(mail);
        Ok(())
    }
}

/// Signs two people up, of whom one confirms, and comes back with the mails that were sent.
pub async fn run(
    mongodb_uri: &str,
    name: &str,
) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
    let database = MongoDatabase::connect(mongodb_uri, name, MongoOptions::default()).await?;
    database.prepare().await?;
    database.create_collection("people").await?;
    let due = Timestamp::now() + SignedDuration::from_millis(500);
    for email in ["ada@example.org", "grace@example.org"] {
        transact(&database, &mut SignUp(&database, email, due)).await?;
    }
    transact(&database, &mut Confirm(&database, "grace@example.org")).await?;

    let (mailer, stop) = (Mailer::default(), CancellationToken::new());
    let jobs = Jobs::new("accounts").on::<Remind, _>(mailer.clone());
    let (clock, settings) = (Arc::new(SystemClock), JobSettings::default());
    let runner = JobRunner::new(database.clone(), jobs, clock, settings)?;
    let runner = tokio::spawn(runner.run(stop.clone()));
    let open = doc! { "at": { "$exists": true } };
    let jobs = database.database().collection::<bson::Document>("jobs");
    while jobs.count_documents(open.clone()).await? > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    stop.cancel();
    runner.await?;
    let sent = mailer.0.lock().map_err(|e| e.to_string())?;
    Ok(sent.clone())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mails = run(&std::env::var("MONGODB_URI")?, "reminder").await?;
    println!("{mails:?}");
    Ok(())
}
