//! Where registered telephones are: bindings of an address-of-record to contacts (RFC 3261 §10.3).

use std::collections::HashMap;
use std::time::Duration;

use base::Timestamp;

use crate::limits::{MIN_EXPIRES_SECONDS, MOST_EXPIRES_SECONDS};
use crate::message::{Message, Refusal};
use crate::net::Flow;
use crate::uri::{NameAddress, Uri};

/// One binding.
#[derive(Clone)]
pub(crate) struct Binding {
    pub(crate) contact: Uri,
    /// The way back through the proxies in between (RFC 3327).
    pub(crate) path: Vec<String>,
    /// The connection, or the address, that it was registered from: the way through its NAT.
    pub(crate) flow: Flow,
    pub(crate) expires_at: Timestamp,
    call_id: String,
    cseq: u32,
}

/// What a REGISTER asks for.
enum Wish {
    /// Tell the bindings.
    Query,
    /// Remove all of them.
    RemoveAll,
    /// Set these: a contact, and for how many seconds; none removes it.
    Set(Vec<(Uri, u32)>),
}

/// All bindings of this process. They are not kept over a restart: telephones register again.
#[derive(Default)]
pub(crate) struct Registrar {
    bindings: HashMap<String, Vec<Binding>>,
    count: usize,
}

/// How much a registrar may hold.
#[derive(Clone, Copy)]
pub(crate) struct Capacity {
    pub(crate) per_address: usize,
    pub(crate) in_all: usize,
}

impl Registrar {
    /// Does what a REGISTER asks, all of it or nothing, and tells the bindings that there are then: the contacts
    /// with the seconds that are left.
    pub(crate) fn register(
        &mut self,
        request: &Message,
        flow: &Flow,
        capacity: Capacity,
        now: Timestamp,
    ) -> Result<Vec<(String, u64)>, Refusal> {
        let to = request.to().ok_or(Refusal(400, "Bad To"))?;
        let address = to.uri.address_of_record();
        let wish = read_wish(request)?;
        let path: Vec<String> =
            request.list("Path").ok_or(Refusal(400, "Bad Path"))?.into_iter().map(str::to_owned).collect();
        if path.iter().any(|hop| NameAddress::parse(hop).is_err()) {
            return Err(Refusal(400, "Bad Path"));
        }
        let (cseq, _) = request.cseq().ok_or(Refusal(400, "Bad CSeq"))?;
        let call_id = request.call_id().to_owned();
        self.expire(&address, now);
        let current = self.bindings.get(&address).cloned().unwrap_or_default();
        // A request of the same telephone that is older than what is known changes nothing (§10.3 step 7).
        let is_old = |binding: &Binding| binding.call_id == call_id && cseq <= binding.cseq;
        let next = match wish {
            Wish::Query => current.clone(),
            Wish::RemoveAll if current.iter().any(is_old) => return Err(Refusal(500, "Old Request")),
            Wish::RemoveAll => Vec::new(),
            Wish::Set(contacts) => {
                let mut next = current.clone();
                for (contact, seconds) in contacts {
                    if next.iter().any(|binding| is_same(&binding.contact, &contact) && is_old(binding)) {
                        return Err(Refusal(500, "Old Request"));
                    }
                    next.retain(|binding| !is_same(&binding.contact, &contact));
                    if seconds > 0 {
                        next.push(Binding {
                            contact,
                            path: path.clone(),
                            flow: flow.clone(),
                            expires_at: now.plus(Duration::from_secs(seconds.into())),
                            call_id: call_id.clone(),
                            cseq,
                        });
                    }
                }
                next
            }
        };
        if next.len() > capacity.per_address && next.len() > current.len() {
            return Err(Refusal(403, "Too Many Contacts"));
        }
        let count = self.count - current.len() + next.len();
        if count > capacity.in_all && next.len() > current.len() {
            return Err(Refusal(503, "Registrar Full"));
        }
        self.count = count;
        let told = next
            .iter()
            .map(|binding| (binding.contact.text(), binding.expires_at.since(now).as_secs()))
            .collect();
        if next.is_empty() {
            self.bindings.remove(&address);
        } else {
            self.bindings.insert(address, next);
        }
        Ok(told)
    }

    /// The bindings of an address-of-record, the newest first.
    pub(crate) fn find(&mut self, address: &str, now: Timestamp) -> Vec<Binding> {
        self.expire(address, now);
        let mut found = self.bindings.get(address).cloned().unwrap_or_default();
        found.reverse();
        found
    }

    /// Forgets bindings that are over, and those whose connection has ended: nothing can reach them.
    pub(crate) fn sweep(&mut self, now: Timestamp) {
        self.bindings.retain(|_, list| {
            list.retain(|binding| binding.expires_at > now && binding.flow.is_open());
            !list.is_empty()
        });
        self.count = self.bindings.values().map(Vec::len).sum();
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    fn expire(&mut self, address: &str, now: Timestamp) {
        let Some(list) = self.bindings.get_mut(address) else { return };
        let before = list.len();
        list.retain(|binding| binding.expires_at > now && binding.flow.is_open());
        self.count -= before - list.len();
        if list.is_empty() {
            self.bindings.remove(address);
        }
    }
}

fn read_wish(request: &Message) -> Result<Wish, Refusal> {
    let expires = request.header("Expires").map(|text| text.parse::<u32>().unwrap_or(MOST_EXPIRES_SECONDS));
    let contacts = request.list("Contact").ok_or(Refusal(400, "Bad Contact"))?;
    match contacts.as_slice() {
        [] => return Ok(Wish::Query),
        ["*"] if expires == Some(0) => return Ok(Wish::RemoveAll),
        many if many.contains(&"*") => return Err(Refusal(400, "Bad Contact")),
        _ => {}
    }
    let mut wishes = Vec::new();
    for contact in contacts {
        let contact = NameAddress::parse(contact).map_err(|_| Refusal(400, "Bad Contact"))?;
        let own = contact.parameter("expires");
        // What is no number counts as 3600 (§10.2.1.1 says so of the header field).
        let own = own.map(|text| text.parse::<u32>().unwrap_or(MOST_EXPIRES_SECONDS));
        let seconds = own.or(expires).unwrap_or(MOST_EXPIRES_SECONDS).min(MOST_EXPIRES_SECONDS);
        if seconds > 0 && seconds < MIN_EXPIRES_SECONDS {
            return Err(Refusal(423, "Interval Too Brief"));
        }
        wishes.push((contact.uri, seconds));
    }
    Ok(Wish::Set(wishes))
}

fn is_same(one: &Uri, other: &Uri) -> bool {
    (one.secure, &one.user, &one.host, one.port) == (other.secure, &other.user, &other.host, other.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPACITY: Capacity = Capacity { per_address: 2, in_all: 3 };

    fn request(user: &str, call: &str, cseq: u32, more: &str) -> Message {
        let text = format!(
            "REGISTER sip:example.com SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: <sip:{user}@example.com>;tag=1\r\n\
             To: <sip:{user}@example.com>\r\nCall-ID: {call}\r\nCSeq: {cseq} REGISTER\r\n{more}\r\n"
        );
        Message::read(text.as_bytes()).unwrap()
    }

    struct Site(Registrar, Timestamp);

    impl Site {
        fn new() -> Self {
            Self(Registrar::default(), Timestamp::from_seconds(1_000))
        }

        fn register(&mut self, user: &str, call: &str, cseq: u32, more: &str) -> Result<usize, u16> {
            let flow = Flow::nowhere();
            let told = self.0.register(&request(user, call, cseq, more), &flow, CAPACITY, self.1);
            told.map(|told| told.len()).map_err(|refusal| refusal.0)
        }
    }

    #[test]
    fn binds_tells_and_removes() {
        let mut site = Site::new();
        assert_eq!(site.register("a", "c", 1, "Contact: <sip:a@192.0.2.1>;expires=600\r\n"), Ok(1));
        assert_eq!(site.register("a", "c", 2, ""), Ok(1));
        assert_eq!(site.register("a", "c", 3, "Contact: <sip:a@192.0.2.2>\r\n"), Ok(2));
        assert_eq!(site.register("a", "c", 4, "Contact: <sip:a@192.0.2.1>;expires=0\r\n"), Ok(1));
        assert_eq!(site.register("a", "c", 5, "Contact: *\r\nExpires: 0\r\n"), Ok(0));
        assert_eq!(site.0.count(), 0);
    }

    #[test]
    fn forgets_what_is_over() {
        let mut site = Site::new();
        assert_eq!(site.register("a", "c", 1, "Contact: <sip:a@192.0.2.1>\r\nExpires: 60\r\n"), Ok(1));
        assert_eq!(site.0.find("a@example.com", site.1).len(), 1);
        site.1 = site.1.plus(Duration::from_secs(61));
        assert_eq!(site.0.find("a@example.com", site.1).len(), 0);
        assert_eq!(site.0.count(), 0);
    }

    #[test]
    fn refuses_what_is_old_brief_or_too_much() {
        let mut site = Site::new();
        let contact = |number: u32| format!("Contact: <sip:a@192.0.2.{number}>\r\n");
        assert_eq!(site.register("a", "c", 5, &contact(1)), Ok(1));
        assert_eq!(site.register("a", "c", 5, &contact(1)), Err(500));
        assert_eq!(site.register("a", "d", 1, "Contact: <sip:a@192.0.2.9>;expires=5\r\n"), Err(423));
        assert_eq!(site.register("a", "d", 2, "Contact: *\r\n"), Err(400));
        assert_eq!(site.register("a", "d", 3, "Contact: \"no\r\n"), Err(400));
        assert_eq!(site.register("a", "d", 4, &contact(2)), Ok(2));
        assert_eq!(site.register("a", "d", 5, &contact(3)), Err(403));
        assert_eq!(site.register("b", "e", 1, &contact(1)), Ok(1));
        assert_eq!(site.register("c", "f", 1, &contact(1)), Err(503));
        // What is there may be refreshed all the same.
        assert_eq!(site.register("b", "e", 2, &contact(1)), Ok(1));
    }
}
