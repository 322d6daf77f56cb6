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

use self::city::{City, VERSIONS};
use super::report::{Report, Target, percentile_ms};

/// Calls of each size; each is about another project.
const CALLS: usize = 2_000;
/// Projects of the whole city, and of its hundredth part.
const PROJECTS: [usize; 2] = [3_000, 30];

/// What was measured of one size.
struct Times {
    /// Looking and judging, without the wait for the record.
    looked: Vec<Duration>,
    /// That wait.
    waited: Vec<Duration>,
}

pub(crate) fn measure(folder: &Path, report: &mut Report) {
    let here = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let [mut all, mut few] = PROJECTS.map(|projects| {
        let folder = folder.join(format!("city-{projects}"));
        std::fs::create_dir(&folder).unwrap();
        here.block_on(times(&folder, projects))
    });
    let looked = percentile_ms(&mut all.looked, 99);
    let name = "checklist of the largest of 65 items, p99";
    report.aimed(name, looked, "ms", Target::AtMost(10.0));
    let (whole, part) = (percentile_ms(&mut all.looked, 50), percentile_ms(&mut few.looked, 50));
    let name = "checklist at 1,000,000 against 10,000 versions";
    report.against(name, whole, "ms", part, Target::AtMost(1.5));
    report.plain("wait for its record, p99", percentile_ms(&mut all.waited, 99), "ms");
}

async fn times(folder: &Path, projects: usize) -> Times {
    let catalog_dir = folder.join("catalog");
    city::write_catalog(&catalog_dir);
    let mut bus = TestBus::builder()
        .catalog(catalog_dir, &["housing", "planning", "market"])
        .tables("[limits]\ncalls_per_second = 1000000\nburst = 1000000\n")
        .start()
        .await;
    bus.stop().await;
    let city = City::new(bus.catalog(), projects);
    fill(&bus, &city).await;
    bus.start_again().await;

    let bus = bus.gateway().bus();
    let (mut looked, mut waited) = (Vec::with_capacity(CALLS), Vec::with_capacity(CALLS));
    for call in 0..CALLS {
        let parties = city.parties(call * 7 % projects);
        let department = "housing".parse().unwrap();
        let permit = bus.admission().enter(&department).unwrap();
        let caller = Caller {
            department,
            system: SystemId::verified(
                "spiffe://oncebus.test/dept/housing/system/bench".to_owned(),
            ),
            certificate: [0; 32],
            role: Role::Department,
            trace_id: None,
        };
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        let admitted = Admitted { caller, deadline, permit, hang_up: HangUp::by(|| {}) };
        let begun = Instant::now();
        let listed = bus.resolve_requirements(admitted, query(&bus.catalog(), parties)).await;
        let (checklist, _receipt) = listed.unwrap();
        let all = begun.elapsed();
        assert_eq!(checklist.counts.held, city::LARGEST, "{:?}", checklist.counts);
        looked.push(checklist.looked);
        waited.push(all.saturating_sub(checklist.looked));
    }
    Times { looked, waited }
}

async fn fill(bus: &TestBus, city: &City) {
    let keys = bus.data_dir().join("keys/subjects.json");
    let keys = SubjectKeys::load_or_create(&keys, &oncebus_core::SystemRng).unwrap();
    let file = bus.data_dir().join("registry.sqlite");
    let registry = SqliteRegistry::open(&file, Arc::new(keys)).await.unwrap();
    let now = oncebus_core::Clock::now(&*bus.clock);
    registry.fill(city.materials(VERSIONS), now).await.unwrap();
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
