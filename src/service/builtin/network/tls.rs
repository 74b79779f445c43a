//! The certificate that a host presents: names, issuer, days left.
//!
//! Looks at what is there, also where it is expired or of an unknown issuer: whom it is trusted by is not judged.

use std::net::{TcpStream, ToSocketAddrs as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use serde_json::json;

use super::der;
use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::param::{broke, port, text, wrong};
use crate::service::builtin::registry::{Answer, Params};

const PATIENCE: Duration = Duration::from_secs(5);
const DAY: i64 = 86_400;

pub fn tls_cert(params: &Params) -> Answer {
    let host = text(params, "host")?;
    let port = port(params)?.unwrap_or(443);
    let chain = presented(&host, port)?;
    let leaf = chain.first().and_then(|der| der::parse(der));
    let leaf = leaf.ok_or_else(|| broke(FailureClass::Permanent, format!("{host}:{port} presents no certificate that can be read")))?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let left = leaf.not_after - i64::try_from(now).unwrap_or(i64::MAX);
    let day = |seconds: i64| jiff::Timestamp::from_second(seconds).map(|moment| moment.to_string()).unwrap_or_default();
    Ok(json!({
        "cert": {
            "subject": leaf.subject,
            "issuer": leaf.issuer,
            "not_before": day(leaf.not_before),
            "not_after": day(leaf.not_after),
            "names": leaf.names,
            "chain_length": chain.len(),
        },
        "host": host,
        "port": port,
        "days_left": left.div_euclid(DAY),
    }))
}

fn presented(host: &str, port: u16) -> Result<Vec<Vec<u8>>, Failure> {
    let provider = Arc::new(ring::default_provider());
    let seen = Arc::new(Seen { provider: Arc::clone(&provider), chain: Mutex::default() });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| broke(FailureClass::Config, error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&seen) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|_| wrong(format!("`host` is no name of a host: {host}")))?;
    let mut connection = ClientConnection::new(Arc::new(config), name).map_err(|error| broke(FailureClass::Config, error.to_string()))?;
    let mut stream = connect(host, port)?;
    let shaken = connection.complete_io(&mut stream);
    let chain = std::mem::take(&mut *seen.chain.lock().unwrap_or_else(PoisonError::into_inner));
    match shaken {
        Err(error) if chain.is_empty() => Err(broke(FailureClass::DependencyDown, format!("TLS with {host}:{port}: {error}"))),
        Ok(_) | Err(_) => Ok(chain),
    }
}

fn connect(host: &str, port: u16) -> Result<TcpStream, Failure> {
    let down = |error: std::io::Error| broke(FailureClass::DependencyDown, format!("connect to {host}:{port}: {error}"));
    let mut last = std::io::ErrorKind::NotFound.into();
    for address in (host, port).to_socket_addrs().map_err(down)? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE))).map_err(down)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(down(last))
}

/// Takes any certificate and keeps it; signatures of the handshake are verified all the same.
#[derive(Debug)]
struct Seen {
    provider: Arc<CryptoProvider>,
    chain: Mutex<Vec<Vec<u8>>>,
}

impl ServerCertVerifier for Seen {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain = std::iter::once(leaf).chain(rest).map(|der| der.to_vec()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
