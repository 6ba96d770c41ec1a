//! What happens to bins.

use std::collections::BTreeSet;

use base::{BinSid, Sid};
use errors::{ApiError, Result, codes};
use kit::page::Paging;
use kit::{Ctx, Listing};
use matcher::Class;
use phi::{Phi, PublicFact};
use rulebook::guard::Action;
use store::{Batch, Document, Index, NewDocument, Query};
use webhooks::{LogLevel, NewAlert, alert};

use crate::inspect::{Fault, inspect};
use crate::limits::MAX_BINS;
use crate::model::{Bin, BinFacts, Settings};
use crate::view::{BinView, RowView};

const SHOWN: &[&str] = &["twiml"];
const NAME: &str = "friendly_name";

/// What may be found, by name, in the order of [`Class::ALL`].
const CLASSES: [&str; Class::ALL.len()] = {
    let mut words = [""; Class::ALL.len()];
    let mut place = 0;
    while place < words.len() {
        words[place] = Class::ALL[place].as_str();
        place += 1;
    }
    words
};

/// What inspection says: classes and codes, never text.
struct Inspected(std::result::Result<BTreeSet<Class>, Fault>);

impl PublicFact for Inspected {}

/// Reads the document, and asks the guard about what is in it.
fn check(ctx: &Ctx, twiml: &Phi<String>) -> Result<Vec<String>> {
    let classes = twiml.learn(|text| Inspected(inspect(text))).0.map_err(|fault| match fault {
        Fault::Length => {
            ApiError::new(codes::INVALID_PARAMETER).parameter("twiml").hint("1 to 4000 characters")
        }
        Fault::Placeholder => ApiError::new(codes::NOT_SUPPORTED)
            .parameter("twiml")
            .hint("of templates, only {{Parameter}} is served"),
        Fault::Twiml(error) => match error.code {
            twiml::SCHEMA_VIOLATION => ApiError::new(codes::TWIML_NOT_SERVED).parameter("twiml"),
            _ => ApiError::new(codes::TWIML_NOT_XML).parameter("twiml"),
        },
    })?;
    let findings: Vec<String> = classes.iter().map(|class| class.as_str().to_owned()).collect();
    let refused = ctx.guard(&Action::UseBin { has_findings: !findings.is_empty() });
    // The classes are words of a closed list; the text that they were found in is not said.
    let place = |class: &Class| Class::ALL.iter().position(|known| known == class).unwrap_or_default();
    let chosen = classes.iter().fold(0, |chosen, class| chosen | 1 << place(class));
    refused.map_err(|error| error.words(&CLASSES, chosen))?;
    Ok(findings)
}

/// Outside a HIPAA project such a text is kept, and somebody is told.
fn warn(ctx: &Ctx, batch: &mut Batch, sid: BinSid, findings: &[String]) {
    if findings.is_empty() {
        return;
    }
    let new = NewAlert::now(&ctx.services.store, rulebook::codes::PHI_IN_BIN, LogLevel::Warning);
    alert::raise(batch, NewAlert { resource_sid: Some(sid.to_string()), ..new });
}

/// Keeps a new bin.
pub async fn create(ctx: &Ctx, settings: Settings) -> Result<BinView> {
    let missing = |field| ApiError::new(codes::INVALID_PARAMETER).parameter(field);
    let twiml = settings.twiml.ok_or(missing("twiml"))?;
    let findings = check(ctx, &twiml)?;
    let friendly_name = settings.friendly_name.ok_or(missing("friendly_name"))?;
    let all = Query { limit: MAX_BINS, ..Query::default() };
    if ctx.store().list::<Bin>(all).await?.documents.len() >= MAX_BINS {
        return Err(ApiError::new(codes::CONFLICT).hint("the account has as many bins as it may have"));
    }
    let sid = BinSid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    warn(ctx, &mut batch, sid, &findings);
    let facts = BinFacts { friendly_name, findings };
    let index = vec![Index { key: NAME, value: batch.free_text(&facts.friendly_name) }];
    let content = Some(twiml);
    batch.insert::<Bin>(NewDocument { index, content, ..NewDocument::of(sid, ctx.now(), facts) });
    ctx.commit(batch, vec![sid.to_string()]).await?;
    fetch(ctx, sid).await
}

async fn get(ctx: &Ctx, sid: BinSid) -> Result<Document<Bin>> {
    ctx.store().get::<Bin>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// Shows a bin; the ledger has it first.
pub async fn fetch(ctx: &Ctx, sid: BinSid) -> Result<BinView> {
    let bin = get(ctx, sid).await?;
    let proof = ctx.disclose(vec![sid.to_string()], SHOWN).await?;
    Ok(BinView::new(ctx.account().sid(), bin, &proof))
}

/// One page of bins, without their texts.
pub async fn list(ctx: &Ctx, name: Option<String>, paging: Paging) -> Result<Listing> {
    let name = name.map(|name| Index { key: NAME, value: ctx.store().free_text(&name) });
    let query = Query {
        filters: name.into_iter().collect(),
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    };
    let listed = ctx.store().list::<Bin>(query).await?;
    let account = ctx.account().sid();
    Listing::new(ctx, paging, listed, |bin| RowView::new(account, &bin)).await
}

/// Changes a bin: the text it had before is destroyed with its key.
pub async fn update(ctx: &Ctx, sid: BinSid, settings: Settings) -> Result<BinView> {
    let mut bin = get(ctx, sid).await?;
    let twiml = settings.twiml.or(bin.content.take()).ok_or(ApiError::new(codes::NOT_FOUND))?;
    let findings = check(ctx, &twiml)?;
    let friendly_name = settings.friendly_name.unwrap_or(std::mem::take(&mut bin.facts.friendly_name));
    let mut batch = ctx.batch();
    warn(ctx, &mut batch, sid, &findings);
    batch.delete(&bin);
    bin.facts = BinFacts { friendly_name, findings };
    batch.insert::<Bin>(NewDocument {
        index: vec![Index { key: NAME, value: batch.free_text(&bin.facts.friendly_name) }],
        content: Some(twiml),
        ..NewDocument::of(sid, bin.created_at, bin.facts.clone())
    });
    // Content is written once, so the document is a new one; this makes it one that was changed now.
    bin.revision = 1;
    batch.update::<Bin>(&bin);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    fetch(ctx, sid).await
}

/// Deletes a bin; what names it is answered with nothing from then on.
pub async fn delete(ctx: &Ctx, sid: BinSid) -> Result<()> {
    let bin = get(ctx, sid).await?;
    let mut batch = ctx.batch();
    batch.delete(&bin);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(())
}
