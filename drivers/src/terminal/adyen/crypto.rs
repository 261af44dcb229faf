//! NexoCrypto: how a message is hidden from all but the terminal and us (`AdyenCryptoVersion` 1).
//!
//! The keys come from a passphrase by PBKDF2, the message is encrypted by AES-256-CBC, and its plain
//! text is authenticated by HMAC-SHA256. Since the HMAC is over the plain text, it can be looked at
//! only after decryption: whatever fails, the error is the same, so that nobody learns which. It must
//! not know what the messages mean.

use aes::{
    Aes256,
    cipher::{BlockModeDecrypt as _, BlockModeEncrypt as _, KeyIvInit as _, block_padding::Pkcs7},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// The version of the scheme, on every message.
const VERSION: u32 = 1;
const SALT: &[u8] = b"AdyenNexoV1Salt";
const ROUNDS: u32 = 4000;

/// A key that both sides know: its name, its version, and what the passphrase gives. Does not show
/// itself.
#[derive(Clone)]
pub struct NexoCrypto {
    identifier: String,
    version: u32,
    hmac: [u8; 32],
    cipher: [u8; 32],
    iv: [u8; 16],
}

/// What stands beside an encrypted message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SecurityTrailer {
    adyen_crypto_version: u32,
    key_identifier: String,
    key_version: u32,
    nonce: String,
    hmac: String,
}

/// The message cannot be opened: another key, or not what was sent. Says no more on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the message cannot be opened; check that passphrase, key identifier and key version are the \
     terminal's"
)]
pub struct CannotOpen;

impl NexoCrypto {
    /// From what is set at the terminal and here. Slow on purpose: keep it.
    pub fn new(passphrase: &str, identifier: &str, version: u32) -> Self {
        let derived: [u8; 80] =
            pbkdf2::pbkdf2_hmac_array::<Sha1, 80>(passphrase.as_bytes(), SALT, ROUNDS);
        let (mut hmac, mut cipher, mut iv) = ([0; 32], [0; 32], [0; 16]);
        let keys = hmac.iter_mut().chain(&mut cipher).chain(&mut iv);
        for (byte, from) in keys.zip(derived) {
            *byte = from;
        }
        Self {
            identifier: identifier.to_owned(),
            version,
            hmac,
            cipher,
            iv,
        }
    }

    /// Encrypts a message; `nonce` must never come twice. Gives `NexoBlob` and its trailer.
    pub fn seal(&self, plain: &[u8], nonce: [u8; 16]) -> (String, SecurityTrailer) {
        let blob = cbc::Encryptor::<Aes256>::new(&self.cipher.into(), &self.iv(nonce).into())
            .encrypt_padded_vec::<Pkcs7>(plain);
        let trailer = SecurityTrailer {
            adyen_crypto_version: VERSION,
            key_identifier: self.identifier.clone(),
            key_version: self.version,
            nonce: BASE64_STANDARD.encode(nonce),
            hmac: BASE64_STANDARD.encode(self.mac(plain)),
        };
        (BASE64_STANDARD.encode(blob), trailer)
    }

    /// Decrypts a message and looks whether it is whole.
    ///
    /// # Errors
    /// When the key is another one, or the message was changed; never says which.
    pub fn open(&self, blob: &str, trailer: &SecurityTrailer) -> Result<Vec<u8>, CannotOpen> {
        let ours = trailer.adyen_crypto_version == VERSION
            && trailer.key_identifier == self.identifier
            && trailer.key_version == self.version;
        if !ours {
            return Err(CannotOpen);
        }
        let nonce = decode(&trailer.nonce)?;
        let nonce = nonce.try_into().map_err(|_| CannotOpen)?;
        let mac = decode(&trailer.hmac)?;
        let plain = cbc::Decryptor::<Aes256>::new(&self.cipher.into(), &self.iv(nonce).into())
            .decrypt_padded_vec::<Pkcs7>(&decode(blob)?)
            .map_err(|_| CannotOpen)?;
        if bool::from(self.mac(&plain).ct_eq(mac.as_slice())) {
            Ok(plain)
        } else {
            Err(CannotOpen)
        }
    }

    /// Sixteen bytes that only who knows the key can foresee: nonces, from a seed and a count.
    pub fn nonce(&self, seed: &[u8; 16], count: u64) -> [u8; 16] {
        let mut text = b"nonce".to_vec();
        text.extend(seed);
        text.extend(count.to_be_bytes());
        let mut nonce = [0; 16];
        for (byte, from) in nonce.iter_mut().zip(self.mac(&text)) {
            *byte = from;
        }
        nonce
    }

    fn iv(&self, nonce: [u8; 16]) -> [u8; 16] {
        let mut iv = self.iv;
        for (byte, with) in iv.iter_mut().zip(nonce) {
            *byte ^= with;
        }
        iv
    }

    fn mac(&self, plain: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new(&hmac_key(&self.hmac).into());
        mac.update(plain);
        mac.finalize().into_bytes().into()
    }
}

/// A key that is shorter than a block is filled up with zeros (RFC 2104, 2).
fn hmac_key(key: &[u8; 32]) -> [u8; 64] {
    let mut block = [0; 64];
    for (byte, from) in block.iter_mut().zip(key) {
        *byte = *from;
    }
    block
}

fn decode(text: &str) -> Result<Vec<u8>, CannotOpen> {
    BASE64_STANDARD.decode(text).map_err(|_| CannotOpen)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Made by the npm package `@adyen/api-library` 32.1.0.
    const PLAIN: &str = r#"{"SaleToPOIRequest":{"MessageHeader":{"MessageCategory":"Payment","MessageClass":"Service","MessageType":"Request","POIID":"P400Plus-123456789","ProtocolVersion":"3.0","SaleID":"POSSystemID12345","ServiceID":"12345678"}}}"#;
    const BLOB: &str = "Je1cX8VblKD4MOK4Tmn8cCenS7nCrvd7C8Q7txKMLXlo07gqWh7mXXJV+7DBjkMdsDS4AG+8fopFlKSPvnwRHlv5MvcZ2LJrq0qCIthCkj2XO/XGBeyMzUJvFjbndu3r7zHOh0/6q8b5H4/xpOCyGM/7koO7OU9zg5aL2uvg2XDp97QizLedFNoeJcNG2qb8cCWs2x5pYVYbJ4eHic/bXho9LDN03uKimHKuB14GiGD17Wh9HuKzws7jPaxnTh0z4H7GVEIGGgyoQRVXWdpR3j3dBXtVhaa2oUfCCfIhvdw=";
    const HMAC: &str = "Rku10j27JpkV2hnfv+xm4OMa5Lw9fef5Sk5UcPWxFSw=";

    fn crypto() -> NexoCrypto {
        NexoCrypto::new("testPassphrase123", "key", 1)
    }

    fn nonce() -> [u8; 16] {
        std::array::from_fn(|i| u8::try_from(i).unwrap())
    }

    fn hex(bytes: &[u8]) -> String {
        use std::fmt::Write as _;
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    #[test]
    fn keys_are_the_published_ones() {
        let crypto = crypto();
        assert_eq!(
            hex(&crypto.hmac),
            "44aeebe4e072443499b16428c9f2a75ac68798b5a776cf160a68e8682890f3ae"
        );
        assert_eq!(
            hex(&crypto.cipher),
            "76d02bd12c37be19bc3658cc337dbd09cd74f64fd4594f1d9382c40e4e01247f"
        );
        assert_eq!(hex(&crypto.iv), "1d37684ff2ff03be45fcc84d224fa0f5");
    }

    #[test]
    fn a_message_is_sealed_to_the_byte_and_opened() {
        let (blob, trailer) = crypto().seal(PLAIN.as_bytes(), nonce());
        assert_eq!((blob.as_str(), trailer.hmac.as_str()), (BLOB, HMAC));
        assert_eq!(
            serde_json::to_string(&trailer).unwrap(),
            format!(
                r#"{{"AdyenCryptoVersion":1,"KeyIdentifier":"key","KeyVersion":1,"Nonce":"AAECAwQFBgcICQoLDA0ODw==","Hmac":"{HMAC}"}}"#
            )
        );
        assert_eq!(crypto().open(BLOB, &trailer).unwrap(), PLAIN.as_bytes());
    }

    #[test]
    fn another_key_opens_nothing() {
        let (blob, trailer) = crypto().seal(PLAIN.as_bytes(), nonce());
        for other in [
            NexoCrypto::new("testPassphrase124", "key", 1),
            NexoCrypto::new("testPassphrase123", "other", 1),
            NexoCrypto::new("testPassphrase123", "key", 2),
        ] {
            assert_eq!(other.open(&blob, &trailer), Err(CannotOpen));
        }
    }

    #[test]
    fn nonces_differ_by_seed_and_count() {
        let crypto = crypto();
        let nonces = [
            crypto.nonce(&[0; 16], 0),
            crypto.nonce(&[0; 16], 1),
            crypto.nonce(&[1; 16], 0),
        ];
        assert!(nonces[0] != nonces[1] && nonces[0] != nonces[2] && nonces[1] != nonces[2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_was_changed_is_not_opened(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
            let crypto = crypto();
            let (blob, trailer) = crypto.seal(PLAIN.as_bytes(), nonce());
            let mut bytes = BASE64_STANDARD.decode(&blob).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(crypto.open(&BASE64_STANDARD.encode(bytes), &trailer), Err(CannotOpen));
        }

        #[test]
        fn any_text_opens_or_not(blob in ".{0,80}", nonce in "[A-Za-z0-9+/=]{0,30}", hmac in ".{0,50}") {
            let (_, mut trailer) = crypto().seal(b"", [0; 16]);
            (trailer.nonce, trailer.hmac) = (nonce, hmac);
            prop_assert_eq!(crypto().open(&blob, &trailer), Err(CannotOpen));
        }
    }
}
