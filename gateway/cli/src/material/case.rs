//! Flags that say whom a case concerns.

use clap::Args;
use oncebus_proto::v1 as pb;

use crate::client::subject;

/// The project of a case, and its parties.
#[derive(Debug, Args)]
pub(crate) struct CaseArgs {
    /// Project code, like 2501-370800-04-01-000016
    #[arg(long, value_name = "CODE")]
    pub(super) project: String,
    /// A party of the case, like contractor=credit:91370800MA3ABCD15K; roles are developer,
    /// contractor, supervisor, designer, surveyor, legal_representative, agent; may be repeated
    #[arg(long = "party", value_name = "ROLE=SCHEME:VALUE", value_parser = party)]
    pub(super) parties: Vec<pb::Party>,
}

/// Reads `ROLE=SCHEME:VALUE`.
pub(super) fn party(text: &str) -> Result<pb::Party, String> {
    let Some((role, who)) = text.split_once('=') else {
        return Err("give ROLE=SCHEME:VALUE, like developer=credit:91370800MA3ABCD15K".to_owned());
    };
    Ok(pb::Party { role: role.to_owned(), subject: Some(subject(who)?) })
}

/// Reads `KEY=VALUE`.
pub(super) fn fact(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("give KEY=VALUE, like land_way=granted".to_owned()),
    }
}
