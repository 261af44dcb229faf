//! Whom an HTTPS link trusts: a certificate that chains to the configured root and names a device
//! of the right kind. The host's name is not looked at, since devices are reached by address.

use std::{sync::Arc, time::Duration};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor,
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
};

use super::error::Fault;

/// How a device proves over HTTPS who it is, and how it is asked.
#[derive(Debug, Clone)]
pub struct Tls {
    /// The roots that its certificate may chain to, as PEM.
    pub roots: String,
    /// Whether a common name is one of such a device.
    pub names: fn(&str) -> bool,
    /// Where it takes requests.
    pub path: &'static str,
    /// How long a request may stay unanswered.
    pub limit: Duration,
}

impl Tls {
    /// The client's side of the handshake.
    pub(super) fn client(&self) -> Result<ClientConfig, Fault> {
        let bad = |error: &dyn std::fmt::Display| Fault::BadRoot(error.to_string());
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(self.roots.as_bytes()) {
            let root = root.map_err(|error| bad(&error))?;
            roots.add(root).map_err(|error| bad(&error))?;
        }
        if roots.is_empty() {
            return Err(Fault::BadRoot("no certificate is in it".to_owned()));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = Verifier {
            roots,
            names: self.names,
            algorithms: provider.signature_verification_algorithms,
        };
        let config = with_provider(provider).map_err(|error| bad(&error))?;
        // Dangerous is what rustls calls any verifier of our own; the chain is still verified by it.
        Ok(config
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth())
    }
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;

fn with_provider(provider: Arc<CryptoProvider>) -> Result<Builder, Error> {
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

/// What a handshake's failure means to a person.
pub(super) fn fault(error: &Error) -> Fault {
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            match other.0.downcast_ref::<OtherName>() {
                Some(OtherName(name)) => Fault::OtherName(name.clone()),
                None => Fault::Untrusted(error.to_string()),
            }
        }
        Error::InvalidCertificate(_) => Fault::Untrusted(error.to_string()),
        _ => Fault::NoTls(error.to_string()),
    }
}

/// The certificate's common name is no device's.
#[derive(Debug, thiserror::Error)]
#[error("the certificate is for “{0}”")]
struct OtherName(String);

#[derive(Debug)]
struct Verifier {
    roots: RootCertStore,
    names: fn(&str) -> bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        verify_server_cert_signed_by_trust_anchor(
            &ParsedCertificate::try_from(end_entity)?,
            &self.roots,
            intermediates,
            now,
            self.algorithms.all,
        )?;
        let certificate = webpki::EndEntityCert::try_from(end_entity)
            .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        let name = common_name(certificate.subject()).unwrap_or_default();
        if (self.names)(&name) {
            return Ok(ServerCertVerified::assertion());
        }
        let shown = name.chars().filter(|c| !c.is_control()).take(80).collect();
        let other = rustls::OtherError(Arc::new(OtherName(shown)));
        Err(Error::InvalidCertificate(CertificateError::Other(other)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// id-at-commonName, 2.5.4.3 (X.520).
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTF8_STRING: u8 = 0x0c;
const PRINTABLE_STRING: u8 = 0x13;
const IA5_STRING: u8 = 0x16;

/// The one common name of a subject (RFC 5280, 4.1.2.4): a sequence of sets of pairs of a type and a
/// value, given with or without its own header. None when there is none, or more than one.
fn common_name(subject: &[u8]) -> Option<String> {
    let mut sets = match element(subject) {
        Some((SEQUENCE, inside, [])) => inside,
        _ => subject,
    };
    let mut found = None;
    while !sets.is_empty() {
        let (SET, mut pairs, rest) = element(sets)? else {
            return None;
        };
        sets = rest;
        while !pairs.is_empty() {
            let (SEQUENCE, pair, more) = element(pairs)? else {
                return None;
            };
            pairs = more;
            let (OBJECT_IDENTIFIER, kind, value) = element(pair)? else {
                return None;
            };
            if kind != COMMON_NAME {
                continue;
            }
            let (UTF8_STRING | PRINTABLE_STRING | IA5_STRING, text, []) = element(value)? else {
                return None;
            };
            if found.is_some() {
                return None;
            }
            found = Some(String::from_utf8(text.to_vec()).ok()?);
        }
    }
    found
}

/// The first element of DER: its tag, its content, and what follows (X.690, 8.1 and 10.1).
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81 => {
            let (length, rest) = rest.split_first()?;
            (usize::from(*length), rest)
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        // No name is so long.
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        let mut bytes = if length < 0x80 {
            vec![tag, length]
        } else {
            vec![tag, 0x81, length]
        };
        bytes.extend(content);
        bytes
    }

    fn pair(kind: &[u8], tag: u8, text: &str) -> Vec<u8> {
        let inside = [der(OBJECT_IDENTIFIER, kind), der(tag, text.as_bytes())].concat();
        der(SET, &der(SEQUENCE, &inside))
    }

    #[test]
    fn the_one_common_name_is_found() {
        let long = "x".repeat(150);
        let name = |text: &str| pair(COMMON_NAME, UTF8_STRING, text);
        let organisation = pair(&[0x55, 0x04, 0x0a], PRINTABLE_STRING, "Someone");
        for (subject, expected) in [
            (name("a.b"), Some("a.b")),
            (pair(COMMON_NAME, PRINTABLE_STRING, "a.b"), Some("a.b")),
            ([organisation.clone(), name("a.b")].concat(), Some("a.b")),
            (
                der(SEQUENCE, &[organisation.clone(), name("a.b")].concat()),
                Some("a.b"),
            ),
            (name(&long), Some(long.as_str())),
            ([name("a.b"), name("c.d")].concat(), None),
            // BMPString: two bytes for a letter.
            (pair(COMMON_NAME, 0x1e, "\0a"), None),
            (organisation, None),
            (Vec::new(), None),
            (name("a.b")[..5].to_vec(), None),
        ] {
            assert_eq!(common_name(&subject).as_deref(), expected, "{subject:x?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_name_or_none(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _: Option<String> = common_name(&bytes);
        }
    }
}
