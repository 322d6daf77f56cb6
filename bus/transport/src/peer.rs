//! Who is at the other end of a connection.

use std::net::SocketAddr;

use crate::Identity;

/// Who is at the other end of a connection, from its verified certificate.
///
/// Every request carries it as an `Arc<Peer>` in its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The one identity there is.
    pub identity: Identity,
    /// The identity as the certificate spells it.
    pub spiffe_id: String,
    /// SHA-256 of the certificate's DER bytes.
    pub certificate: [u8; 32],
    /// Where the connection comes from; a proxy's address if there is one between.
    pub address: SocketAddr,
}
