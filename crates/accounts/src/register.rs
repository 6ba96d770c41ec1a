//! The register of third parties: whose hosts may be given the data of a HIPAA project, under which agreement.
//!
//! It belongs to an account, like the data. A subaccount that keeps none stands under its owner's, because agreements are
//! mostly the customer's as a whole. Who begins one is held to it: callbacks and carriers that are not in it get nothing
//! of a HIPAA project (ART-CTRL-INTEG, SMS-BOT-1, ART-BAA-4), and in one it is not emptied again.

use auth::{Account, AccountContext, RegisterFacts, Registered, SidText, StoredRegister, load_account};
use base::{AccountSid, PartySid, Sid};
use errors::{ApiError, Result, codes};
use kit::ctx::decide;
use kit::{Answer, Created, Ctx, Deleted, Found, Json, Path};
use rulebook::Action;
use rulebook::guard::SettingChange;
use serde::{Deserialize, Serialize};
use statements::{Party, Register};
use store::{Document, NewDocument, Query, Scope};

use crate::author::{Author, NOTHING};
use crate::designation::service::update_account;
use crate::limits;
use crate::signers::require_full;
use crate::text::wrong;

/// A party, with the keys of the file and two more.
#[derive(Serialize)]
pub(crate) struct PartyView {
    sid: String,
    /// Whether it may be given anything today.
    covered: bool,
    #[serde(flatten)]
    party: Party,
}

impl PartyView {
    fn new(ctx: &Ctx, registered: &Registered) -> Self {
        let party = registered.party.clone();
        let covered = party.is_covered(statements::day(ctx.now()));
        Self { sid: registered.sid.0.to_string(), covered, party }
    }
}

/// The register that an account obeys.
#[derive(Serialize)]
pub(crate) struct RegisterView {
    /// Whose it is: the account's own, or its owner's.
    account_sid: String,
    parties: Vec<PartyView>,
}

impl RegisterView {
    fn new(ctx: &Ctx, keeper: AccountSid, facts: &RegisterFacts) -> Self {
        let parties = facts.parties.iter().map(|registered| PartyView::new(ctx, registered)).collect();
        Self { account_sid: keeper.to_string(), parties }
    }
}

/// A whole register, as a file holds it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GivenRegister {
    parties: Vec<Party>,
}

/// `GET …/Register`: what is in force, so a subaccount without one is shown its owner's.
pub(crate) async fn list(ctx: Ctx) -> Answer<Found<RegisterView>> {
    let own = Kept::by(&ctx, ctx.account()).await?;
    let owner = ctx.account().account.facts.owner.0;
    if !own.facts.parties.is_empty() || owner == ctx.account().sid() {
        return Ok(Found(RegisterView::new(&ctx, ctx.account().sid(), &own.facts)));
    }
    let owners = load_account(&ctx.services.store, owner, ctx.now()).await?;
    let kept = Kept::by(&ctx, &owners.ok_or(ApiError::new(codes::NOT_FOUND))?).await?;
    Ok(Found(RegisterView::new(&ctx, owner, &kept.facts)))
}

/// `POST …/Register`: adds a party.
pub(crate) async fn create(ctx: Ctx, Json(party): Json<Party>) -> Answer<Created<PartyView>> {
    let mut kept = Kept::by(&ctx, ctx.account()).await?;
    let registered = named(&ctx, party.checked().map_err(wrong)?);
    kept.facts.parties.push(registered.clone());
    kept.write(&ctx, vec![registered.sid.0]).await?;
    Ok(Created(PartyView::new(&ctx, &registered)))
}

/// `POST …/Register/Import`: the register is this from now on. Parties keep their SIDs by their names.
pub(crate) async fn import(ctx: Ctx, Json(given): Json<GivenRegister>) -> Answer<Found<RegisterView>> {
    let mut kept = Kept::by(&ctx, ctx.account()).await?;
    let given = Register { parties: given.parties }.checked().map_err(wrong)?;
    let mut sids = Vec::new();
    let parties = given.parties.into_iter().map(|party| {
        let known = kept.facts.parties.iter().find(|known| known.party.name == party.name);
        let registered = match known {
            Some(known) => Registered { sid: known.sid, party },
            None => named(&ctx, party),
        };
        sids.push(registered.sid.0);
        registered
    });
    kept.facts = RegisterFacts { parties: parties.collect() };
    kept.write(&ctx, sids).await?;
    Ok(Found(RegisterView::new(&ctx, ctx.account().sid(), &kept.facts)))
}

/// `GET …/Register/{PartySid}`.
pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<PartySid>) -> Answer<Found<PartyView>> {
    let kept = Kept::by(&ctx, ctx.account()).await?;
    Ok(Found(PartyView::new(&ctx, &kept.facts.parties[kept.position(sid)?])))
}

/// `POST …/Register/{PartySid}`: says all of it anew.
pub(crate) async fn update(
    ctx: Ctx,
    Path(sid): Path<PartySid>,
    Json(party): Json<Party>,
) -> Answer<Found<PartyView>> {
    let mut kept = Kept::by(&ctx, ctx.account()).await?;
    let at = kept.position(sid)?;
    kept.facts.parties[at].party = party.checked().map_err(wrong)?;
    kept.write(&ctx, vec![sid]).await?;
    Ok(Found(PartyView::new(&ctx, &kept.facts.parties[at])))
}

/// `DELETE …/Register/{PartySid}`.
pub(crate) async fn delete(ctx: Ctx, Path(sid): Path<PartySid>) -> Answer<Deleted> {
    let mut kept = Kept::by(&ctx, ctx.account()).await?;
    let at = kept.position(sid)?;
    kept.facts.parties.remove(at);
    kept.write(&ctx, vec![sid]).await?;
    Ok(Deleted)
}

fn named(ctx: &Ctx, party: Party) -> Registered {
    Registered { sid: SidText(PartySid::generate(ctx.services.store.random().as_ref())), party }
}

/// The register that an account keeps itself.
struct Kept {
    /// None while nothing is written.
    document: Option<Document<StoredRegister>>,
    facts: RegisterFacts,
    /// Something is in it before the change.
    is_begun: bool,
}

impl Kept {
    async fn by(ctx: &Ctx, account: &AccountContext) -> Result<Self> {
        let scoped = ctx.services.store.scope(account.scope());
        let document = scoped.get::<StoredRegister>(account.sid()).await?;
        let facts = RegisterFacts::of(&account.account, document.as_ref());
        Ok(Self { is_begun: !facts.parties.is_empty(), document, facts })
    }

    fn position(&self, sid: PartySid) -> Result<usize> {
        let found = self.facts.parties.iter().position(|registered| registered.sid.0 == sid);
        found.ok_or(ApiError::new(codes::NOT_FOUND))
    }

    /// Writes what has become of it, with its ledger entry. Two changes at once are one change and a 409.
    async fn write(&self, ctx: &Ctx, parties: Vec<PartySid>) -> Result<()> {
        require_full(ctx)?;
        self.facts.register().checked().map_err(wrong)?;
        let bytes = serde_json::to_vec(&self.facts).map_err(|_| ApiError::new(codes::INTERNAL))?.len();
        if bytes > limits::REGISTER_BYTES {
            return Err(ApiError::new(codes::CONFLICT).hint("the register would be too large"));
        }
        self.guard(ctx).await?;
        let sid = ctx.account().sid();
        let mut batch = ctx.batch();
        match &self.document {
            Some(document) => batch.update(&Document { facts: self.facts.clone(), ..document.clone() }),
            None => batch.insert::<StoredRegister>(NewDocument::of(sid, ctx.now(), self.facts.clone())),
        }
        let mut account = Document::clone(&ctx.account().account);
        if !account.facts.settings.former_hosts.is_empty() {
            // They are in the register now.
            account.facts.settings.former_hosts.clear();
            update_account(&mut batch, &account);
        }
        let sids = std::iter::once(sid.to_string()).chain(parties.iter().map(ToString::to_string));
        Author::of(ctx).commit(batch, ctx.scope(), sids.collect(), NOTHING).await
    }

    /// Emptying is the guard's to refuse, also for subaccounts that stand under this register.
    async fn guard(&self, ctx: &Ctx) -> Result<()> {
        let keeps = !self.facts.parties.is_empty();
        let action = Action::ChangeSetting(SettingChange::HostRegister { kept: self.is_begun, keeps });
        ctx.guard(&action)?;
        if keeps {
            return Ok(());
        }
        let mut cursor = None;
        loop {
            let query = Query { limit: limits::MAX_PAGE, cursor, ..Query::default() };
            let page =
                ctx.services.store.scope(Scope::account(ctx.account().sid())).list::<Account>(query).await?;
            for below in &page.documents {
                if let Some(below) = load_account(&ctx.services.store, below.sid, ctx.now()).await? {
                    decide(&below.facts(""), &action)?;
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                return Ok(());
            }
        }
    }
}
