//! How each of the two servers will be had, decided before anything is changed.

use std::net::{TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::locate::{self, Java, KafkaInstall, MongodInstall};
use crate::ports::Ports;
use crate::progress::step;
use crate::provision::{self, Cache};
use crate::server::{Launch, Server, class_archive, kafka, lost_port, mongod};
use crate::source::Source;
use crate::{Environment, Error, KAFKA_BROKERS_ENV, MONGODB_URI_ENV, MissingTool, Options};

/// A port can be lost between probing and binding; more than a few times in a row is not bad luck.
const PORT_ATTEMPTS: usize = 4;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The programs that a start in this environment would miss; empty when it would not miss any.
/// Addresses that are given but do not answer are no programs: [`DevStack::start`](crate::DevStack::start) reports those.
pub fn missing(environment: &Environment) -> Vec<MissingTool> {
    match Plan::make(environment) {
        Err(Error::Missing(tools)) => tools,
        _ => Vec::new(),
    }
}

#[derive(Debug)]
pub(crate) struct Plan {
    kafka: KafkaPlan,
    mongod: MongodPlan,
    cache: Cache,
}

#[derive(Debug)]
enum KafkaPlan {
    Given(String),
    Installed(Java, KafkaInstall),
    Provision { java: Java, maven: PathBuf },
}

#[derive(Debug)]
enum MongodPlan {
    Given(String),
    Installed(MongodInstall),
    Provision { python: PathBuf },
}

impl Plan {
    /// Looks at the environment, the machine and the cache. All that is missing is named at once.
    pub(crate) fn make(environment: &Environment) -> Result<Self, Error> {
        let root = environment.cache.clone();
        let cache =
            Cache::new(root.unwrap_or_else(|| std::env::temp_dir().join("quadrille-cache")));
        let mut missing = Vec::new();
        let kafka = KafkaPlan::make(environment, &cache, &mut missing);
        let mongod = MongodPlan::make(environment, &cache, &mut missing);
        let (Some(kafka), Some(mongod)) = (kafka, mongod) else {
            return Err(Error::Missing(missing));
        };
        if let KafkaPlan::Given(brokers) = &kafka {
            answers(KAFKA_BROKERS_ENV, brokers, brokers)?;
        }
        if let MongodPlan::Given(uri) = &mongod {
            // Addresses behind `mongodb+srv` are in DNS; the driver finds them.
            if let Some(rest) = uri.strip_prefix("mongodb://") {
                let hosts = rest.split(['/', '?']).next().unwrap_or_default();
                let hosts = hosts.rsplit_once('@').map_or(hosts, |(_, hosts)| hosts);
                answers(MONGODB_URI_ENV, uri, hosts)?;
            }
        }
        Ok(Self {
            kafka,
            mongod,
            cache,
        })
    }

    /// Both addresses when both are given, so that nothing is to be started.
    pub(crate) fn given(&self) -> Option<(String, String)> {
        match (&self.kafka, &self.mongod) {
            (KafkaPlan::Given(brokers), MongodPlan::Given(uri)) => {
                Some((brokers.clone(), uri.clone()))
            }
            _ => None,
        }
    }

    /// Kafka with its data in `data/kafka`, and the ports that it got.
    pub(crate) fn start_kafka(
        &self,
        options: &Options,
        data: &Path,
        ports: Ports,
    ) -> Result<(Source, Ports), Error> {
        let progress = &*options.progress;
        let (java, install) = match &self.kafka {
            KafkaPlan::Given(brokers) => return Ok((Source::Given(brokers.clone()), ports)),
            KafkaPlan::Installed(java, install) => (java.clone(), install.clone()),
            KafkaPlan::Provision { java, maven } => {
                let install = provision::kafka::provide(&self.cache, maven, progress)?;
                (java.clone(), install)
            }
        };
        let mut program = kafka::Program {
            java,
            kafka: install,
            archive: Vec::new(),
        };
        program.archive = class_archive::flags(&self.cache, &program, progress);
        let what = format!("starting Kafka {}", program.kafka.version);
        let (server, ports) = step(progress, &what, || {
            start_on_free_port(ports, Ports::renew_kafka, |ports| {
                kafka::launch(&program, &data.join("kafka"), ports, options)
            })
        })?;
        let address = format!("127.0.0.1:{}", server.port());
        Ok((Source::Started { server, address }, ports))
    }

    /// mongod with its data in `data/mongod`, and the port that it got.
    pub(crate) fn start_mongod(
        &self,
        options: &Options,
        data: &Path,
        ports: Ports,
    ) -> Result<(Source, Ports), Error> {
        let progress = &*options.progress;
        let install = match &self.mongod {
            MongodPlan::Given(uri) => return Ok((Source::Given(uri.clone()), ports)),
            MongodPlan::Installed(install) => install.clone(),
            MongodPlan::Provision { python } => {
                provision::mongod::provide(&self.cache, python, progress)?
            }
        };
        let what = format!("starting mongod {}", install.version);
        let (server, ports) = step(progress, &what, || {
            start_on_free_port(ports, Ports::renew_mongod, |ports| {
                mongod::launch(&install, &data.join("mongod"), ports, options)
            })
        })?;
        let address = format!(
            "mongodb://127.0.0.1:{}/?directConnection=true",
            server.port()
        );
        Ok((Source::Started { server, address }, ports))
    }
}

impl KafkaPlan {
    fn make(
        environment: &Environment,
        cache: &Cache,
        missing: &mut Vec<MissingTool>,
    ) -> Option<Self> {
        if let Some(brokers) = &environment.kafka_brokers {
            return Some(Self::Given(brokers.clone()));
        }
        let mut or_missing = |tool| missing.push(tool);
        let java = locate::java(environment).map_err(&mut or_missing).ok();
        let install = locate::kafka(environment).or_else(|| provision::kafka::cached(cache));
        if let Some(install) = install {
            return Some(Self::Installed(java?, install));
        }
        let maven = locate::maven(environment).map_err(or_missing).ok()?;
        Some(Self::Provision { java: java?, maven })
    }
}

impl MongodPlan {
    fn make(
        environment: &Environment,
        cache: &Cache,
        missing: &mut Vec<MissingTool>,
    ) -> Option<Self> {
        if let Some(uri) = &environment.mongodb_uri {
            return Some(Self::Given(uri.clone()));
        }
        let install = locate::mongod(environment).or_else(|| provision::mongod::cached(cache));
        if let Some(install) = install {
            return Some(Self::Installed(install));
        }
        let mut or_missing = |tool| missing.push(tool);
        let python = locate::python(environment).map_err(&mut or_missing).ok();
        locate::libcurl().map_err(or_missing).ok()?;
        Some(Self::Provision { python: python? })
    }
}

fn start_on_free_port(
    mut ports: Ports,
    renew: impl Fn(&mut Ports) -> Result<(), Error>,
    launch: impl Fn(Ports) -> Result<Launch, Error>,
) -> Result<(Server, Ports), Error> {
    for _ in 1..PORT_ATTEMPTS {
        match Server::launch(launch(ports)?) {
            Err(error) if lost_port(&error) => renew(&mut ports)?,
            other => return other.map(|server| (server, ports)),
        }
    }
    Server::launch(launch(ports)?).map(|server| (server, ports))
}

/// Whether any of the `host:port` addresses accepts a connection.
fn answers(variable: &'static str, value: &str, addresses: &str) -> Result<(), Error> {
    let mut last = (addresses.to_owned(), "there is no address in it".to_owned());
    for address in addresses
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let with_port = if address.contains(':') {
            address.to_owned()
        } else if variable == MONGODB_URI_ENV {
            format!("{address}:27017")
        } else {
            format!("{address}:9092")
        };
        match connect(&with_port) {
            Ok(()) => return Ok(()),
            Err(error) => last = (with_port, error.to_string()),
        }
    }
    Err(Error::Unreachable {
        variable,
        value: without_password(value),
        address: last.0,
        cause: last.1,
    })
}

fn connect(address: &str) -> std::io::Result<()> {
    let mut last = std::io::ErrorKind::NotFound.into();
    for socket in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&socket, CONNECT_TIMEOUT) {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn without_password(uri: &str) -> String {
    match (uri.split_once("://"), uri.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://***@{rest}"),
        _ => uri.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_missing_is_named_at_once_with_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let environment = Environment {
            path: Some(dir.path().as_os_str().to_owned()),
            cache: Some(dir.path().join("cache")),
            ..Environment::default()
        };
        let text = Plan::make(&environment).unwrap_err().to_string();
        for word in ["java", "mvn", "python3", &*dir.path().to_string_lossy()] {
            assert!(text.contains(word), "{word} in {text}");
        }
        for way_out in ["apt-get install", KAFKA_BROKERS_ENV, MONGODB_URI_ENV] {
            assert!(text.contains(way_out), "{way_out} in {text}");
        }
        assert!(!dir.path().join("cache").exists(), "nothing was changed");
    }

    #[test]
    fn a_given_address_that_does_not_answer_is_named_without_its_password() {
        let environment = Environment {
            kafka_brokers: Some("127.0.0.1:1".to_owned()),
            mongodb_uri: Some("mongodb://me:secret@127.0.0.1:2/?x=y".to_owned()),
            ..Environment::default()
        };
        let text = Plan::make(&environment).unwrap_err().to_string();
        assert!(
            text.contains(KAFKA_BROKERS_ENV) && text.contains("127.0.0.1:1"),
            "{text}"
        );
        let text = answers(
            MONGODB_URI_ENV,
            "mongodb://me:secret@127.0.0.1:2/",
            "127.0.0.1:2",
        )
        .unwrap_err()
        .to_string();
        assert!(!text.contains("secret"), "{text}");
    }
}
