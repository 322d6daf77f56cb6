//! A whole bus, put together and taken down again.

use std::{collections::HashMap, fs, future::Future, path::PathBuf, sync::Arc, time::Duration};

use oncebus_core::{Catalog, SystemRng};
use oncebus_gateway::{
    Gateway, GatewayConfig, Injected, SealIdentity, SealedContent, SealedForm, unseal,
};
use oncebus_proto::v1 as pb;
use oncebus_trail::VerifierKey;
use oncebus_transport::{Accepts, Credentials};
use tempfile::TempDir;
use tokio::{
    runtime::{self, Handle, Runtime},
    task::spawn_blocking,
    time::timeout,
};

use crate::{Authority, Client, Pair, TestAdapter, TestClock, leaf};

/// The trust domain of the tests.
const DOMAIN: &str = "oncebus.test";
/// The departments of the shipped catalogue that have adapters.
const DEPARTMENTS: [&str; 3] = ["housing", "planning", "market"];
/// The shipped catalogue.
const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../gateway/cli/catalog/jining");
/// Longest that a crash may take.
const CRASH: Duration = Duration::from_secs(10);

/// A gateway and its departments' adapters in this process.
#[derive(Debug)]
pub struct TestBus {
    /// Its time of day.
    pub clock: Arc<TestClock>,
    /// The authority that all trust.
    pub authority: Authority,
    /// The auditor's key, which opens sealed parts.
    pub seal_identity: SealIdentity,
    gateway: Option<Gateway>,
    /// The gateway's own runtime, where it has one.
    runtime: Option<Runtime>,
    apart: bool,
    adapters: HashMap<&'static str, TestAdapter>,
    dir: TempDir,
    trail_dir: PathBuf,
    catalog_dir: PathBuf,
    first_byte_s: u64,
}

/// A bus to be.
#[derive(Debug, Default)]
pub struct Builder {
    catalog: Option<(PathBuf, Vec<&'static str>)>,
    trail_dir: Option<PathBuf>,
    first_byte_s: Option<u64>,
    tables: String,
    apart: bool,
}

impl Builder {
    /// Keeps the trail in another folder.
    #[must_use]
    pub fn trail_dir(mut self, dir: PathBuf) -> Self {
        self.trail_dir = Some(dir);
        self
    }

    /// Takes another catalogue than the shipped one, and these of its departments.
    #[must_use]
    pub fn catalog(mut self, dir: PathBuf, departments: &[&'static str]) -> Self {
        self.catalog = Some((dir, departments.to_vec()));
        self
    }

    /// Gives the adapters this long for their first byte.
    #[must_use]
    pub fn first_byte_s(mut self, seconds: u64) -> Self {
        self.first_byte_s = Some(seconds);
        self
    }

    /// Adds tables to the gateway's file.
    #[must_use]
    pub fn tables(mut self, toml: &str) -> Self {
        self.tables += toml;
        self
    }

    /// Runs the gateway on a runtime of its own, so that it can crash.
    #[must_use]
    pub fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// Starts everything.
    pub async fn start(self) -> TestBus {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::new("test authority");
        let mut adapters = HashMap::new();
        let shipped = || (PathBuf::from(SHIPPED), DEPARTMENTS.to_vec());
        let (catalog_dir, departments) = self.catalog.unwrap_or_else(shipped);
        for department in departments {
            let id = format!("spiffe://{DOMAIN}/dept/{department}/adapter/test");
            let credentials = credentials(&authority, &authority.sign(&leaf(&[&id])));
            adapters.insert(department, TestAdapter::start(department, &credentials).await);
        }
        let trail_dir = self.trail_dir.unwrap_or_else(|| dir.path().join("trail"));
        let clock = Arc::new(TestClock::default());
        let (apart, first_byte_s) = (self.apart, self.first_byte_s.unwrap_or(5));
        let (gateway, runtime) = (None, None);
        let mut bus = TestBus {
            clock,
            authority,
            seal_identity: SealIdentity::draw(),
            gateway,
            runtime,
            apart,
            adapters,
            dir,
            trail_dir,
            catalog_dir,
            first_byte_s,
        };
        bus.write_config();
        bus.edit_config(|config| config + &self.tables);
        bus.start_gateway().await;
        bus
    }
}

impl TestBus {
    /// Describes a bus to be.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Starts a bus as most tests want it.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Returns the key that checks the trail's checkpoints.
    pub fn verifier(&self) -> &VerifierKey {
        self.gateway().bus().journal().trail().verifier()
    }

    /// Opens the sealed part of a record as the auditor does; `None` where it has none.
    pub fn unsealed(&self, record: &pb::Record) -> Option<SealedContent> {
        if record.sealed.is_empty() {
            return None;
        }
        let index = record.index.unsigned_abs();
        let trail = self.gateway().bus().journal().trail();
        let stored = trail.read_sealed(index, 1).unwrap().pop().unwrap();
        let key = SealedForm::read(&stored).unwrap().key;
        let file = fs::read(self.trail_dir.join("keys").join(key.file_name())).unwrap();
        Some(unseal(&stored, &file, &self.seal_identity.to_text(), &record.sealed).unwrap())
    }

    /// Returns the folder of registry, search index and keys.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Returns what the gateway's file says now.
    pub fn config(&self) -> GatewayConfig {
        GatewayConfig::load(&self.config_file()).unwrap()
    }

    /// Ends the gateway in order and adds a subject key, as `oncebus gateway rotate-subject-key` does,
    /// then starts it again.
    pub async fn rotate_subject_key(&mut self) {
        let gateway = self.gateway.take().unwrap();
        self.on_its_runtime(gateway.stop()).await;
        oncebus_gateway::rotate_subject_key(&self.config()).unwrap();
        self.start_gateway().await;
    }

    /// Returns the gateway.
    pub fn gateway(&self) -> &Gateway {
        self.gateway.as_ref().unwrap()
    }

    /// Returns a department's adapter.
    pub fn adapter(&self, department: &str) -> &TestAdapter {
        &self.adapters[department]
    }

    /// Returns how often any adapter was asked anything.
    pub fn adapter_calls(&self) -> usize {
        self.adapters.values().map(|adapter| adapter.calls().all()).sum()
    }

    /// Returns the folder of the trail.
    pub fn trail_dir(&self) -> &PathBuf {
        &self.trail_dir
    }

    /// Connects as a system of a department; `audit`'s is the auditor.
    pub fn client(&self, department: &str) -> Client {
        self.client_with(&self.pair(department))
    }

    /// Connects as the operator.
    pub fn operator(&self) -> Client {
        let id = format!("spiffe://{DOMAIN}/dept/audit/system/operator");
        self.client_with(&self.authority.sign(&leaf(&[&id])))
    }

    /// Connects as the system that approves unsealing and erases.
    pub fn security(&self) -> Client {
        let id = format!("spiffe://{DOMAIN}/dept/audit/system/security");
        self.client_with(&self.authority.sign(&leaf(&[&id])))
    }

    /// Changes the gateway's file, which it reads at its next start or reload.
    pub fn edit_config(&self, change: impl FnOnce(String) -> String) {
        let file = self.config_file();
        fs::write(&file, change(fs::read_to_string(&file).unwrap())).unwrap();
    }

    fn config_file(&self) -> PathBuf {
        self.dir.path().join("gateway.toml")
    }

    /// Connects with any certificate.
    pub fn client_with(&self, pair: &Pair) -> Client {
        let credentials = credentials(&self.authority, pair);
        let dialer = credentials.dialer(Accepts::Gateways).unwrap();
        Client::new(dialer.channel(&format!("https://{}", self.gateway().address())).unwrap())
    }

    /// Issues a system's certificate.
    pub fn pair(&self, department: &str) -> Pair {
        let id = format!("spiffe://{DOMAIN}/dept/{department}/system/test");
        self.authority.sign(&leaf(&[&id]))
    }

    /// Returns the catalogue as its folder has it.
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::new(Catalog::load(&self.catalog_dir).unwrap())
    }

    /// Stops the gateway in order, and leaves its folders.
    pub async fn stop(&mut self) {
        let gateway = self.gateway.take().unwrap();
        self.on_its_runtime(gateway.stop()).await;
    }

    /// Starts a gateway that was stopped.
    pub async fn start_again(&mut self) {
        self.start_gateway().await;
    }

    /// Stops the gateway in order and starts it again on the same folders.
    pub async fn restart(&mut self) {
        let gateway = self.gateway.take().unwrap();
        self.on_its_runtime(gateway.stop()).await;
        self.start_gateway().await;
    }

    /// Ends the gateway wherever it is, nothing in order, and starts it again on the same folders.
    ///
    /// Only for a gateway that runs [apart](Builder::apart).
    pub async fn crash(&mut self) {
        let runtime = self.runtime.take().expect("a gateway that crashes runs apart");
        spawn_blocking(move || runtime.shutdown_timeout(CRASH)).await.unwrap();
        // Only now: it must not see its own end.
        drop(self.gateway.take());
        self.start_gateway().await;
    }

    async fn start_gateway(&mut self) {
        if self.apart {
            self.wait_for_folders().await;
            let own = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
            let before = self.runtime.replace(own.unwrap());
            before.into_iter().for_each(Runtime::shutdown_background);
        }
        let config = self.config();
        let (clock, rng) = (Arc::clone(&self.clock) as _, Arc::new(SystemRng));
        let injected = Injected { clock, rng };
        let here = self.runtime.as_ref().map_or_else(Handle::current, |own| own.handle().clone());
        let started = Gateway::start_with(config, vec![here], injected);
        self.gateway = Some(self.on_its_runtime(started).await.unwrap());
    }

    async fn on_its_runtime<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        match &self.runtime {
            Some(runtime) => runtime.spawn(work).await.unwrap(),
            None => work.await,
        }
    }

    /// Waits until a crashed gateway's trail has written what it had begun, and given its lock back.
    async fn wait_for_folders(&self) {
        let lock = fs::File::open(self.trail_dir.join("lock"));
        let Ok(lock) = lock else { return };
        let free = spawn_blocking(move || lock.lock());
        timeout(CRASH, free).await.expect("the trail is given back").unwrap().unwrap();
    }

    fn write_config(&self) {
        let dir = self.dir.path();
        let gateway = self.authority.sign(&leaf(&[&format!("spiffe://{DOMAIN}/gateway/g1")]));
        fs::write(dir.join("cert.pem"), gateway.certificate).unwrap();
        fs::write(dir.join("key.pem"), gateway.key).unwrap();
        fs::write(dir.join("ca.pem"), &self.authority.pem).unwrap();
        let catalog = &self.catalog_dir;
        let mut config = format!(
            "id = \"g1\"\ntrust_domain = \"{DOMAIN}\"\nlisten = \"127.0.0.1:0\"\n\
             data_dir = \"data\"\ntrail_dir = {:?}\ncatalog_dir = {catalog:?}\n\
             seal_recipients = [{:?}]\nregion = \"370800\"\n\
             [tls]\ncert = \"cert.pem\"\nkey = \"key.pem\"\nca = \"ca.pem\"\n\
             [[system]]\nspiffe_id = \"spiffe://{DOMAIN}/dept/audit/system/test\"\nrole = \"auditor\"\n\
             [[system]]\nspiffe_id = \"spiffe://{DOMAIN}/dept/audit/system/operator\"\nrole = \"operator\"\n\
             [[system]]\nspiffe_id = \"spiffe://{DOMAIN}/dept/audit/system/security\"\nrole = \"security\"\n",
            self.trail_dir,
            self.seal_identity.recipient(),
        );
        let fetch: Vec<_> = (1..=28).map(|number| format!("M{number:02}")).collect();
        for (department, adapter) in &self.adapters {
            let endpoint = adapter.endpoint();
            config += &format!(
                "[[adapter]]\ndepartment = {department:?}\nendpoint = {endpoint:?}\n\
                 first_byte_s = {}\n",
                self.first_byte_s
            );
            // Market may fetch what the others publish, and publish nothing of theirs.
            let publish: &[&str] = match *department {
                "housing" => &["M03", "M19", "M20", "M23", "M26", "M01"],
                "planning" => &["M19", "M26"],
                _ => &[],
            };
            let fetch = if *department == "market" { &fetch[..26] } else { &fetch[..] };
            config += &format!(
                "[[permission]]\ndepartment = {department:?}\nfetch = {fetch:?}\npublish = {publish:?}\n"
            );
        }
        fs::write(self.config_file(), config).unwrap();
    }
}

impl Drop for TestBus {
    fn drop(&mut self) {
        // A runtime may not be dropped where others run.
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

fn credentials(authority: &Authority, pair: &Pair) -> Credentials {
    let (certificate, key) = (pair.certificate.as_bytes(), pair.key.as_bytes());
    Credentials::from_pem(certificate, key, authority.pem.as_bytes(), DOMAIN.parse().unwrap())
        .unwrap()
}
