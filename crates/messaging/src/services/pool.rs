//! Which senders of a pool a recipient may get, best ones only. Pure: it sees senders, which are ours, and of the
//! recipient what a masked number shows as well.

use base::{Address, PhoneNumber, Region};

/// Where a recipient is, as far as the choice of a sender goes. Country and area code stay visible in a masked number
/// (SMS-REDACT-2), so they may be learned of a protected one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    country: Option<&'static str>,
    /// The area code of a number in the North American plan that belongs to an area.
    area_code: Option<String>,
    /// Carriers there show a name instead of a number.
    takes_names: bool,
}

impl phi::PublicFact for Place {}

impl Place {
    const NOWHERE: Self = Self { country: None, area_code: None, takes_names: false };

    /// Where a number is.
    pub fn of(number: &PhoneNumber) -> Self {
        let region = number.region();
        let has_area = matches!(region, Region::UnitedStates | Region::UsTerritory | Region::OtherNanp);
        let national = number.as_str().strip_prefix("+1").filter(|_| has_area);
        Self {
            country: number.country_iso(),
            area_code: national.and_then(|digits| digits.get(..3)).map(str::to_owned),
            takes_names: region == Region::International,
        }
    }

    /// Where an address is; one that is no number is nowhere.
    pub fn of_text(address: &str) -> Self {
        PhoneNumber::parse(address).map_or(Self::NOWHERE, |number| Self::of(&number))
    }
}

/// A sender of a pool, with what the choice looks at, so that no message pays for reading it again.
#[derive(Clone, Debug)]
pub struct Sender {
    text: String,
    kind: Option<Kind>,
    place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Phone,
    ShortCode,
    Name,
}

impl Sender {
    /// The sender that stands like this in `From`. One that is no address is chosen for nobody.
    pub fn new(text: String) -> Self {
        let (kind, place) = match Address::parse(&text) {
            Ok(Address::Phone(number)) => (Some(Kind::Phone), Place::of(&number)),
            Ok(Address::ShortCode(_)) => (Some(Kind::ShortCode), Place::NOWHERE),
            Ok(Address::Alphanumeric(_)) => (Some(Kind::Name), Place::NOWHERE),
            _ => (None, Place::NOWHERE),
        };
        Self { text, kind, place }
    }

    /// As it stands in `From`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The senders that suit this place best, in the order of the pool: a short code of its country, else a name where
/// names are shown, else a number of its country, else any number. Empty when none of the pool can reach it.
pub fn suitable<'a>(pool: &'a [Sender], place: &Place) -> Vec<&'a Sender> {
    // Short codes of other countries are written alike, so they are taken to be of the United States.
    let short_codes = |sender: &&Sender| sender.kind == Some(Kind::ShortCode) && place.country == Some("US");
    let names = |sender: &&Sender| sender.kind == Some(Kind::Name) && place.takes_names;
    let any = |sender: &&Sender| sender.kind == Some(Kind::Phone);
    let home =
        |sender: &&Sender| any(sender) && place.country.is_some() && sender.place.country == place.country;
    let tiers: [&dyn Fn(&&Sender) -> bool; 4] = [&short_codes, &names, &home, &any];
    let of = |tier: &dyn Fn(&&Sender) -> bool| -> Vec<&'a Sender> { pool.iter().filter(tier).collect() };
    tiers.iter().map(|tier| of(tier)).find(|senders| !senders.is_empty()).unwrap_or_default()
}

/// Those of the recipient's area code; all of them when there is none.
pub fn nearest<'a>(senders: Vec<&'a Sender>, place: &Place) -> Vec<&'a Sender> {
    let is_near =
        |sender: &&&Sender| place.area_code.is_some() && sender.place.area_code == place.area_code;
    let near: Vec<&Sender> = senders.iter().filter(is_near).copied().collect();
    if near.is_empty() { senders } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAN_FRANCISCO: &str = "+14155550100";
    const NEW_YORK: &str = "+12125550100";
    const TOLL_FREE: &str = "+18005550100";
    const TORONTO: &str = "+14165550100";
    const LONDON: &str = "+442071838750";
    const CODE: &str = "12345";
    const NAME: &str = "Clinic";

    #[track_caller]
    fn check(pool: &[&str], to: &str, suits: &[&str], near: &[&str]) {
        let pool: Vec<Sender> = pool.iter().map(|sender| Sender::new((*sender).to_owned())).collect();
        let texts = |senders: &[&Sender]| senders.iter().map(|sender| sender.text.clone()).collect::<Vec<_>>();
        let place = Place::of_text(to);
        let found = suitable(&pool, &place);
        assert_eq!(texts(&found), suits);
        assert_eq!(texts(&nearest(found, &place)), near);
    }

    #[test]
    fn a_sender_of_the_recipients_country_goes_first() {
        let all = [SAN_FRANCISCO, NEW_YORK, TORONTO, LONDON];
        check(&all, "+13125550177", &[SAN_FRANCISCO, NEW_YORK], &[SAN_FRANCISCO, NEW_YORK]);
        check(&all, "+14375550177", &[TORONTO], &[TORONTO]);
        check(&all, "+442071838751", &[LONDON], &[LONDON]);
        // Nothing of this country: any number.
        check(&all, "+4930123456", &all, &all);
    }

    #[test]
    fn the_area_code_decides_among_those_of_one_country() {
        let all = [SAN_FRANCISCO, NEW_YORK, TOLL_FREE];
        check(&all, "+12125550177", &all, &[NEW_YORK]);
        check(&all, "+13125550177", &all, &all);
        // A toll-free number has no area, so a toll-free sender is no nearer to it.
        check(&all, "+18005550177", &all, &all);
        check(&[TOLL_FREE], "+12125550177", &[TOLL_FREE], &[TOLL_FREE]);
    }

    #[test]
    fn short_codes_and_names_go_where_they_arrive() {
        let all = [SAN_FRANCISCO, CODE, NAME, LONDON];
        check(&all, "+12125550177", &[CODE], &[CODE]);
        check(&all, "+442071838751", &[NAME], &[NAME]);
        // No name and no short code of the United States arrives in Canada.
        check(&all, "+14375550177", &[SAN_FRANCISCO, LONDON], &[SAN_FRANCISCO, LONDON]);
        check(&[NAME], "+12125550177", &[], &[]);
        check(&[CODE], "+442071838751", &[], &[]);
        check(&[], "+12125550177", &[], &[]);
    }

    #[test]
    fn what_is_no_number_is_nowhere() {
        check(&[SAN_FRANCISCO], "nobody", &[SAN_FRANCISCO], &[SAN_FRANCISCO]);
        check(&[NAME, CODE], "nobody", &[], &[]);
        // A code that is assigned to no country is reached like any other number.
        check(&[SAN_FRANCISCO], "+9995550100", &[SAN_FRANCISCO], &[SAN_FRANCISCO]);
    }
}
