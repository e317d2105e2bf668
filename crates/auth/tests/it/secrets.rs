//! What must not be seen is not.

use std::io;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::server::{Server, problem};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

// On one thread, so that the test's own subscriber sees the service's lines too.
#[tokio::test(flavor = "current_thread")]
async fn no_line_of_the_log_has_a_password_or_a_token() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(lines.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);

    let server = Server::start().await;
    let (email, password, wrong) = ("a@b.com", "a-secret-password", "a-wrong-password");
    let body = json!({ "email": email, "password": password });
    server.post("/api/register", &body).await;
    problem(
        server.post("/api/register", &body).await,
        409,
        "account-exists",
    )
    .await;
    problem(
        server.try_login(email, wrong).await,
        401,
        "invalid-credentials",
    )
    .await;
    let login = server.try_login(email, password).await;
    let first = crate::server::Tokens::of(login).await;
    let second = server.refresh(&first.refresh).await;
    let third = server.refresh(&second.refresh).await;
    assert!(server.is_refused(&first.refresh).await);
    server
        .post("/api/logout", &json!({ "refresh_token": third.refresh }))
        .await;
    let unknown = json!({ "email": email, "password": password, "more": 1 });
    problem(
        server.post("/api/login", &unknown).await,
        422,
        "invalid-body",
    )
    .await;

    let log = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(
        log.contains("account opened") && log.contains("logged in"),
        "{log}"
    );
    assert!(
        log.contains("login refused") && log.contains("is revoked"),
        "{log}"
    );
    for tokens in [&first, &second, &third] {
        for secret in [&tokens.access, &tokens.refresh] {
            assert!(!log.contains(secret.as_str()), "a token is in the log");
        }
    }
    for secret in [password, wrong, "$argon2id", "PRIVATE KEY"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn debug_output_of_the_parts_keeps_their_secrets() {
    let server = Server::start().await;
    let shown = format!("{:?} {:?}", server.common, server.settings);
    assert!(!shown.contains("$argon2id"), "{shown}");
    assert!(!shown.contains(server.environment.mongodb_uri()), "{shown}");
}
