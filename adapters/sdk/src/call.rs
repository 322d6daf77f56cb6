//! The log line of a call. No subject, number or content is ever in it.

use std::{error::Error, sync::Arc};

use oncebus_transport::Peer;
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use crate::{AdapterError, Number, Subject, TypeCode, status::CallError};

/// Longest text of a fault in the log, in bytes.
const MAX_FAULT_BYTES: usize = 1_024;

/// One call in progress; it is logged once, at its end or when its caller hangs up.
#[derive(Debug)]
pub(crate) struct Call {
    method: &'static str,
    gateway: Option<Arc<Peer>>,
    material_type: Option<TypeCode>,
    begun: Instant,
    /// What a fault's text must not show.
    hidden: Vec<String>,
    ended: bool,
}

// === impl Call ===

impl Call {
    pub(crate) fn begin<T>(method: &'static str, request: &Request<T>) -> Self {
        Self {
            method,
            gateway: request.extensions().get::<Arc<Peer>>().cloned(),
            material_type: None,
            begun: Instant::now(),
            hidden: Vec::new(),
            ended: false,
        }
    }

    /// Notes what the call is about: the type for the log, subject and number to keep out of it.
    pub(crate) fn about(
        &mut self,
        material_type: &TypeCode,
        subject: &Subject,
        number: Option<&Number>,
    ) {
        self.material_type = Some(material_type.clone());
        let number = number.map(|number| number.as_str().to_owned());
        self.hide([subject.value().to_owned()].into_iter().chain(number));
    }

    /// Keeps words out of the log.
    pub(crate) fn hide(&mut self, words: impl IntoIterator<Item = String>) {
        self.hidden.extend(words);
        // The longest first: where one is part of another, nothing of the other stays.
        self.hidden.sort_by_key(|word| std::cmp::Reverse(word.len()));
    }

    /// Ends a call of one answer.
    pub(crate) fn answer<T>(mut self, result: Result<T, CallError>) -> Result<Response<T>, Status> {
        match result {
            Ok(answer) => {
                self.done();
                Ok(Response::new(answer))
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Ends a call that succeeded.
    pub(crate) fn done(&mut self) {
        self.log("OK");
    }

    /// Ends a call that failed; returns what the gateway is told.
    pub(crate) fn failed(&mut self, error: &CallError) -> Status {
        match error {
            CallError::Adapter(AdapterError::Fault(source)) => {
                let fault = self.blotted(source.as_ref());
                tracing::error!(method = self.method, fault, "adapter failed");
            }
            CallError::Adapter(AdapterError::Full) => {
                tracing::error!(method = self.method, "no room is left for uploads");
            }
            CallError::Adapter(AdapterError::UnsafePath) => {
                tracing::warn!(method = self.method, "a symbolic link was not followed");
            }
            CallError::Adapter(_) | CallError::Field(_) => {}
        }
        self.log(error.reason());
        error.status()
    }

    fn log(&mut self, outcome: &'static str) {
        self.ended = true;
        let gateway = self.gateway.as_ref().map_or("", |peer| peer.spiffe_id.as_str());
        let material_type = self.material_type.as_ref().map_or("", TypeCode::as_str);
        let elapsed_ms = self.begun.elapsed().as_millis();
        let method = self.method;
        tracing::info!(method, outcome, gateway, material_type, elapsed_ms, "call ended");
    }

    /// Returns the texts of `error` and its sources without the words that must not be seen.
    fn blotted(&self, error: &(dyn Error + 'static)) -> String {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        for word in &self.hidden {
            text = text.replace(word, "(hidden)");
        }
        text.truncate(text.floor_char_boundary(MAX_FAULT_BYTES));
        text
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            self.log("CANCELLED");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_logged_without_subject_and_number() {
        let mut call = Call::begin("Lookup", &Request::new(()));
        let subject = Subject::new("citizen", "110101199003070011").unwrap();
        let number = "1101".parse().unwrap();
        call.about(&"id_card".parse().unwrap(), &subject, Some(&number));

        let text = call.blotted(&std::io::Error::other("/data/110101199003070011/1101.toml broke"));

        assert_eq!(text, "/data/(hidden)/(hidden).toml broke");
    }
}
