//! The documents of registration. Facts hold states and SIDs; what a business says stands in a paper beside them.

use auth::SidText;
use base::{
    BrandSid, BrandVettingSid, BundleSid, CampaignSid, MessagingServiceSid, PhoneNumberSid,
    TollfreeVerificationSid,
};
use serde::{Deserialize, Serialize};
use store::{Batch, Document, Kind, NewDocument, NewJob};

use crate::record::Record;
use crate::stage::{Review, Stage, Subject};

/// The queue of reviews.
pub(crate) const REVIEWING: &str = "registrations.review";

/// The index entry by which registrations of a state are found.
pub(crate) const BY_STATUS: &str = "status";

/// What is reviewed.
pub(crate) trait Reviewed: Kind<Content = ()> {
    /// What the business says, under the same SID; it is replaced as a whole, and its key with it.
    type Paper: Kind<Sid = Self::Sid, Facts = (), Content = Record>;
    /// What it is.
    const SUBJECT: Subject;
    /// What the ledger calls the fields that the registry is shown.
    const FIELDS: &'static [&'static str];
    /// Its review.
    fn review(facts: &mut Self::Facts) -> &mut Review;
    /// The bundle that describes it.
    fn profile(_facts: &Self::Facts) -> Option<String> {
        None
    }
    /// Whether something has to happen before anybody looks at it.
    fn waits(_facts: &Self::Facts) -> bool {
        false
    }
    /// Takes over the registry's name for it.
    fn registered(facts: &mut Self::Facts, name: String);
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $wire:literal, $sid:ty, $facts:ty, $content:ty;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) enum $name {}

        impl Kind for $name {
            const NAME: &'static str = $wire;
            type Sid = $sid;
            type Facts = $facts;
            type Content = $content;
        }
    )*};
}

kinds! {
    /// A brand.
    Brand = "a2p-brand", BrandSid, BrandFacts, ();
    /// A brand says everything in its bundle, so there is none of these.
    BrandPaper = "a2p-brand-paper", BrandSid, (), Record;
    /// A vetting; its parent is the brand.
    Vetting = "a2p-vetting", BrandVettingSid, VettingFacts, ();
    /// What a vetting is given: a token.
    VettingPaper = "a2p-vetting-paper", BrandVettingSid, (), Record;
    /// A campaign; its parent is the Messaging Service.
    Campaign = "a2p-campaign", CampaignSid, CampaignFacts, ();
    /// What is said of a campaign.
    CampaignPaper = "a2p-campaign-paper", CampaignSid, (), Record;
    /// Which campaign a Messaging Service has. It has the service's SID, so that there is one at most.
    ServiceCampaign = "a2p-service-campaign", MessagingServiceSid, OwnerFacts<CampaignSid>, ();
    /// Which campaign a sole proprietor's brand has: one at most.
    SoleCampaign = "a2p-sole-campaign", BrandSid, OwnerFacts<CampaignSid>, ();
    /// A verification of a toll-free number.
    Verification = "tollfree-verification", TollfreeVerificationSid, VerificationFacts, ();
    /// What is said of the business behind a number.
    VerificationPaper = "tollfree-verification-paper", TollfreeVerificationSid, (), Record;
    /// Which verification a number has. It has the number's SID, so that there is one at most.
    NumberVerification = "tollfree-number-verification", PhoneNumberSid, OwnerFacts<TollfreeVerificationSid>, ();
}

/// Which registration something has.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(bound(serialize = "S: base::Sid", deserialize = "S: base::Sid"))]
pub(crate) struct OwnerFacts<S> {
    /// The registration.
    pub(crate) has: SidText<S>,
}

/// Who a brand belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BrandType {
    /// A company.
    #[serde(rename = "STANDARD")]
    Standard,
    /// A person, who shows that a mobile number is theirs.
    #[serde(rename = "SOLE_PROPRIETOR")]
    SoleProprietor,
}

/// What is known of a brand.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct BrandFacts {
    pub(crate) review: Review,
    pub(crate) brand_type: BrandType,
    pub(crate) customer_profile: SidText<BundleSid>,
    pub(crate) a2p_profile: SidText<BundleSid>,
    pub(crate) mock: bool,
    pub(crate) skip_automatic_vetting: bool,
    /// The code was asked for, and so confirmed.
    pub(crate) is_confirmed: bool,
    /// A vetting has passed.
    pub(crate) is_vetted: bool,
    /// The registry's name for it.
    pub(crate) tcr_id: Option<String>,
}

/// What is known of a vetting.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VettingFacts {
    pub(crate) review: Review,
    pub(crate) provider: String,
}

/// What is known of a campaign.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct CampaignFacts {
    pub(crate) review: Review,
    /// The brand; a campaign that was registered elsewhere has one that is not known here.
    pub(crate) brand: Option<SidText<BrandSid>>,
    pub(crate) mock: bool,
    /// It was registered elsewhere.
    pub(crate) is_external: bool,
    /// The registry's name for it.
    pub(crate) campaign_id: Option<String>,
}

/// What is known of a verification.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VerificationFacts {
    pub(crate) review: Review,
    pub(crate) number: String,
    pub(crate) number_sid: SidText<PhoneNumberSid>,
    pub(crate) customer_profile: Option<SidText<BundleSid>>,
}

impl Reviewed for Brand {
    type Paper = BrandPaper;
    const SUBJECT: Subject = Subject::Brand;
    const FIELDS: &'static [&'static str] = &[];

    fn review(facts: &mut BrandFacts) -> &mut Review {
        &mut facts.review
    }

    fn profile(facts: &BrandFacts) -> Option<String> {
        Some(facts.a2p_profile.0.to_string())
    }

    fn waits(facts: &BrandFacts) -> bool {
        facts.brand_type == BrandType::SoleProprietor && !facts.is_confirmed
    }

    fn registered(facts: &mut BrandFacts, name: String) {
        facts.tcr_id = Some(name);
    }
}

impl Reviewed for Vetting {
    type Paper = VettingPaper;
    const SUBJECT: Subject = Subject::Vetting;
    const FIELDS: &'static [&'static str] = &["vetting_id"];

    fn review(facts: &mut VettingFacts) -> &mut Review {
        &mut facts.review
    }

    fn registered(_: &mut VettingFacts, _: String) {}
}

impl Reviewed for Campaign {
    type Paper = CampaignPaper;
    const SUBJECT: Subject = Subject::Campaign;
    const FIELDS: &'static [&'static str] = &["campaign"];

    fn review(facts: &mut CampaignFacts) -> &mut Review {
        &mut facts.review
    }

    fn registered(facts: &mut CampaignFacts, name: String) {
        facts.campaign_id.get_or_insert(name);
    }
}

impl Reviewed for Verification {
    type Paper = VerificationPaper;
    const SUBJECT: Subject = Subject::Tollfree;
    const FIELDS: &'static [&'static str] = &["business"];

    fn review(facts: &mut VerificationFacts) -> &mut Review {
        &mut facts.review
    }

    fn registered(_: &mut VerificationFacts, _: String) {}
}

/// The index value of a state.
pub(crate) fn status<K: Reviewed>(stage: Stage) -> store::IndexValue {
    store::IndexValue::Plain(stage.word(K::SUBJECT).to_owned())
}

/// A paper of its document.
pub(crate) fn paper<K: Reviewed>(
    sid: K::Sid,
    created_at: base::Timestamp,
    record: phi::Phi<Record>,
) -> NewDocument<K::Paper> {
    NewDocument { content: Some(record), ..NewDocument::of(sid, created_at, ()) }
}

/// Has somebody look at a registration, at `due_at`.
pub(crate) fn enqueue<S: base::Sid>(batch: &mut Batch, sid: S, attempt: u32, due_at: base::Timestamp) {
    batch.enqueue(NewJob {
        queue: REVIEWING,
        lane: None,
        ordering_key: None,
        due_at,
        payload: format!("{sid} {attempt}").into_bytes(),
    });
}

/// Submits what was turned down again, within the caller's batch; says whether it could.
pub(crate) fn resubmit<K: Reviewed>(
    batch: &mut Batch,
    document: &mut Document<K>,
    now: base::Timestamp,
) -> bool {
    let review = K::review(&mut document.facts);
    let Some(again) = review.again() else { return false };
    *review = again;
    batch.update::<K>(document);
    batch.reindex::<K>(document.sid, BY_STATUS, vec![status::<K>(again.stage)]);
    enqueue(batch, document.sid, again.attempt, now);
    true
}
