//! A run that tries again what was set aside. The place in the stream stays where it is.

use base::Timestamp;
use base::measure::Stopwatch;
use store::{
    Claim, Consumer, EventPlace, SealedEvent, SetAside, StoreError, limits::CONSUMER_AHEAD, unblocked,
};

use crate::engine::Engine;
use crate::limits;
use crate::pipeline::Pipeline;
use crate::plan::{Again, AsideEvent, Opening};
use crate::run::{Outcomes, RETRIED, Target, is_overdue, note};
use crate::transport::HandedOver;

/// What became of what was set aside together.
enum End {
    /// All of it was answered for good.
    Done,
    /// It was given up, all of it or what was left, having failed since then.
    GivenUp(Timestamp),
    /// These are still to be made.
    Left { events: Vec<EventPlace>, has_failed: bool, was_answered: bool },
}

impl Engine {
    /// Whether the next run is one of these: something may be tried again, and nothing that was begun in the stream is
    /// unfinished, so that nobody's events pass each other.
    pub(crate) fn is_again(&self, consumer: &Consumer) -> bool {
        consumer.tried <= consumer.place && !self.due(consumer).is_empty()
    }

    fn due(&self, consumer: &Consumer) -> Vec<usize> {
        let now = self.services.now();
        // What is further ahead was written before the clock went back.
        let is_due = |at: Timestamp| at <= now || at > now.plus(CONSUMER_AHEAD);
        let free = unblocked(&consumer.aside).into_iter();
        free.filter(|index| is_due(consumer.aside[*index].due_at)).take(limits::AGAIN).collect()
    }

    /// Tries what may be tried again.
    pub(crate) async fn again(
        &self,
        consumer: &Consumer,
        target: &Target,
        pipeline: &Pipeline,
    ) -> Result<(), StoreError> {
        let (mut due, mut bytes) = (Vec::new(), 0);
        for index in self.due(consumer) {
            let mut events = Vec::new();
            for place in &consumer.aside[index].events {
                let found = self.logged(consumer, place).await?;
                bytes += found.as_ref().map_or(0, |(_, event)| event.size());
                events.push(AsideEvent { place: place.clone(), found });
            }
            due.push((index, events));
            if bytes >= limits::READ_BYTES {
                break;
            }
        }
        let rows = || due.iter().flat_map(|(_, events)| events).map(|event| event.place.row);
        let (claim, proof) = self.claim(consumer, target, rows().min().zip(rows().max())).await?;
        let opening = Opening { consumer, target, pipeline, proof: &proof };
        let plans = self.plan_again(&opening, due).await?;
        let mut aside = consumer.aside.clone();
        self.begin_again(consumer, &claim, target, &plans, &mut aside).await?;
        let (ends, outcomes) = self.send_again(consumer, target, plans, &aside).await?;
        self.settle(&mut aside, ends);
        let now = self.services.now();
        let mut batch = self.services.store.batch(consumer.scope);
        let due_at = now.plus(target.pace(outcomes.sent));
        batch.put_off(&claim, due_at, consumer.failures, consumer.failing_since);
        batch.set_aside(&claim, &aside);
        self.write_down(batch, &claim, target, outcomes).await
    }

    /// An event of the log; `None` when it was too old to be kept.
    async fn logged(
        &self,
        consumer: &Consumer,
        place: &EventPlace,
    ) -> Result<Option<(Timestamp, SealedEvent)>, StoreError> {
        let scoped = self.services.store.scope(consumer.scope);
        let rows = scoped.events(&consumer.stream, place.row.saturating_sub(1), 1).await?;
        let row = rows.into_iter().next().filter(|row| row.sequence == place.row);
        Ok(row.and_then(|row| {
            let event = row.events.into_iter().nth(place.index as usize)?;
            Some((row.at, event))
        }))
    }

    /// Puts into the accounting what was not there before.
    async fn begin_again(
        &self,
        consumer: &Consumer,
        claim: &Claim,
        target: &Target,
        plans: &[Again],
        aside: &mut [SetAside],
    ) -> Result<(), StoreError> {
        let store = &self.services.store;
        let mut batch = store.batch(consumer.scope);
        let mut is_new = false;
        for plan in plans {
            let one = &mut aside[plan.index];
            if !one.is_disclosed {
                note(&mut batch, claim, target, &plan.subjects, self.services.now());
                (one.is_disclosed, is_new) = (true, true);
            }
        }
        if is_new {
            batch.set_aside(claim, aside);
            store.commit(batch).await?;
        }
        Ok(())
    }

    async fn send_again(
        &self,
        consumer: &Consumer,
        target: &Target,
        plans: Vec<Again>,
        aside: &[SetAside],
    ) -> Result<(Vec<(usize, End)>, Outcomes), StoreError> {
        let started = Stopwatch::start();
        let (mut ends, mut outcomes) = (Vec::new(), Outcomes::default());
        let mut failed_in_a_row = 0;
        'plans: for plan in plans {
            let one = &aside[plan.index];
            let (mut end, mut was_answered) = (End::Done, false);
            for reason in &plan.kept {
                outcomes.count(reason, 1);
            }
            for at in 0..plan.chunks.len() {
                let chunk = &plan.chunks[at];
                if started.elapsed() > limits::RUN_TIME
                    || failed_in_a_row > limits::PROBES
                    || !self.still_may(consumer, target).await?
                {
                    let left = left(&plan, at);
                    ends.push((plan.index, End::Left { events: left, has_failed: false, was_answered }));
                    break 'plans;
                }
                let (since, now) = (one.failing_since.filter(|_| !was_answered), self.services.now());
                if let Some(since) = since.filter(|_| is_overdue(chunk, since, now)) {
                    outcomes.given_up(chunk, one.failures);
                    end = End::GivenUp(since);
                    continue;
                }
                let attempts = if was_answered { 1 } else { one.failures + 1 };
                let refused = match self.hand_over(target, chunk).await {
                    HandedOver::Taken => None,
                    HandedOver::Refused(status) => Some(status),
                    HandedOver::Later(code) => {
                        tracing::debug!(destination = %target.sid, code, "what was set aside is not taken now");
                        outcomes.count(RETRIED, chunk.payloads.len() as u64);
                        failed_in_a_row += 1;
                        end = End::Left { events: left(&plan, at), has_failed: true, was_answered };
                        break;
                    }
                };
                outcomes.answered(chunk, refused, attempts);
                (failed_in_a_row, was_answered, end) = (0, true, End::Done);
            }
            ends.push((plan.index, end));
        }
        Ok((ends, outcomes))
    }

    /// What is set aside after that.
    fn settle(&self, aside: &mut Vec<SetAside>, ends: Vec<(usize, End)>) {
        let now = self.services.now();
        let mut gone = Vec::new();
        for (index, end) in ends {
            match end {
                End::Done => gone.push((index, None)),
                End::GivenUp(since) => gone.push((index, Some(since))),
                End::Left { events, has_failed, was_answered } => {
                    let one = &mut aside[index];
                    one.events = events;
                    if was_answered {
                        (one.failures, one.failing_since) = (0, None);
                    }
                    if has_failed {
                        one.failures = one.failures.saturating_add(1);
                        one.failing_since = one.failing_since.or(Some(now));
                        one.due_at = now.plus(self.backoff(one.failures));
                    }
                }
            }
        }
        gone.sort_by_key(|(index, _)| std::cmp::Reverse(*index));
        for (index, given_up) in gone {
            let one = aside.remove(index);
            let Some(since) = given_up else { continue };
            // What waited behind it has failed as long as that.
            let subjects: Vec<_> = one.events.into_iter().flat_map(|event| event.subjects).collect();
            for later in aside.iter_mut().skip(index).filter(|later| later.is_about(&subjects)) {
                later.failing_since = later.failing_since.or(Some(since));
            }
        }
    }
}

/// The events of the requests from `at` on.
fn left(plan: &Again, at: usize) -> Vec<EventPlace> {
    let mut events: Vec<EventPlace> = Vec::new();
    for event in plan.chunks[at..].iter().flat_map(|chunk| chunk.places()) {
        if events.last() != Some(&event) {
            events.push(event);
        }
    }
    events
}
