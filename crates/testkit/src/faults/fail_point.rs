//! The server's own `failCommand`, of which it has one for all clients.

use std::fs::File;
use std::net::SocketAddr;

use bson::{Bson, Document, doc};
use mongodb::Client;

/// Reaches the server past the tap.
#[derive(Clone)]
pub(super) struct FailPoint {
    client: Client,
    server: SocketAddr,
}

/// The fail point, armed, and nobody else's meanwhile.
pub(super) struct Armed {
    client: Client,
    entered_before: i64,
    /// Its lock ends with it.
    _lock: File,
}

impl FailPoint {
    pub(super) async fn new(uri: &str, server: SocketAddr) -> Self {
        let client = Client::with_uri_str(uri).await;
        let client = client.expect("the test stack's address is valid");
        Self { client, server }
    }

    /// Makes the next `command` of the client `app` fail as `data` says.
    pub(super) async fn arm(&self, app: &str, command: &str, data: Document) -> Armed {
        let path = format!("testkit-fail-point-{}.lock", self.server.port());
        let path = std::env::temp_dir().join(path);
        let lock = tokio::task::spawn_blocking(move || {
            let file = File::create(&path).expect("the folder of temporary files can be written");
            file.lock().expect("a file can be locked");
            file
        });
        let lock = lock.await.expect("locking does not panic");
        let mut whole = doc! { "failCommands": [command], "appName": app };
        whole.extend(data);
        let entered_before = set(&self.client, doc! { "times": 1 }, whole).await;
        Armed {
            client: self.client.clone(),
            entered_before,
            _lock: lock,
        }
    }
}

impl Armed {
    /// Puts it out of action; says whether a command has met it.
    pub(super) async fn disarm(self) -> bool {
        set(&self.client, "off", doc! {}).await > self.entered_before
    }
}

/// Sets the fail point, and says how often it was entered until now.
async fn set(client: &Client, mode: impl Into<Bson>, data: Document) -> i64 {
    let mode: Bson = mode.into();
    let command = doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data };
    let reply = client.database("admin").run_command(command).await;
    let reply = reply.expect("the test stack takes test commands");
    match reply.get("count") {
        Some(Bson::Int32(count)) => i64::from(*count),
        Some(Bson::Int64(count)) => *count,
        other => panic!("a fail point has no count: {other:?}"),
    }
}
