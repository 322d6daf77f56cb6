//! `oncebus audit diff-checkpoints`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use oncebus_proto::v1::{self as pb, audit_service_client::AuditServiceClient};
use oncebus_trail::{Checkpoint, Consistency, SignedCheckpoint, VerifierKey};
use serde_json::json;
use tonic::transport::Channel;

use super::connect;
use crate::{
    client::{CALL_TIME, ProfileArgs, failed, within},
    exit::{CliError, Exit},
    output::OutputArgs,
};

/// Proofs asked for until two are under one checkpoint: a busy log publishes a few times a second.
const TRIES: u32 = 5;

/// Flags of `audit diff-checkpoints`.
#[derive(Debug, Args)]
pub(crate) struct GrowthArgs {
    #[command(flatten)]
    profile: ProfileArgs,
    #[command(flatten)]
    output: OutputArgs,
    /// Checkpoint that was kept
    #[arg(value_name = "OLD.checkpoint")]
    old: PathBuf,
    /// A later one [default: the newest of the gateway]
    #[arg(value_name = "NEW.checkpoint")]
    new: Option<PathBuf>,
    /// Key that checks the log's checkpoints [default: trail_vkey of the connection file]
    #[arg(long, value_name = "KEY")]
    vkey: Option<VerifierKey>,
}

// === impl GrowthArgs ===

impl GrowthArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let key = match &self.vkey {
            Some(key) => key.clone(),
            None => self.profile.trail_key()?,
        };
        let old = read(&self.old, &key)?;
        let mut client = connect(&self.profile)?;
        let new = match &self.new {
            None => grown(&mut client, &old, &key).await?,
            Some(file) => {
                let new = read(file, &key)?;
                between(&mut client, &old, &new, &key).await?;
                new
            }
        };
        let sentence =
            format!("{} only grew, from {} to {} records", old.origin, old.size, new.size);
        let origin = old.origin.to_string();
        let value = json!({"origin": origin, "old_size": old.size, "new_size": new.size});
        self.output.sentence(&sentence, &value);
        Ok(())
    }
}

/// Reads a checkpoint that somebody kept.
fn read(file: &Path, key: &VerifierKey) -> Result<Checkpoint, CliError> {
    let shown = file.display();
    let note = fs::read_to_string(file)
        .map_err(|error| CliError::usage(format!("cannot read {shown}: {error}")))?;
    match SignedCheckpoint::open(&note, key) {
        Ok(signed) => Ok(signed.checkpoint),
        Err(error) => Err(wrong(format!("{shown}: {error}"))),
    }
}

/// Checks that both checkpoints lie on the way to the one that is the newest now.
async fn between(
    client: &mut AuditServiceClient<Channel>,
    old: &Checkpoint,
    new: &Checkpoint,
    key: &VerifierKey,
) -> Result<(), CliError> {
    if new.size < old.size {
        let (new, old) = (new.size, old.size);
        return Err(wrong(format!("the newer has {new} records, the older {old}: swap them")));
    }
    for _ in 0..TRIES {
        let from_old = grown(client, old, key).await?;
        let from_new = grown(client, new, key).await?;
        if from_old == from_new {
            return Ok(());
        }
        if from_old.size == from_new.size {
            return Err(wrong("the gateway shows two trees of one size".to_owned()));
        }
    }
    let message = "the trail grows too fast to compare two checkpoints, try again later";
    Err(CliError::check(message))
}

/// Returns the newest checkpoint, once it is proven that the log only grew up to it.
async fn grown(
    client: &mut AuditServiceClient<Channel>,
    old: &Checkpoint,
    key: &VerifierKey,
) -> Result<Checkpoint, CliError> {
    let old_size = i64::try_from(old.size).unwrap_or(i64::MAX);
    let origin = old.origin.to_string();
    let request = pb::GetConsistencyProofRequest { origin, old_size };
    let answer = client.get_consistency_proof(within(CALL_TIME, request)).await;
    let answer = answer.map_err(|s| failed(&s))?.into_inner();
    let path = answer.path.iter().map(|hash| <[u8; 32]>::try_from(hash.as_ref()));
    let path = path.collect::<Result<_, _>>().map_err(|error| wrong(format!("a hash: {error}")))?;
    let size = |size: i64| u64::try_from(size).map_err(|error| wrong(format!("a size: {error}")));
    let proof = Consistency {
        old_size: size(answer.old_size)?,
        new_size: size(answer.new_size)?,
        path,
        checkpoint: answer.checkpoint,
    };
    proof.verify(old, key).map_err(|error| wrong(error.to_string()))
}

fn wrong(message: String) -> CliError {
    CliError::new(Exit::Verification, message)
}
