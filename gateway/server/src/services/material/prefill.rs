//! PrefillForm.

use oncebus_proto::v1 as pb;
use tonic::{Request, Response, Status};

use crate::{convert, services::Shared};

/// Answers a filled form.
pub(super) async fn prefill_form(
    shared: &Shared,
    request: Request<pb::PrefillFormRequest>,
) -> Result<Response<pb::PrefillFormResponse>, Status> {
    let bus = &shared.bus;
    let parse = |message, _caller: &_| convert::prefill_query(bus, message);
    let (admitted, query) = shared.callers.admit(request, parse)?;
    let filled = bus.prefill_form(admitted, query).await;
    let (form, receipt) = filled.map_err(convert::failure)?;
    Ok(Response::new(convert::prefilled(&form, &receipt)))
}
