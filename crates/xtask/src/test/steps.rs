//! The steps, in their order. To add one: an entry in [`STEPS`] and its function.

use std::process::{Command, ExitStatus};

use anyhow::Context;

use super::counts::Counts;
use super::run::Run;
use crate::workspace::without_package_variables;
use crate::{install, layers, process, web};

/// One check.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// What it does, for the header line.
    pub(crate) what: &'static str,
    pub(crate) run: fn(&Run<'_>) -> anyhow::Result<Outcome>,
}

/// What a step found.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) failure: Option<String>,
    pub(crate) counts: Counts,
}

/// The step that `--package` narrows.
pub(crate) const TESTS: &str = "tests";

/// Everything with the features that the tests are built with, so that nothing is built twice; and
/// the `quadrille` program, which end-to-end tests start and which is no part of their own build.
const BUILD: [&str; 3] = ["build", "--workspace", "--all-targets"];
const BUILD_SHOWN: &str = "cargo build --workspace --all-targets";

/// Quick ones first; clippy and docs share their builds, doctests and tests theirs.
pub(crate) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        what: "cargo fmt --all -- --check -l (without --check it formats)",
        run: |run| plain(&mut run.workspace.cargo(["fmt", "--all", "--", "--check", "-l"])),
    },
    Step {
        name: "layers",
        what: "who imports whom",
        run: |run| {
            let clean = layers::run(run.workspace)?;
            let failure = (!clean).then(|| "the edges above are not allowed".to_owned());
            Ok(Outcome {
                failure,
                ..Outcome::default()
            })
        },
    },
    Step {
        name: "clippy",
        what: "cargo clippy --workspace --all-targets -- -D warnings",
        run: |run| {
            plain(&mut run.workspace.cargo([
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]))
        },
    },
    Step {
        name: "docs",
        what: "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps",
        run: |run| {
            plain(
                run.workspace
                    .cargo(["doc", "--workspace", "--no-deps"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            )
        },
    },
    Step {
        name: "build",
        what: BUILD_SHOWN,
        run: |run| plain(&mut run.workspace.cargo(BUILD)),
    },
    Step {
        name: "doctests",
        what: "cargo test --workspace --doc",
        run: doctests,
    },
    Step {
        name: TESTS,
        what: "cargo nextest run --workspace, on one Kafka and one MongoDB",
        run: tests,
    },
    Step {
        name: "web",
        what: "npm ci; npm run openapi; npm run check (types, lint, unit tests, build, size)",
        run: web_checks,
    },
    Step {
        name: "web-e2e",
        what: "npm run e2e: a real Chromium on real services",
        run: web_e2e,
    },
];

/// The names that `--only` takes.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|step| step.name)
}

fn plain(command: &mut Command) -> anyhow::Result<Outcome> {
    Ok(Outcome {
        failure: failure(process::shown(command)?),
        ..Outcome::default()
    })
}

/// Doctests may use the stack too: examples that run are better than examples that compile.
fn doctests(run: &Run<'_>) -> anyhow::Result<Outcome> {
    let words = ["test", "--workspace", "--doc", "--no-fail-fast"];
    let mut command = run.workspace.cargo(words);
    run.stack()?.announce_to(&mut command);
    let (status, lines) = process::read_along(command.arg(process::color_flag()))?;
    Ok(Outcome {
        failure: failure(status),
        counts: Counts::of_libtest(&lines),
    })
}

fn tests(run: &Run<'_>) -> anyhow::Result<Outcome> {
    let workspace = run.workspace;
    // Again, for `--only tests`: stale programs would be tested otherwise.
    if run.packages.is_empty() || run.packages.iter().any(|name| name == "e2e") {
        let built = plain(&mut run.workspace.cargo(BUILD))?;
        if built.failure.is_some() {
            return Ok(built);
        }
    }
    let program = install::nextest::program().context("cargo-nextest is gone")?;
    let mut command = Command::new(program);
    command
        .args(["nextest", "run", "--no-fail-fast"])
        .arg(process::color_flag())
        .args(run.packages.iter().flat_map(|name| ["--package", name]))
        .args(run.packages.is_empty().then_some("--workspace"))
        .args(run.nextest)
        // What an assertion says would be lost among hundreds of lines of the runtime's frames.
        .env("RUST_BACKTRACE", "0")
        .current_dir(workspace.root());
    without_package_variables(&mut command);
    run.stack()?.announce_to(&mut command);
    let (status, lines) = process::read_along(&mut command)?;
    Ok(Outcome {
        failure: failure(status),
        counts: Counts::of_nextest(&lines),
    })
}

fn web_checks(run: &Run<'_>) -> anyhow::Result<Outcome> {
    web::ensure_packages(run.workspace)?;
    // The client is made from the committed copy; it has to be what the services say today.
    let current = plain(&mut web::npm(run.workspace, ["run", "--silent", "openapi"]))?;
    if current.failure.is_some() {
        return Ok(current);
    }
    vitest(&mut web::npm(run.workspace, ["run", "check"]))
}

fn web_e2e(run: &Run<'_>) -> anyhow::Result<Outcome> {
    web::ensure_built(run.workspace)?;
    // With a stack of its own: its scenarios stop and start services.
    vitest(&mut web::npm(run.workspace, ["run", "e2e"]))
}

fn vitest(command: &mut Command) -> anyhow::Result<Outcome> {
    let (status, lines) = process::read_along(command)?;
    Ok(Outcome {
        failure: failure(status),
        counts: Counts::of_vitest(&lines),
    })
}

fn failure(status: ExitStatus) -> Option<String> {
    (!status.success()).then(|| format!("it ended with {status}"))
}
