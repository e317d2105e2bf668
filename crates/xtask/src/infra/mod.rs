//! `cargo xtask infra`: what runs Quadrille elsewhere, checked as far as that can be done without a
//! container engine, a cluster or a cloud.
//!
//! `tools`, `kubernetes` and `maven` get the programs, at the versions of `pins`; `chart` and `api_server` are
//! the chart's checks; the
//! checks that read files are in `infra/checks`. What is never run here is listed in docs/deployment.md.

mod api_server;
mod chart;
mod kubernetes;
mod maven;
mod pins;
mod program;
mod shared;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::bail;
use clap::builder::PossibleValuesParser;

use self::program::on_path;
use self::shared::Infra;
use self::tools::Tools;
use crate::workspace::Workspace;

/// What `cargo xtask infra` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The first run builds helm and kube-apiserver, which takes several minutes on two cores; \
                  later ones take about two."
)]
pub(crate) struct Args {
    /// Run this step only; may be given several times
    #[arg(long, value_name = "STEP", value_parser = PossibleValuesParser::new(STEPS.iter().map(|step| step.name)))]
    only: Vec<String>,
    /// Run only the steps whose tools are there in seconds
    #[arg(long, conflicts_with = "only")]
    quick: bool,
}

/// One check.
#[derive(Debug)]
struct Step {
    name: &'static str,
    what: &'static str,
    quick: bool,
    run: fn(&Infra<'_>) -> anyhow::Result<()>,
}

/// To add one: an entry here and its function.
const STEPS: &[Step] = &[
    Step {
        name: "scripts",
        what: "shellcheck on every script",
        quick: false,
        run: scripts,
    },
    Step {
        name: "image",
        what: "hadolint on the Dockerfile",
        quick: true,
        run: image,
    },
    Step {
        name: "compose",
        what: "the compose files: schema, what they name, the binary's word on settings",
        quick: true,
        run: compose,
    },
    Step {
        name: "workflows",
        what: "the workflows' schema, dependabot's",
        quick: true,
        run: workflows,
    },
    Step {
        name: "actionlint",
        what: "expressions and scripts inside of the workflows",
        quick: false,
        run: actionlint,
    },
    Step {
        name: "terraform",
        what: "terraform fmt; references; wrong variables are refused (no provider is to be had here)",
        quick: false,
        run: terraform,
    },
    Step {
        name: "chart",
        what: "helm lint and template with every set of values; wrong values are refused",
        quick: false,
        run: chart::chart,
    },
    Step {
        name: "api-server",
        what: "every manifest and custom resource on a real kube-apiserver",
        quick: false,
        run: chart::api_server,
    },
    Step {
        name: "monitoring",
        what: "promtool on alerts and their tests; a real Prometheus scrapes a real shop and answers every dashboard",
        quick: false,
        run: monitoring,
    },
    Step {
        name: "servers",
        what: "Kafka and mongod with the compose files' settings, plain and secured; services against them",
        quick: false,
        run: servers,
    },
    Step {
        name: "cluster",
        what: "a shop on three brokers and a replica set of three, under load; members are killed; the audit",
        quick: false,
        run: cluster,
    },
];

/// Runs the chosen steps; a failed one does not keep the later ones from running. Says whether all is well.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> anyhow::Result<bool> {
    let infra = Infra {
        workspace,
        tools: Tools::find()?,
    };
    let chosen = STEPS.iter().filter(|step| {
        (args.only.is_empty() || args.only.iter().any(|name| name == step.name))
            && (!args.quick || step.quick)
    });
    let (mut passed, mut failed) = (0, Vec::new());
    for step in chosen {
        println!("\n== {}: {}", step.name, step.what);
        let begin = Instant::now();
        let outcome = (step.run)(&infra);
        let seconds = begin.elapsed().as_secs_f64();
        match outcome {
            Ok(()) => {
                passed += 1;
                println!("== {}: ok, {seconds:.0} s", step.name);
            }
            Err(error) => {
                println!("== {}: FAILED, {seconds:.0} s: {error:#}", step.name);
                failed.push(step.name);
            }
        }
    }
    println!();
    for name in &failed {
        println!("failed: {name}   alone: cargo xtask infra --only {name}");
    }
    println!("{passed} passed, {} failed", failed.len());
    Ok(failed.is_empty())
}

fn scripts(infra: &Infra<'_>) -> anyhow::Result<()> {
    let shellcheck = Tools::debian("shellcheck", "shellcheck")?;
    let mut scripts = Vec::new();
    collect(&infra.folder(""), "sh", &mut scripts)?;
    println!("   {} scripts", scripts.len());
    infra.passes(Command::new(shellcheck).arg("-x").args(scripts))
}

fn image(infra: &Infra<'_>) -> anyhow::Result<()> {
    let hadolint = infra.tools.python("hadolint")?;
    infra.passes(Command::new(hadolint).arg(infra.folder("docker/Dockerfile")))
}

fn compose(infra: &Infra<'_>) -> anyhow::Result<()> {
    let files = ["compose/compose.yaml", "compose/compose.secure.yaml"].map(|it| infra.folder(it));
    schema(infra, "vendor.compose-spec", &files)?;
    let quadrille = infra.quadrille()?;
    infra.passes(infra.check("compose.py")?.arg(quadrille))
}

fn workflows(infra: &Infra<'_>) -> anyhow::Result<()> {
    let github = infra.workspace.root().join(".github");
    let mut files = Vec::new();
    collect(&github.join("workflows"), "yml", &mut files)?;
    schema(infra, "vendor.github-workflows", &files)?;
    schema(infra, "vendor.dependabot", &[github.join("dependabot.yml")])
}

fn schema(infra: &Infra<'_>, name: &str, files: &[PathBuf]) -> anyhow::Result<()> {
    let check = infra.tools.python("check-jsonschema")?;
    infra.passes(
        Command::new(check)
            .args(["--builtin-schema", name])
            .args(files),
    )
}

fn actionlint(infra: &Infra<'_>) -> anyhow::Result<()> {
    let actionlint = infra.tools.go_program(pins::ACTIONLINT)?;
    let shellcheck = Tools::debian("shellcheck", "shellcheck")?;
    let mut files = Vec::new();
    collect(
        &infra.workspace.root().join(".github/workflows"),
        "yml",
        &mut files,
    )?;
    infra.passes(
        Command::new(actionlint)
            .arg("-shellcheck")
            .arg(shellcheck)
            .args(files),
    )
}

fn terraform(infra: &Infra<'_>) -> anyhow::Result<()> {
    let Ok(terraform) = on_path("terraform", "terraform of HashiCorp's repository") else {
        bail!("terraform is not on PATH: install it as its makers say");
    };
    let folder = infra.folder("terraform");
    let mut format = Command::new(&terraform);
    infra.passes(format.args(["fmt", "-check", "-diff"]).arg(folder))?;
    infra.passes(infra.check("terraform.py")?.arg(terraform))
}

fn monitoring(infra: &Infra<'_>) -> anyhow::Result<()> {
    let prometheus = Tools::debian("prometheus", "prometheus")?;
    let promtool = Tools::debian("promtool", "prometheus")?;
    let mut check = infra.check("monitoring.py")?;
    infra.passes(check.arg(infra.quadrille()?).arg(prometheus).arg(promtool))
}

fn servers(infra: &Infra<'_>) -> anyhow::Result<()> {
    with_servers(infra, "compose/try-servers.sh")
}

fn cluster(infra: &Infra<'_>) -> anyhow::Result<()> {
    with_servers(infra, "checks/try-cluster.sh")
}

/// Runs a script that starts Kafka, mongod and the services for itself.
fn with_servers(infra: &Infra<'_>, script: &str) -> anyhow::Result<()> {
    let mut script = Command::new(infra.folder(script));
    script
        .env("KAFKA_LIBS", infra.tools.kafka()?)
        .env("MONGOD", Tools::mongod()?)
        .env("MONGOSH", infra.tools.mongosh()?)
        .env("QUADRILLE", infra.quadrille()?);
    infra.passes(&mut script)
}

/// Files of this extension in a folder and all below it, in the order of their names.
fn collect(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, extension, files)?;
        } else if path.extension().is_some_and(|kind| kind == extension) {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_step_is_chosen_by_a_name_of_its_own() {
        let names: BTreeSet<_> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
        assert!(STEPS.iter().any(|step| step.quick));
    }

    #[test]
    fn every_script_is_found() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../infra");
        let mut scripts = Vec::new();
        collect(&root, "sh", &mut scripts).unwrap();
        let names: Vec<_> = scripts
            .iter()
            .filter_map(|path| path.file_name()?.to_str())
            .collect();
        assert!(names.contains(&"build-bare.sh") && names.contains(&"make-certificates.sh"));
    }
}
