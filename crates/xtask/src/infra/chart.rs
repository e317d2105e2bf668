//! The Helm chart: rendered with every set of values, held against the binary and a real API server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail, ensure};

use super::api_server::ApiServer;
use super::pins;
use super::shared::Infra;
use crate::process;

const NAMESPACE: &str = "shop";
const RELEASE: &str = "shop";
/// Ways to get the production example and what is rendered wrong, with the server's word for each.
const WRONG: &[(&str, &str, &str, &str)] = &[
    (
        "production/kafka.yaml",
        "replicas: 3",
        "replicas: three",
        "replicas",
    ),
    (
        "production/kafka.yaml",
        "[controller, broker]",
        "[controller, brokers]",
        "brokers",
    ),
    (
        "production/kafka.yaml",
        "type: scram-sha-512",
        "type: scram",
        "scram",
    ),
    (
        "production/mongodb.yaml",
        "members: 3",
        "member: 3",
        "member",
    ),
    (
        "production/mongodb.yaml",
        "type: ReplicaSet",
        "type: Single",
        "ReplicaSet",
    ),
    (
        "production/certificates.yaml",
        "ca: { secretName: mongodb-authority }",
        "ca: {}",
        "secretName",
    ),
    (
        "rendered/trial.yaml",
        "serviceName:",
        "servicename:",
        "unknown field",
    ),
    (
        "rendered/trial.yaml",
        "drop: [ALL]",
        "drop: [CHOWN]",
        "PodSecurity",
    ),
    (
        "rendered/everything.yaml",
        "maxUnavailable: 0",
        "maxUnavailable: -1",
        "maxUnavailable",
    ),
];

/// Sets of values, each a list of files that are laid over one another.
fn value_sets(infra: &Infra<'_>) -> anyhow::Result<Vec<(String, Vec<PathBuf>)>> {
    let mut sets: Vec<_> = yaml_files(&infra.folder("helm/quadrille/ci"))?
        .into_iter()
        .map(|file| (stem(&file), vec![file]))
        .collect();
    let production = infra.folder("helm/production");
    for edge in ["nginx", "gke"] {
        let files = [
            production.join("values.yaml"),
            production.join(format!("values-{edge}.yaml")),
        ];
        sets.push((format!("production-{edge}"), files.to_vec()));
    }
    Ok(sets)
}

/// `helm WORD ... --values FILE...` on the chart.
fn helm(infra: &Infra<'_>, words: &[&str], values: &[PathBuf]) -> anyhow::Result<Command> {
    let mut command = Command::new(infra.tools.go_program(pins::HELM)?);
    command.args(words).arg(infra.folder("helm/quadrille"));
    for file in values {
        command.arg("--values").arg(file);
    }
    Ok(command)
}

/// Renders every set into `folder`.
fn render(infra: &Infra<'_>, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (name, values) in value_sets(infra)? {
        process::quiet(&mut helm(infra, &["lint", "--strict"], &values)?)?;
        let words = ["template", RELEASE, "--namespace", NAMESPACE];
        let output = helm(infra, &words, &values)?.output()?;
        ensure!(
            output.status.success(),
            "helm template with the values of {name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let file = folder.join(format!("{name}.yaml"));
        fs::write(&file, output.stdout)?;
        files.push(file);
    }
    Ok(files)
}

/// Lint, rendering, the binary's word on what is rendered, and refusals of wrong values.
pub(super) fn chart(infra: &Infra<'_>) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let files = render(infra, folder.path())?;
    let mut check = infra.check("manifests.py")?;
    infra.passes(check.arg(infra.quadrille()?).args(&files))?;
    refusals(infra)
}

/// A file's first line says with which words the chart has to refuse it.
fn refusals(infra: &Infra<'_>) -> anyhow::Result<()> {
    let files = yaml_files(&infra.folder("helm/quadrille/ci/refused"))?;
    for file in &files {
        let text = fs::read_to_string(file)?;
        let wanted = text
            .lines()
            .next()
            .and_then(|line| line.strip_prefix("# refused: "))
            .with_context(|| format!("{} does not begin with `# refused: `", file.display()))?;
        let output = helm(infra, &["template", RELEASE], std::slice::from_ref(file))?.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            !output.status.success(),
            "the chart accepts {}",
            file.display()
        );
        ensure!(
            said.contains(wanted),
            "{} is refused, but not for \"{wanted}\": {said}",
            file.display()
        );
    }
    println!("   {} wrong sets of values, each refused", files.len());
    Ok(())
}

/// Everything rendered and the production example, judged by a real API server.
pub(super) fn api_server(infra: &Infra<'_>) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let files = render(infra, folder.path())?;
    let definitions = infra.tools.definitions()?;
    let server = ApiServer::start(&infra.tools)?;
    server.define(&definitions)?;
    server.namespace(NAMESPACE)?;
    println!(
        "   kube-apiserver {} with {} files of definitions",
        pins::KUBERNETES,
        definitions.len()
    );
    let mut refused = Vec::new();
    for (file, (name, values)) in files.iter().zip(value_sets(infra)?) {
        if let Err(error) = server.judge(NAMESPACE, file) {
            refused.push(format!("{name}: {error:#}"));
        }
        let words = [
            "install",
            RELEASE,
            "--dry-run=server",
            "--namespace",
            NAMESPACE,
        ];
        let mut install = helm(infra, &words, &values)?;
        server.named_to(&mut install);
        if let Err(error) = process::quiet(&mut install) {
            refused.push(format!("{name}, by helm install: {error:#}"));
        }
    }
    let examples = ["kafka.yaml", "mongodb.yaml", "certificates.yaml"];
    for name in examples {
        let file = infra.folder("helm/production").join(name);
        if let Err(error) = server.judge(NAMESPACE, &file) {
            refused.push(format!("production/{name}: {error:#}"));
        }
    }
    if !refused.is_empty() {
        bail!("the API server refuses:\n{}", refused.join("\n"));
    }
    println!(
        "   {} sets of values and {} examples accepted",
        files.len(),
        examples.len()
    );
    wrong_ones(infra, &server, folder.path())
}

/// A server that accepts everything would prove nothing.
fn wrong_ones(infra: &Infra<'_>, server: &ApiServer, rendered: &Path) -> anyhow::Result<()> {
    for (name, right, wrong, word) in WRONG {
        let source = match name.strip_prefix("rendered/") {
            Some(file) => rendered.join(file),
            None => infra.folder("helm").join(name),
        };
        let text = fs::read_to_string(&source)?;
        ensure!(
            text.contains(right),
            "{name} has no `{right}` to be got wrong"
        );
        let file = rendered.join("wrong.yaml");
        fs::write(&file, text.replacen(right, wrong, 1))?;
        match server.judge(NAMESPACE, &file) {
            Ok(()) => bail!("{name} is accepted with `{wrong}`"),
            Err(error) => ensure!(
                error.to_string().contains(word),
                "{name} with `{wrong}` is refused, but not for \"{word}\": {error:#}"
            ),
        }
    }
    println!("   {} wrong ones, each refused", WRONG.len());
    Ok(())
}

fn yaml_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "yaml"))
        .collect();
    files.sort();
    ensure!(!files.is_empty(), "{} has no files", folder.display());
    Ok(files)
}

fn stem(file: &Path) -> String {
    file.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
