//! Whom we trust to say who a registry is.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem};

use super::error::RegistryError;

/// A file of certificates is not larger than this, in bytes.
const MAX_PEM: u64 = 16 * 1024 * 1024;

/// The system's certificates and those of `extra`, files in PEM form.
///
/// A system without certificates is no error: the first https connection is.
///
/// # Errors
/// [`RegistryError::Options`] for a file that cannot be read or holds no certificate.
pub(super) fn config(extra: &[PathBuf], skip_verify: bool) -> Result<TlsConfig, RegistryError> {
    let mut roots: Vec<Certificate<'static>> = Vec::new();
    if !skip_verify {
        let system = rustls_native_certs::load_native_certs();
        roots.extend(
            system
                .certs
                .iter()
                .map(|cert| Certificate::from_der(cert).to_owned()),
        );
        for path in extra {
            read_file(path, &mut roots)?;
        }
    }
    let provider = rustls::crypto::ring::default_provider();
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .unversioned_rustls_crypto_provider(Arc::new(provider))
        .root_certs(RootCerts::new_with_certs(&roots))
        .disable_verification(skip_verify)
        .build())
}

fn read_file(path: &Path, roots: &mut Vec<Certificate<'static>>) -> Result<(), RegistryError> {
    let failed =
        |why: String| RegistryError::Options(format!("CA certificates {}: {why}", path.display()));
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_PEM).read_to_end(&mut bytes))
        .map_err(|e| failed(e.to_string()))?;
    let before = roots.len();
    for item in parse_pem(&bytes) {
        match item {
            Ok(PemItem::Certificate(certificate)) => roots.push(certificate),
            Ok(_) => {}
            Err(_) => return Err(failed("not a file in PEM form".to_owned())),
        }
    }
    if roots.len() == before {
        return Err(failed("it holds no certificate in PEM form".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_without_certificates_are_refused() {
        for path in ["Cargo.toml", "/no/such/file", "/"] {
            let error = config(&[path.into()], false).unwrap_err().to_string();
            assert!(error.contains(path), "{error}");
        }
        assert!(config(&[], true).is_ok());
    }
}
