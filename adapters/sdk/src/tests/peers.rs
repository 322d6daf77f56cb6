//! Who gets in, and what the kit serves beside the adapter.

use std::sync::Arc;

use oncebus_proto::v1::{self as pb, adapter_service_client::AdapterServiceClient};
use oncebus_transport::connection_cause;
use tokio::net::TcpListener;
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient},
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use super::support::{ADAPTER, Authority, GATEWAY, Memory, Mood, Served, bytes, lookup};
use crate::{CancellationToken, Options, ServeError, serve};

#[tokio::test]
async fn only_a_gateway_gets_in() {
    let served = Served::start(Mood::Honest).await;
    let identities = [
        "spiffe://oncebus.test/dept/market/system/desk",
        "spiffe://oncebus.test/dept/housing/adapter/files",
        ADAPTER,
    ];

    for identity in identities {
        let channel = served.channel(&served.authority.credentials(identity));
        let refused = AdapterServiceClient::new(channel).lookup(lookup()).await.unwrap_err();
        let cause = connection_cause(&refused).unwrap_or_default();
        assert!(cause.contains("refused the certificate of"), "{identity}: {refused}");
    }
    served.client().lookup(lookup()).await.unwrap();
}

#[tokio::test]
async fn a_gateway_of_another_authority_does_not_get_in() {
    let served = Served::start(Mood::Honest).await;
    let credentials = Authority::new().credentials_trusting(GATEWAY, &served.authority);
    let channel = served.channel(&credentials);

    let refused = AdapterServiceClient::new(channel).lookup(lookup()).await.unwrap_err();

    let cause = connection_cause(&refused).unwrap_or_default();
    assert!(cause.contains("refused the certificate of"), "{refused}");
}

#[tokio::test]
async fn an_adapter_does_not_serve_with_another_adapters_certificate() {
    let credentials =
        Authority::new().credentials("spiffe://oncebus.test/dept/fire/adapter/memory");
    let adapter = Arc::new(Memory { mood: Mood::Honest, content: bytes(9) });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let shutdown = CancellationToken::new();

    let refused = serve(adapter, listener, &credentials, Options::default(), shutdown).await;

    assert!(matches!(refused, Err(ServeError::Identity { wanted, .. }) if wanted == ADAPTER));
}

#[tokio::test]
async fn describe_and_check_say_what_the_adapter_says() {
    let served = Served::start(Mood::NotReady).await;

    let described = served.client().describe(pb::DescribeRequest {}).await.unwrap().into_inner();
    let checked = served.client().check(pb::CheckRequest {}).await.unwrap().into_inner();

    assert_eq!(described.department, "market");
    assert_eq!(described.adapter, "memory");
    assert_eq!(described.material_types, ["business_licence", "other"]);
    assert!(described.stores);
    assert!(!checked.ready);
    assert_eq!(checked.detail, "the diskis gone");
}

#[tokio::test]
async fn health_follows_the_adapter() {
    for (mood, status) in
        [(Mood::Honest, ServingStatus::Serving), (Mood::NotReady, ServingStatus::NotServing)]
    {
        let served = Served::start(mood).await;
        let channel = served.channel(&served.authority.credentials(GATEWAY));
        let service = "oncebus.v1.AdapterService".to_owned();
        let request = HealthCheckRequest { service };

        let watch = HealthClient::new(channel).watch(request).await.unwrap();

        let mut answers = watch.into_inner();
        // The adapter is asked at start: until then it does not serve.
        loop {
            let answer = answers.message().await.unwrap().unwrap();
            if answer.status == status as i32 {
                break;
            }
        }
    }
}

#[tokio::test]
async fn reflection_names_the_service() {
    let served = Served::start(Mood::Honest).await;
    let channel = served.channel(&served.authority.credentials(GATEWAY));
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };

    let answer = ServerReflectionClient::new(channel)
        .server_reflection_info(once(request))
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap()
        .unwrap();

    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("no list of services: {answer:?}");
    };
    assert!(list.service.iter().any(|service| service.name == "oncebus.v1.AdapterService"));
}

#[tokio::test]
async fn an_adapter_that_is_told_to_stop_stops() {
    let served = Served::start(Mood::Honest).await;
    served.client().lookup(lookup()).await.unwrap();

    served.shutdown.cancel();

    served.ended.await.unwrap();
}

fn once<T: Send + 'static>(item: T) -> impl futures_util::Stream<Item = T> + Send {
    futures_util::stream::once(async { item })
}
