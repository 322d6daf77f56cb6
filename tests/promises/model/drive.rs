//! Drives a bus and the model side by side, and stops where they differ.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::SignedDuration;
use oncebus_core::Bug;
use oncebus_tests::{Client, TestBus};
use tokio::{task::yield_now, time::timeout};

use super::{
    city::{City, Content, DEPARTMENTS, Right},
    dice::Dice,
    divergence::{Divergence, Flaw},
    fetch::Trail,
    ledger::Ledger,
    publish::Upload,
    step::Step,
};
use crate::reload::reload;

/// So little is remembered that much is forgotten; nobody calls too often; and an adapter that is away is
/// asked all the same, as it may be back.
const TABLES: &str = "[cache]\ncontent_mib = 1\n\
                      [limits]\ncalls_per_second = 1000000\nburst = 1000000\n\
                      adapter_failures = 1000000\nadapter_calls = 1000000\n";
/// Operations that a failure tells.
const LAST: usize = 20;
/// Time that passes with each step: calls have their rate.
const STEP_MS: i64 = 10;
/// How long an Outcome is waited for that is late already, to tell it from none.
const LATE: Duration = Duration::from_secs(2);
/// Longest wait for what must come at once.
pub(super) const SOON: Duration = Duration::from_secs(10);

/// A bus and its model.
pub(super) struct Drive {
    pub(super) bus: TestBus,
    pub(super) clients: HashMap<&'static str, Client>,
    pub(super) trail: Trail,
    pub(super) city: City,
    pub(super) dice: Dice,
    pub(super) uploads: Vec<Upload>,
    /// What was sent since the gateway started: of these a miss means that they were forgotten.
    pub(super) sent: HashSet<Content>,
    /// How often what happened.
    pub(super) happened: BTreeMap<String, usize>,
    plant: Option<Bug>,
    log: VecDeque<String>,
}

/// Where bus and model differ, and how it came to that.
pub(super) struct Failure {
    pub(super) divergence: Divergence,
    seed: u64,
    step: usize,
    log: VecDeque<String>,
}

/// Runs so many steps, and returns how often what happened.
pub(super) async fn run(
    seed: u64,
    steps: usize,
    plant: Option<Bug>,
) -> Result<BTreeMap<String, usize>, Failure> {
    let mut drive = Drive::start(seed, plant).await;
    for step in 0..steps {
        if let Err(divergence) = drive.step().await {
            return Err(Failure { divergence, seed, step, log: drive.log });
        }
    }
    match drive.end().await {
        Ok(()) => Ok(drive.happened),
        Err(divergence) => Err(Failure { divergence, seed, step: steps, log: drive.log }),
    }
}

impl Drive {
    async fn start(seed: u64, plant: Option<Bug>) -> Self {
        let bus = TestBus::builder().apart().tables(TABLES).start().await;
        let mut dice = Dice::new(seed);
        let city = City::new(&mut dice);
        let trail = Arc::new(Mutex::new(Ledger::new(bus.trail_dir())));
        for department in DEPARTMENTS {
            let trail = Arc::clone(&trail);
            bus.adapter(department).watch(move |method, code| {
                trail.lock().unwrap().asked(department, method, code);
            });
        }
        for paper in &city.papers {
            if let Some(issuer) = paper.of.held_by {
                let content = paper.versions[paper.held()].content.bytes();
                bus.adapter(issuer).hold(paper.of.code, paper.number, content);
            }
        }
        let mut drive = Self {
            bus,
            clients: HashMap::new(),
            trail,
            city,
            dice,
            uploads: Vec::new(),
            sent: HashSet::new(),
            happened: BTreeMap::new(),
            plant,
            log: VecDeque::new(),
        };
        drive.begin_run();
        drive.put_rights_in_force().await;
        drive
    }

    /// Connects to a gateway that just started.
    pub(super) fn begin_run(&mut self) {
        self.clients = DEPARTMENTS.map(|d| (d, self.bus.client(d))).into();
        self.sent.clear();
        if let Some(bug) = self.plant {
            self.bus.gateway().bus().plant(bug);
        }
    }

    async fn step(&mut self) -> Result<(), Divergence> {
        self.trail.lock().unwrap().begin();
        self.pass(STEP_MS);
        match Step::draw(&mut self.dice) {
            Step::Fetch => self.fetch().await?,
            Step::FetchNamed => self.fetch_named().await?,
            Step::FetchTogether => self.fetch_together().await?,
            Step::FetchStale => self.fetch_stale().await?,
            Step::CancelFetch => self.cancel_fetch().await?,
            Step::Publish => self.publish().await?,
            Step::PublishOnWrongVersion => self.publish_on_wrong_version().await?,
            Step::PublishAgain => self.publish_again().await?,
            Step::PublishInPart => self.publish_in_part().await?,
            Step::GoOnWithUpload => self.go_on_with_upload().await?,
            Step::SupersedeUnderFetches => self.supersede_under_fetches().await?,
            Step::TwoWriters => self.two_writers().await?,
            Step::PublishEarlier => self.publish_earlier().await?,
            Step::Revoke => self.revoke().await?,
            Step::Find => self.find().await?,
            Step::Get => self.get().await?,
            Step::FindAsOf => self.find_as_of().await?,
            Step::ClockJumps => self.clock_jumps().await?,
            Step::ChangeRight => self.change_right().await,
            Step::WithdrawMeanwhile => self.withdraw_meanwhile().await?,
            Step::HolderDownOrUp => self.holder_down_or_up(),
            Step::IssuerChanges => self.issuer_changes(),
            Step::TimePasses => self.time_passes().await?,
            Step::Settle => self.settle().await,
            Step::Restart => self.restart().await,
            Step::Crash => self.crash().await,
            Step::CrashWhileFetching => self.crash_while_fetching().await?,
            Step::CrashWhileCommitting => self.crash_while_committing().await?,
        }
        self.rest().await
    }

    /// Ends in order, starts once more, and looks at the whole trail a last time.
    async fn end(&mut self) -> Result<(), Divergence> {
        self.note("the end");
        self.restart().await;
        self.rest().await
    }

    /// Waits until no call is under way; then every Intent must be closed that no upload keeps open.
    async fn rest(&mut self) -> Result<(), Divergence> {
        let quiet = async {
            while self.bus.gateway().calls_in_flight() > 0 {
                yield_now().await;
            }
        };
        timeout(SOON, quiet).await.expect("calls end");
        self.trail.lock().unwrap().verdict()?;
        let Some(intent) = self.open_intent() else { return Ok(()) };
        let closed = async {
            while self.open_intent() == Some(intent) {
                yield_now().await;
            }
        };
        Err(match timeout(LATE, closed).await {
            Ok(()) => Flaw::ReleasedBeforeOutcome.because(format!("of intent {intent}")),
            Err(_elapsed) => Flaw::OpenIntent.because(format!("record {intent}")),
        })
    }

    /// Returns an Intent that is open and that no upload keeps open.
    fn open_intent(&self) -> Option<u64> {
        let uploads: HashSet<u64> = self.uploads.iter().map(|upload| upload.intent).collect();
        let mut trail = self.trail.lock().unwrap();
        trail.open().iter().find(|intent| !uploads.contains(intent)).copied()
    }

    /// Moves both clocks.
    pub(super) fn pass(&mut self, ms: i64) {
        self.city.now_ms += ms;
        self.bus.clock.advance(SignedDuration::from_millis(ms));
    }

    /// Writes an operation down, for whoever must find out what went wrong.
    pub(super) fn note(&mut self, what: impl Into<String>) {
        if self.log.len() == LAST {
            self.log.pop_front();
        }
        self.log.push_back(what.into());
    }

    /// Counts something that happened.
    pub(super) fn count(&mut self, what: impl Into<String>) {
        *self.happened.entry(what.into()).or_default() += 1;
    }

    /// Has the gateway decide by the model's rights from now on.
    pub(super) async fn put_rights_in_force(&self) {
        let codes = |department: &str, right: Right| -> Vec<_> {
            let rights = self.city.rights.iter();
            rights.filter(|(d, _, r)| *d == department && *r == right).map(|r| r.1).collect()
        };
        let tables = DEPARTMENTS.map(|department| {
            let (fetch, publish) = (codes(department, Right::Fetch), codes(department, Right::Publish));
            format!("[[permission]]\ndepartment = {department:?}\nfetch = {fetch:?}\npublish = {publish:?}\n")
        });
        self.bus.edit_config(|config| without_permissions(&config) + &tables.concat());
        reload(&self.bus.operator()).await.unwrap();
    }
}

/// Leaves out the tables of permissions: each has a head and three lines.
fn without_permissions(config: &str) -> String {
    let mut lines = config.lines();
    let mut rest = String::new();
    while let Some(line) = lines.next() {
        if line == "[[permission]]" {
            lines.nth(2);
        } else {
            rest = rest + line + "\n";
        }
    }
    rest
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { divergence, seed, step, log } = self;
        writeln!(f, "step {step}, ONCEBUS_TEST_SEED={seed}: {divergence}\nbefore that:")?;
        log.iter().try_for_each(|operation| writeln!(f, "  {operation}"))
    }
}
