use super::*;

fn chunk(index: usize) -> Bytes {
    Bytes::from(index.to_string())
}

fn window(chunks: usize) -> (Arc<Window>, Seat) {
    let window = Arc::new(Window::new(0..chunks));
    let seat = window.first_seat();
    (window, seat)
}

/// Adds chunks as a flight does, in a task of its own.
fn fly(window: &Arc<Window>, chunks: Range<usize>) -> tokio::task::JoinHandle<()> {
    let window = Arc::clone(window);
    tokio::spawn(async move {
        for index in chunks {
            window.add(chunk(index)).await;
        }
        window.end(Ok(()));
    })
}

async fn take(seat: &Seat, count: usize) -> Vec<Bytes> {
    let mut taken = Vec::new();
    for _ in 0..count {
        taken.push(seat.next().await.unwrap());
    }
    taken
}

#[tokio::test(start_paused = true)]
async fn every_seat_gets_every_chunk_in_order() {
    let (window, first) = window(40);
    let second = window.seat(0).unwrap();
    let flight = fly(&window, 0..40);

    let (one, other) = tokio::join!(take(&first, 40), take(&second, 40));

    let all: Vec<_> = (0..40).map(chunk).collect();
    assert_eq!((one, other), (all.clone(), all));
    flight.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_flight_waits_for_its_only_seat_however_slow() {
    let (window, only) = window(40);
    let flight = fly(&window, 0..40);

    let mut taken = Vec::new();
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_secs(3)).await;
        taken.extend(take(&only, 1).await);
    }

    assert_eq!(taken.len(), 40);
    flight.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_seat_that_keeps_others_waiting_is_left_behind() {
    let (window, slow) = window(40);
    let fast = window.seat(0).unwrap();
    let begun = Instant::now();
    let flight = fly(&window, 0..40);

    let all = take(&fast, 40).await;
    let missed = slow.next().await.unwrap_err();

    assert_eq!((all.len(), missed), (40, Missed::LeftBehind));
    assert!(begun.elapsed() <= 40 * PATIENCE, "the slow one was waited for again and again");
    flight.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_window_never_holds_more_than_its_chunks() {
    let (window, slow) = window(100);
    let fast = window.seat(0).unwrap();
    let flight = fly(&window, 0..100);

    for _ in 0..100 {
        take(&fast, 1).await;
        assert!(window.state().chunks.len() <= CHUNKS);
    }

    flight.await.unwrap();
    drop(slow);
}

#[tokio::test(start_paused = true)]
async fn a_failure_reaches_every_seat_behind_what_came() {
    let (window, first) = window(40);
    let second = window.seat(0).unwrap();
    let failed = HolderError::Deadline { holder: "market".parse().unwrap() };

    window.add(chunk(0)).await;
    window.end(Err(failed.clone()));

    for seat in [first, second] {
        assert_eq!(seat.next().await, Ok(chunk(0)));
        assert_eq!(seat.next().await, Err(Missed::Failed(failed.clone())));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_sits_where_the_chunk_is_gone_or_far_away() {
    let (window, first) = window(100);
    let flight = fly(&window, 0..100);
    take(&first, 30).await;
    // Virtual time: everything else has come to rest then.
    tokio::time::sleep(Duration::from_millis(1)).await;

    let seats = [0, 29, 30, 37, 99].map(|chunk| window.seat(chunk).is_some());

    assert_eq!(seats, [false, false, true, true, false]);
    flight.abort();
}

#[tokio::test(start_paused = true)]
async fn a_flight_that_nobody_wants_ends() {
    let (window, first) = window(40);
    let second = window.seat(0).unwrap();
    let flight = {
        let window = Arc::clone(&window);
        tokio::spawn(async move { window.while_wanted(std::future::pending::<()>()).await })
    };
    drop(first);
    tokio::task::yield_now().await;
    let with_one = flight.is_finished();

    drop(second);

    assert!(!with_one);
    assert_eq!(flight.await.unwrap(), None);
}
