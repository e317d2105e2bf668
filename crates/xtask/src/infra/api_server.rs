//! A real Kubernetes API server on this machine: etcd and kube-apiserver, without nodes or controllers. It
//! knows every built-in resource, the operators' definitions, and the rules for pods without rights; what
//! it accepts in a dry run, another one of its version takes.

use std::io::Read;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, bail};

use super::program::on_path;
use super::tools::Tools;
use crate::process;

const TOKEN: &str = "for-this-run-only";
const READY_WITHIN: Duration = Duration::from_mins(2);

/// Both servers; they end when it is dropped.
#[derive(Debug)]
pub(super) struct ApiServer {
    // In the order of their end.
    _server: Running,
    _etcd: Running,
    kubectl: PathBuf,
    kubeconfig: PathBuf,
    folder: tempfile::TempDir,
}

#[derive(Debug)]
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl ApiServer {
    pub(super) fn start(tools: &Tools) -> anyhow::Result<Self> {
        let program = tools.api_server()?;
        let etcd = Tools::debian("etcd", "etcd-server")?;
        let kubectl = on_path("kubectl", "kubernetes-client")?;
        let folder = tempfile::tempdir()?;
        let at = |name: &str| folder.path().join(name);
        let [client, peer, secure] = free_ports()?;

        let etcd_url = format!("http://127.0.0.1:{client}");
        let etcd = spawn(
            Command::new(etcd)
                .arg("--data-dir")
                .arg(at("etcd"))
                .args(["--listen-client-urls", &etcd_url])
                .args(["--advertise-client-urls", &etcd_url])
                .args(["--listen-peer-urls", &format!("http://127.0.0.1:{peer}")]),
            &at("etcd.log"),
        )?;

        let key = at("service-account.key");
        let mut make_key = Command::new(on_path("openssl", "openssl")?);
        process::quiet(make_key.args(["genrsa", "-out"]).arg(&key).arg("2048"))?;
        fs::write(
            at("tokens.csv"),
            format!("{TOKEN},admin,admin,system:masters\n"),
        )?;
        let server = spawn(
            Command::new(program)
                .args(["--etcd-servers", &etcd_url])
                .args(["--bind-address", "127.0.0.1"])
                .args(["--secure-port", &secure.to_string()])
                .arg("--cert-dir")
                .arg(at("certificates"))
                .arg("--token-auth-file")
                .arg(at("tokens.csv"))
                .arg("--service-account-key-file")
                .arg(&key)
                .arg("--service-account-signing-key-file")
                .arg(&key)
                .args(["--service-account-issuer", "https://localhost"])
                .args(["--service-cluster-ip-range", "10.0.0.0/24"])
                .args(["--authorization-mode", "RBAC"])
                // Nobody here makes a namespace's default account.
                .args(["--disable-admission-plugins", "ServiceAccount"]),
            &at("kube-apiserver.log"),
        )?;

        let kubeconfig = at("kubeconfig");
        fs::write(&kubeconfig, kubeconfig_text(secure))?;
        let ready = Self {
            _server: server,
            _etcd: etcd,
            kubectl,
            kubeconfig,
            folder,
        };
        ready.wait()?;
        Ok(ready)
    }

    fn wait(&self) -> anyhow::Result<()> {
        let begin = Instant::now();
        while !process::succeeds(&mut self.kubectl(["get", "--raw", "/readyz"])) {
            if begin.elapsed() > READY_WITHIN {
                let log = fs::read_to_string(self.folder.path().join("kube-apiserver.log"))?;
                let lines: Vec<&str> = log.lines().rev().take(15).collect();
                bail!(
                    "kube-apiserver is not ready after {} s; its log ends so:\n{}",
                    READY_WITHIN.as_secs(),
                    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
                );
            }
            thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    /// A kubectl of this server.
    pub(super) fn kubectl<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Command {
        let mut command = Command::new(&self.kubectl);
        command.args(words);
        self.named_to(&mut command);
        command
    }

    /// Makes the command, such as helm, speak to this server.
    pub(super) fn named_to(&self, command: &mut Command) {
        command.env("KUBECONFIG", &self.kubeconfig);
    }

    /// Takes custom resource definitions in, and waits until the server knows them.
    pub(super) fn define(&self, files: &[PathBuf]) -> anyhow::Result<()> {
        let mut apply = self.kubectl(["apply", "--server-side", "--force-conflicts"]);
        for file in files {
            apply.arg("-f").arg(file);
        }
        process::quiet(&mut apply)?;
        process::quiet(&mut self.kubectl([
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            "crd",
            "--all",
        ]))
    }

    /// Makes a namespace that takes only pods without rights.
    pub(super) fn namespace(&self, name: &str) -> anyhow::Result<()> {
        process::quiet(&mut self.kubectl(["create", "namespace", name]))?;
        process::quiet(&mut self.kubectl([
            "label",
            "namespace",
            name,
            "pod-security.kubernetes.io/enforce=restricted",
            "pod-security.kubernetes.io/warn=restricted",
        ]))
    }

    /// Has the server judge a file, as if it were applied. A warning counts as a refusal.
    ///
    /// # Errors
    /// The server's words.
    pub(super) fn judge(&self, namespace: &str, file: &Path) -> anyhow::Result<()> {
        let mut apply = self.kubectl([
            "apply",
            "--dry-run=server",
            "--validate=strict",
            "--warnings-as-errors",
            "--namespace",
            namespace,
        ]);
        process::quiet(apply.arg("-f").arg(file))
    }
}

fn spawn(command: &mut Command, log: &Path) -> anyhow::Result<Running> {
    let name = command.get_program().to_owned();
    let output = fs::File::create(log)?;
    let child = command
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()
        .with_context(|| format!("starting {}", name.display()))?;
    Ok(Running(child))
}

fn kubeconfig_text(port: u16) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
         clusters: [{{ name: here, cluster: {{ server: 'https://127.0.0.1:{port}', insecure-skip-tls-verify: true }} }}]\n\
         users: [{{ name: admin, user: {{ token: {TOKEN} }} }}]\n\
         contexts: [{{ name: here, context: {{ cluster: here, user: admin }} }}]\n"
    )
}

/// Free ports, below those that outgoing connections are given.
fn free_ports<const COUNT: usize>() -> anyhow::Result<[u16; COUNT]> {
    let mut random = [0; 2];
    fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let begin = 20_000 + u16::from_be_bytes(random) % 10_000;
    let mut held = Vec::new();
    for port in begin..32_000 {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            held.push((port, listener));
        }
        if held.len() == COUNT {
            break;
        }
    }
    let ports: Vec<u16> = held.into_iter().map(|(port, _)| port).collect();
    ports
        .try_into()
        .map_err(|_| anyhow::anyhow!("no {COUNT} free ports from {begin} to 32000"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_free_and_none_is_given_twice() {
        let [a, b, c] = free_ports().unwrap();
        assert!(a < b && b < c && c < 32_000, "{a} {b} {c}");
        TcpListener::bind(("127.0.0.1", b)).unwrap();
    }

    #[test]
    fn a_child_ends_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let running = spawn(Command::new("sleep").arg("600"), &folder.path().join("log")).unwrap();
        let id = running.0.id();
        drop(running);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }
}
