//! Conferences: everybody hears everybody but themselves.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::limits::{FRAME_SAMPLES, LINK_FRAMES, MIXER_MEMBERS};

/// A frame of audio.
pub(crate) type Frame = [i16; FRAME_SAMPLES];

/// A member of a mixer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberId(pub(crate) u64);

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Speaks and hears.
    Speaker,
    /// Hears only.
    Listener,
    /// Hears everybody and is heard by this member alone.
    Coach(MemberId),
}

struct Member {
    role: Role,
    is_muted: bool,
    is_held: bool,
    said: VecDeque<Frame>,
    heard: VecDeque<Frame>,
}

#[derive(Default)]
struct Members {
    next: u64,
    all: BTreeMap<MemberId, Member>,
}

/// A conference. Clones are the same one; it exists as long as any is kept.
#[derive(Clone, Default)]
pub struct Mixer(Arc<Mutex<Members>>);

/// Adds a frame to a queue, of which the oldest goes when it is full.
pub(crate) fn push_bounded(queue: &mut VecDeque<Frame>, frame: Frame) {
    if queue.len() >= LINK_FRAMES {
        queue.pop_front();
    }
    queue.push_back(frame);
}

/// A conference that may be over.
pub(crate) struct WeakMixer(Weak<Mutex<Members>>);

impl WeakMixer {
    pub(crate) fn upgrade(&self) -> Option<Mixer> {
        self.0.upgrade().map(Mixer)
    }
}

impl Mixer {
    pub(crate) fn downgrade(&self) -> WeakMixer {
        WeakMixer(Arc::downgrade(&self.0))
    }

    fn members(&self) -> MutexGuard<'_, Members> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.members().all.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether somebody is not heard by the others, though he may speak.
    pub fn set_muted(&self, member: MemberId, is_muted: bool) {
        if let Some(member) = self.members().all.get_mut(&member) {
            member.is_muted = is_muted;
        }
    }

    /// Whether somebody neither hears nor is heard. What he hears meanwhile is what his session plays.
    pub fn set_held(&self, member: MemberId, is_held: bool) {
        if let Some(member) = self.members().all.get_mut(&member) {
            member.is_held = is_held;
        }
    }

    /// Gives a member another role.
    pub fn set_role(&self, member: MemberId, role: Role) {
        if let Some(member) = self.members().all.get_mut(&member) {
            member.role = role;
        }
    }

    pub(crate) fn add(&self, role: Role) -> Option<MemberId> {
        let mut members = self.members();
        if members.all.len() >= MIXER_MEMBERS {
            return None;
        }
        let id = MemberId(members.next);
        members.next += 1;
        let (said, heard) = (VecDeque::new(), VecDeque::new());
        members.all.insert(id, Member { role, is_muted: false, is_held: false, said, heard });
        Some(id)
    }

    pub(crate) fn remove(&self, member: MemberId) {
        self.members().all.remove(&member);
    }

    /// Takes what a member said, and gives what it hears.
    pub(crate) fn exchange(&self, member: MemberId, said: Option<Frame>) -> Option<Frame> {
        let mut members = self.members();
        let member = members.all.get_mut(&member)?;
        if let Some(frame) = said {
            push_bounded(&mut member.said, frame);
        }
        member.heard.pop_front()
    }

    /// Mixes one frame: done every 20 ms by one thread.
    pub(crate) fn mix(&self) {
        let mut members = self.members();
        let mut sum = [0_i32; FRAME_SAMPLES];
        let mut said = BTreeMap::new();
        for (id, member) in &mut members.all {
            let frame = member.said.pop_front();
            let may_speak = member.role != Role::Listener && !member.is_muted && !member.is_held;
            if let Some(frame) = frame.filter(|_| may_speak) {
                if member.role == Role::Speaker {
                    add(&mut sum, &frame, 1);
                }
                said.insert(*id, (member.role, frame));
            }
        }
        for (id, member) in &mut members.all {
            if member.is_held {
                member.heard.clear();
                continue;
            }
            let mut mine = sum;
            if let Some((Role::Speaker, own)) = said.get(id) {
                add(&mut mine, own, -1);
            }
            for (_, frame) in said.values().filter(|(role, _)| *role == Role::Coach(*id)) {
                add(&mut mine, frame, 1);
            }
            let clip = |sample: i32| sample.clamp(-32_768, 32_767) as i16;
            push_bounded(&mut member.heard, mine.map(clip));
        }
    }
}

fn add(sum: &mut [i32; FRAME_SAMPLES], frame: &Frame, times: i32) {
    for (sum, sample) in sum.iter_mut().zip(frame) {
        *sum += i32::from(*sample) * times;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each member hears when each says its number of ten.
    fn hear(mixer: &Mixer, members: &[MemberId]) -> Vec<i16> {
        for (at, member) in members.iter().enumerate() {
            mixer.exchange(*member, Some([10_i16.pow(at as u32); FRAME_SAMPLES]));
        }
        mixer.mix();
        members.iter().map(|member| mixer.exchange(*member, None).map_or(-1, |frame| frame[0])).collect()
    }

    #[test]
    fn everybody_hears_the_others() {
        let mixer = Mixer::default();
        let members: Vec<_> = (0..3).map(|_| mixer.add(Role::Speaker).unwrap()).collect();
        assert_eq!(hear(&mixer, &members), [110, 101, 11]);
        mixer.set_muted(members[1], true);
        assert_eq!(hear(&mixer, &members), [100, 101, 1]);
        mixer.set_held(members[2], true);
        assert_eq!(hear(&mixer, &members), [0, 1, -1]);
    }

    #[test]
    fn a_coach_is_heard_by_one_and_a_listener_by_nobody() {
        let mixer = Mixer::default();
        let agent = mixer.add(Role::Speaker).unwrap();
        let customer = mixer.add(Role::Speaker).unwrap();
        let coach = mixer.add(Role::Coach(agent)).unwrap();
        let listener = mixer.add(Role::Listener).unwrap();
        assert_eq!(hear(&mixer, &[agent, customer, coach, listener]), [110, 1, 11, 11]);
    }

    #[test]
    fn loud_voices_are_clipped_and_the_number_of_members_is_bounded() {
        let mixer = Mixer::default();
        let members: Vec<_> = (0..3).map(|_| mixer.add(Role::Speaker).unwrap()).collect();
        for member in &members {
            mixer.exchange(*member, Some([30_000; FRAME_SAMPLES]));
        }
        mixer.mix();
        assert_eq!(mixer.exchange(members[0], None).map(|frame| frame[0]), Some(32_767));
        assert!((3..MIXER_MEMBERS).all(|_| mixer.add(Role::Speaker).is_some()));
        assert!(mixer.add(Role::Speaker).is_none());
    }
}
