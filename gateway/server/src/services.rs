//! The gRPC services: who, what, do, answer.

mod admin;
mod audit;
mod catalog;
mod material;
mod reasons;
mod transfer;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use http::Response;
use oncebus_core::{Bus, Clock};
use oncebus_proto::{FILE_DESCRIPTOR_SET, v1 as pb};
use oncebus_store::SearchIndex;
use oncebus_transport::{CallLimited, CallLimits, CallLimitsLayer, PathDeadline};
use tokio_util::sync::CancellationToken;
use tonic::{body::Body, service::Routes};
use tonic_health::{
    ServingStatus,
    pb::health_server::{Health, HealthServer},
    server::health_reporter,
};
use tower::{Layer as _, util::MapResponse};

use crate::{acts::Acts, caller::Callers, convert, page::Pager, reload::Reloads};

/// Longest message of a call that moves no bytes.
const CONTROL_BYTES: usize = 64 * 1024;
/// Longest message of a call about materials: a batch names a thousand subjects.
const MATERIAL_BYTES: usize = 256 * 1024;
/// Longest message of a call that moves bytes.
const TRANSFER_BYTES: usize = 1024 * 1024 + CONTROL_BYTES;
/// Time of a transfer.
const TRANSFER_TIME: Duration = Duration::from_secs(600);

/// Time of an export of the trail.
const EXPORT_TIME: Duration = Duration::from_secs(3_600);
/// Time of a tail of the trail; whoever wants more opens the next where it ended.
const TAIL_TIME: Duration = Duration::from_secs(24 * 3_600);

/// What the services of one worker share.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub bus: Bus,
    pub callers: Arc<Callers>,
    pub reloads: Arc<Reloads>,
    pub acts: Arc<Acts>,
    pub pager: Arc<Pager>,
    pub index: Arc<SearchIndex>,
    pub clock: Arc<dyn Clock>,
    /// Records that the scrubber's last pass read and found sound.
    pub verified: Arc<AtomicU64>,
    /// Cancelled when the gateway begins to end: streams that nobody else would end do.
    pub ending: CancellationToken,
}

/// The services, where every error has a reason.
pub(crate) type Reasoned = MapResponse<Routes, fn(Response<Body>) -> Response<Body>>;

/// Builds all services of one worker, within the limits of a call.
pub(crate) async fn routes(
    shared: &Shared,
) -> Result<CallLimited<Reasoned>, tonic_reflection::server::Error> {
    use pb::{
        admin_service_server::AdminServiceServer, audit_service_server::AuditServiceServer,
        catalog_service_server::CatalogServiceServer,
        material_service_server::MaterialServiceServer,
        transfer_service_server::TransferServiceServer,
    };

    let catalog = catalog::Catalog(shared.clone());
    let material = material::Material(shared.clone());
    let transfer = transfer::Transfer(shared.clone());
    let audit = audit::Audit(shared.clone());
    let admin = admin::Admin(shared.clone());
    let reflection = tonic_reflection::server::Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET);
    let health = health().await;
    let routes =
        Routes::new(CatalogServiceServer::new(catalog).max_decoding_message_size(CONTROL_BYTES))
            .add_service(
                MaterialServiceServer::new(material).max_decoding_message_size(MATERIAL_BYTES),
            )
            .add_service(
                TransferServiceServer::new(transfer).max_decoding_message_size(TRANSFER_BYTES),
            )
            .add_service(AuditServiceServer::new(audit).max_decoding_message_size(CONTROL_BYTES))
            .add_service(AdminServiceServer::new(admin).max_decoding_message_size(CONTROL_BYTES))
            .add_service(health)
            .add_service(reflection.build_v1()?);
    let reasoned: Reasoned = MapResponse::new(routes.prepare(), reasons::with_reason);
    Ok(CallLimitsLayer::new(call_limits()).layer(reasoned))
}

/// Says of the gateway, and of each service, that it serves: a gateway that cannot does not listen.
async fn health() -> HealthServer<impl Health> {
    let (reporter, health) = health_reporter();
    for service in [
        "oncebus.v1.CatalogService",
        "oncebus.v1.MaterialService",
        "oncebus.v1.TransferService",
        "oncebus.v1.AuditService",
        "oncebus.v1.AdminService",
    ] {
        reporter.set_service_status(service, ServingStatus::Serving).await;
    }
    health
}

fn call_limits() -> CallLimits {
    let times = [
        ("/oncebus.v1.TransferService/", TRANSFER_TIME),
        ("/oncebus.v1.AuditService/ExportRecords", EXPORT_TIME),
        ("/oncebus.v1.AuditService/TailRecords", TAIL_TIME),
    ];
    let paths = times.map(|(prefix, time)| PathDeadline {
        prefix: prefix.to_owned(),
        default: time,
        max: time,
    });
    CallLimits { paths: paths.into(), refuse: convert::call_refused, ..CallLimits::default() }
}
