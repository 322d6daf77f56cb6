//! Flags of `ca init` and `ca issue`.

use std::{net::IpAddr, path::PathBuf};

use clap::Args;
use jiff::Timestamp;
use oncebus_transport::{Identity, TrustDomain};

use super::{Authority, CaError, Lifetime, Names, key_store};
use crate::say;

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// Folder of the new authority
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Trust domain of every identity it will issue
    #[arg(long, value_name = "NAME", default_value = "oncebus.test")]
    trust_domain: TrustDomain,
}

#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// Folder of the authority
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    #[command(flatten)]
    whose: WhoseArgs,
    /// Folder for cert.pem, key.pem and ca.pem
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// DNS name of the server; gateways and adapters have localhost unless a name is given
    #[arg(long, value_name = "NAME")]
    dns: Vec<String>,
    /// IP address of the server; gateways and adapters have 127.0.0.1 and ::1 unless one is given
    #[arg(long, value_name = "ADDRESS")]
    ip: Vec<IpAddr>,
    /// Days until it expires
    #[arg(long, value_name = "N", default_value_t = Lifetime::DEFAULT_DAYS,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(Lifetime::MAX_DAYS)))]
    days: u32,
    /// Write key.p12 too (PKCS #12, for Windows and Java); its password is in p12.password
    #[arg(long)]
    p12: bool,
}

/// Whose certificate; exactly one is given.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct WhoseArgs {
    /// A department's system
    #[arg(long, value_name = "DEPT/NAME", value_parser = department_and_name)]
    system: Option<(String, String)>,
    /// A department's adapter
    #[arg(long, value_name = "DEPT/NAME", value_parser = department_and_name)]
    adapter: Option<(String, String)>,
    /// A gateway
    #[arg(long, value_name = "ID")]
    gateway: Option<String>,
}

// === impl InitArgs ===

impl InitArgs {
    pub(super) fn run(self, now: Timestamp) -> Result<(), CaError> {
        Authority::init(&self.dir, self.trust_domain, now)?;
        say::note(format_args!("authority is in {}", self.dir.display()));
        Ok(())
    }
}

// === impl IssueArgs ===

impl IssueArgs {
    pub(super) fn run(self, now: Timestamp) -> Result<(), CaError> {
        let authority = Authority::open(&self.dir)?;
        let identity = self.whose.identity();
        let names = Names::new(self.dns, self.ip).or_loopback(&identity);
        let issued = authority.issue(&identity, &names, Lifetime::days(self.days, now))?;
        if self.p12 {
            key_store::refuse_existing(&self.out)?;
        }
        issued.write(&self.out)?;
        if self.p12 {
            key_store::write(&issued, &self.out)?;
        }
        say::note(format_args!(
            "{} until {}: {}",
            issued.spiffe_id,
            issued.not_after,
            self.out.display()
        ));
        Ok(())
    }
}

// === impl WhoseArgs ===

impl WhoseArgs {
    /// Returns who the certificate is for; the names are checked where it is issued.
    fn identity(self) -> Identity {
        if let Some((department, name)) = self.system {
            Identity::System { department, name }
        } else if let Some((department, name)) = self.adapter {
            Identity::Adapter { department, name }
        } else {
            Identity::Gateway { id: self.gateway.unwrap_or_default() }
        }
    }
}

fn department_and_name(text: &str) -> Result<(String, String), String> {
    let (department, name) = text
        .split_once('/')
        .ok_or("give the department's code, a slash and a name, for example housing/approval")?;
    Ok((department.to_owned(), name.to_owned()))
}
