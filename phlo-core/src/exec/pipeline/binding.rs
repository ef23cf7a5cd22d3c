//! Channel binding: the hash of a server's certificate that a login is bound to (RFC 5929,
//! `tls-server-end-point`). Reads as much of a certificate as it takes to know its signature.

use rustls::crypto::{hash::Hash, ring::cipher_suite};

use crate::exec::pipeline::stream::Stream;

/// The hash of the certificate of the server at the other end, if the stream is encrypted and the
/// certificate is signed in a way that has a hash here.
pub(super) fn end_point(stream: &Stream) -> Option<Vec<u8>> {
    let Stream::Tls(stream) = stream else { return None };
    let (_, session) = stream.get_ref();
    hash(session.peer_certificates()?.first()?)
}

fn hash(certificate: &[u8]) -> Option<Vec<u8>> {
    let suite = match signature_hash(signature_algorithm(certificate)?)? {
        SignatureHash::Sha256 => cipher_suite::TLS13_AES_128_GCM_SHA256,
        SignatureHash::Sha384 => cipher_suite::TLS13_AES_256_GCM_SHA384,
    };
    let hash: &dyn Hash = suite.tls13()?.common.hash_provider;
    Some(hash.hash(certificate).as_ref().to_vec())
}

#[derive(Debug, PartialEq, Eq)]
enum SignatureHash {
    Sha256,
    Sha384,
}

/// The hash that goes with an object identifier of a signature algorithm.
fn signature_hash(oid: &[u8]) -> Option<SignatureHash> {
    /// 1.2.840.113549.1.1: RSA.
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
    /// 1.2.840.10045.4: ECDSA.
    const ECDSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04];

    if let Some(kind) = oid.strip_prefix(RSA) {
        return match kind {
            // RFC 5929: MD5 and SHA-1 are replaced by SHA-256.
            [4 | 5 | 11] => Some(SignatureHash::Sha256),
            [12] => Some(SignatureHash::Sha384),
            _ => None,
        };
    }
    match oid.strip_prefix(ECDSA)? {
        [1] | [3, 2] => Some(SignatureHash::Sha256),
        [3, 3] => Some(SignatureHash::Sha384),
        _ => None,
    }
}

/// The object identifier of the algorithm that a certificate is signed with.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    const SEQUENCE: u8 = 0x30;
    const OBJECT_IDENTIFIER: u8 = 0x06;

    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (_, after_contents) = element(certificate, SEQUENCE)?;
    let (algorithm, _) = element(after_contents, SEQUENCE)?;
    let (oid, _) = element(algorithm, OBJECT_IDENTIFIER)?;
    Some(oid)
}

/// What an element of DER contains, and what comes after it.
fn element(bytes: &[u8], expected: u8) -> Option<(&[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit));
            (length, rest)
        }
        _ => return None,
    };
    (*tag == expected).then(|| rest.split_at_checked(length))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An outline of a certificate: contents, algorithm, signature.
    fn certificate(oid: &[u8]) -> Vec<u8> {
        let mut algorithm = vec![0x06, u8::try_from(oid.len()).unwrap()];
        algorithm.extend(oid);
        let mut inside = vec![0x30, 0x81, 0x80];
        inside.extend([0; 0x80]);
        inside.extend([0x30, u8::try_from(algorithm.len()).unwrap()]);
        inside.extend(algorithm);
        inside.extend([0x03, 0x01, 0x00]);
        let mut all = vec![0x30, 0x82];
        all.extend(u16::try_from(inside.len()).unwrap().to_be_bytes());
        all.extend(inside);
        all
    }

    #[test]
    fn the_hash_follows_the_signature() {
        let rsa = |last| [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last];
        let found = |oid: &[u8]| signature_hash(signature_algorithm(&certificate(oid)).unwrap());
        assert_eq!(found(&rsa(5)), Some(SignatureHash::Sha256));
        assert_eq!(found(&rsa(11)), Some(SignatureHash::Sha256));
        assert_eq!(found(&rsa(12)), Some(SignatureHash::Sha384));
        assert_eq!(found(&rsa(13)), None);
        let ecdsa = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
        assert_eq!(found(&ecdsa), Some(SignatureHash::Sha384));
        assert_eq!(found(&[0x2b, 0x65, 0x70]), None);
        assert_eq!(hash(&certificate(&ecdsa)).map(|hash| hash.len()), Some(48));
        assert_eq!(hash(&certificate(&rsa(11))).map(|hash| hash.len()), Some(32));
    }

    #[test]
    fn a_certificate_cut_short_has_no_hash() {
        let whole = certificate(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 11]);
        for length in 0..whole.len() {
            assert_eq!(signature_algorithm(&whole[..length]), None, "{length}");
        }
        assert!(signature_algorithm(&whole).is_some());
    }
}
