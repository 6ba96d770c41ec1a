//! What webhooks get: the account's own bin, with the webhook's parameters in it.

use auth::AccountContext;
use base::BinSid;
use bytes::Bytes;
use errors::{ApiError, codes};
use kit::SignedWebhook;
use kit::ctx::decide;
use ledger::{Actor, Entry, Purpose};
use phi::{Phi, Proof};
use rulebook::guard::Action;
use store::Store;
use webhooks::delivery::Parameters;
use webhooks::{Hosted, HostedAnswer, HostedProblem};

use crate::model::Bin;
use crate::template::Template;

/// What stands before a bin's SID in its address.
pub(crate) const PATH: &str = "/twiml/";

/// The bins of every account, as webhooks reach them.
pub struct Bins {
    store: Store,
}

impl Bins {
    /// The bins in this store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The account's bin with these parameters. The guard is asked again: an account may have become a HIPAA project
    /// since the bin was kept.
    async fn render(
        &self,
        account: &AccountContext,
        path: &str,
        parameters: Phi<Parameters>,
        proof: &Proof,
    ) -> Result<Bytes, HostedProblem> {
        let sid = path.strip_prefix(PATH).and_then(|sid| sid.parse::<BinSid>().ok());
        let sid = sid.ok_or(HostedProblem::Missing)?;
        let found = self.store.scope(account.scope()).get::<Bin>(sid).await;
        let bin = found.map_err(|_| HostedProblem::Unavailable)?.ok_or(HostedProblem::Missing)?;
        let text = bin.content.ok_or(HostedProblem::Missing)?;
        let action = Action::UseBin { has_findings: !bin.facts.findings.is_empty() };
        decide(&account.facts("messaging"), &action)
            .map_err(|refusal| HostedProblem::Refused(refusal.code().number))?;
        let rendered = text.zip(parameters).map(|(text, parameters)| {
            // The last one counts: the webhook's own word goes before that of its URL.
            let value = |name: &str| {
                let found = parameters.iter().rev().find(|(found, _)| found == name);
                found.map(|(_, value)| value.as_str())
            };
            Template::parse(&text).map(|template| template.render(value)).unwrap_or_default()
        });
        Ok(Bytes::from(rendered.into_open(proof)))
    }
}

/// The bin of a webhook that came over the network; the ledger has it first.
///
/// # Errors
/// 404 when its account has no such bin, the guard's refusal, and what the store fails with.
pub(crate) async fn serve(webhook: SignedWebhook, sid: BinSid) -> errors::Result<Bytes> {
    let SignedWebhook { account, parameters, origin, services, operation } = webhook;
    let entry = Entry {
        actor: Actor::System,
        action: ledger::Action(operation),
        sids: vec![sid.to_string()],
        fields: &["twiml"],
        purpose: Purpose::Webhook,
        source: Some(origin.peer),
    };
    let bins = Bins::new(services.store.clone());
    if bins.store.scope(account.scope()).get::<Bin>(sid).await?.is_none() {
        return Err(codes::NOT_FOUND.into());
    }
    let proof = ledger::disclose(&services.store, account.scope(), &entry).await?;
    let rendered = bins.render(&account, &format!("{PATH}{sid}"), parameters, &proof).await;
    rendered.map_err(|problem| match problem {
        HostedProblem::Missing => codes::NOT_FOUND.into(),
        HostedProblem::Refused(number) => {
            let code = rulebook::codes::row(number).unwrap_or(codes::FORBIDDEN);
            ApiError::new(code).rule("RT-BIN-1")
        }
        HostedProblem::Unavailable => codes::UNAVAILABLE.into(),
    })
}

impl Hosted for Bins {
    fn answer<'a>(
        &'a self,
        account: &'a AccountContext,
        path: &'a str,
        parameters: Phi<Parameters>,
        proof: &'a Proof,
    ) -> HostedAnswer<'a> {
        Box::pin(self.render(account, path, parameters, proof))
    }
}
