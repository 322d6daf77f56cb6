//! Verify: whether what is said of a material is true, without anything of it leaving.

use std::sync::Arc;

use oncebus_trail::Receipt;
use tokio::time::Instant;

use crate::{
    Admitted, Bus, Claim, Claims, ClaimsQuery, ExchangeError, Facts, Failure, FieldName,
    HolderError, MaterialInfo, MaterialType, Number, Operation, Purpose, RequestId, Subject,
    Supply, Verdict, When, exchange::Exchange, find::finished, resolve::Found,
};

/// A checked request to compare claims.
#[derive(Clone, Debug)]
pub struct VerifyQuery {
    /// Type of the material.
    pub material_type: Arc<MaterialType>,
    /// Whom or what it is about.
    pub subject: Subject,
    /// The issuer's number, or any one.
    pub number: Option<Number>,
    /// What is said of it.
    pub claims: Claims,
    /// Why.
    pub purpose: Purpose,
    /// The caller's id of the request.
    pub request_id: Option<RequestId>,
}

/// Whether claims are true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchVerdict {
    /// All are, of one material in force.
    Match,
    /// They are not, or no such material is held.
    NoMatch,
    /// The holder cannot say now.
    Unknown,
}

/// What a comparison brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The verdict on all claims together.
    pub verdict: MatchVerdict,
    /// Fields of which something else is true, where that may be told.
    pub mismatched: Vec<FieldName>,
}

/// A finding that is on record.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What was found; of personal types and those that are only verified, the verdict alone.
    pub finding: Finding,
    /// Proof of the record.
    pub receipt: Receipt,
}

/// What is to be compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'a> {
    pub(crate) material_type: &'a MaterialType,
    pub(crate) subject: &'a Subject,
    pub(crate) number: Option<&'a Number>,
    pub(crate) claims: &'a Claims,
}

impl Bus {
    /// Says whether claims are true. A holder that cannot say now is told as [`MatchVerdict::Unknown`]; its
    /// record says why.
    ///
    /// # Errors
    ///
    /// Every refusal, and every failure but that, with the receipt of its record.
    pub async fn verify(
        &self,
        admitted: Admitted,
        query: VerifyQuery,
    ) -> Result<Verified, Failure> {
        let bus = self.clone();
        finished(tokio::spawn(async move { bus.run_verify(admitted, query).await })).await
    }

    async fn run_verify(self, admitted: Admitted, query: VerifyQuery) -> Result<Verified, Failure> {
        let Admitted { caller, deadline, permit: _until_the_end, .. } = admitted;
        let VerifyQuery { material_type, subject, number, claims, purpose, request_id } = query;
        let operation = Operation::Verify;
        let mut exchange = Exchange::begin(&self, &caller, operation, &material_type, &purpose);
        exchange.request(request_id);
        exchange.about(&subject);
        exchange.claims(&claims);
        exchange.holder(&self.source(&material_type, &subject));
        let question = Question {
            material_type: &material_type,
            subject: &subject,
            number: number.as_ref(),
            claims: &claims,
        };
        let compared = match exchange.decide(&caller, operation, &material_type) {
            Ok(_standing) => self.compare(&mut exchange, question, deadline).await,
            Err(denied) => Err(denied),
        };
        let for_now = |error: &ExchangeError| matches!(error, ExchangeError::Holder(error) if error.is_for_now());
        exchange.found(compared, for_now).await
    }

    /// Compares claims with what is held: of a document with what is known of it, all else at its
    /// holder.
    pub(crate) async fn compare(
        &self,
        exchange: &mut Exchange,
        question: Question<'_>,
        deadline: Instant,
    ) -> Result<Finding, ExchangeError> {
        let Question { material_type, subject, number, claims } = question;
        if material_type.supply == Supply::VerifyOnly {
            let claims = claims.as_slice().to_vec();
            let finding = self.ask_holder(exchange, question, number, claims, deadline).await?;
            return Ok(finding.for_caller(material_type));
        }
        let found = self.resolve(exchange, material_type, subject, number, deadline).await?;
        let (now, facts) = (self.clock.now(), Facts::default());
        let under = self.circumstances(material_type, subject, &facts, When::Now(now)).await?;
        let untrue = |found: &Found| untrue(&found.info(material_type, &under, now), claims);
        let others = claims.as_slice().iter().filter(|claim| !is_of_document(claim));
        let others: Vec<_> = others.cloned().collect();
        let fits: Vec<_> = found.iter().filter(|found| untrue(found).is_empty()).collect();
        let finding = match (&fits[..], others.is_empty()) {
            ([], _) => Finding::no_match(common(claims, found.iter().map(untrue))),
            (_, true) => Finding::MATCH,
            ([only], false) => {
                let number = Some(only.number());
                self.ask_holder(exchange, question, number, others, deadline).await?
            }
            (several, false) => {
                return Err(ExchangeError::MaterialAmbiguous { count: several.len() });
            }
        };
        Ok(finding.for_caller(material_type))
    }

    /// Asks the department's adapter, under a durable Intent.
    async fn ask_holder(
        &self,
        exchange: &mut Exchange,
        question: Question<'_>,
        number: Option<&Number>,
        claims: Vec<Claim>,
        deadline: Instant,
    ) -> Result<Finding, ExchangeError> {
        let holder = &self.source(question.material_type, question.subject);
        let asking = exchange.asking(deadline);
        if !self.holders.describe(holder, &asking).await?.verifies {
            return Err(HolderError::CannotVerify { holder: holder.clone() }.into());
        }
        let query = ClaimsQuery {
            material_type: question.material_type.code.clone(),
            subject: question.subject.clone(),
            number: number.cloned(),
            claims,
        };
        exchange.intent(holder).await?;
        exchange.counts().verify += 1;
        Ok(self.holders.verify(holder, &query, &asking).await?)
    }
}

// === impl Exchange ===

impl Exchange {
    /// Makes the Outcome of a comparison durable: that it was made, and never what it found. A failure
    /// that `leaves_unknown` is a verdict for the caller, and a failure on record.
    pub(crate) async fn found(
        mut self,
        compared: Result<Finding, ExchangeError>,
        leaves_unknown: impl FnOnce(&ExchangeError) -> bool,
    ) -> Result<Verified, Failure> {
        let recorded = match compared {
            Ok(finding) => self.served(0, None).await.map(|receipt| Verified { finding, receipt }),
            Err(error) if leaves_unknown(&error) => {
                let Failure { error, receipt } = self.failed(error).await;
                let finding = Finding { verdict: MatchVerdict::Unknown, mismatched: Vec::new() };
                return match receipt {
                    Some(receipt) => Ok(Verified { finding, receipt: *receipt }),
                    None => Err(error.into()),
                };
            }
            Err(error) => Err(error),
        };
        match recorded {
            Ok(verified) => Ok(verified),
            Err(error) => Err(self.failed(error).await),
        }
    }
}

// === impl Finding ===

impl Finding {
    const MATCH: Self = Self { verdict: MatchVerdict::Match, mismatched: Vec::new() };

    fn no_match(mismatched: Vec<FieldName>) -> Self {
        Self { verdict: MatchVerdict::NoMatch, mismatched }
    }

    /// Leaves only what may be told of the type: what does not match tells of a person what does.
    fn for_caller(mut self, material_type: &MaterialType) -> Self {
        if material_type.personal || material_type.supply == Supply::VerifyOnly {
            self.mismatched.clear();
        }
        self
    }
}

pub(crate) fn is_of_document(claim: &Claim) -> bool {
    !matches!(claim.of_document(), Ok(None))
}

/// Returns the fields that speak against a document: claims about it that are untrue, and what keeps it
/// from being good now.
fn untrue(info: &MaterialInfo, claims: &Claims) -> Vec<FieldName> {
    let is_untrue = |claim: &&Claim| match claim.of_document() {
        Ok(claimed) => claimed.is_some_and(|claimed| !claimed.is_true_of(&info.document)),
        Err(_none_of_its_values) => true,
    };
    let fields = claims.as_slice().iter().filter(is_untrue).map(|claim| claim.field.clone());
    let mut fields: Vec<_> = fields.collect();
    let against = match info.judgement.verdict {
        good if good.is_good() => None,
        Verdict::Expired | Verdict::Lapsed | Verdict::NotYetValid => Some("valid_until"),
        _ => Some("status"),
    };
    let against = against.and_then(|name| name.parse().ok());
    fields.extend(against.filter(|field| !fields.contains(field)));
    fields
}

/// Returns what speaks against all of the documents; where there is none, every claim.
fn common(claims: &Claims, mut all: impl Iterator<Item = Vec<FieldName>>) -> Vec<FieldName> {
    let Some(mut common) = all.next() else {
        return claims.as_slice().iter().map(|claim| claim.field.clone()).collect();
    };
    all.for_each(|fields| common.retain(|field| fields.contains(field)));
    common
}
