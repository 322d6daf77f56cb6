//! A whole bus on one machine: everything it needs, its processes, and its end.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, sync::Arc};

use futures_util::{
    future::{join_all, try_join_all},
    stream::{FuturesUnordered, StreamExt as _},
};
use oncebus_gateway::{Catalog, Clock as _, GatewayConfig, MaterialType, Supply, SystemClock};
use oncebus_trail::VerifierKey;

use super::{
    cast::{AUDITOR, Cast, OPERATOR},
    catalogue,
    child::Child,
    config::Setting,
    connection::{Connection, Processes},
    home::{Home, write_json},
    identities, samples, seal_identity,
    settings::Settings,
};
use crate::{
    exit::{CliError, Exit},
    sample::{PROJECT, SCHEME},
};

/// What a bus is started with.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Folder for everything.
    pub(crate) dir: PathBuf,
    /// Catalogue instead of the last run's or the shipped one.
    pub(crate) catalog: Option<PathBuf>,
    /// Folder of the trail instead of the last run's, or the one within `dir`.
    pub(crate) trail_dir: Option<PathBuf>,
    /// Address of each adapter that is not to be started, by department.
    pub(crate) foreign_adapters: BTreeMap<String, String>,
    /// What the processes log unless the user says otherwise.
    pub(crate) log: &'static str,
}

/// A running bus. Its processes end when it is dropped.
#[derive(Debug)]
pub(crate) struct Town {
    gateway: Child,
    adapters: BTreeMap<String, Child>,
    catalog: Arc<Catalog>,
    cast: Cast,
    verifier: VerifierKey,
    home: Home,
    log: &'static str,
}

/// What a start made.
struct Started {
    gateway: Child,
    adapters: BTreeMap<String, Child>,
    catalog: Catalog,
    cast: Cast,
    verifier: VerifierKey,
}

/// How often a first run draws its ports.
const PORT_TRIES: u32 = 5;

// === impl Town ===

impl Town {
    /// Makes what is missing in the folder, starts the processes, and waits until all are ready.
    ///
    /// # Errors
    ///
    /// Returns wrong usage for what cannot be made, and a failed check for a process that does not
    /// start; those that did are ended.
    pub(crate) async fn start(plan: Plan) -> Result<Self, CliError> {
        let home = Home::open(&plan.dir)?;
        let first_run = !home.settings().exists();
        let mut tries = 1;
        let parts = loop {
            match Self::start_once(&home, &plan).await {
                // On the first run nobody knows the ports yet: another program may have been faster.
                Err(error) if first_run && tries < PORT_TRIES && error.code == Exit::Check => {
                    Settings::forget(&home)?;
                    tries += 1;
                }
                started => break started?,
            }
        };
        let Started { gateway, adapters, catalog, cast, verifier } = parts;
        let catalog = Arc::new(catalog);
        Ok(Self { gateway, adapters, catalog, cast, verifier, home, log: plan.log })
    }

    async fn start_once(home: &Home, plan: &Plan) -> Result<Started, CliError> {
        let catalog = catalogue::install(home, plan.catalog.as_deref())?;
        let cast = Cast::of(&catalog)?;
        cast.check_departments(plan.foreign_adapters.keys())?;
        let settings = Settings::settle(home, &cast, plan.trail_dir.as_deref())?;
        let authority = identities::ensure(home, &cast, SystemClock.now())?;
        let domain = authority.trust_domain();
        let seal_recipient = seal_identity::ensure(home)?;
        let setting = Setting {
            home,
            cast: &cast,
            settings: &settings,
            domain,
            seal_recipient: &seal_recipient,
            foreign_adapters: &plan.foreign_adapters,
        };
        setting.write()?;
        samples::ensure(home, &catalog, setting.own_adapters())?;

        let adapters = try_join_all(setting.own_adapters().map(|member| {
            let department = member.department.clone();
            async {
                let adapter = adapter(home, &department, plan.log).await?;
                Ok::<_, CliError>((department, adapter))
            }
        }));
        let adapters: BTreeMap<_, _> = adapters.await?.into_iter().collect();
        let gateway = gateway(home, plan.log).await?;
        let verifier = verifier(home)?;
        let processes = Processes {
            trail_vkey: verifier.to_string(),
            gateway_pid: gateway.pid,
            gateway_endpoint: gateway.endpoint.clone(),
            adapter_pids: adapters.iter().map(|(name, child)| (name.clone(), child.pid)).collect(),
        };
        write_json(&home.connection(), &Connection::of(&setting, processes))?;
        Ok(Started { gateway, adapters, catalog, cast, verifier })
    }

    /// Returns the catalogue that the gateway has.
    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Returns the key that checks the trail's checkpoints.
    pub(crate) fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Returns the departments with a system, in the catalogue's order; a system is named like its
    /// department.
    pub(crate) fn departments(&self) -> impl Iterator<Item = &str> {
        self.cast.members.iter().map(|member| member.department.as_str())
    }

    /// Returns the file that tells clients how to connect.
    pub(crate) fn profile(&self) -> PathBuf {
        self.home.connection()
    }

    /// Returns what to try first, for people.
    pub(crate) fn hints(&self) -> String {
        let profile = self.home.connection();
        let caller = self.departments().next().unwrap_or_default();
        let elsewhere = |row: &&Arc<MaterialType>| {
            row.supply == Supply::OriginHeld && row.department.as_str() != caller
        };
        let wanted = self.catalog.types().iter().find(elsewhere);
        let wanted = wanted.map(|row| row.code.as_str()).unwrap_or_default();
        format!(
            "in another terminal:\n\
             \n  export ONCEBUS_PROFILE={} ONCEBUS_AS={caller}\
             \n  oncebus catalog types\
             \n  oncebus material fetch --type {wanted} --subject {SCHEME}:{PROJECT} --out sample \\\
             \n    --purpose item=I14,case=JN-2025-0001,cause=APPROVAL,basis=《建筑法》第八条,officer=1001\
             \n  oncebus audit search --operation fetch --as {AUDITOR}\
             \n\nafter a change of the permissions in {}:\n\
             \n  oncebus config reload --as {OPERATOR}\n",
            profile.display(),
            self.home.gateway_config().display(),
        )
    }

    /// Waits until a process ends by itself, and says so; each is told once.
    pub(crate) async fn next_death(&mut self) -> String {
        let all = std::iter::once(&mut self.gateway).chain(self.adapters.values_mut());
        let mut deaths: FuturesUnordered<_> = all.map(Child::death).collect();
        match deaths.next().await {
            Some(death) => death,
            None => std::future::pending().await,
        }
    }

    /// Kills a department's own adapter; answers whether it had one.
    pub(crate) async fn kill_adapter(&mut self, department: &str) -> bool {
        let Some(adapter) = self.adapters.remove(department) else { return false };
        adapter.kill().await;
        true
    }

    /// Starts a department's adapter again, where it was.
    ///
    /// # Errors
    ///
    /// Returns a failed check if it does not start.
    pub(crate) async fn start_adapter(&mut self, department: &str) -> Result<(), CliError> {
        let started = adapter(&self.home, department, self.log).await?;
        self.adapters.insert(department.to_owned(), started);
        Ok(())
    }

    /// Kills the gateway, and starts it again on the same folders and the same port.
    ///
    /// # Errors
    ///
    /// Returns a failed check if it does not start.
    pub(crate) async fn restart_gateway(mut self) -> Result<Self, CliError> {
        self.gateway.kill().await;
        self.gateway = gateway(&self.home, self.log).await?;
        Ok(self)
    }

    /// Ends the processes: first the gateway, which still talks to the adapters, then these. Returns
    /// what had ended by itself, and was not told yet.
    pub(crate) async fn stop(self) -> Vec<String> {
        let gateway = self.gateway.stop().await;
        let adapters = join_all(self.adapters.into_values().map(Child::stop)).await;
        gateway.into_iter().chain(adapters.into_iter().flatten()).collect()
    }
}

async fn adapter(home: &Home, department: &str, log: &str) -> Result<Child, CliError> {
    let arguments = arguments(["adapter", "files"], home.adapter_config(department));
    Child::start(format!("adapter of {department}"), arguments, log).await
}

async fn gateway(home: &Home, log: &str) -> Result<Child, CliError> {
    let arguments = arguments(["gateway"], home.gateway_config());
    Child::start("gateway".to_owned(), arguments, log).await
}

/// Returns the key that checks the trail of the gateway, which has run.
fn verifier(home: &Home) -> Result<VerifierKey, CliError> {
    let cannot =
        |error: &dyn std::fmt::Display| CliError::check(format!("the trail's key: {error}"));
    let config = GatewayConfig::load(&home.gateway_config()).map_err(|error| cannot(&error))?;
    config.trail_verifier().map_err(|error| cannot(&error))
}

fn arguments<const N: usize>(command: [&str; N], config: PathBuf) -> Vec<OsString> {
    let command = command.into_iter().map(OsString::from);
    command.chain([OsString::from("--config"), config.into_os_string()]).collect()
}
