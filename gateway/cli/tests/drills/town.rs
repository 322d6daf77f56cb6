//! A whole bus on which a drill has its hands: each process is the drill's own child.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use nix::sys::signal::Signal;
use oncebus_proto::v1::{
    audit_service_client::AuditServiceClient, catalog_service_client::CatalogServiceClient,
    material_service_client::MaterialServiceClient, transfer_service_client::TransferServiceClient,
};
use oncebus_tests::{Client, TrailRecord, trail_records};
use oncebus_trail::VerifierKey;
use oncebus_transport::{Accepts, Credentials};
use serde_json::Value;
use tokio::process::Command;

use crate::process::{Process, text};

/// The departments of the shipped catalogue that have an adapter.
pub(crate) const DEPARTMENTS: [&str; 3] = ["housing", "planning", "market"];

/// A bus in a folder of its own, laid out by `oncebus dev`.
#[derive(Debug)]
pub(crate) struct Town {
    dir: tempfile::TempDir,
    connection: Value,
    pub(crate) gateway: Option<Process>,
    pub(crate) adapters: BTreeMap<String, Process>,
}

// === impl Town ===

impl Town {
    /// Has `oncebus dev` make folder, certificates and configuration; nothing runs yet.
    pub(crate) async fn lay_out() -> Self {
        Self::lay_out_with(&[]).await
    }

    /// Lays it out with more flags of `oncebus dev`.
    pub(crate) async fn lay_out_with(flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = oncebus();
        command.args(["dev", "--dir"]).arg(dir.path()).args(flags);
        let dev = Process::start(command, &dir.path().join("dev.log")).await;
        dev.signal(Signal::SIGINT);
        dev.stop().await;
        let connection = fs::read(dir.path().join("connection.json")).unwrap();
        let connection = serde_json::from_slice(&connection).unwrap();
        Self { dir, connection, gateway: None, adapters: BTreeMap::new() }
    }

    /// Lays one out, and starts all of it.
    pub(crate) async fn start() -> Self {
        let mut town = Self::lay_out().await;
        for department in DEPARTMENTS {
            town.start_adapter(department).await;
        }
        town.start_gateway().await;
        town
    }

    /// Starts the files adapter of a department, where it was before.
    pub(crate) async fn start_adapter(&mut self, department: &str) {
        let config = self.dir.path().join(format!("adapter-{department}.toml"));
        let mut command = oncebus();
        command.args(["adapter", "files", "--until-stdin-closes", "--config"]).arg(config);
        let log = self.dir.path().join(format!("adapter-{department}.log"));
        let adapter = Process::start(command, &log).await;
        self.adapters.insert(department.to_owned(), adapter);
    }

    /// Starts the gateway, where it was before.
    pub(crate) async fn start_gateway(&mut self) {
        self.start_gateway_with(&[]).await;
    }

    /// Starts it with some variables in its environment.
    pub(crate) async fn start_gateway_with(&mut self, variables: &[(&str, &str)]) {
        let config = self.gateway_config();
        let mut command = oncebus();
        command.args(["gateway", "--until-stdin-closes", "--config"]).arg(config);
        command.env("ONCEBUS_LOG", "info").envs(variables.iter().copied());
        self.gateway = Some(Process::start(command, &self.gateway_log_file()).await);
    }

    /// Starts a hostile adapter in place of a department's own; the gateway must not run yet.
    pub(crate) async fn start_hostile(&mut self, department: &str, flags: &[&str]) {
        let tls = self.dir.path().join("hostile").join(department);
        let mut issue = oncebus();
        issue.args(["ca", "issue", "--adapter", &format!("{department}/hostile"), "--dir"]);
        let issued = issue.arg(self.dir.path().join("ca")).arg("--out").arg(&tls).output().await;
        let issued = issued.unwrap();
        assert!(issued.status.success(), "{}", String::from_utf8_lossy(&issued.stderr));
        let program = Path::new(env!("CARGO_BIN_EXE_oncebus"));
        let mut command = Command::new(program.with_file_name("examples/hostile-adapter"));
        command.args(["--department", department]).args(flags).arg("--tls").arg(tls);
        let log = self.dir.path().join(format!("hostile-{department}.log"));
        let adapter = Process::start(command, &log).await;
        self.reach(department, &adapter.endpoint);
        self.adapters.insert(department.to_owned(), adapter);
    }

    /// Has the gateway look for a department's adapter elsewhere, from its next start on.
    pub(crate) fn reach(&mut self, department: &str, endpoint: &str) {
        let config = self.gateway_config();
        let written = text(&config);
        let present = self.adapter_endpoint(department);
        let changed = written.replace(&present, endpoint);
        assert_ne!(written, changed, "{present} stands nowhere");
        fs::write(config, changed).unwrap();
        self.connection["adapters"][department]["endpoint"] = endpoint.into();
    }

    /// Returns where the gateway looks for a department's adapter.
    pub(crate) fn adapter_endpoint(&self, department: &str) -> String {
        self.connection["adapters"][department]["endpoint"].as_str().unwrap().to_owned()
    }

    /// Returns a connection of one system to the gateway.
    pub(crate) fn client(&self, system: &str) -> Client {
        let me = &self.connection["systems"][system];
        let file = |of: &Value| PathBuf::from(of.as_str().unwrap());
        let (cert, key) = (file(&me["cert_file"]), file(&me["key_file"]));
        let domain = "oncebus.test".parse().unwrap();
        let ca = file(&self.connection["ca_file"]);
        let credentials = Credentials::load(&cert, &key, &ca, domain).unwrap();
        let dialer = credentials.dialer(Accepts::Gateways).unwrap();
        let channel = dialer.channel(self.connection["endpoint"].as_str().unwrap()).unwrap();
        Client {
            transfer: TransferServiceClient::new(channel.clone()),
            material: MaterialServiceClient::new(channel.clone()),
            audit: AuditServiceClient::new(channel.clone()),
            catalog: CatalogServiceClient::new(channel.clone()),
            channel,
        }
    }

    /// Returns every record that is in the trail's files now.
    pub(crate) fn records(&self) -> Vec<TrailRecord> {
        trail_records(&self.trail_dir())
    }

    /// Returns the key that checks the trail's checkpoints.
    pub(crate) fn trail_key(&self) -> VerifierKey {
        self.connection["trail_vkey"].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn trail_dir(&self) -> PathBuf {
        self.connection["trail_dir"].as_str().unwrap().into()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns what the gateway logged, over all its runs.
    pub(crate) fn gateway_log(&self) -> String {
        text(&self.gateway_log_file())
    }

    fn gateway_log_file(&self) -> PathBuf {
        self.path("gateway.log")
    }

    fn gateway_config(&self) -> PathBuf {
        self.path("gateway.toml")
    }
}

fn oncebus() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oncebus"));
    command.env_remove("ONCEBUS_PROFILE").env_remove("ONCEBUS_AS").env_remove("ONCEBUS_LOG");
    command
}
