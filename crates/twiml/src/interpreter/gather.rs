//! `Gather`: keys and speech.

use super::Interpreter;
use super::frame::{Activity, Gathering, Prompting};
use super::ids::{MediaId, TimerId};
use super::input::{FinishedSpeech, PartialSpeech};
use super::output::{Alert, Listening, Media, Output, Purpose, Recognition, Request, Target};
use crate::limits::{GATHERED_KEYS_LIMIT, RECOGNITION_GRACE};
use crate::voice::{Gather, InputType, Played, Prompted, SpeechTimeout};

/// What came of a `Gather`.
enum Gathered {
    Nothing,
    Keys(String),
    Speech(FinishedSpeech),
}

impl Gathering {
    /// Whether this is what is said or played now.
    pub(super) fn is_prompting(&self, media: MediaId) -> bool {
        matches!(self.prompt, Some(Prompting::Media(playing)) if playing == media)
    }

    fn takes_keys(&self) -> bool {
        self.gather.input != InputType::Speech
    }

    /// Whether input is taken now: always, or once everything nested was played.
    fn is_open(&self) -> bool {
        self.gather.barge_in || (self.prompt.is_none() && self.prompts.len() == 0)
    }

    fn listening(&self) -> Listening {
        let gather = &self.gather;
        let silence = match gather.speech_timeout {
            SpeechTimeout::AsTimeout => Some(gather.timeout),
            SpeechTimeout::Auto => None,
            SpeechTimeout::After(silence) => Some(silence),
        };
        let recognition = || Recognition {
            language: gather.language.clone(),
            hints: gather.hints.clone(),
            silence,
            max_length: gather.max_speech_time,
            profanity_filter: gather.profanity_filter,
            model: gather.speech_model.clone(),
            enhanced: gather.enhanced,
            partial: gather.partial_result.is_some(),
        };
        Listening { digits: self.takes_keys(), speech: self.hears.then(recognition) }
    }
}

impl Interpreter {
    pub(super) fn start_gather(&mut self, mut gather: Box<Gather>) {
        self.answer();
        let prompts = std::mem::take(&mut gather.nested).into_iter();
        let hears = gather.input != InputType::Dtmf;
        let gathering = Gathering {
            gather,
            prompts,
            prompt: None,
            keys: String::new(),
            timer: None,
            is_speaking: false,
            hears,
            partial_results: 0,
        };
        if gathering.gather.barge_in {
            self.listen(gathering.listening());
        }
        self.prompt(Box::new(gathering));
    }

    /// Says or plays what is next; after that, waits for input.
    pub(super) fn prompt(&mut self, mut gathering: Box<Gathering>) {
        gathering.prompt = match gathering.prompts.next() {
            Some(Prompted::Say(mut say)) => {
                let times = std::mem::take(&mut say.times);
                Some(Prompting::Media(self.play(Media::Say(say), times)))
            }
            Some(Prompted::Play(play)) => {
                let media = match play.what {
                    Played::Url(url) => Media::Url(url),
                    Played::Digits(digits) => Media::Digits(digits),
                };
                Some(Prompting::Media(self.play(media, play.times)))
            }
            Some(Prompted::Pause(pause)) => Some(Prompting::Pause(self.set_timer(pause.length))),
            None => {
                self.listen(gathering.listening());
                if !gathering.is_speaking {
                    gathering.timer = Some(self.set_timer(gathering.gather.timeout));
                }
                None
            }
        };
        self.set_activity(Activity::Gathering(gathering));
    }

    /// Input has come: nothing more is said or played, and the wait begins anew.
    fn interrupt(&mut self, gathering: &mut Gathering) {
        gathering.prompts = Vec::new().into_iter();
        match gathering.prompt.take() {
            Some(Prompting::Media(media)) => self.output(Output::StopMedia(media)),
            Some(Prompting::Pause(timer)) => self.output(Output::CancelTimer(timer)),
            None => {}
        }
        self.cancel(gathering.timer.take());
    }

    pub(super) fn gather_timer(&mut self, mut gathering: Box<Gathering>, timer: TimerId) {
        if matches!(gathering.prompt, Some(Prompting::Pause(pausing)) if pausing == timer) {
            self.progress();
            self.prompt(gathering);
        } else if gathering.timer == Some(timer) {
            gathering.timer = None;
            // Without a time to wait nothing happened to the caller.
            if !gathering.gather.timeout.is_zero() || gathering.is_speaking {
                self.progress();
            }
            self.gathered_keys(gathering);
        } else {
            self.set_activity(Activity::Gathering(gathering));
        }
    }

    pub(super) fn gather_digit(&mut self, mut gathering: Box<Gathering>, key: char) {
        if !gathering.takes_keys() || !gathering.is_open() {
            self.set_activity(Activity::Gathering(gathering));
            return;
        }
        self.progress();
        self.interrupt(&mut gathering);
        // Keys win over speech once there is one.
        gathering.hears = false;
        gathering.is_speaking = false;
        if gathering.gather.finish_on_key == Some(key) {
            self.gathered_keys(gathering);
            return;
        }
        gathering.keys.push(key);
        let most = gathering.gather.num_digits.unwrap_or(GATHERED_KEYS_LIMIT);
        if gathering.keys.len() >= usize::from(most) {
            self.gathered_keys(gathering);
            return;
        }
        self.listen(gathering.listening());
        gathering.timer = Some(self.set_timer(gathering.gather.timeout));
        self.set_activity(Activity::Gathering(gathering));
    }

    pub(super) fn gather_speech_started(&mut self, mut gathering: Box<Gathering>) {
        self.hear(&mut gathering);
        self.set_activity(Activity::Gathering(gathering));
    }

    /// Whether speech is taken; the first sign of it ends prompts and the wait for input.
    fn hear(&mut self, gathering: &mut Gathering) -> bool {
        if !gathering.hears || !gathering.is_open() {
            return false;
        }
        if !gathering.is_speaking {
            gathering.is_speaking = true;
            self.interrupt(gathering);
            self.listen(gathering.listening());
            // The recogniser ends by itself; this is for one that does not.
            gathering.timer = Some(self.set_timer(gathering.gather.max_speech_time + RECOGNITION_GRACE));
        }
        true
    }

    pub(super) fn gather_speech_partial(&mut self, mut gathering: Box<Gathering>, partial: PartialSpeech) {
        if self.hear(&mut gathering)
            && let Some(callback) = &gathering.gather.partial_result
        {
            let parameters = vec![
                ("SequenceNumber", gathering.partial_results.to_string()),
                ("StableSpeechResult", partial.stable),
                ("UnstableSpeechResult", partial.unstable),
                ("Stability", partial.stability.to_string()),
            ];
            let target = Target { url: callback.url.clone(), method: callback.method };
            gathering.partial_results += 1;
            self.output(Output::Notify(Request { purpose: Purpose::PartialResult, target, parameters }));
        }
        self.set_activity(Activity::Gathering(gathering));
    }

    pub(super) fn gather_speech_finished(&mut self, mut gathering: Box<Gathering>, speech: FinishedSpeech) {
        if !self.hear(&mut gathering) {
            self.set_activity(Activity::Gathering(gathering));
        } else if speech.text.trim().is_empty() {
            self.gathered(gathering, Gathered::Nothing);
        } else {
            self.progress();
            self.gathered(gathering, Gathered::Speech(speech));
        }
    }

    pub(super) fn gather_speech_failed(&mut self, mut gathering: Box<Gathering>, code: u32) {
        if !gathering.hears {
            self.set_activity(Activity::Gathering(gathering));
            return;
        }
        self.alert(Alert { code, url: None, position: None, concern: None });
        gathering.hears = false;
        if !gathering.takes_keys() {
            self.gathered(gathering, Gathered::Nothing);
            return;
        }
        if gathering.is_open() {
            self.listen(gathering.listening());
        }
        if gathering.is_speaking {
            gathering.is_speaking = false;
            self.interrupt(&mut gathering);
            gathering.timer = Some(self.set_timer(gathering.gather.timeout));
        }
        self.set_activity(Activity::Gathering(gathering));
    }

    fn gathered_keys(&mut self, mut gathering: Box<Gathering>) {
        let keys = std::mem::take(&mut gathering.keys);
        let gathered = if keys.is_empty() { Gathered::Nothing } else { Gathered::Keys(keys) };
        self.gathered(gathering, gathered);
    }

    fn gathered(&mut self, mut gathering: Box<Gathering>, gathered: Gathered) {
        self.interrupt(&mut gathering);
        self.listen(Listening::default());
        let gather = *gathering.gather;
        let parameters = match gathered {
            Gathered::Nothing if !gather.action_on_empty_result => {
                self.set_activity(Activity::Idle);
                return;
            }
            Gathered::Nothing if gather.input == InputType::Speech => vec![("SpeechResult", String::new())],
            Gathered::Nothing => vec![("Digits", String::new())],
            Gathered::Keys(keys) => vec![("Digits", keys)],
            Gathered::Speech(speech) => {
                vec![("SpeechResult", speech.text), ("Confidence", speech.confidence.to_string())]
            }
        };
        self.go_on_or_here("Gather", gather.action, parameters);
    }

    /// Everything of a `Gather` is given up.
    pub(super) fn abort_gather(&mut self, mut gathering: Box<Gathering>) {
        self.interrupt(&mut gathering);
        self.listen(Listening::default());
    }
}
