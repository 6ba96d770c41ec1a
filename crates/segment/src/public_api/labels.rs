//! Labels, of the workspace and of its sources.

use errors::{ApiError, codes};
use serde::Deserialize;
use serde_json::json;
use store::Document;

use super::wire::{Failed, Reply};
use super::{Call, says, sources};
use crate::limits;
use crate::records::{Label, Source, Workspace};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    label: Label,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Several {
    labels: Vec<Label>,
}

/// `GET /labels`.
pub(super) async fn list(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    Ok(Reply::found(json!({ "labels": call.workspace.facts.labels })))
}

/// `POST /labels`.
pub(super) async fn create(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let One { label } = call.json()?;
    check(&label)?;
    let mut workspace = latest(&call).await?;
    let labels = &mut workspace.facts.labels;
    if labels.iter().any(|known| is_same(known, &label)) {
        return Err(Failed::conflict("the workspace has this label"));
    }
    if labels.len() >= limits::LABELS {
        return Err(Failed::conflict("the workspace has as many labels as it may have"));
    }
    labels.push(label.clone());
    save(&call, workspace).await?;
    Ok(Reply::created(json!({ "label": label })))
}

/// `DELETE /labels/{key}/{value}`: sources that have it keep it.
pub(super) async fn delete(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let mut workspace = latest(&call).await?;
    let before = workspace.facts.labels.len();
    let labels = &mut workspace.facts.labels;
    labels.retain(|label| label.key != call.text(0) || label.value != call.text(1));
    if labels.len() == before {
        return Err(ApiError::new(codes::NOT_FOUND).into());
    }
    save(&call, workspace).await?;
    Ok(Reply::success())
}

/// `POST /sources/{sourceId}/labels`.
pub(super) async fn add_to_source(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let Several { labels } = call.json()?;
    let mut source = sources::find(&call, call.source(0)?).await?;
    for label in labels {
        if !source.facts.labels.iter().any(|known| is_same(known, &label)) {
            source.facts.labels.push(label);
        }
    }
    labelled(&call, source).await
}

/// `PUT /sources/{sourceId}/labels`.
pub(super) async fn replace_in_source(mut call: Call) -> Result<Reply, Failed> {
    call.finish()?;
    let Several { labels } = call.json()?;
    let mut source = sources::find(&call, call.source(0)?).await?;
    source.facts.labels = labels;
    labelled(&call, source).await
}

async fn labelled(call: &Call, source: Document<Source>) -> Result<Reply, Failed> {
    if source.facts.labels.len() > limits::LABELS {
        return Err(Failed::invalid("labels", "the source has as many labels as it may have"));
    }
    source.facts.labels.iter().try_for_each(check)?;
    let source = sources::save(call, source).await?;
    Ok(Reply::found(json!({ "labels": source.facts.labels })))
}

fn check(label: &Label) -> Result<(), Failed> {
    let described = label.description.as_ref().map_or(0, |text| text.chars().count());
    match says(&label.key, limits::WORD)
        && says(&label.value, limits::WORD)
        && described <= limits::DESCRIPTION
    {
        true => Ok(()),
        false => Err(Failed::invalid("labels", "a label has a key and a value")),
    }
}

fn is_same(one: &Label, other: &Label) -> bool {
    one.key == other.key && one.value == other.value
}

/// The workspace as it is now: what the token was checked with may be older.
async fn latest(call: &Call) -> Result<Document<Workspace>, Failed> {
    let found = call.ctx.store().get::<Workspace>(call.workspace.sid).await?;
    found.ok_or_else(|| ApiError::new(codes::NOT_FOUND).into())
}

async fn save(call: &Call, workspace: Document<Workspace>) -> Result<(), Failed> {
    let mut batch = call.ctx.batch();
    batch.update(&workspace);
    call.commit(batch, Vec::new()).await
}
