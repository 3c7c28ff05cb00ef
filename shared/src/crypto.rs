//! The few cryptographic operations that Pairly needs, over one stack (aws-lc).

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::{INTERNAL_ERROR, Result};

/// SHA-256 (FIPS 180-4) of the parts, one after the other.
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    take(context.finish().as_ref())
}

/// HMAC-SHA-256 (RFC 2104) of the parts, each preceded by its length so that no two lists of
/// parts give the same input.
pub fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    take(context.sign().as_ref())
}

/// HMAC-SHA-256 (RFC 2104) of a text as it is, for protocols that say so.
pub fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    take(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref())
}

/// HMAC-SHA-1 (RFC 2104) of a text, for the one protocol that still says so: TURN credentials.
pub fn hmac_sha1(key: &[u8], text: &[u8]) -> [u8; 20] {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    take(hmac::sign(&key, text).as_ref())
}

/// Base 16 in lower case (RFC 4648 §8).
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads base 16 in lower case.
pub fn read_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok();
    digits.map(byte).collect()
}

/// Whether two byte strings are equal, in time that depends on their length only.
pub fn same(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// The first `N` bytes; zeros where there are fewer.
pub fn take<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}

/// base64url without padding (RFC 4648 §5).
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64url without padding.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Letters of base32 (RFC 4648 §6).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// base32 without padding (RFC 4648 §6), as people type it.
pub fn base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        (held, bits) = (held << 8 | u32::from(*byte), bits + 8);
        while bits >= 5 {
            bits -= 5;
            out.push(letter(held >> bits));
            held &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        out.push(letter(held << (5 - bits)));
    }
    out
}

fn letter(five_bits: u32) -> char {
    let [low, ..] = five_bits.to_le_bytes();
    BASE32
        .get(usize::from(low & 31))
        .map_or('A', |b| char::from(*b))
}

/// Reads base32 without padding, in either case.
pub fn read_base32(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for b in text.bytes().map(|b| b.to_ascii_uppercase()) {
        let value = BASE32.iter().position(|known| *known == b)?;
        (held, bits) = (held << 5 | u32::try_from(value).ok()?, bits + 5);
        if bits >= 8 {
            bits -= 8;
            let [byte, ..] = (held >> bits).to_le_bytes();
            out.push(byte);
            held &= (1 << bits) - 1;
        }
    }
    Some(out)
}

/// Encrypts with AES-256-GCM under a random nonce; `context` must be given again to open.
/// The result is nonce, ciphertext and tag.
///
/// # Errors
/// 500 when the key has not 32 bytes.
pub fn seal(key: &[u8; 32], context: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key)
        .map_err(|_| INTERNAL_ERROR.because("data key"))?;
    let mut bytes = plain.to_vec();
    let nonce = key
        .seal_in_place_append_tag(Aad::from(context), &mut bytes)
        .map_err(|_| INTERNAL_ERROR.because("seal"))?;
    Ok([nonce.as_ref().as_slice(), &bytes].concat())
}

/// Opens what [`seal`] made.
///
/// # Errors
/// 500 when key, context or bytes are not those of the sealing.
pub fn open(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
    let wrong = || INTERNAL_ERROR.because("sealed bytes do not open");
    let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN).ok_or_else(wrong)?;
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| wrong())?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| wrong())?;
    let mut bytes = bytes.to_vec();
    let plain = key
        .open_in_place(nonce, Aad::from(context), &mut bytes)
        .map_err(|_| wrong())?;
    Ok(plain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_bytes_open_only_with_their_context() {
        let key = [7; 32];
        let sealed = seal(&key, b"data/usr/account/email", b"ann@pairly.test").unwrap();
        assert_eq!(
            open(&key, b"data/usr/account/email", &sealed).unwrap(),
            b"ann@pairly.test"
        );
        assert!(open(&key, b"data/usr/account/name", &sealed).is_err());
        assert!(open(&[8; 32], b"data/usr/account/email", &sealed).is_err());
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&key, b"data/usr/account/email", &changed).is_err());
        }
        assert!(open(&key, b"", &[1, 2, 3]).is_err());
    }

    #[test]
    fn base32_is_that_of_the_standard() {
        for (plain, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(plain.as_bytes()), text);
            assert_eq!(read_base32(&text.to_lowercase()).unwrap(), plain.as_bytes());
        }
        assert!(read_base32("MZX1").is_none());
    }

    #[test]
    fn a_mac_tells_its_parts_apart() {
        assert_ne!(mac(b"key", &[b"ab", b"c"]), mac(b"key", &[b"a", b"bc"]));
    }
}
