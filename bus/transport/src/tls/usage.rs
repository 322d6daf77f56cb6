//! What a certificate may be used for.

use std::cell::Cell;

use webpki::{ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage};

/// OID 1.3.6.1.5.5.7.3.1, DER content.
pub(crate) const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// OID 1.3.6.1.5.5.7.3.2, DER content.
pub(crate) const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

/// Demands the usage of the leaf; authorities above it need it only if they name any.
///
/// webpki's own rule lets a leaf pass that names no usage at all. It asks for the leaf first, then for
/// the issuers along each path.
#[derive(Debug)]
pub(crate) struct LeafUsage {
    oid: &'static [u8],
    leaf_seen: Cell<bool>,
}

impl LeafUsage {
    pub(crate) fn new(oid: &'static [u8]) -> Self {
        Self { oid, leaf_seen: Cell::new(false) }
    }
}

impl ExtendedKeyUsageValidator for LeafUsage {
    fn validate(&self, usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        let rule = if self.leaf_seen.replace(true) {
            KeyUsage::required_if_present(self.oid)
        } else {
            KeyUsage::required(self.oid)
        };
        rule.validate(usages)
    }
}
