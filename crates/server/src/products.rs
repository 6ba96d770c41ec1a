//! Which products this binary serves, and what connects them. Products never import each other:
//! here is where they meet.

use std::sync::{Arc, OnceLock};

use crate::readiness::CarrierState;
use crate::reviewed::Reviewed;
use axum::Router;
use base::{AccountSid, ApplicationSid, MessagingServiceSid, PhoneNumberSid, Timestamp};
use jobs::Queue;
use kit::{RouteRow, Routes, Services};
use lookup::{LocalTable, Provider};
use messaging::Inbox;
use messaging::carrier::{AtHand, Carrier};
use mm7::Mm7Carrier;
use registration::senders::Looking;
use sim::Simulator;
use smpp_net::SmppCarrier;
use store::{Scope, Scoped, Store};
use upstream::UpstreamCarrier;
use voice::Switchboard;
use voice::line::{AtHand as AtLine, Line};
use webhooks::{TrustProblem, Webhooks, WebhooksConfig};

/// What the products need besides the services.
pub(crate) struct Connections {
    /// The simulated carrier. It goes before a network's.
    pub(crate) simulator: Option<Simulator>,
    /// The network's carrier; it may have no bind yet.
    pub(crate) smpp: Option<SmppCarrier>,
    /// The vendors who speak Twilio's API, with the network's carrier behind them; it may have no account.
    pub(crate) upstream: Option<UpstreamCarrier>,
    /// The MMSCs, with the others behind them; it may have none.
    pub(crate) mm7: Option<Mm7Carrier>,
    /// How customers' servers are told.
    pub(crate) webhooks: Webhooks,
    /// What is known about phone numbers.
    pub(crate) numbers: Arc<dyn Provider>,
    /// Where calls live, once somebody asked.
    pub(crate) switchboard: OnceLock<Switchboard>,
}

impl Connections {
    /// A carrier without binds, the public internet for webhooks, and nothing known about numbers.
    ///
    /// # Errors
    /// [`TrustProblem`] when webhooks have no usable roots.
    pub(crate) fn none(store: &Store) -> Result<Self, TrustProblem> {
        let webhooks = Webhooks::new(store.clone(), WebhooksConfig::default())?;
        let smpp = SmppCarrier::without_binds(store.clone());
        let upstream = UpstreamCarrier::without_accounts(store.clone(), Some(Arc::new(smpp.clone())));
        let mm7 = Mm7Carrier::without_relays(store.clone(), Some(Arc::new(upstream.clone())));
        let (smpp, upstream, mm7) = (Some(smpp), Some(upstream), Some(mm7));
        Ok(Self {
            simulator: None,
            smpp,
            upstream,
            mm7,
            webhooks,
            numbers: Arc::new(LocalTable::default()),
            switchboard: OnceLock::new(),
        })
    }

    /// Every product's routes.
    pub(crate) fn routes(&self, services: &Arc<Services>) -> Vec<Routes> {
        let shared = || Arc::clone(services);
        let mut all = vec![
            accounts::api_routes(shared()),
            accounts::accounts_routes(shared()),
            accounts::iam_routes(shared()),
            accounts::switchward_routes(shared()),
            messaging::routes(shared()).share(AtHand(self.carrier())),
            messaging::service_routes(shared()).share(AtHand(self.carrier())),
            messaging::opt_out_routes(shared()),
            messaging::media_link_routes(shared()),
            messaging::number_routes(shared()),
            voice::routes(shared(), Arc::new(Around), self.line()),
            voice::sip::routes(shared(), Arc::new(Around)),
            registration::routes(shared(), Arc::new(Messaging)),
            registration::operator_routes(shared()),
            lookup::routes(shared(), Arc::clone(&self.numbers)),
            monitor::routes(shared()),
            monitor::notification_routes(shared()),
            monitor::operation_routes(shared()),
            review::routes(shared(), Arc::new(Reviewed)),
            usage::routes(shared()),
            bins::routes(shared()),
            bins::serving_routes(shared()),
            segment::routes(shared()),
            destinations::routes(shared()),
        ];
        if let Some(simulator) = &self.simulator {
            all.push(sim::routes(shared(), simulator.clone(), Inbox::new(shared())));
            all.push(sim::phone_routes(shared(), simulator.clone(), self.switchboard(services)));
        }
        if let Some(smpp) = &self.smpp {
            all.push(smpp_net::routes(shared(), smpp.clone()));
        }
        if let Some(upstream) = &self.upstream {
            all.push(upstream::routes(shared(), upstream.clone(), Inbox::new(shared())));
        }
        if let Some(mm7) = &self.mm7 {
            all.push(mm7::routes(shared(), mm7.clone(), Inbox::new(shared())));
        }
        all
    }

    /// What speaks another dialect than Twilio's, by label.
    pub(crate) fn faces(services: &Arc<Services>) -> Vec<(&'static str, Router)> {
        let tracking = segment::router(Arc::new(segment::Ingest::new(Arc::clone(services))));
        let mut faces: Vec<_> = segment::LABELS.map(|label| (label, tracking.clone())).into();
        faces.push((
            segment::PUBLIC_LABEL,
            segment::public_router(Arc::clone(services), destinations::SERVED),
        ));
        faces
    }

    /// What delivers events, and what removes them when they are too old.
    pub(crate) fn events(&self, services: &Arc<Services>) -> (destinations::Engine, segment::Retention) {
        let transport = Arc::new(destinations::Ways::new(self.webhooks.clone()));
        let engine = destinations::Engine::new(Arc::clone(services), transport);
        (engine, segment::Retention::new(Arc::clone(services)))
    }

    /// The table of every product's routes.
    pub(crate) fn table(&self, services: &Arc<Services>) -> Vec<RouteRow> {
        self.routes(services).iter().flat_map(|routes| routes.table().to_vec()).collect()
    }

    /// What says whether the carrier takes messages at the moment.
    pub(crate) fn carrier_state(&self) -> CarrierState {
        let has_accounts = self.upstream.as_ref().is_some_and(UpstreamCarrier::has_accounts)
            || self.mm7.as_ref().is_some_and(Mm7Carrier::has_relays);
        match (&self.simulator, &self.smpp) {
            (Some(_), _) => Box::new(|| Some(true)),
            // A vendor or an MMSC is reached anew for each message: there is no connection that could be down.
            (None, _) if has_accounts => Box::new(|| Some(true)),
            (None, Some(smpp)) => {
                let smpp = smpp.clone();
                Box::new(move || {
                    let binds = smpp.binds();
                    (!binds.is_empty()).then(|| binds.iter().any(|(_, is_bound)| *is_bound))
                })
            }
            (None, None) => Box::new(|| None),
        }
    }

    /// The carrier that messages are handed to.
    fn carrier(&self) -> Option<Arc<dyn Carrier>> {
        let simulated = self.simulator.clone().map(|simulator| Arc::new(simulator) as Arc<dyn Carrier>);
        let upstream = || self.upstream.clone().map(|upstream| Arc::new(upstream) as Arc<dyn Carrier>);
        let mm7 = || self.mm7.clone().map(|mm7| Arc::new(mm7) as Arc<dyn Carrier>);
        simulated
            .or_else(mm7)
            .or_else(upstream)
            .or_else(|| self.smpp.clone().map(|smpp| Arc::new(smpp) as Arc<dyn Carrier>))
    }

    /// The line that calls are placed with.
    fn line(&self) -> AtLine {
        AtLine(self.simulator.clone().map(|simulator| Arc::new(simulator) as Arc<dyn Line>))
    }

    /// Where calls live: one for the program.
    pub(crate) fn switchboard(&self, services: &Arc<Services>) -> Switchboard {
        let make =
            || Switchboard::new(Arc::clone(services), self.webhooks.clone(), Arc::new(Around), self.line());
        self.switchboard.get_or_init(make).clone()
    }

    /// Every queue of jobs.
    pub(crate) fn queues(&self, services: &Arc<Services>) -> Vec<Queue> {
        self.webhooks.host(Arc::new(bins::Bins::new(services.store.clone())));
        let mut queues = messaging::queues_with(
            Arc::clone(services),
            self.carrier(),
            self.webhooks.clone(),
            Arc::new(Registration),
        );
        queues.push(self.webhooks.queue());
        queues.extend(self.switchboard(services).queues());
        // Nobody is connected who registers senders: where the carrier is simulated, so is the registry.
        let simulated = || Arc::new(registration::Simulated) as Arc<dyn registration::Registry>;
        let registry = self.simulator.as_ref().map(|_| simulated());
        queues.push(registration::queue(Arc::clone(services), registry));
        if let Some(upstream) = &self.upstream {
            queues.push(upstream.queue(Inbox::new(Arc::clone(services))));
        }
        queues.extend(self.mm7.as_ref().map(Mm7Carrier::queue));
        queues.push(segment::queue(Arc::clone(services)));
        queues
    }
}

/// What messaging asks of registration.
struct Registration;

impl messaging::registered::Registrations for Registration {
    fn has_campaign<'a>(
        &'a self,
        scoped: &'a Scoped,
        service: MessagingServiceSid,
    ) -> messaging::registered::Looking<'a> {
        Box::pin(registration::has_campaign(scoped, service))
    }

    fn is_verified<'a>(
        &'a self,
        scoped: &'a Scoped,
        number: PhoneNumberSid,
    ) -> messaging::registered::Looking<'a> {
        Box::pin(registration::is_verified(scoped, number))
    }
}

/// What voice asks of accounts and messaging.
struct Around;

fn call_hook(hook: messaging::calls::CallHook) -> voice::hook::Hook {
    let target =
        |target: messaging::calls::Target| voice::hook::Target { url: target.url, method: target.method };
    voice::hook::Hook {
        voice: target(hook.voice),
        fallback: target(hook.fallback),
        status_callback: target(hook.status_callback),
    }
}

impl voice::neighbours::Neighbours for Around {
    fn number<'a>(
        &'a self,
        store: &'a Store,
        scope: Scope,
        number: &'a str,
    ) -> voice::neighbours::Looking<'a, Option<voice::neighbours::OwnNumber>> {
        Box::pin(async move {
            let found = messaging::calls::number(store, scope, number).await?;
            Ok(found.map(|(sid, hook)| voice::neighbours::OwnNumber { sid, hook: call_hook(hook) }))
        })
    }

    fn owner<'a>(
        &'a self,
        store: &'a Store,
        number: &'a str,
    ) -> voice::neighbours::Looking<'a, Option<AccountSid>> {
        Box::pin(messaging::calls::owner(store, number))
    }

    fn application<'a>(
        &'a self,
        store: &'a Store,
        scope: Scope,
        sid: ApplicationSid,
    ) -> voice::neighbours::Looking<'a, Option<voice::hook::Hook>> {
        Box::pin(async move { Ok(messaging::calls::application(store, scope, sid).await?.map(call_hook)) })
    }

    fn is_attested<'a>(
        &'a self,
        scoped: &'a Scoped,
        rule: &'static str,
        subject: &'a str,
        now: Timestamp,
    ) -> voice::neighbours::Looking<'a, bool> {
        Box::pin(accounts::is_attested(scoped, rule, subject, now))
    }
}

/// What registration asks of messaging.
struct Messaging;

impl registration::Senders for Messaging {
    fn has_service<'a>(&'a self, scoped: &'a Scoped, sid: MessagingServiceSid) -> Looking<'a, bool> {
        Box::pin(messaging::has_service(scoped, sid))
    }

    fn number<'a>(&'a self, scoped: &'a Scoped, sid: PhoneNumberSid) -> Looking<'a, Option<String>> {
        Box::pin(messaging::digits_of(scoped, sid))
    }
}
