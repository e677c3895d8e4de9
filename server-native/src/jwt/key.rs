//! The keys behind signed tokens, and what each method does with them.
//!
//! | `sign-method` | private key | public key |
//! | --- | --- | --- |
//! | `HS256` `HS384` `HS512` | any bytes: the secret | none |
//! | `RS256` … `PS512` | PEM, PKCS #1 or #8 | PEM, a public key or a certificate |
//! | `ES256` `ES384` | PEM, SEC 1 or PKCS #8 | the same |
//! | `EdDSA` | PEM, PKCS #8 | the same |
//!
//! `ES512` of etcd is missing: its curve is not in the library that TLS uses here.

use std::fs;
use std::path::Path;

use ring::rand::SystemRandom;
use ring::signature::{self as sig, KeyPair as _};
use ring::{hmac, signature};
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::{JwtError, JwtOptions};

/// How a token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// HMAC, with SHA-2 of so many bits.
    Hs(u16),
    /// RSA as in PKCS #1 version 1.5.
    Rs(u16),
    /// RSA with PSS.
    Ps(u16),
    /// ECDSA on P-256.
    Es256,
    /// ECDSA on P-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

/// All of them, by the names that RFC 7518 and 8037 give them.
const METHODS: [(&str, Method); 12] = [
    ("HS256", Method::Hs(256)),
    ("HS384", Method::Hs(384)),
    ("HS512", Method::Hs(512)),
    ("RS256", Method::Rs(256)),
    ("RS384", Method::Rs(384)),
    ("RS512", Method::Rs(512)),
    ("PS256", Method::Ps(256)),
    ("PS384", Method::Ps(384)),
    ("PS512", Method::Ps(512)),
    ("ES256", Method::Es256),
    ("ES384", Method::Es384),
    ("EdDSA", Method::EdDsa),
];

impl Method {
    /// # Errors
    /// There is no such method, or it is not built.
    pub(super) fn by_name(name: &str) -> Result<Self, JwtError> {
        if name == "ES512" {
            return Err(JwtError::Method(name.to_owned()));
        }
        let found = METHODS.iter().find(|(known, _)| *known == name);
        found.map(|(_, method)| *method).ok_or(JwtError::Options)
    }

    /// The name in a token's head.
    pub(super) fn name(self) -> &'static str {
        METHODS.iter().find(|(_, method)| *method == self).map_or("none", |(name, _)| name)
    }

    fn verification(self) -> Option<&'static dyn signature::VerificationAlgorithm> {
        Some(match self {
            Self::Hs(_) => return None,
            Self::Rs(256) => &sig::RSA_PKCS1_2048_8192_SHA256,
            Self::Rs(384) => &sig::RSA_PKCS1_2048_8192_SHA384,
            Self::Rs(_) => &sig::RSA_PKCS1_2048_8192_SHA512,
            Self::Ps(256) => &sig::RSA_PSS_2048_8192_SHA256,
            Self::Ps(384) => &sig::RSA_PSS_2048_8192_SHA384,
            Self::Ps(_) => &sig::RSA_PSS_2048_8192_SHA512,
            Self::Es256 => &sig::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &sig::ECDSA_P384_SHA384_FIXED,
            Self::EdDsa => &sig::ED25519,
        })
    }

    fn rsa(self) -> &'static dyn signature::RsaEncoding {
        match self {
            Self::Rs(256) => &sig::RSA_PKCS1_SHA256,
            Self::Rs(384) => &sig::RSA_PKCS1_SHA384,
            Self::Rs(_) => &sig::RSA_PKCS1_SHA512,
            Self::Ps(256) => &sig::RSA_PSS_SHA256,
            Self::Ps(384) => &sig::RSA_PSS_SHA384,
            _ => &sig::RSA_PSS_SHA512,
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Hs(256) => hmac::HMAC_SHA256,
            Self::Hs(384) => hmac::HMAC_SHA384,
            _ => hmac::HMAC_SHA512,
        }
    }
}

/// What signs.
pub(super) enum Signer {
    Secret(hmac::Key),
    Rsa(sig::RsaKeyPair),
    Ecdsa(sig::EcdsaKeyPair),
    Ed(sig::Ed25519KeyPair),
}

/// What signs, if there is such a key, and what verifies.
pub(super) struct Key {
    signer: Option<Signer>,
    /// The public key as its method writes it; empty for a secret.
    public: Vec<u8>,
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A secret must not get into a log.
        f.debug_struct("Key").field("signs", &self.signer.is_some()).finish_non_exhaustive()
    }
}

impl Key {
    /// # Errors
    /// A file is missing, is no key of that method, or the two keys are of different pairs.
    pub(super) fn read(options: &JwtOptions) -> Result<Self, JwtError> {
        let method = options.method;
        let private = options.private.as_deref().map(|path| (path, contents(path)));
        let public = options.public.as_deref().map(|path| (path, contents(path)));
        let signer =
            private.map(|(path, bytes)| Signer::read(method, path, &bytes?)).transpose()?;
        if let Method::Hs(_) = method {
            // etcd reads the other file, too, and does nothing with it.
            public.map(|(_, bytes)| bytes).transpose()?;
            return match signer {
                Some(signer) => Ok(Self { signer: Some(signer), public: Vec::new() }),
                None => Err(JwtError::NoKey),
            };
        }
        let told = public.map(|(path, bytes)| public_key(path, &bytes?)).transpose()?;
        let own = signer.as_ref().map(Signer::public);
        match (own, told) {
            (Some(own), Some(told)) if own != told => Err(JwtError::Mismatch),
            (Some(public), _) | (None, Some(public)) => Ok(Self { signer, public }),
            (None, None) => Err(JwtError::NoKey),
        }
    }

    pub(super) fn signer(&self) -> Option<&Signer> {
        self.signer.as_ref()
    }

    pub(super) fn verifies(&self, method: Method, said: &[u8], signature: &[u8]) -> bool {
        match (&self.signer, method.verification()) {
            (Some(Signer::Secret(key)), _) => hmac::verify(key, said, signature).is_ok(),
            (_, Some(algorithm)) => {
                let key = sig::UnparsedPublicKey::new(algorithm, &self.public);
                key.verify(said, signature).is_ok()
            }
            _ => false,
        }
    }
}

impl Signer {
    fn read(method: Method, path: &Path, bytes: &[u8]) -> Result<Self, JwtError> {
        if let Method::Hs(_) = method {
            if bytes.is_empty() {
                return Err(JwtError::NoKey);
            }
            return Ok(Self::Secret(hmac::Key::new(method.hmac(), bytes)));
        }
        let der = PrivateKeyDer::from_pem_slice(bytes)
            .map_err(|_| bad(path, "it is no private key in PEM"))?;
        let rejected = |why: ring::error::KeyRejected| bad(path, &why.to_string());
        match (method, &der) {
            (Method::Rs(_) | Method::Ps(_), PrivateKeyDer::Pkcs1(key)) => {
                sig::RsaKeyPair::from_der(key.secret_pkcs1_der()).map(Self::Rsa).map_err(rejected)
            }
            (Method::Rs(_) | Method::Ps(_), PrivateKeyDer::Pkcs8(key)) => {
                sig::RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map(Self::Rsa).map_err(rejected)
            }
            (Method::Es256 | Method::Es384, PrivateKeyDer::Pkcs8(key)) => {
                Self::ecdsa(method, key.secret_pkcs8_der()).map_err(rejected)
            }
            (Method::Es256 | Method::Es384, PrivateKeyDer::Sec1(key)) => {
                Self::ecdsa(method, &pkcs8_of(method, key.secret_sec1_der())).map_err(rejected)
            }
            (Method::EdDsa, PrivateKeyDer::Pkcs8(key)) => {
                let key = sig::Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.secret_pkcs8_der());
                key.map(Self::Ed).map_err(rejected)
            }
            _ => Err(bad(path, &format!("it is no private key for {}", method.name()))),
        }
    }

    fn ecdsa(method: Method, pkcs8: &[u8]) -> Result<Self, ring::error::KeyRejected> {
        let algorithm = match method {
            Method::Es256 => &sig::ECDSA_P256_SHA256_FIXED_SIGNING,
            _ => &sig::ECDSA_P384_SHA384_FIXED_SIGNING,
        };
        sig::EcdsaKeyPair::from_pkcs8(algorithm, pkcs8, &SystemRandom::new()).map(Self::Ecdsa)
    }

    fn public(&self) -> Vec<u8> {
        match self {
            Self::Secret(_) => Vec::new(),
            Self::Rsa(key) => key.public_key().as_ref().to_vec(),
            Self::Ecdsa(key) => key.public_key().as_ref().to_vec(),
            Self::Ed(key) => key.public_key().as_ref().to_vec(),
        }
    }

    /// `None` when the system gives no random bytes.
    pub(super) fn sign(&self, method: Method, said: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Secret(key) => Some(hmac::sign(key, said).as_ref().to_vec()),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(method.rsa(), &random, said, &mut signature).ok()?;
                Some(signature)
            }
            Self::Ecdsa(key) => Some(key.sign(&random, said).ok()?.as_ref().to_vec()),
            Self::Ed(key) => Some(key.sign(said).as_ref().to_vec()),
        }
    }
}

/// The public key of a file, as its method writes it.
fn public_key(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, JwtError> {
    let inside = |info: &SubjectPublicKeyInfo<'_>| info.subject_public_key.data.to_vec();
    if let Ok(der) = SubjectPublicKeyInfoDer::from_pem_slice(bytes)
        && let Ok((_, info)) = SubjectPublicKeyInfo::from_der(&der)
    {
        return Ok(inside(&info));
    }
    if let Ok(der) = CertificateDer::from_pem_slice(bytes)
        && let Ok((_, certificate)) = X509Certificate::from_der(&der)
    {
        return Ok(inside(certificate.public_key()));
    }
    Err(bad(path, "it is no public key in PEM"))
}

/// A key of elliptic curves in the form of SEC 1, with the wrapping that tells its curve (RFC 5958).
fn pkcs8_of(method: Method, sec1: &[u8]) -> Vec<u8> {
    const EC_PUBLIC_KEY: [u8; 9] = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
    let curve = if method == Method::Es256 { P256 } else { P384 };
    let algorithm = der(0x30, &[&EC_PUBLIC_KEY[..], curve].concat());
    let version = der(0x02, &[0]);
    der(0x30, &[version, algorithm, der(0x04, sec1)].concat())
}

/// A value of DER: tag, length, contents. No key comes near 64 KiB.
fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(contents.len()).unwrap_or(u16::MAX).to_be_bytes();
    let head = match (high, low) {
        (0, 0..0x80) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&head[..], contents].concat()
}

fn contents(path: &Path) -> Result<Vec<u8>, JwtError> {
    fs::read(path).map_err(|why| bad(path, &why.to_string()))
}

fn bad(path: &Path, why: &str) -> JwtError {
    JwtError::File { path: path.display().to_string(), why: why.to_owned() }
}
