//! What the web UI is built and tried with.

use devstack::{Environment, MissingTool};

use crate::process::on_path;

/// The names that Chromium goes by; `CHROMIUM` may name another.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// For building the UI.
pub(crate) fn missing_npm() -> Option<MissingTool> {
    if on_path("npm").is_some() {
        return None;
    }
    Some(MissingTool {
        what: "npm (to build the web UI)".to_owned(),
        looked: Environment::from_process().path_shown(),
        remedy: "Install it (`apt-get install npm`).".to_owned(),
        package: Some("npm"),
    })
}

/// For trying the UI as a person would.
pub(crate) fn missing_browser() -> Option<MissingTool> {
    let given = std::env::var_os("CHROMIUM").is_some();
    if given || BROWSERS.iter().any(|name| on_path(name).is_some()) {
        return None;
    }
    Some(MissingTool {
        what: "chromium (to try the web UI)".to_owned(),
        looked: Environment::from_process().path_shown(),
        remedy: "Install it (`apt-get install chromium`) or name one in CHROMIUM.".to_owned(),
        package: Some("chromium"),
    })
}
