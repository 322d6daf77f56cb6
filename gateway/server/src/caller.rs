//! Turns a verified peer into the caller that the exchange knows.

use std::{collections::HashMap, net::IpAddr, sync::Arc};

use oncebus_core::{
    Admission, Admitted, Caller, Catalog, DeptId, FieldError, HangUp, Role, SystemId, TraceId,
};
use oncebus_transport::{Deadline, Identity, Peer};
use tokio::sync::watch;
use tonic::{Extensions, Request, Status, metadata::MetadataMap};

use crate::{SystemConfig, convert, refusals::RefusalCounter};

/// Knows the departments and the roles of their systems.
#[derive(Debug)]
pub(crate) struct Callers {
    catalog: Arc<Catalog>,
    admission: Arc<Admission>,
    /// Replaced as a whole, so that no call sees half of a change.
    roles: watch::Sender<Roles>,
    refusals: Arc<RefusalCounter>,
}

/// Roles by SPIFFE id; who is not listed is a department's.
pub(crate) type Roles = HashMap<String, Role>;

// === impl Callers ===

impl Callers {
    pub(crate) fn new(
        catalog: Arc<Catalog>,
        admission: Arc<Admission>,
        systems: &[SystemConfig],
        refusals: Arc<RefusalCounter>,
    ) -> Self {
        Self { catalog, admission, roles: watch::Sender::new(roles(systems)), refusals }
    }

    /// Gives the systems other roles: every call that begins after this returned has them.
    pub(crate) fn replace_roles(&self, systems: &[SystemConfig]) {
        self.roles.send_replace(roles(systems));
    }

    /// Returns what tells of every change of the roles from now on.
    pub(crate) fn role_changes(&self) -> watch::Receiver<Roles> {
        self.roles.subscribe()
    }

    /// Lets a call in, and checks its request.
    ///
    /// # Errors
    ///
    /// `UNKNOWN_DEPARTMENT` if the catalogue does not have the caller's department, `OVERLOADED` if
    /// that department does too much, `INVALID_FIELD` with what `parse` finds; all are counted.
    pub(crate) fn admit<M, T>(
        &self,
        request: Request<M>,
        parse: impl FnOnce(M, &Caller) -> Result<T, FieldError>,
    ) -> Result<(Admitted, T), Status> {
        let (metadata, extensions, message) = request.into_parts();
        let peer = peer(&extensions)?;
        let address = peer.address.ip().to_canonical();
        let Some(caller) = self.caller(&peer, trace_id(&metadata)) else {
            return Err(self.refuse(address, convert::unknown_department(&peer.spiffe_id)));
        };
        let deadline = extensions.get::<Deadline>().ok_or_else(convert::not_admitted)?.0;
        let permit = match self.admission.enter(&caller.department) {
            Ok(permit) => permit,
            Err(load) => return Err(self.refuse(address, convert::overloaded(load))),
        };
        let stream = extensions.get::<oncebus_transport::HangUp>().cloned();
        let hang_up = HangUp::by(move || {
            if let Some(stream) = &stream {
                stream.now();
            }
        });
        match parse(message, &caller) {
            Ok(message) => Ok((Admitted { caller, deadline, permit, hang_up }, message)),
            Err(error) => Err(self.refuse(address, convert::field_status(&error))),
        }
    }

    fn refuse(&self, address: IpAddr, (reason, status): (&'static str, Status)) -> Status {
        self.refusals.count(address, reason);
        status
    }

    fn caller(&self, peer: &Peer, trace_id: Option<TraceId>) -> Option<Caller> {
        let Identity::System { department, .. } = &peer.identity else { return None };
        let department: DeptId = department.parse().ok()?;
        self.catalog.department(&department)?;
        Some(Caller {
            department,
            system: SystemId::verified(peer.spiffe_id.clone()),
            certificate: peer.certificate,
            role: self.role(&peer.spiffe_id),
            trace_id,
        })
    }

    /// Returns the role that a system has now.
    pub(crate) fn role(&self, spiffe_id: &str) -> Role {
        self.roles.borrow().get(spiffe_id).copied().unwrap_or_default()
    }
}

fn roles(systems: &[SystemConfig]) -> Roles {
    systems.iter().map(|system| (system.spiffe_id.clone(), system.role)).collect()
}

/// Returns the trace that the call says it belongs to (W3C Trace Context).
fn trace_id(metadata: &MetadataMap) -> Option<TraceId> {
    TraceId::from_traceparent(metadata.get("traceparent")?.to_str().ok()?)
}

fn peer(extensions: &Extensions) -> Result<Arc<Peer>, Status> {
    extensions.get::<Arc<Peer>>().cloned().ok_or_else(convert::not_admitted)
}
