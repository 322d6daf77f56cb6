//! What every client of gRPC expects of a server, and what it hears when it asks in vain.

use bytes::Bytes;
use oncebus_proto::v1 as pb;
use oncebus_tests::{TestBus, raw, reason};
use tonic::{Code, Status, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

#[tokio::test]
async fn health_says_that_the_gateway_and_each_service_serve() {
    let bus = TestBus::start().await;
    let mut health = HealthClient::new(bus.client("planning").channel);

    for name in ["", "TransferService", "AuditService", "AdminService"] {
        let service = if name.is_empty() { String::new() } else { format!("oncebus.v1.{name}") };
        let request = HealthCheckRequest { service: service.clone() };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "{service}");
    }
}

#[tokio::test]
async fn reflection_lists_the_services() {
    let bus = TestBus::start().await;
    let mut reflection = ServerReflectionClient::new(bus.client("planning").channel);
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };

    let answer = reflection.server_reflection_info(tokio_stream::iter([request])).await.unwrap();
    let answer = answer.into_inner().message().await.unwrap().unwrap();

    let Some(MessageResponse::ListServicesResponse(list)) = answer.message_response else {
        panic!("{answer:?}");
    };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    let services =
        ["CatalogService", "MaterialService", "TransferService", "AuditService", "AdminService"];
    for name in services {
        assert!(names.contains(&format!("oncebus.v1.{name}").as_str()), "{names:?}");
    }
}

#[tokio::test]
async fn what_the_library_refuses_has_a_reason_too() {
    let bus = TestBus::start().await;
    let client = bus.client("planning");
    let search = "/oncebus.v1.AuditService/SearchRecords";
    let filter = pb::RecordFilter { system: "x".repeat(70_000), ..Default::default() };
    let large = pb::SearchRecordsRequest { filter: Some(filter), ..Default::default() };

    let too_large = client.audit.clone().search_records(large).await.unwrap_err();
    let malformed = refused(&client.channel, search, b"\x0a\xff\xff\xff\xff\x0f").await;
    let unknown = refused(&client.channel, "/oncebus.v1.AuditService/Nothing", b"").await;
    let nowhere = refused(&client.channel, "/oncebus.v9.NoService/Nothing", b"").await;

    for (status, code, expected) in [
        (too_large, Code::InvalidArgument, "MESSAGE_TOO_LARGE"),
        (malformed, Code::InvalidArgument, "MALFORMED_MESSAGE"),
        (unknown, Code::Unimplemented, "UNKNOWN_METHOD"),
        (nowhere, Code::Unimplemented, "UNKNOWN_METHOD"),
    ] {
        assert_eq!((status.code(), reason(&status).as_str()), (code, expected), "{status:?}");
    }
}

async fn refused(channel: &Channel, path: &'static str, bytes: &'static [u8]) -> Status {
    raw::send(channel, path, Bytes::from_static(bytes)).await.unwrap_err()
}
