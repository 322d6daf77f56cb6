//! The checklist of the largest of 65 items, over 3,000 projects with a million versions, and over a
//! hundredth of that.

mod city;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use oncebus_core::{
    Admitted, Asked, Authorization, Caller, Cause, ChecklistQuery, Facts, HangUp, Parties, Party,
    Purpose, Role, SystemId,
};
use oncebus_store::{SqliteRegistry, SubjectKeys};
use oncebus_tests::TestBus;
use tokio::runtime::Builder;

use self::city::City;
use super::report::{Report, Target, percentile_ms};

/// Calls; each is about another project, so that nothing of it is remembered.
const CALLS: usize = 2_000;
/// Projects and versions of the whole city, and of a small one.
const WHOLE: [usize; 2] = [3_000, 1_000_000];
const SMALL: [usize; 2] = [300, 10_000];

/// What was measured of one size.
#[derive(Default)]
struct Times {
    /// Looking and judging, without the wait for the record.
    looked: Vec<Duration>,
    /// That wait.
    waited: Vec<Duration>,
}

pub(crate) fn measure(folder: &Path, report: &mut Report) {
    let here = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let [mut whole, mut small] = here.block_on(times(folder));
    // The first calls of both, which took turns.
    let [whole_ms, small_ms] = [&mut whole, &mut small]
        .map(|times| percentile_ms(&mut times.looked.clone()[..SMALL[0]], 50));
    let looked = percentile_ms(&mut whole.looked, 99);
    let name = "checklist of the largest of 65 items, p99";
    report.aimed(name, looked, "ms", Target::AtMost(10.0));
    let name = "checklist at 1,000,000 against 10,000 versions";
    report.against(name, whole_ms, "ms", small_ms, Target::AtMost(1.5));
    report.plain("wait for its record, p99", percentile_ms(&mut whole.waited, 99), "ms");
}

/// Asks in both cities in turn, so that a slow moment of the machine hits both.
async fn times(folder: &Path) -> [Times; 2] {
    let (whole, in_whole) = city(&folder.join("whole"), WHOLE).await;
    let (small, in_small) = city(&folder.join("small"), SMALL).await;
    let mut times = [Times::default(), Times::default()];
    for call in 0..CALLS {
        times[0].add(&whole, in_whole.parties(call)).await;
        if call < SMALL[0] {
            times[1].add(&small, in_small.parties(call)).await;
        }
    }
    times
}

/// Starts a bus whose registry knows a city.
async fn city(folder: &Path, [projects, versions]: [usize; 2]) -> (TestBus, City) {
    std::fs::create_dir(folder).unwrap();
    let catalog_dir = folder.join("catalog");
    city::write_catalog(&catalog_dir);
    let mut bus = TestBus::builder()
        .catalog(catalog_dir, &["housing", "planning", "market"])
        .tables("[limits]\ncalls_per_second = 1000000\nburst = 1000000\n")
        .start()
        .await;
    bus.stop().await;
    let city = City::new(&bus.catalog(), projects, versions);
    fill(&bus, &city).await;
    bus.start_again().await;
    (bus, city)
}

// === impl Times ===

impl Times {
    /// Asks once, and notes how long that took.
    async fn add(&mut self, bus: &TestBus, parties: Vec<Party>) {
        let bus = bus.gateway().bus();
        let department = "housing".parse().unwrap();
        let permit = bus.admission().enter(&department).unwrap();
        let caller = Caller {
            department,
            system: SystemId::verified("spiffe://oncebus.test/dept/housing/system/b".to_owned()),
            certificate: [0; 32],
            role: Role::Department,
            trace_id: None,
        };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        let admitted = Admitted { caller, deadline, permit, hang_up: HangUp::by(|| {}) };
        let query = query(&bus.catalog(), parties);
        let begun = Instant::now();
        let (checklist, _receipt) = bus.resolve_requirements(admitted, query).await.unwrap();
        let all = begun.elapsed();
        assert_eq!(checklist.counts.held, city::LARGEST, "{:?}", checklist.counts);
        self.looked.push(checklist.looked);
        self.waited.push(all.saturating_sub(checklist.looked));
    }
}

async fn fill(bus: &TestBus, city: &City) {
    let keys = bus.data_dir().join("keys/subjects.json");
    let keys = SubjectKeys::load_or_create(&keys, &oncebus_core::SystemRng).unwrap();
    let file = bus.data_dir().join("registry.sqlite");
    let registry = SqliteRegistry::open(&file, Arc::new(keys)).await.unwrap();
    let now = oncebus_core::Clock::now(&*bus.clock);
    registry.fill(city.materials(), now).await.unwrap();
    registry.close().await;
}

fn query(catalog: &Arc<oncebus_core::Catalog>, parties: Vec<Party>) -> ChecklistQuery {
    let (project, others) = parties.split_first().unwrap();
    ChecklistQuery {
        catalog: Arc::clone(catalog),
        asked: Asked::items(catalog, "item", [city::LARGEST_ITEM]).unwrap(),
        parties: Parties::new(project.subject.clone(), others.to_vec()).unwrap(),
        facts: Facts::default(),
        choices: Vec::new(),
        purpose: Purpose {
            item: city::LARGEST_ITEM.to_owned(),
            case_number: "B-1".to_owned(),
            cause: Cause::Approval,
            legal_basis: "a law".to_owned(),
            officer: "7".to_owned(),
            authorization: Authorization::StatutoryDuty,
        },
        request_id: None,
    }
}
