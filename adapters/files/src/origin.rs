//! What the department holds already: sidecars and the contents beside them.

use std::{fs::File, sync::Arc};

use futures_util::StreamExt as _;
use oncebus_adapter::{AdapterError, Content, Document, Number, Query, Subject, TypeCode};
use opendal::Operator;

use crate::{
    blocking::blocking,
    folder::Folder,
    sidecar::{self, Sidecar},
    template::Template,
    verified::Verified,
};

/// Most documents of one type about one subject.
const MAX_DOCUMENTS: usize = 1_000;
/// Most files in a subject's folder: a sidecar and a content each, and room for strays.
const MAX_FILES: usize = 4 * MAX_DOCUMENTS;

/// What the department holds already.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) folder: Arc<Folder>,
    pub(crate) listing: Operator,
    pub(crate) template: Arc<Template>,
    pub(crate) verified: Arc<Verified>,
}

// === impl Origin ===

impl Origin {
    /// Returns the documents that the sidecars of a type and subject describe.
    pub(crate) async fn lookup(&self, query: &Query) -> Result<Vec<Document>, AdapterError> {
        let names = match &query.number {
            Some(number) => vec![self.template.file(number)],
            None => self.sidecars(&query.material_type, &query.subject).await?,
        };
        let (origin, query) = (self.clone(), query.clone());
        blocking(move || {
            let read = |name: String| origin.read(&query.material_type, &query.subject, &name);
            names.into_iter().filter_map(|name| read(name).transpose()).map(document).collect()
        })
        .await
    }

    /// Opens the content, verified.
    pub(crate) async fn open(&self, content: &Content) -> Result<File, AdapterError> {
        let (origin, content) = (self.clone(), content.clone());
        blocking(move || origin.open_now(&content)).await
    }

    pub(crate) fn open_now(&self, content: &Content) -> Result<File, AdapterError> {
        let (material_type, subject) = (&content.material_type, &content.subject);
        let name = self.template.file(&content.number);
        let (document, file) =
            self.read(material_type, subject, &name)?.ok_or(AdapterError::NotFound)?;
        if document.digest != content.digest {
            return Err(AdapterError::NotFound);
        }
        if document.size_bytes != content.size_bytes {
            return Err(AdapterError::SizeMismatch);
        }
        let path = format!("{}/{file}", self.template.folder(material_type, subject));
        self.verified.open(&self.folder, &path, content.size_bytes, content.digest)
    }

    /// Returns the names of a subject's sidecars.
    async fn sidecars(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
    ) -> Result<Vec<String>, AdapterError> {
        let folder = format!("{}/", self.template.folder(material_type, subject));
        let shown = self.template.shown_folder(material_type, subject);
        let unlisted = |error: opendal::Error| {
            // The error's own text names the folder.
            AdapterError::fault(format!("cannot list {shown}: {}", error.kind()))
        };
        let mut entries = self.listing.lister(&folder).await.map_err(unlisted)?.take(MAX_FILES + 1);
        let mut sidecars = Vec::new();
        let mut files = 0;
        while let Some(entry) = entries.next().await {
            let entry = entry.map_err(unlisted)?;
            files += 1;
            if self.template.is_sidecar(entry.name()) {
                sidecars.push(entry.name().to_owned());
            }
        }
        if MAX_FILES < files || MAX_DOCUMENTS < sidecars.len() {
            let fault =
                format!("{shown} holds over {MAX_DOCUMENTS} documents or {MAX_FILES} files");
            return Err(AdapterError::fault(fault));
        }
        Ok(sidecars)
    }

    /// Reads the sidecar called `name`: the document, and the name of its content's file.
    fn read(
        &self,
        material_type: &TypeCode,
        subject: &Subject,
        name: &str,
    ) -> Result<Option<(Document, String)>, AdapterError> {
        let folder = self.template.folder(material_type, subject);
        let file = match self.folder.read(&format!("{folder}/{name}")) {
            Err(AdapterError::NotFound) => return Ok(None),
            opened => opened?,
        };
        let shown = self.template.shown_folder(material_type, subject);
        let sidecar = Sidecar::read(&file, &shown)?;
        let document = sidecar
            .document(material_type, subject)
            .map_err(|error| sidecar::fault(&file, &shown, &error))?;
        if !self.is_named_by(name, &document.number) {
            let fault = "it is not named by its number as the path template says";
            return Err(sidecar::fault(&file, &shown, &fault));
        }
        Ok(Some((document, sidecar.file)))
    }

    fn is_named_by(&self, name: &str, number: &Number) -> bool {
        self.template.file(number) == name
    }
}

fn document(read: Result<(Document, String), AdapterError>) -> Result<Document, AdapterError> {
    read.map(|(document, _file)| document)
}
