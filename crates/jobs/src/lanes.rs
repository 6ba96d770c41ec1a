//! Which lanes get how many of the free slots: decided without looking at any job.

use std::collections::HashMap;

use base::Timestamp;
use store::{Lane, Share, Waiting};

use crate::Gate;

/// What to take, and when to look again for what cannot be taken now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) shares: Vec<Share>,
    /// When something else is due; what only waits for a slot of its lane does not count.
    pub(crate) next: Option<Timestamp>,
    /// The last lane that got something, when slots ran out before lanes did.
    pub(crate) cut_after: Option<Lane>,
}

/// Shares `free` slots among the lanes in which something is due, evenly and in their order. `running` counts the
/// slots each lane holds already; `gate` is missing when the queue does not keep lanes apart.
pub(crate) fn plan(
    waiting: &[Waiting],
    free: usize,
    running: &HashMap<Lane, usize>,
    gate: Option<&dyn Fn(Lane) -> Gate>,
    now: Timestamp,
) -> Plan {
    let mut plan = Plan::default();
    let mut later = |at: Timestamp| plan.next = Some(plan.next.map_or(at, |next| next.min(at)));
    let mut wanted = Vec::new();
    for Waiting { lane, due_at } in waiting.iter().copied() {
        let running = running.get(&lane).copied().unwrap_or_default();
        let (room, due_by) = match gate.map(|gate| gate(lane)) {
            None => (free, now),
            Some(Gate::Open) => (room(free, running), now),
            Some(Gate::Trial) => (usize::from(running == 0), now),
            Some(Gate::Closed { until, overdue }) if due_at > overdue => {
                later(due_at.max(until));
                continue;
            }
            Some(Gate::Closed { overdue, .. }) => (room(free, running), overdue),
        };
        if due_at > due_by {
            later(due_at);
        } else if room > 0 {
            wanted.push(Share { lane, limit: room, due_by });
        }
    }
    if wanted.len() > free {
        wanted.truncate(free);
        plan.cut_after = wanted.last().map(|share| share.lane);
    }
    let even = free.checked_div(wanted.len()).unwrap_or_default();
    for share in &mut wanted {
        share.limit = share.limit.min(even);
    }
    plan.shares = wanted;
    plan
}

/// How many more slots a lane may take so that it holds at most as many as it leaves free; the first is for the asking.
fn room(free: usize, running: usize) -> usize {
    (free.saturating_sub(running) / 2).max(usize::from(running == 0)).min(free)
}

#[cfg(test)]
mod tests {
    use phi::Digest;

    use super::*;

    const PAST: Timestamp = Timestamp::from_seconds(900);
    const NOW: Timestamp = Timestamp::from_seconds(1_000);
    const LATER: Timestamp = Timestamp::from_seconds(1_060);

    fn lane(number: u8) -> Lane {
        Lane::of(&Digest([number; 32]))
    }

    fn waiting(lanes: &[(u8, Timestamp)]) -> Vec<Waiting> {
        lanes.iter().map(|(number, due_at)| Waiting { lane: lane(*number), due_at: *due_at }).collect()
    }

    fn limits(plan: &Plan) -> Vec<usize> {
        plan.shares.iter().map(|share| share.limit).collect()
    }

    #[test]
    fn a_queue_without_lanes_takes_what_is_free() {
        let plan = plan(&waiting(&[(1, NOW)]), 7, &HashMap::from([(lane(1), 100)]), None, NOW);
        assert_eq!(limits(&plan), [7]);
    }

    #[test]
    fn no_lane_holds_more_than_it_leaves_free() {
        let open = |_| Gate::Open;
        // (free, held by the lane) and what it gets.
        for (free, held, share) in [
            (256, 0, 128),
            (128, 128, 0),
            (129, 127, 1),
            (10, 200, 0),
            (1, 0, 1),
            (3, 1, 1),
            (2, 0, 1),
            (0, 0, 0),
        ] {
            let plan = plan(&waiting(&[(1, NOW)]), free, &HashMap::from([(lane(1), held)]), Some(&open), NOW);
            assert_eq!(limits(&plan).iter().sum::<usize>(), share, "{free} free, {held} held");
        }
        // Lanes that never end, one after the other: the last still finds a slot.
        let (mut free, mut running) = (256, HashMap::new());
        for number in 0..200 {
            for share in plan(&waiting(&[(number, NOW)]), free, &running, Some(&open), NOW).shares {
                *running.entry(share.lane).or_insert(0) += share.limit;
                free -= share.limit;
            }
        }
        assert!(running.len() >= 8, "halving leaves room for many: {}", running.len());
    }

    #[test]
    fn free_slots_are_shared_evenly_and_in_turn() {
        let open = |_| Gate::Open;
        let due: Vec<_> = (0..10).map(|number| (number, NOW)).collect();
        let all = plan(&waiting(&due), 100, &HashMap::new(), Some(&open), NOW);
        assert_eq!((limits(&all), all.cut_after), (vec![10; 10], None));
        let few = plan(&waiting(&due), 3, &HashMap::new(), Some(&open), NOW);
        assert_eq!((limits(&few), few.cut_after), (vec![1; 3], Some(lane(2))));
    }

    #[test]
    fn what_is_due_later_says_when() {
        let plan = plan(&waiting(&[(1, LATER), (2, NOW)]), 4, &HashMap::new(), Some(&|_| Gate::Open), NOW);
        assert_eq!((plan.shares.len(), plan.shares[0].lane, plan.next), (1, lane(2), Some(LATER)));
    }

    #[test]
    fn a_full_lane_is_no_reason_to_look_again() {
        let full = HashMap::from([(lane(1), 100)]);
        let plan = plan(&waiting(&[(1, NOW)]), 4, &full, Some(&|_| Gate::Open), NOW);
        assert_eq!(plan, Plan::default());
    }

    #[test]
    fn gates_let_one_try_or_the_overdue_be_given_up() {
        let closed = |_| Gate::Closed { until: LATER, overdue: PAST };
        let shut = plan(&waiting(&[(1, NOW)]), 8, &HashMap::new(), Some(&closed), NOW);
        assert_eq!(shut, Plan { next: Some(LATER), ..Plan::default() });
        let overdue = plan(&waiting(&[(1, PAST)]), 8, &HashMap::new(), Some(&closed), NOW);
        assert_eq!(overdue.shares, [Share { lane: lane(1), limit: 4, due_by: PAST }]);
        for (running, expected) in [(0, 1), (1, 0)] {
            let running = HashMap::from([(lane(1), running)]);
            let trial = plan(&waiting(&[(1, NOW)]), 8, &running, Some(&|_| Gate::Trial), NOW);
            assert_eq!(limits(&trial).iter().sum::<usize>(), expected);
        }
    }
}
