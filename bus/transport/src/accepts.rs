//! Which peers a listener or a dialer takes.

use std::fmt;

use crate::Identity;

/// Which peers a listener or a dialer takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepts {
    /// Systems of any department: the gateway's listener.
    Systems,
    /// Gateways: an adapter's listener, and every caller's dialer.
    Gateways,
    /// Adapters of this department: the gateway's dialer.
    AdaptersOf(String),
}

impl Accepts {
    /// Tells whether `identity` is of the kind that is taken.
    pub fn takes(&self, identity: &Identity) -> bool {
        match (self, identity) {
            (Self::Systems, Identity::System { .. }) => true,
            (Self::Gateways, Identity::Gateway { .. }) => true,
            (Self::AdaptersOf(wanted), Identity::Adapter { department, .. }) => {
                wanted == department
            }
            _ => false,
        }
    }
}

impl fmt::Display for Accepts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Systems => f.write_str("a department's system"),
            Self::Gateways => f.write_str("a gateway"),
            Self::AdaptersOf(department) => write!(f, "an adapter of {department}"),
        }
    }
}
