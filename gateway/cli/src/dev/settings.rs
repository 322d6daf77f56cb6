//! What a development bus keeps across runs: its ports, and where its trail is.

use std::{
    collections::BTreeMap,
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
};

use oncebus_gateway::{Rng as _, SystemRng};
use serde::{Deserialize, Serialize};

use super::{
    cast::Cast,
    home::{Home, disk, read_if_there, write_json},
};
use crate::exit::CliError;

/// Ports are taken from here: below the range from which systems give ports to connections, so that
/// none is lent out between two runs.
const FIRST_PORT: u16 = 20_000;
const PORTS: u16 = 12_000;
/// Ports tried until one is free.
const TRIES: usize = 200;

/// What a development bus keeps across runs; `dev.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// Port of the gateway on the loopback address.
    pub(super) gateway_port: u16,
    /// Port of each department's adapter on the loopback address.
    pub(super) adapter_ports: BTreeMap<String, u16>,
    /// Folder of the trail.
    pub(super) trail_dir: PathBuf,
}

// === impl Settings ===

impl Settings {
    /// Reads the settings of the last run, adds what is missing, and keeps them.
    ///
    /// # Errors
    ///
    /// Returns wrong usage if the file is not what this program writes, or no port is free.
    pub(super) fn settle(
        home: &Home,
        cast: &Cast,
        trail_dir: Option<&Path>,
    ) -> Result<Self, CliError> {
        let mut settings = match read_if_there(&home.settings())? {
            Some(text) => serde_json::from_str(&text).map_err(|error| {
                let path = home.settings();
                CliError::usage(format!("{}: {error}; delete it to begin anew", path.display()))
            })?,
            None => Self {
                gateway_port: free_port()?,
                adapter_ports: BTreeMap::new(),
                trail_dir: home.dir().join("trail"),
            },
        };
        for member in &cast.members {
            if !settings.adapter_ports.contains_key(&member.department) {
                settings.adapter_ports.insert(member.department.clone(), free_port()?);
            }
        }
        if let Some(dir) = trail_dir {
            settings.trail_dir =
                std::path::absolute(dir).map_err(|error| disk("use", dir, &error))?;
        }
        write_json(&home.settings(), &settings)?;
        Ok(settings)
    }

    /// Forgets the ports, so that the next start draws others.
    ///
    /// # Errors
    ///
    /// Returns what the operating system says.
    pub(super) fn forget(home: &Home) -> Result<(), CliError> {
        let file = home.settings();
        fs::remove_file(&file).map_err(|error| disk("remove", &file, &error))
    }
}

/// Draws ports until one is free.
fn free_port() -> Result<u16, CliError> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        let mut drawn = [0; 2];
        SystemRng.fill(&mut drawn);
        let port = FIRST_PORT + u16::from_be_bytes(drawn) % PORTS;
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_free) => return Ok(port),
            Err(error) => last = error,
        }
    }
    Err(CliError::check(format!("no free port found on 127.0.0.1: {last}")))
}

#[cfg(test)]
mod tests {
    use oncebus_gateway::Catalog;

    use super::*;
    use crate::dev::catalogue::shipped;

    #[test]
    fn ports_and_trail_stay_across_runs() {
        let temporary = tempfile::tempdir().unwrap();
        let home = Home::open(temporary.path()).unwrap();
        let cast = Cast::of(&Catalog::from_sources(&shipped()).unwrap()).unwrap();

        let first = Settings::settle(&home, &cast, Some(Path::new("/elsewhere/trail"))).unwrap();
        let later = Settings::settle(&home, &cast, None).unwrap();

        assert_eq!(first, later);
        assert_eq!(later.trail_dir, Path::new("/elsewhere/trail"));
        assert_eq!(later.adapter_ports.len(), 3);
    }

    #[test]
    fn forgotten_ports_are_drawn_anew() {
        let temporary = tempfile::tempdir().unwrap();
        let home = Home::open(temporary.path()).unwrap();
        let cast = Cast::of(&Catalog::from_sources(&shipped()).unwrap()).unwrap();
        let first = Settings::settle(&home, &cast, None).unwrap();
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, first.gateway_port)).unwrap();

        Settings::forget(&home).unwrap();
        let second = Settings::settle(&home, &cast, None).unwrap();

        assert_ne!(second.gateway_port, first.gateway_port);
    }
}
