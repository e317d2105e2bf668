//! A certificate and its key from files, read anew when they change.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_util::sync::CancellationToken;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(5);

/// Why there is no TLS with these files.
#[derive(Debug, thiserror::Error)]
pub enum InvalidTls {
    /// A file can't be read.
    #[error("{0} can't be read: {1}")]
    File(PathBuf, #[source] io::Error),
    /// A file does not have what it should.
    #[error("{0} has no {1} in PEM: {2}")]
    Pem(PathBuf, &'static str, String),
    /// Both are sound, but not together.
    #[error("{0} and {1} do not fit together: {2}")]
    Pair(PathBuf, PathBuf, #[source] rustls::Error),
}

/// TLS 1.2 and 1.3 with a certificate and its key from files, HTTP/2 and HTTP/1.1 by ALPN.
#[derive(Debug)]
pub struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    current: RwLock<(Files, Arc<ServerConfig>)>,
}

#[derive(Debug, PartialEq, Eq)]
struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    /// With the certificate, followed by those that vouch for it, and its key, both in PEM.
    ///
    /// # Errors
    ///
    /// [`InvalidTls`], naming the file.
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, InvalidTls> {
        let files = Files::read(certificate, key)?;
        let config = files.config(certificate, key)?;
        Ok(Self {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
            current: RwLock::new((files, config)),
        })
    }

    pub(super) fn acceptor(&self) -> TlsAcceptor {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current.1).into()
    }

    /// Reads the files again and again until `stop`; what can't be used changes nothing.
    pub async fn keep(&self, stop: CancellationToken) {
        let mut last_refusal = None;
        while tokio::time::timeout(LOOK, stop.cancelled()).await.is_err() {
            match self.reload() {
                Ok(false) => {}
                Ok(true) => {
                    last_refusal = None;
                    tracing::info!(certificate = %self.certificate.display(), "the certificate was read anew");
                }
                // Once for each reason, not each time.
                Err(error) => {
                    let refusal = error.to_string();
                    if last_refusal.as_ref() != Some(&refusal) {
                        tracing::error!(%error, "the new certificate is not used; the one before stays");
                        last_refusal = Some(refusal);
                    }
                }
            }
        }
    }

    /// Whether there was something new.
    fn reload(&self) -> Result<bool, InvalidTls> {
        let files = Files::read(&self.certificate, &self.key)?;
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        if current.0 == files {
            return Ok(false);
        }
        drop(current);
        let config = files.config(&self.certificate, &self.key)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (files, config);
        Ok(true)
    }
}

impl Files {
    fn read(certificate: &Path, key: &Path) -> Result<Self, InvalidTls> {
        let read = |path: &Path| {
            std::fs::read(path).map_err(|error| InvalidTls::File(path.to_owned(), error))
        };
        Ok(Self {
            certificate: read(certificate)?,
            key: read(key)?,
        })
    }

    fn config(&self, certificate: &Path, key: &Path) -> Result<Arc<ServerConfig>, InvalidTls> {
        let pem = |path: &Path, what, why: String| InvalidTls::Pem(path.to_owned(), what, why);
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .map_err(|error| pem(certificate, "certificate", error.to_string()))?;
        if chain.is_empty() {
            return Err(pem(certificate, "certificate", "there is none".to_owned()));
        }
        let private = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|error| pem(key, "private key", error.to_string()))?;
        let pair = |error| InvalidTls::Pair(certificate.to_owned(), key.to_owned(), error);
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(pair)?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(pair)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write_pair(folder: &Path) {
        let pair = rcgen::generate_simple_self_signed(["shop.example".to_owned()]).unwrap();
        std::fs::write(folder.join("key.pem"), pair.signing_key.serialize_pem()).unwrap();
        std::fs::write(folder.join("cert.pem"), pair.cert.pem()).unwrap();
    }

    #[test]
    fn what_can_not_be_used_leaves_the_certificate_before_in_place() {
        let folder = tempfile::tempdir().unwrap();
        write_pair(folder.path());
        let (certificate, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        let tls = Tls::from_files(&certificate, &key).unwrap();
        let current = || Arc::clone(&tls.current.read().unwrap().1);
        let first = current();
        assert!(!tls.reload().unwrap(), "nothing is new");
        let sound = std::fs::read(&key).unwrap();
        std::fs::write(&key, "half a fi").unwrap();
        let refused = tls.reload().unwrap_err().to_string();
        assert!(refused.contains("key.pem has no private key"), "{refused}");
        assert!(Arc::ptr_eq(&first, &current()));
        std::fs::write(&key, sound).unwrap();
        assert!(!tls.reload().unwrap());
        write_pair(folder.path());
        assert!(tls.reload().unwrap());
        assert!(!Arc::ptr_eq(&first, &current()));
    }
}
