//! Which senders of a pool a recipient may get, best ones only. Pure: it sees senders, which are ours, and of the
//! recipient what a masked number shows as well.

use base::{Address, PhoneNumber, Region};
use phi::Phi;

use super::model::SenderFacts;

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
    facts: SenderFacts,
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
    /// A sender as it is stored. One that is no address of ours is chosen for nobody.
    pub fn new(facts: SenderFacts) -> Self {
        let (kind, place) = match Address::parse(&facts.sender) {
            Ok(Address::Phone(number)) => (Some(Kind::Phone), Place::of(&number)),
            Ok(Address::ShortCode(_)) => (Some(Kind::ShortCode), Place::NOWHERE),
            Ok(Address::Alphanumeric(_)) => (Some(Kind::Name), Place::NOWHERE),
            Ok(Address::Channel(_)) | Err(_) => (None, Place::NOWHERE),
        };
        Self { facts, kind, place }
    }

    /// As it stands in `From`.
    pub fn as_str(&self) -> &str {
        &self.facts.sender
    }

    /// Whether it arrives at this place at all.
    pub fn reaches(&self, place: &Place) -> bool {
        match self.kind {
            Some(Kind::Phone) => true,
            // Short codes of other countries are written alike, so they are taken to be of the United States.
            Some(Kind::ShortCode) => place.country == Some("US"),
            Some(Kind::Name) => place.takes_names && (self.facts.country.is_none() || self.is_for(place)),
            None => false,
        }
    }

    /// Whether it is for this country alone.
    fn is_for(&self, place: &Place) -> bool {
        self.facts.country.is_some() && self.facts.country.as_deref() == place.country
    }

    fn is_home(&self, place: &Place) -> bool {
        place.country.is_some() && self.place.country == place.country
    }
}

/// The senders that suit this place best, in the order of the pool: a short code of its country, else a name for this
/// country alone where names are shown, else any such name, else a number of its country, else any number. Empty when
/// none of the pool can reach it.
pub fn suitable<'a>(pool: &'a [Sender], place: &Place) -> Vec<&'a Sender> {
    type Tier<'t> = &'t dyn Fn(&&Sender) -> bool;
    let able = |sender: &Sender, kind: Kind| sender.kind == Some(kind) && sender.reaches(place);
    let tiers: [Tier<'_>; 5] = [
        &|sender| able(sender, Kind::ShortCode),
        &|sender| able(sender, Kind::Name) && sender.is_for(place),
        &|sender| able(sender, Kind::Name),
        &|sender| able(sender, Kind::Phone) && sender.is_home(place),
        &|sender| able(sender, Kind::Phone),
    ];
    let of = |tier: Tier<'_>| -> Vec<&'a Sender> { pool.iter().filter(tier).collect() };
    tiers.iter().map(|tier| of(tier)).find(|senders| !senders.is_empty()).unwrap_or_default()
}

/// The country of a number that is protected, as ISO 3166-1 alpha-2.
pub fn country_of(number: &Phi<String>) -> Option<&'static str> {
    number.learn(|number| Place::of_text(number)).country
}

/// What a sender of ours is to the carriers of the United States, as far as they ask for its registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registrable {
    /// A long code on its way to the United States: it needs a campaign.
    LongCode,
    /// A toll-free number on its way to where toll-free numbers are: it needs a verification.
    TollFree,
}

/// What this sender needs to reach this recipient; `None` when nobody asks for anything.
pub fn registrable(sender: &str, to: &Phi<String>) -> Option<Registrable> {
    let Ok(Address::Phone(number)) = Address::parse(sender) else { return None };
    match (number.region(), country_of(to)?) {
        (Region::UnitedStates | Region::UsTerritory, "US") => Some(Registrable::LongCode),
        (Region::UsTollFree, "US" | "CA") => Some(Registrable::TollFree),
        _ => None,
    }
}

/// Whether a sender outside a service arrives at this recipient at all.
pub fn arrives(sender: &str, to: &Phi<String>) -> bool {
    Sender::new(SenderFacts::of(sender.to_owned())).reaches(&to.learn(|number| Place::of_text(number)))
}

/// Those of the recipient's area code; all of them when there is none.
pub fn nearest<'a>(senders: Vec<&'a Sender>, place: &Place) -> Vec<&'a Sender> {
    let is_near = |sender: &&&Sender| place.area_code.is_some() && sender.place.area_code == place.area_code;
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

    /// A sender, with the one country it is for after `@`.
    fn member(text: &str) -> SenderFacts {
        match text.split_once('@') {
            Some((sender, country)) => {
                SenderFacts { sender: sender.to_owned(), country: Some(country.to_owned()) }
            }
            None => SenderFacts::of(text.to_owned()),
        }
    }

    #[track_caller]
    fn check(pool: &[&str], to: &str, suits: &[&str], near: &[&str]) {
        let pool: Vec<Sender> = pool.iter().map(|sender| Sender::new(member(sender))).collect();
        let texts =
            |senders: &[&Sender]| senders.iter().map(|sender| sender.as_str().to_owned()).collect::<Vec<_>>();
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
    fn carriers_of_the_united_states_ask_for_registrations() {
        use Registrable::{LongCode, TollFree as Free};
        for (sender, to, expected) in [
            (SAN_FRANCISCO, NEW_YORK, Some(LongCode)),
            (SAN_FRANCISCO, TORONTO, None),
            (SAN_FRANCISCO, LONDON, None),
            (TOLL_FREE, NEW_YORK, Some(Free)),
            (TOLL_FREE, TORONTO, Some(Free)),
            (TOLL_FREE, LONDON, None),
            (LONDON, NEW_YORK, None),
            (CODE, NEW_YORK, None),
            (NAME, LONDON, None),
            (SAN_FRANCISCO, "nobody", None),
        ] {
            assert_eq!(registrable(sender, &Phi::new(to.to_owned())), expected, "{sender} {to}");
        }
    }

    #[test]
    fn a_name_for_one_country_goes_before_the_others_there_and_nowhere_else() {
        let all = ["Clinic", "Praxis@DE", "Surgery@GB", LONDON];
        check(&all, "+442071838751", &["Surgery"], &["Surgery"]);
        check(&all, "+4930123456", &["Praxis"], &["Praxis"]);
        check(&all, "+33123456789", &["Clinic"], &["Clinic"]);
        check(&["Praxis@DE", LONDON], "+33123456789", &[LONDON], &[LONDON]);
        check(&["Praxis@DE"], "+33123456789", &[], &[]);
        check(&["Praxis@US"], NEW_YORK, &[], &[]);
    }

    #[test]
    fn a_named_sender_arrives_where_its_kind_does() {
        for (sender, to, expected) in [
            (SAN_FRANCISCO, LONDON, true),
            (CODE, NEW_YORK, true),
            (CODE, TOLL_FREE, true),
            (CODE, TORONTO, false),
            (CODE, LONDON, false),
            (NAME, LONDON, true),
            (NAME, NEW_YORK, false),
            (NAME, TORONTO, false),
            ("whatsapp:+14155550100", NEW_YORK, false),
        ] {
            assert_eq!(arrives(sender, &Phi::new(to.to_owned())), expected, "{sender} {to}");
        }
    }

    #[test]
    fn what_is_no_number_is_nowhere() {
        check(&[SAN_FRANCISCO], "nobody", &[SAN_FRANCISCO], &[SAN_FRANCISCO]);
        check(&[NAME, CODE], "nobody", &[], &[]);
        // A code that is assigned to no country is reached like any other number.
        check(&[SAN_FRANCISCO], "+9995550100", &[SAN_FRANCISCO], &[SAN_FRANCISCO]);
    }
}
