use std::{sync::Mutex, time::Duration};

use jiff::Timestamp;

use super::*;

/// A clock that is moved by hand.
#[derive(Debug)]
struct Hand(Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

impl Hand {
    fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

fn start(limits: AdmissionLimits) -> (Arc<Admission>, Arc<Hand>) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../gateway/cli/catalog/jining");
    let catalog = Catalog::load(folder.as_ref()).unwrap();
    let clock = Arc::new(Hand(Mutex::new(Timestamp::UNIX_EPOCH)));
    let admission = Admission::new(limits, &catalog, &(Arc::clone(&clock) as _));
    (Arc::new(admission), clock)
}

fn department(code: &str) -> DeptId {
    code.parse().unwrap()
}

#[test]
fn a_department_may_burst_and_then_keeps_to_its_rate() {
    let (admission, clock) = start(AdmissionLimits::within(1 << 30));
    let planning = department("planning");

    let at_once = (0..1_000).filter(|_| admission.enter(&planning).is_ok()).count();
    let refused = admission.enter(&planning).unwrap_err();
    let others = admission.enter(&department("market"));
    clock.advance(Duration::from_secs(1));
    let a_second_later = (0..1_000).filter(|_| admission.enter(&planning).is_ok()).count();

    assert_eq!((at_once, a_second_later), (400, 200));
    assert_eq!(refused, Load::Rate { limit: 200, wait: Duration::from_millis(5) });
    assert!(others.is_ok());
}

#[test]
fn a_place_is_taken_until_the_work_ends() {
    let limits = AdmissionLimits { calls_per_department: 3, ..AdmissionLimits::within(1 << 30) };
    let (admission, _clock) = start(limits);
    let planning = department("planning");

    let mut places: Vec<_> = (0..3).map(|_| admission.enter(&planning).unwrap()).collect();
    let full = admission.enter(&planning).unwrap_err();
    places.pop();

    assert_eq!(full, Load::Calls { limit: 3 });
    assert!(admission.enter(&planning).is_ok());
}

#[test]
fn one_department_cannot_take_the_whole_pool() {
    let limits =
        AdmissionLimits { calls: 8, calls_per_department: 5, ..AdmissionLimits::within(1 << 30) };
    let (admission, _clock) = start(limits);
    let flood: Vec<_> = (0..20).map(|_| admission.enter(&department("planning"))).collect();

    let others: Vec<_> = (0..4).map(|_| admission.enter(&department("market"))).collect();

    assert_eq!(flood.iter().filter(|call| call.is_ok()).count(), 5);
    assert_eq!(others.iter().filter(|call| call.is_ok()).count(), 3);
    assert_eq!(others[3].as_ref().unwrap_err(), &Load::Gateway { limit: 8 });
}

#[test]
fn bytes_are_bounded_for_a_department_and_for_all() {
    let limits = AdmissionLimits {
        bytes: 10 << 20,
        bytes_per_department: 6 << 20,
        ..AdmissionLimits::within(1 << 30)
    };
    let (admission, _clock) = start(limits);
    let planning = admission.enter(&department("planning")).unwrap();
    let market = admission.enter(&department("market")).unwrap();

    let mut rooms: Vec<_> = (0..6).map(|_| planning.room(1 << 20).unwrap()).collect();
    let own = planning.room(1).unwrap_err();
    let rest: Vec<_> = (0..4).map(|_| market.room(1 << 20).unwrap()).collect();
    let all = market.room(1).unwrap_err();
    rooms.pop();
    let again = market.room(1 << 20);

    assert_eq!(own, Load::Bytes { limit: 6 << 20 });
    assert_eq!((rest.len(), all), (4, Load::Bytes { limit: 10 << 20 }));
    assert!(again.is_ok());
}

#[test]
fn nobody_is_let_in_while_the_trail_cannot_be_searched() {
    let (admission, _hand) = start(AdmissionLimits::within(1 << 30));
    let housing = department("housing");

    admission.set_unsearchable(true);
    let refused = admission.enter(&housing).map(drop);
    admission.set_unsearchable(false);
    let admitted = admission.enter(&housing).map(drop);

    assert_eq!(refused, Err(Load::Index));
    assert!(admitted.is_ok());
}
