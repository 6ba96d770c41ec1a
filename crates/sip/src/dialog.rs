//! A dialog: what requests within a call have in common (RFC 3261 §12).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::digest::{Credentials, Fields, answer_challenge};
use crate::endpoint::Core;
use crate::message::{ALLOW, Message, Method, SUPPORTED};
use crate::net::{Flow, Gone};
use crate::transaction::ClientTransaction;
use crate::uri::{NameAddress, Uri};

/// The two ends of a call, and the way between them.
#[derive(Clone)]
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    /// Us, with our tag.
    pub(crate) local: NameAddress,
    /// The other side as its header field is written, with its tag once there is one.
    pub(crate) remote: String,
    pub(crate) remote_tag: Option<String>,
    pub(crate) local_cseq: Arc<AtomicU32>,
    pub(crate) remote_cseq: Option<u32>,
    /// Where requests lead.
    pub(crate) target: String,
    /// By way of these.
    pub(crate) routes: Vec<String>,
    pub(crate) flow: Flow,
    pub(crate) credentials: Option<Arc<Credentials>>,
    /// Datagrams follow Contact and routes, as RFC 3261 §12.2.1.1 says. Where the other side may be behind a NAT they
    /// go where it was heard last.
    pub(crate) is_routed: bool,
}

impl Dialog {
    /// Requests lead here from now on (RFC 3261 §12.2.1.2), when it is said.
    pub(crate) fn set_target(&mut self, contact: Option<Uri>) {
        if let Some(contact) = contact {
            self.target = contact.text();
        }
        self.follow();
    }

    /// Sends datagrams to the next hop from here on, when it says an address and no other transport.
    pub(crate) fn follow(&mut self) {
        if self.flow.is_reliable() || !self.is_routed {
            return;
        }
        let Some(hop) = self.next_hop().filter(|hop| {
            !hop.secure && hop.parameter("transport").is_none_or(|name| name.eq_ignore_ascii_case("udp"))
        }) else {
            return;
        };
        let host = hop.host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = host.parse::<IpAddr>()
            && address.is_ipv4() == self.flow.local.is_ipv4()
        {
            self.flow = self.flow.towards(SocketAddr::new(address, hop.port.unwrap_or(5060)));
        }
    }

    fn next_hop(&self) -> Option<Uri> {
        let route =
            self.routes.first().and_then(|route| NameAddress::parse(route).ok()).map(|route| route.uri);
        route.or_else(|| Uri::parse(&self.target).ok())
    }

    /// A new request; it still needs what is particular to it.
    pub(crate) fn request(&self, core: &Core, method: Method) -> Message {
        let number = self.local_cseq.fetch_add(1, Ordering::AcqRel) + 1;
        self.numbered(core, method, number)
    }

    /// The ACK of the INVITE with this number (RFC 3261 §13.2.2.4).
    pub(crate) fn ack(&self, core: &Core, number: u32) -> Message {
        let mut ack = self.numbered(core, Method::Ack, number);
        let branch = format!("z9hG4bK{}", core.token(12));
        ack.push_via(core.via(&self.flow, &branch));
        ack
    }

    fn numbered(&self, core: &Core, method: Method, number: u32) -> Message {
        let mut request = Message::request(method, &self.target);
        request.add("Max-Forwards", "70");
        request.add("From", self.local.text());
        request.add("To", self.remote.clone());
        request.add("Call-ID", self.call_id.clone());
        request.add("CSeq", format!("{number} {}", method.name()));
        for route in &self.routes {
            request.add("Route", route.clone());
        }
        request.add("Contact", self.contact(core));
        if matches!(method, Method::Invite | Method::Update) {
            request.add("Allow", ALLOW);
            request.add("Supported", SUPPORTED);
        }
        request
    }

    /// Our Contact.
    pub(crate) fn contact(&self, core: &Core) -> String {
        NameAddress::of(core.own_uri(&self.flow, self.local.uri.user.clone())).text()
    }

    /// The same request again with the answer to a challenge, under the next number; `None` when it cannot be
    /// answered, or was answered already.
    pub(crate) fn answer_challenge(
        &self,
        core: &Core,
        request: &Message,
        challenge: &Message,
    ) -> Option<Message> {
        let credentials = self.credentials.as_ref()?;
        let (asked, answer) = match challenge.code()? {
            401 => ("WWW-Authenticate", "Authorization"),
            407 => ("Proxy-Authenticate", "Proxy-Authorization"),
            _ => return None,
        };
        let challenges: Vec<Fields> = challenge.all(asked).filter_map(Fields::parse).collect();
        let is_stale =
            |fields: &Fields| fields.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
        if request.header(answer).is_some() && !challenges.iter().any(is_stale) {
            return None;
        }
        let method = request.method().name();
        let uri = request.request_uri()?;
        // The topmost challenge that can be answered (RFC 8760 §2.4).
        let field = challenges
            .iter()
            .find_map(|fields| answer_challenge(fields, credentials, method, uri, &*core.random))?;
        let number = self.local_cseq.fetch_add(1, Ordering::AcqRel) + 1;
        let mut again = request.clone();
        again.remove("Via");
        again.set("CSeq", format!("{number} {method}"));
        again.set(answer, field);
        Some(again)
    }

    /// Sends a request; a connection that has ended is made again towards the next hop.
    pub(crate) async fn send(
        &mut self,
        core: &Arc<Core>,
        request: Message,
    ) -> Result<ClientTransaction, Gone> {
        if !self.flow.is_open() {
            let hop = self.next_hop().ok_or(Gone)?;
            self.flow = core.network.flow_to(&hop, core).await.map_err(|_| Gone)?;
        }
        core.send(request, &self.flow)
    }

    /// Sends a request that is no INVITE and waits for its final answer, past one challenge.
    pub(crate) async fn transact(mut self, core: Arc<Core>, request: Message) -> Option<Message> {
        let mut request = request;
        for _ in 0..2 {
            let answer = self.send(&core, request.clone()).await.ok()?.last().await?;
            match self.answer_challenge(&core, &request, &answer) {
                Some(again) => request = again,
                None => return Some(answer),
            }
        }
        None
    }
}
