//! The IpAccessControlList and IpAddress resources: where SIP calls may come from.

use std::net::Ipv4Addr;

use base::{AccountSid, IpAccessControlListSid, IpAddressSid, IpRange, Sid};
use errors::{ApiError, Result, codes};
use kit::page::Unfiltered;
use kit::{
    Answer, Created, Ctx, Deleted, Form, Found, FromParams, Listing, PageRequest, Params, Path, PathPair,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Document, Kind, NewDocument, Query, Scoped, StoreError};

use super::{domains, friendly_name, required_name};
use crate::limits::{CIDR_PREFIX, MAX_IP_ADDRESSES, MAX_IP_LISTS};

/// Bits of a whole IPv4 address.
const WHOLE: u8 = 32;

/// The kind of IP access control lists; they live in the account's scope.
#[derive(Debug)]
pub(crate) enum IpList {}

impl Kind for IpList {
    const NAME: &'static str = "sip-ip-list";
    type Sid = IpAccessControlListSid;
    type Facts = ListFacts;
    type Content = ();
}

/// An IP access control list.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ListFacts {
    /// A name for people.
    pub(crate) friendly_name: String,
}

/// The kind of addresses of such lists.
#[derive(Debug)]
pub(crate) enum IpAddress {}

impl Kind for IpAddress {
    const NAME: &'static str = "sip-ip-address";
    type Sid = IpAddressSid;
    type Facts = AddressFacts;
    type Content = ();
}

/// An address, or the range around it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AddressFacts {
    /// A name for people.
    pub(crate) friendly_name: String,
    /// The address as it was given.
    pub(crate) address: Ipv4Addr,
    /// Bits of it that count.
    pub(crate) prefix: u8,
}

impl AddressFacts {
    /// The range.
    pub(crate) fn range(&self) -> Option<IpRange> {
        let mask = u32::MAX.checked_shl(u32::from(WHOLE.saturating_sub(self.prefix))).unwrap_or(0);
        format!("{}/{}", Ipv4Addr::from_bits(self.address.to_bits() & mask), self.prefix).parse().ok()
    }
}

/// The addresses of a list.
///
/// # Errors
/// When the store cannot answer.
pub(crate) async fn addresses(
    scoped: &Scoped,
    list: IpAccessControlListSid,
) -> std::result::Result<Vec<Document<IpAddress>>, StoreError> {
    let query = Query { parent: Some(list.to_string()), limit: MAX_IP_ADDRESSES, ..Query::default() };
    Ok(scoped.list::<IpAddress>(query).await?.documents)
}

/// What a request names a list.
pub(crate) struct Named(String);

impl FromParams for Named {
    fn from_params(params: &mut Params) -> Result<Self> {
        required_name(params, codes::IP_LIST_REFUSED).map(Self)
    }
}

/// What a request says of an address. `None` leaves it as it is.
pub(crate) struct Asked {
    friendly_name: Option<String>,
    address: Option<Ipv4Addr>,
    prefix: Option<u8>,
}

impl FromParams for Asked {
    fn from_params(params: &mut Params) -> Result<Self> {
        let refused = |name| ApiError::new(codes::IP_ADDRESS_REFUSED).parameter(name);
        let friendly_name = friendly_name(params, codes::IP_ADDRESS_REFUSED)?;
        let address = params.text("IpAddress")?.map(|text| text.parse().map_err(|_| refused("IpAddress")));
        let address: Option<Ipv4Addr> = address.transpose()?;
        if address.is_some_and(|address| address.is_unspecified() || address.is_broadcast()) {
            return Err(refused("IpAddress"));
        }
        let prefix =
            params.integer("CidrPrefixLength", CIDR_PREFIX).map_err(|_| refused("CidrPrefixLength"))?;
        let prefix = prefix.map(|bits| u8::try_from(bits).unwrap_or(WHOLE));
        Ok(Self { friendly_name, address, prefix })
    }
}

async fn get(ctx: &Ctx, sid: IpAccessControlListSid) -> Result<Document<IpList>> {
    ctx.store().get::<IpList>(sid).await?.ok_or(codes::NOT_FOUND.into())
}

/// The name of a list of the account, for a domain that it is to be mapped to.
pub(super) async fn name_of(ctx: &Ctx, sid: IpAccessControlListSid) -> Result<String> {
    Ok(get(ctx, sid).await?.facts.friendly_name)
}

pub(crate) async fn create(ctx: Ctx, Form(Named(friendly_name)): Form<Named>) -> Answer<Created<ListView>> {
    let all = Query { limit: MAX_IP_LISTS, ..Query::default() };
    if ctx.store().list::<IpList>(all).await?.documents.len() >= MAX_IP_LISTS {
        return Err(ApiError::new(codes::IP_LISTS_FULL).into());
    }
    let sid = IpAccessControlListSid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    batch.insert::<IpList>(NewDocument::of(sid, ctx.now(), ListFacts { friendly_name }));
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Created(ListView::new(ctx.account().sid(), &get(&ctx, sid).await?)))
}

pub(crate) async fn fetch(ctx: Ctx, Path(sid): Path<IpAccessControlListSid>) -> Answer<Found<ListView>> {
    Ok(Found(ListView::new(ctx.account().sid(), &get(&ctx, sid).await?)))
}

pub(crate) async fn list(ctx: Ctx, page: PageRequest) -> Answer<Found<Value>> {
    let (Unfiltered, paging) = page.open::<Unfiltered>(&ctx).await?;
    let query = Query { limit: paging.size, cursor: paging.cursor.clone(), ..Query::default() };
    let listed = ctx.store().list::<IpList>(query).await?;
    let account = ctx.account().sid();
    let path = format!("/2010-04-01/Accounts/{account}/SIP/IpAccessControlLists.json");
    let listing = Listing::new(&ctx, paging, listed, |list| ListView::new(account, &list)).await?;
    Ok(Found(listing.api2010(&path, "ip_access_control_lists")))
}

pub(crate) async fn update(
    ctx: Ctx,
    Path(sid): Path<IpAccessControlListSid>,
    Form(Named(friendly_name)): Form<Named>,
) -> Answer<Found<ListView>> {
    let mut found = get(&ctx, sid).await?;
    found.facts.friendly_name = friendly_name;
    let mut batch = ctx.batch();
    batch.update::<IpList>(&found);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Found(ListView::new(ctx.account().sid(), &get(&ctx, sid).await?)))
}

/// Deletes a list that guards nothing, with its addresses.
pub(crate) async fn delete(ctx: Ctx, Path(sid): Path<IpAccessControlListSid>) -> Answer<Deleted> {
    let found = get(&ctx, sid).await?;
    if domains::names(&ctx, &sid.to_string()).await? {
        return Err(ApiError::new(codes::IP_LIST_IN_USE).into());
    }
    let mut batch = ctx.batch();
    for address in addresses(&ctx.store(), sid).await? {
        batch.delete(&address);
    }
    batch.delete(&found);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Deleted)
}

async fn address(ctx: &Ctx, list: IpAccessControlListSid, sid: IpAddressSid) -> Result<Document<IpAddress>> {
    let found = ctx.store().get::<IpAddress>(sid).await?;
    found.filter(|found| found.parent == Some(list.to_string())).ok_or(codes::NOT_FOUND.into())
}

pub(crate) async fn create_address(
    ctx: Ctx,
    Path(list): Path<IpAccessControlListSid>,
    Form(asked): Form<Asked>,
) -> Answer<Created<AddressView>> {
    get(&ctx, list).await?;
    if addresses(&ctx.store(), list).await?.len() >= MAX_IP_ADDRESSES {
        return Err(ApiError::new(codes::IP_ADDRESSES_FULL).into());
    }
    let missing = |name| ApiError::new(codes::IP_ADDRESS_REFUSED).parameter(name);
    let facts = AddressFacts {
        friendly_name: asked.friendly_name.ok_or(missing("FriendlyName"))?,
        address: asked.address.ok_or(missing("IpAddress"))?,
        prefix: asked.prefix.unwrap_or(WHOLE),
    };
    let sid = IpAddressSid::generate(ctx.services.store.random().as_ref());
    let mut batch = ctx.batch();
    let parent = Some(list.to_string());
    batch.insert::<IpAddress>(NewDocument { parent, ..NewDocument::of(sid, ctx.now(), facts) });
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Created(AddressView::new(ctx.account().sid(), list, &address(&ctx, list, sid).await?)))
}

pub(crate) async fn fetch_address(
    ctx: Ctx,
    PathPair(list, sid): PathPair<IpAccessControlListSid, IpAddressSid>,
) -> Answer<Found<AddressView>> {
    Ok(Found(AddressView::new(ctx.account().sid(), list, &address(&ctx, list, sid).await?)))
}

pub(crate) async fn list_addresses(
    ctx: Ctx,
    Path(list): Path<IpAccessControlListSid>,
    page: PageRequest,
) -> Answer<Found<Value>> {
    get(&ctx, list).await?;
    let (Unfiltered, paging) = page.open::<Unfiltered>(&ctx).await?;
    let query = Query {
        parent: Some(list.to_string()),
        limit: paging.size,
        cursor: paging.cursor.clone(),
        ..Query::default()
    };
    let listed = ctx.store().list::<IpAddress>(query).await?;
    let account = ctx.account().sid();
    let path = format!("/2010-04-01/Accounts/{account}/SIP/IpAccessControlLists/{list}/IpAddresses.json");
    let view = |found| AddressView::new(account, list, &found);
    Ok(Found(Listing::new(&ctx, paging, listed, view).await?.api2010(&path, "ip_addresses")))
}

pub(crate) async fn update_address(
    ctx: Ctx,
    PathPair(list, sid): PathPair<IpAccessControlListSid, IpAddressSid>,
    Form(asked): Form<Asked>,
) -> Answer<Found<AddressView>> {
    let mut found = address(&ctx, list, sid).await?;
    found.facts.friendly_name = asked.friendly_name.unwrap_or(found.facts.friendly_name);
    found.facts.address = asked.address.unwrap_or(found.facts.address);
    found.facts.prefix = asked.prefix.unwrap_or(found.facts.prefix);
    let mut batch = ctx.batch();
    batch.update::<IpAddress>(&found);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Found(AddressView::new(ctx.account().sid(), list, &address(&ctx, list, sid).await?)))
}

pub(crate) async fn delete_address(
    ctx: Ctx,
    PathPair(list, sid): PathPair<IpAccessControlListSid, IpAddressSid>,
) -> Answer<Deleted> {
    let found = address(&ctx, list, sid).await?;
    let mut batch = ctx.batch();
    batch.delete(&found);
    ctx.commit(batch, vec![sid.to_string()]).await?;
    Ok(Deleted)
}

/// A list on the wire (`api.v2010.account.sip.sip_ip_access_control_list`).
#[derive(Serialize)]
pub(crate) struct ListView {
    account_sid: String,
    date_created: String,
    date_updated: String,
    friendly_name: String,
    sid: String,
    subresource_uris: Subresources,
    uri: String,
}

#[derive(Serialize)]
struct Subresources {
    ip_addresses: String,
}

impl ListView {
    fn new(account: AccountSid, list: &Document<IpList>) -> Self {
        let path = format!("/2010-04-01/Accounts/{account}/SIP/IpAccessControlLists/{}", list.sid);
        Self {
            account_sid: account.to_string(),
            date_created: list.created_at.rfc2822(),
            date_updated: list.updated_at.rfc2822(),
            friendly_name: list.facts.friendly_name.clone(),
            sid: list.sid.to_string(),
            subresource_uris: Subresources { ip_addresses: format!("{path}/IpAddresses.json") },
            uri: format!("{path}.json"),
        }
    }
}

/// An address on the wire (`….sip_ip_access_control_list.sip_ip_address`).
#[derive(Serialize)]
pub(crate) struct AddressView {
    account_sid: String,
    cidr_prefix_length: u8,
    date_created: String,
    date_updated: String,
    friendly_name: String,
    ip_access_control_list_sid: String,
    ip_address: String,
    sid: String,
    uri: String,
}

impl AddressView {
    fn new(account: AccountSid, list: IpAccessControlListSid, found: &Document<IpAddress>) -> Self {
        let sid = found.sid;
        let lists = format!("/2010-04-01/Accounts/{account}/SIP/IpAccessControlLists");
        Self {
            account_sid: account.to_string(),
            cidr_prefix_length: found.facts.prefix,
            date_created: found.created_at.rfc2822(),
            date_updated: found.updated_at.rfc2822(),
            friendly_name: found.facts.friendly_name.clone(),
            ip_access_control_list_sid: list.to_string(),
            ip_address: found.facts.address.to_string(),
            sid: sid.to_string(),
            uri: format!("{lists}/{list}/IpAddresses/{sid}.json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_that_around_its_address() {
        let range = |address: &str, prefix| {
            let facts = AddressFacts {
                friendly_name: String::new(),
                address: address.parse().expect("an address"),
                prefix,
            };
            facts.range().expect("a range")
        };
        let within = |range: IpRange, address: &str| range.contains(address.parse().expect("an address"));
        assert!(within(range("198.51.100.7", 32), "198.51.100.7"));
        assert!(!within(range("198.51.100.7", 32), "198.51.100.8"));
        assert!(within(range("198.51.100.7", 24), "198.51.100.200"));
        assert!(!within(range("198.51.100.7", 24), "198.51.101.7"));
        assert!(within(range("10.1.2.3", 8), "10.200.0.1"));
    }
}
