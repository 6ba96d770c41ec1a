//! Where a registration is: one state machine, in the words of each kind. Pure.

use serde::{Deserialize, Serialize};

/// What is registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A business (`BrandRegistrations`).
    Brand,
    /// A check of a brand by somebody else (`Vettings`).
    Vetting,
    /// What a brand sends messages for (`Usa2p`).
    Campaign,
    /// A toll-free number (`Tollfree/Verifications`).
    Tollfree,
}

/// How far it has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody has looked at it.
    Submitted,
    /// Somebody looks at it.
    InReview,
    /// It is registered.
    Passed,
    /// It was turned down.
    Failed,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: [Self; 4] = [Self::Submitted, Self::InReview, Self::Passed, Self::Failed];

    /// The published word.
    pub const fn word(self, subject: Subject) -> &'static str {
        match (subject, self) {
            // A brand's IN_REVIEW is a review by hand, which takes days and happens to few.
            (Subject::Brand, Self::Submitted | Self::InReview) => "PENDING",
            (Subject::Brand, Self::Passed) => "APPROVED",
            (Subject::Vetting, Self::Submitted | Self::InReview) => "IN_PROGRESS",
            (Subject::Vetting, Self::Passed) => "SUCCESS",
            (Subject::Campaign, Self::Submitted) => "PENDING",
            (Subject::Campaign, Self::InReview) => "IN_PROGRESS",
            (Subject::Campaign, Self::Passed) => "VERIFIED",
            (Subject::Tollfree, Self::Submitted) => "PENDING_REVIEW",
            (Subject::Tollfree, Self::InReview) => "IN_REVIEW",
            (Subject::Tollfree, Self::Passed) => "TWILIO_APPROVED",
            (Subject::Tollfree, Self::Failed) => "TWILIO_REJECTED",
            (_, Self::Failed) => "FAILED",
        }
    }

    /// Whether the review goes on from here by itself.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Submitted | Self::InReview)
    }
}

/// The review of one registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Where it is.
    pub stage: Stage,
    /// Counts submissions from 1.
    pub attempt: u32,
    /// Why it was turned down, by its number in the public error dictionary.
    pub failure: Option<u32>,
    /// When it was turned down, in microseconds.
    pub failed_at: Option<i64>,
}

impl Review {
    /// Of something that was submitted for the first time.
    pub const fn first() -> Self {
        Self { stage: Stage::Submitted, attempt: 1, failure: None, failed_at: None }
    }

    /// Submits it again; `None` unless it was turned down.
    pub fn again(self) -> Option<Self> {
        let attempt = self.attempt.saturating_add(1);
        (self.stage == Stage::Failed).then(|| Self { attempt, ..Self::first() })
    }

    /// Somebody looks at it; `None` unless it was only submitted.
    pub fn begun(self) -> Option<Self> {
        (self.stage == Stage::Submitted).then_some(Self { stage: Stage::InReview, ..self })
    }

    /// Somebody decides who has the last word, `failure` being why not, at `now` in microseconds: a review need not have
    /// begun, and what was decided is decided anew. `None` when it is decided like this already.
    pub fn ruled(self, failure: Option<u32>, now: i64) -> Option<Self> {
        let is_same = !self.stage.is_open() && self.failure == failure;
        (!is_same)
            .then_some(Self { stage: Stage::InReview, ..self })
            .and_then(|open| open.decided(failure, now))
    }

    /// It is decided, `failure` being why not, at `now` in microseconds; `None` unless it was in review.
    pub fn decided(self, failure: Option<u32>, now: i64) -> Option<Self> {
        let stage = if failure.is_some() { Stage::Failed } else { Stage::Passed };
        let failed_at = failure.map(|_| now);
        (self.stage == Stage::InReview).then_some(Self { stage, failure, failed_at, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(stage: Stage) -> Review {
        let failure = (stage == Stage::Failed).then_some(30_886);
        Review { stage, attempt: 2, failure, failed_at: failure.map(|_| 7) }
    }

    #[test]
    fn only_these_steps_are_possible() {
        use Stage::{Failed, InReview, Passed, Submitted};
        for (from, begun, passed, failed, again) in [
            (Submitted, Some(InReview), None, None, None),
            (InReview, None, Some(Passed), Some(Failed), None),
            (Passed, None, None, None, None),
            (Failed, None, None, None, Some(Submitted)),
        ] {
            let stage = |review: Option<Review>| review.map(|review| review.stage);
            assert_eq!(stage(at(from).begun()), begun, "{from:?}");
            assert_eq!(stage(at(from).decided(None, 9)), passed, "{from:?}");
            assert_eq!(stage(at(from).decided(Some(30_893), 9)), failed, "{from:?}");
            assert_eq!(stage(at(from).again()), again, "{from:?}");
        }
    }

    #[test]
    fn the_last_word_is_possible_everywhere_and_said_once() {
        use Stage::{Failed, InReview, Passed, Submitted};
        let stage = |review: Option<Review>| review.map(|review| review.stage);
        for (from, passed, failed) in [
            (Submitted, Some(Passed), Some(Failed)),
            (InReview, Some(Passed), Some(Failed)),
            (Passed, None, Some(Failed)),
            (Failed, Some(Passed), None),
        ] {
            assert_eq!(stage(at(from).ruled(None, 9)), passed, "{from:?}");
            assert_eq!(stage(at(from).ruled(Some(30_886), 9)), failed, "{from:?}");
        }
        let again = at(Failed).ruled(Some(30_893), 9).expect("for another reason");
        assert_eq!((again.failure, again.failed_at, again.attempt), (Some(30_893), Some(9), 2));
        let passed = at(Failed).ruled(None, 9).expect("it was turned down");
        assert_eq!((passed.failure, passed.failed_at), (None, None));
    }

    #[test]
    fn a_new_submission_forgets_why_the_last_one_failed() {
        let again = at(Stage::Failed).again().expect("it was turned down");
        assert_eq!((again.attempt, again.failure, again.failed_at), (3, None, None));
        let decided = at(Stage::InReview).decided(Some(30_893), 9).expect("it was in review");
        assert_eq!((decided.attempt, decided.failure, decided.failed_at), (2, Some(30_893), Some(9)));
    }

    #[test]
    fn every_stage_has_its_published_word() {
        let words = |subject| Stage::ALL.map(|stage| stage.word(subject));
        assert_eq!(words(Subject::Brand), ["PENDING", "PENDING", "APPROVED", "FAILED"]);
        assert_eq!(words(Subject::Vetting), ["IN_PROGRESS", "IN_PROGRESS", "SUCCESS", "FAILED"]);
        assert_eq!(words(Subject::Campaign), ["PENDING", "IN_PROGRESS", "VERIFIED", "FAILED"]);
        assert_eq!(
            words(Subject::Tollfree),
            ["PENDING_REVIEW", "IN_REVIEW", "TWILIO_APPROVED", "TWILIO_REJECTED"]
        );
    }
}
