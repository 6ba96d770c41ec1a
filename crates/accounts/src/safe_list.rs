//! Numbers that are never to be taken for pumped traffic: `SafeList/Numbers` of accounts v1.
//!
//! Nothing is screened for pumped traffic here, so a number on the list is treated as every other: the list is kept for
//! programs that fill it. It holds keyed digests and no number; an answer says the number that was asked about.

use base::{SafeNumberSid, Sid};
use errors::{ApiError, Result, codes};
use kit::{Answer, Created, Ctx, Deleted, Form, Found, FromParams, Params, Query};
use phi::{Phi, PublicFact};
use serde::Serialize;
use store::{Document, Index, IndexValue, Kind, NewDocument};

use crate::limits::SAFE_DIGITS;

/// The kind of safe numbers, in the account's scope.
#[derive(Debug)]
pub(crate) enum SafeNumber {}

impl Kind for SafeNumber {
    const NAME: &'static str = "safe-number";
    type Sid = SafeNumberSid;
    type Facts = ();
    type Content = ();
}

const NUMBER: &str = "number";
const SHOWN: &[&str] = &["phone_number"];

/// `PhoneNumber`: a number, or the beginning of a thousand of them.
pub(crate) struct Asked(Phi<String>);

/// Whether text is written as a number or its beginning.
struct IsNumber(bool);
impl PublicFact for IsNumber {}

impl FromParams for Asked {
    fn from_params(params: &mut Params) -> Result<Self> {
        let bad = || ApiError::new(codes::INVALID_PARAMETER).parameter("PhoneNumber");
        let number = params.phi("PhoneNumber")?.ok_or_else(bad)?;
        let number = number.map(|text| text.trim().to_owned());
        let digits = |text: &String| {
            let digits = text.strip_prefix('+')?;
            let fits = SAFE_DIGITS.contains(&digits.len()) && !digits.starts_with('0');
            (fits && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(())
        };
        let is_number = number.learn(|text| IsNumber(digits(text).is_some()));
        if is_number.0 { Ok(Self(number)) } else { Err(bad()) }
    }
}

/// `accounts.v1.safelist`.
#[derive(Serialize)]
pub(crate) struct SafeNumberView {
    sid: String,
    phone_number: String,
}

/// The list's entry for a number, and the index value it is found by.
async fn find(ctx: &Ctx, number: &Phi<String>) -> Result<(Option<Document<SafeNumber>>, IndexValue)> {
    let scoped = ctx.store();
    let value = IndexValue::Digest(number.digest(&*scoped.digest_key().await?, NUMBER));
    Ok((scoped.find::<SafeNumber>(NUMBER, value.clone()).await?, value))
}

async fn add(ctx: &Ctx, number: Phi<String>) -> Result<SafeNumberView> {
    let (known, value) = find(ctx, &number).await?;
    let mut batch = ctx.batch();
    let sid = match known {
        Some(known) => known.sid,
        None => {
            let sid = SafeNumberSid::generate(ctx.services.store.random().as_ref());
            let index = vec![Index { key: NUMBER, value }];
            batch.insert::<SafeNumber>(NewDocument { index, ..NewDocument::of(sid, ctx.now(), ()) });
            sid
        }
    };
    let proof = ctx.commit_and_disclose(batch, vec![sid.to_string()], SHOWN).await?;
    Ok(SafeNumberView { sid: sid.to_string(), phone_number: number.into_open(&proof) })
}

/// `POST SafeList/Numbers`. A number that is on the list stays there under its SID.
pub(crate) async fn create(ctx: Ctx, Form(Asked(number)): Form<Asked>) -> Answer<Created<SafeNumberView>> {
    Ok(Created(add(&ctx, number).await?))
}

/// `GET SafeList/Numbers`.
pub(crate) async fn fetch(ctx: Ctx, Query(Asked(number)): Query<Asked>) -> Answer<Found<SafeNumberView>> {
    let known = find(&ctx, &number).await?.0.ok_or(ApiError::new(codes::NOT_FOUND))?;
    let proof = ctx.disclose(vec![known.sid.to_string()], SHOWN).await?;
    Ok(Found(SafeNumberView { sid: known.sid.to_string(), phone_number: number.into_open(&proof) }))
}

/// `DELETE SafeList/Numbers`.
pub(crate) async fn delete(ctx: Ctx, Query(Asked(number)): Query<Asked>) -> Answer<Deleted> {
    let known = find(&ctx, &number).await?.0.ok_or(ApiError::new(codes::NOT_FOUND))?;
    let mut batch = ctx.batch();
    batch.delete(&known);
    ctx.commit(batch, vec![known.sid.to_string()]).await?;
    Ok(Deleted)
}
