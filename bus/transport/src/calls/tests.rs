//! What the limits of one call do.

use std::{
    convert::Infallible,
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tonic::{Code, Status, body::Body};
use tower::{Layer, ServiceExt, service_fn};

use super::{CallLimits, CallLimitsLayer, Deadline, PathDeadline, timeout::grpc_timeout};

/// Shows the reason in the message, as the gateway shows it in its error details.
fn limits() -> CallLimits {
    CallLimits {
        refuse: |code, reason, message| Status::new(code, format!("{reason}: {message}")),
        ..CallLimits::default()
    }
}

fn request(headers: &[(&'static str, &str)]) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().unwrap());
    }
    request
}

async fn answer<F>(request: Request<Body>, handler: fn(Request<Body>) -> F) -> Response<Body>
where
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    CallLimitsLayer::new(limits()).layer(service_fn(handler)).oneshot(request).await.unwrap()
}

fn status(headers: &HeaderMap) -> Status {
    Status::from_header_map(headers).unwrap()
}

async fn fine(_request: Request<Body>) -> Result<Response<Body>, Infallible> {
    Ok(Response::new(Body::empty()))
}

#[tokio::test]
async fn a_call_ends_at_its_callers_deadline() {
    let request = request(&[("grpc-timeout", "10m")]);

    let answer = answer(request, |_| pending()).await;

    let status = status(answer.headers());
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.message().starts_with("DEADLINE: "), "{status:?}");
}

#[tokio::test]
async fn an_answer_is_cut_at_the_deadline_and_its_work_ends() {
    struct Work(Arc<AtomicBool>);
    impl Drop for Work {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }
    let ended = Arc::new(AtomicBool::new(false));
    let work = Arc::new(std::sync::Mutex::new(Some(Work(Arc::clone(&ended)))));
    let stream = service_fn(move |_: Request<Body>| {
        let work = work.lock().unwrap().take();
        let chunk = Ok::<_, Status>(Frame::data(Bytes::from_static(b"chunk")));
        let endless = stream::once(async { chunk }).chain(stream::pending()).map(move |chunk| {
            let _held = &work;
            chunk
        });
        async { Ok::<_, Infallible>(Response::new(Body::new(StreamBody::new(endless)))) }
    });
    let limited = CallLimitsLayer::new(limits()).layer(stream);

    let answer = limited.oneshot(request(&[("grpc-timeout", "10m")])).await.unwrap();
    let whole = tokio::time::timeout(Duration::from_secs(10), answer.into_body().collect());
    let whole = whole.await.unwrap().unwrap();

    assert_eq!(status(whole.trailers().unwrap()).code(), Code::DeadlineExceeded);
    assert_eq!(whole.to_bytes(), "chunk");
    assert!(ended.load(Ordering::Relaxed), "the work behind the answer goes on");
}

#[tokio::test]
async fn an_answer_in_time_keeps_its_own_end() {
    let answer = answer(request(&[]), |_| async {
        let mut trailers = HeaderMap::new();
        Status::not_found("no such thing").add_header(&mut trailers).unwrap();
        let frames = [Frame::data(Bytes::from_static(b"chunk")), Frame::trailers(trailers)];
        let frames = stream::iter(frames.map(Ok::<_, Status>));
        Ok(Response::new(Body::new(StreamBody::new(frames))))
    });

    let whole = answer.await.into_body().collect().await.unwrap();

    assert_eq!(status(whole.trailers().unwrap()).code(), Code::NotFound);
}

#[tokio::test]
async fn the_deadline_is_told_to_the_handler() {
    let answer = answer(request(&[("grpc-timeout", "30S")]), |request| async move {
        let deadline = request.extensions().get::<Deadline>().unwrap();
        let left = deadline.remaining().as_secs().to_string();
        Ok(Response::builder().header("left", left).body(Body::empty()).unwrap())
    });

    let left: u64 = answer.await.headers()["left"].to_str().unwrap().parse().unwrap();

    assert!((28..=30).contains(&left), "{left} s left");
}

#[tokio::test]
async fn a_malformed_timeout_is_refused_with_its_reason() {
    for timeout in ["", "S", "10", "10s", "-1S", "+1S", "1.5S", " 1S", "1 S", "123456789S", "0x1S"]
    {
        let answer = answer(request(&[("grpc-timeout", timeout)]), fine).await;

        let status = status(answer.headers());
        assert_eq!(status.code(), Code::InvalidArgument, "{timeout:?}");
        assert!(status.message().starts_with("TIMEOUT_MALFORMED: "), "{status:?}");
    }
    let twice = request(&[("grpc-timeout", "1S"), ("grpc-timeout", "2S")]);
    assert_eq!(status(answer(twice, fine).await.headers()).code(), Code::InvalidArgument);
}

#[test]
fn every_unit_is_understood() {
    let units = [
        ("2H", Duration::from_secs(7_200)),
        ("3M", Duration::from_secs(180)),
        ("99999999S", Duration::from_secs(99_999_999)),
        ("5m", Duration::from_millis(5)),
        ("6u", Duration::from_micros(6)),
        ("0n", Duration::ZERO),
    ];
    for (text, time) in units {
        assert_eq!(grpc_timeout(request(&[("grpc-timeout", text)]).headers()), Ok(Some(time)));
    }
    assert_eq!(grpc_timeout(&HeaderMap::new()), Ok(None));
}

#[test]
fn the_path_decides_what_a_call_may_take() {
    let transfers = PathDeadline {
        prefix: "/oncebus.v1.TransferService/".to_owned(),
        default: Duration::from_secs(600),
        max: Duration::from_secs(600),
    };
    let limits = CallLimits { paths: vec![transfers], ..limits() };
    let (transfer, other) = ("/oncebus.v1.TransferService/FetchMaterial", "/other/Call");

    let time =
        |path, asked: Option<u64>| limits.time(path, asked.map(Duration::from_secs)).as_secs();

    assert_eq!([time(other, None), time(other, Some(5)), time(other, Some(300))], [10, 5, 60]);
    assert_eq!([time(transfer, None), time(transfer, Some(300))], [600, 300]);
    assert_eq!(time(transfer, Some(3_600)), 600);
}

#[tokio::test]
async fn too_many_metadata_entries_are_refused_and_grpcs_own_do_not_count() {
    let own = [("te", "trailers"), ("content-type", "application/grpc"), ("user-agent", "x")];
    let mut enough = request(&own);
    for _ in 0..32 {
        enough.headers_mut().append("x-entry", "1".parse().unwrap());
    }
    let mut too_many = request(&[("x-other", "1")]);
    too_many.headers_mut().extend(enough.headers().clone());

    let taken = answer(enough, fine).await;
    let refused = answer(too_many, fine).await;

    assert!(taken.headers().get("grpc-status").is_none());
    let status = status(refused.headers());
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().starts_with("METADATA_TOO_LARGE: "), "{status:?}");
}
