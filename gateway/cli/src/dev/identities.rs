//! The authority and the certificates of a development bus.

use std::{fs, io, path::Path};

use jiff::Timestamp;
use oncebus_transport::{Identity, TrustDomain};

use super::{
    cast::{ADAPTER, AUDIT_DEPARTMENT, AUDITOR, Cast, GATEWAY, OPERATOR, SECURITY},
    home::{Home, disk},
};
use crate::{
    ca::{self, Authority, Issued, Lifetime, Names},
    exit::CliError,
};

/// The trust domain of every development bus.
const TRUST_DOMAIN: &str = "oncebus.test";
/// Certificates of a development bus last as long as its authority, but for a month.
const DAYS: u32 = 3_620;

/// Makes the authority and the certificates that are missing.
pub(super) fn ensure(home: &Home, cast: &Cast, now: Timestamp) -> Result<Authority, CliError> {
    let domain = TRUST_DOMAIN.parse::<TrustDomain>().expect("it is spelt as a trust domain");
    whole(&home.authority(), ca::CERTIFICATE_FILE, |dir| {
        Authority::init(dir, domain, now)?;
        Ok(())
    })?;
    let authority = Authority::open(&home.authority())?;
    let ensure = |identity: Identity, dir: &Path| {
        whole(dir, Issued::CERTIFICATE_FILE, |dir| {
            let names = Names::default().or_loopback(&identity);
            authority.issue(&identity, &names, Lifetime::days(DAYS, now))?.write(dir)?;
            Ok(())
        })
    };
    ensure(Identity::Gateway { id: GATEWAY.to_owned() }, &home.gateway_tls())?;
    for member in &cast.members {
        let department = &member.department;
        ensure(adapter(department), &home.adapter_tls(department))?;
        ensure(system(department, department), &home.system_tls(department))?;
    }
    for name in [AUDITOR, OPERATOR, SECURITY] {
        ensure(system(AUDIT_DEPARTMENT, name), &home.system_tls(name))?;
    }
    Ok(authority)
}

pub(super) fn adapter(department: &str) -> Identity {
    Identity::Adapter { department: department.to_owned(), name: ADAPTER.to_owned() }
}

pub(super) fn system(department: &str, name: &str) -> Identity {
    Identity::System { department: department.to_owned(), name: name.to_owned() }
}

/// Makes the folder `dir` whole unless it has `file`: a run that was cut leaves no half.
fn whole(
    dir: &Path,
    file: &str,
    make: impl FnOnce(&Path) -> Result<(), CliError>,
) -> Result<(), CliError> {
    if dir.join(file).is_file() {
        return Ok(());
    }
    let draft = dir.with_extension("draft");
    match fs::remove_dir_all(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(disk("remove", &draft, &error));
        }
        _ => {}
    }
    make(&draft)?;
    fs::rename(&draft, dir).map_err(|error| disk("make", dir, &error))
}
