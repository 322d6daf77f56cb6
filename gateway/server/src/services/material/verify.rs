//! VerifyMaterial and BatchVerify.

use oncebus_proto::v1 as pb;
use tonic::{Request, Status};

use crate::{convert, services::Shared};

pub(super) async fn one(
    shared: &Shared,
    request: Request<pb::VerifyMaterialRequest>,
) -> Result<pb::VerifyMaterialResponse, Status> {
    let Shared { bus, callers, .. } = shared;
    let parse = |message, _caller: &_| convert::verify_query(bus, message);
    let (admitted, query) = callers.admit(request, parse)?;
    let verified = bus.verify(admitted, query).await.map_err(convert::failure)?;
    Ok(convert::verified(&verified))
}

pub(super) async fn many(
    shared: &Shared,
    request: Request<pb::BatchVerifyRequest>,
) -> Result<pb::BatchVerifyResponse, Status> {
    let Shared { bus, callers, .. } = shared;
    let parse = |message, _caller: &_| convert::batch_query(bus, message);
    let (admitted, (query, references)) = callers.admit(request, parse)?;
    let batch = bus.batch_verify(admitted, query).await.map_err(convert::failure)?;
    Ok(convert::batch(&batch, references))
}
