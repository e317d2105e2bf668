//! The stack: what is used, what is started, in which order it ends.

use std::path::Path;
use std::thread;

use crate::data_dir::DataDir;
use crate::error::At;
use crate::janitor::Janitor;
use crate::plan::Plan;
use crate::ports::Ports;
use crate::server::in_background;
use crate::source::Source;
use crate::{Error, Options, Server};

/// A Kafka and a MongoDB that answer. Dropping it, or the end of this process in whatever way,
/// ends the servers that it started.
#[derive(Debug)]
pub struct DevStack {
    // The order of the fields is the order of their end: servers, then the folder's cleaning and claim.
    kafka: Source,
    mongod: Source,
    janitor: Option<Janitor>,
    data_dir: Option<DataDir>,
}

impl DevStack {
    /// Finds or provisions both servers, starts what is to be started, and returns when they answer.
    ///
    /// # Errors
    /// [`Error::Missing`] names every program that is missing, before anything is changed;
    /// [`Error::InUse`] and [`Error::NotOurs`] are about the data folder; [`Error::NotReady`] shows
    /// the end of the log of a server that did not come up. See [`Error`] for the rest.
    pub async fn start(options: Options) -> Result<Self, Error> {
        in_background(move || Self::start_blocking(&options)).await
    }

    /// As [`DevStack::start`], on a temporary folder which is removed when the servers have ended.
    /// `options.data_dir` is not used.
    pub async fn start_temporary(options: Options) -> Result<Self, Error> {
        in_background(move || Self::start_temporary_blocking(options)).await
    }

    /// [`DevStack::start`] without an async runtime.
    pub fn start_blocking(options: &Options) -> Result<Self, Error> {
        Self::from_plan(&Plan::make(&options.environment)?, options, None)
    }

    /// [`DevStack::start_temporary`] without an async runtime.
    pub fn start_temporary_blocking(mut options: Options) -> Result<Self, Error> {
        let plan = Plan::make(&options.environment)?;
        let temporary = std::env::temp_dir();
        let folder = tempfile::Builder::new()
            .prefix("quadrille-stack-")
            .tempdir()
            .at("creating a temporary folder in", &temporary)?;
        let janitor = Janitor::watch(folder.path())?;
        options.data_dir = folder.keep();
        Self::from_plan(&plan, &options, Some(janitor))
    }

    fn from_plan(plan: &Plan, options: &Options, janitor: Option<Janitor>) -> Result<Self, Error> {
        if let Some((brokers, uri)) = plan.given() {
            return Ok(Self {
                kafka: Source::Given(brokers),
                mongod: Source::Given(uri),
                janitor,
                data_dir: None,
            });
        }
        let data_dir = DataDir::claim(&options.data_dir, options.fresh, &*options.progress)?;
        let ports_file = data_dir.path().join("ports.json");
        let ports = Ports::load_or_choose(&ports_file)?;
        let (kafka, mongod) = thread::scope(|scope| {
            let kafka = scope.spawn(|| plan.start_kafka(options, data_dir.path(), ports));
            let mongod = plan.start_mongod(options, data_dir.path(), ports);
            let kafka = kafka
                .join()
                .unwrap_or_else(|_| Err(Error::Interrupted("starting Kafka panicked".to_owned())));
            (kafka, mongod)
        });
        let ((kafka, kafka_ports), (mongod, mongod_ports)) = (kafka?, mongod?);
        let used = Ports {
            mongod: mongod_ports.mongod,
            ..kafka_ports
        };
        used.save(&ports_file)?;
        Ok(Self {
            kafka,
            mongod,
            janitor,
            data_dir: Some(data_dir),
        })
    }

    /// Kafka's bootstrap servers, `host:port` separated by commas.
    pub fn kafka_brokers(&self) -> &str {
        self.kafka.address()
    }

    /// The connection string of MongoDB, with `directConnection=true` for a mongod started here.
    pub fn mongodb_uri(&self) -> &str {
        self.mongod.address()
    }

    /// The Kafka that was started; `None` when its address was given by the environment.
    pub fn kafka(&self) -> Option<&Server> {
        self.kafka.server()
    }

    /// The mongod that was started; `None` when its address was given by the environment.
    pub fn mongod(&self) -> Option<&Server> {
        self.mongod.server()
    }

    /// The data folder; `None` when nothing was started.
    pub fn data_dir(&self) -> Option<&Path> {
        self.data_dir.as_ref().map(DataDir::path)
    }

    /// What a second process that wants the same data folder is told about this one, such as the
    /// address that it serves.
    pub fn describe_holder(&self, note: &str) -> Result<(), Error> {
        match &self.data_dir {
            Some(data_dir) => data_dir.describe_holder(note),
            None => Ok(()),
        }
    }

    /// Ends the servers that were started and returns when they have ended: TERM, and KILL after
    /// 15 s (Kafka) or 20 s (mongod).
    pub async fn shutdown(self) {
        let ended = in_background(move || {
            self.shutdown_blocking();
            Ok(())
        });
        // The work cannot fail, and if the runtime goes down the supervisors do it without us.
        let _ = ended.await;
    }

    /// [`DevStack::shutdown`] without an async runtime.
    pub fn shutdown_blocking(mut self) {
        thread::scope(|scope| {
            for server in [self.kafka(), self.mongod()].into_iter().flatten() {
                scope.spawn(|| server.terminate_blocking());
            }
        });
        if let Some(janitor) = self.janitor.take() {
            janitor.finish();
        }
    }
}

impl Drop for DevStack {
    fn drop(&mut self) {
        // A clone of a `Server` may live on somewhere; its process shall not.
        for server in [self.kafka(), self.mongod()].into_iter().flatten() {
            server.begin_end();
        }
    }
}
