//! Makes the URLs of a document absolute.

use url::Url;

use super::{
    Action, CallStatusReports, Callback, ConferenceNoun, Connected, Dial, DialTarget, Document,
    MachineDetection, Party, Play, Played, Prompted, QueueNoun, RecordingStatus, Started, Stream, Verb,
};

/// A URL of the document that cannot be made absolute (Twilio 11100).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidUrl;

impl Document {
    /// Makes every URL absolute, as seen from the document's own. Without one, as for a document given with an API
    /// request, only absolute URLs are valid. An empty URL becomes the document's own, except those to wait with,
    /// for which it means silence.
    ///
    /// Errors: what is no URL; what is neither `http` nor `https`, or for a media stream not `wss`.
    pub fn resolve(&mut self, own: Option<&Url>) -> Result<(), InvalidUrl> {
        let base = Base(own);
        self.verbs.iter_mut().try_for_each(|verb| base.verb(verb))
    }
}

struct Base<'a>(Option<&'a Url>);

impl Base<'_> {
    fn verb(&self, verb: &mut Verb) -> Result<(), InvalidUrl> {
        match verb {
            Verb::Play(play) => self.play(play),
            Verb::Gather(gather) => {
                self.action(&mut gather.action)?;
                self.callback(&mut gather.partial_result)?;
                gather.nested.iter_mut().try_for_each(|nested| self.prompted(nested))
            }
            Verb::Record(record) => {
                self.action(&mut record.action)?;
                self.recording(&mut record.status)?;
                self.optional(&mut record.transcribe_callback)
            }
            Verb::Dial(dial) => self.dial(dial),
            Verb::Enqueue(enqueue) => {
                self.action(&mut enqueue.action)?;
                self.wait(&mut enqueue.wait)
            }
            Verb::Redirect(redirect) => self.url(&mut redirect.url),
            Verb::Refer(refer) => self.action(&mut refer.action),
            Verb::Connect(connect) => {
                self.action(&mut connect.action)?;
                self.connected(&mut connect.to)
            }
            Verb::Start(start) => {
                self.action(&mut start.action)?;
                start.what.iter_mut().try_for_each(|started| self.started(started))
            }
            Verb::Pay(pay) => {
                self.action(&mut pay.action)?;
                self.callback(&mut pay.status_callback)?;
                let mut nested = pay.prompts.iter_mut().flat_map(|prompt| &mut prompt.nested);
                nested.try_for_each(|nested| self.prompted(nested))
            }
            Verb::Prompt(prompt) => prompt.nested.iter_mut().try_for_each(|nested| self.prompted(nested)),
            Verb::Sms(sms) => {
                self.action(&mut sms.action)?;
                self.optional(&mut sms.status_callback)
            }
            Verb::Queue(queue) => self.queue(queue),
            Verb::Say(_)
            | Verb::Pause(_)
            | Verb::Leave
            | Verb::Echo
            | Verb::Hangup(_)
            | Verb::Reject(_)
            | Verb::Stop(_) => Ok(()),
        }
    }

    fn dial(&self, dial: &mut Dial) -> Result<(), InvalidUrl> {
        self.action(&mut dial.action)?;
        self.action(&mut dial.refer)?;
        self.recording(&mut dial.recording_status)?;
        match &mut dial.target {
            DialTarget::Parties(parties) => parties.iter_mut().try_for_each(|party| self.party(party)),
            DialTarget::Conference(conference) => self.conference(conference),
            DialTarget::Queue(queue) => self.queue(queue),
        }
    }

    fn party(&self, party: &mut Party) -> Result<(), InvalidUrl> {
        let (screening, status, detection) = match party {
            Party::Number(noun) => (&mut noun.screening, &mut noun.status, noun.machine_detection.as_mut()),
            Party::Sip(noun) => (&mut noun.screening, &mut noun.status, noun.machine_detection.as_mut()),
            Party::Client(noun) => (&mut noun.screening, &mut noun.status, None),
            Party::Application(noun) => (&mut noun.screening, &mut noun.status, None),
            Party::WhatsApp(noun) => (&mut noun.screening, &mut noun.status, None),
            Party::Sim(_) => return Ok(()),
        };
        self.screening(screening)?;
        self.status(status)?;
        match detection {
            Some(MachineDetection { callback, .. }) => self.callback(callback),
            None => Ok(()),
        }
    }

    fn conference(&self, conference: &mut ConferenceNoun) -> Result<(), InvalidUrl> {
        self.wait(&mut conference.wait)?;
        self.callback(&mut conference.status_callback)?;
        self.recording(&mut conference.recording_status)?;
        self.optional(&mut conference.event_callback_url)
    }

    fn queue(&self, queue: &mut QueueNoun) -> Result<(), InvalidUrl> {
        self.screening(&mut queue.screening)
    }

    fn connected(&self, connected: &mut Connected) -> Result<(), InvalidUrl> {
        match connected {
            Connected::Stream(stream) => self.stream(stream),
            Connected::Conversation(conversation) => {
                self.wait(&mut conversation.wait)?;
                self.recording(&mut conversation.recording_status)?;
                self.callback(&mut conversation.status_callback)
            }
            Connected::VirtualAgent(agent) => self.callback(&mut agent.status_callback),
            // Never served: their URLs are never asked.
            Connected::ConversationRelay(_)
            | Connected::AiSession { .. }
            | Connected::ConversationRelaySession { .. }
            | Connected::Autopilot(_)
            | Connected::Room { .. } => Ok(()),
        }
    }

    fn started(&self, started: &mut Started) -> Result<(), InvalidUrl> {
        match started {
            Started::Stream(stream) => self.stream(stream),
            Started::Siprec(siprec) => self.callback(&mut siprec.status_callback),
            Started::Transcription(transcription) => self.callback(&mut transcription.status_callback),
            Started::Recording(recording) => self.recording(&mut recording.status),
        }
    }

    /// A relative URL of a stream is one of the same server by WebSocket.
    fn stream(&self, stream: &mut Stream) -> Result<(), InvalidUrl> {
        self.callback(&mut stream.status_callback)?;
        let Some(written) = &mut stream.url else {
            return Ok(());
        };
        let mut url = match Url::parse(written) {
            Ok(absolute) => absolute,
            Err(url::ParseError::RelativeUrlWithoutBase) => {
                let mut joined = self.join(written)?;
                joined.set_scheme("wss").map_err(|()| InvalidUrl)?;
                joined
            }
            Err(_) => return Err(InvalidUrl),
        };
        url.set_fragment(None);
        if url.scheme() != "wss" || url.host().is_none() {
            return Err(InvalidUrl);
        }
        *written = url.into();
        Ok(())
    }

    fn prompted(&self, prompted: &mut Prompted) -> Result<(), InvalidUrl> {
        match prompted {
            Prompted::Play(play) => self.play(play),
            Prompted::Say(_) | Prompted::Pause(_) => Ok(()),
        }
    }

    fn play(&self, play: &mut Play) -> Result<(), InvalidUrl> {
        match &mut play.what {
            Played::Url(url) => self.url(url),
            Played::Digits(_) => Ok(()),
        }
    }

    fn recording(&self, status: &mut RecordingStatus) -> Result<(), InvalidUrl> {
        self.callback(&mut status.callback)
    }

    fn status(&self, status: &mut CallStatusReports) -> Result<(), InvalidUrl> {
        self.callback(&mut status.callback)
    }

    fn callback(&self, callback: &mut Option<Callback>) -> Result<(), InvalidUrl> {
        callback.as_mut().map_or(Ok(()), |callback| self.url(&mut callback.url))
    }

    fn optional(&self, url: &mut Option<String>) -> Result<(), InvalidUrl> {
        url.as_mut().map_or(Ok(()), |url| self.url(url))
    }

    fn action(&self, action: &mut Action) -> Result<(), InvalidUrl> {
        self.optional(&mut action.url)
    }

    /// No document is run where its URL is empty.
    fn screening(&self, action: &mut Action) -> Result<(), InvalidUrl> {
        action.url = action.url.take().filter(|url| !url.is_empty());
        self.action(action)
    }

    fn wait(&self, action: &mut Action) -> Result<(), InvalidUrl> {
        if action.url.as_deref() == Some("") { Ok(()) } else { self.action(action) }
    }

    fn url(&self, url: &mut String) -> Result<(), InvalidUrl> {
        let absolute = self.join(url)?;
        if !matches!(absolute.scheme(), "http" | "https") || absolute.host().is_none() {
            return Err(InvalidUrl);
        }
        *url = absolute.into();
        Ok(())
    }

    fn join(&self, written: &str) -> Result<Url, InvalidUrl> {
        match self.0 {
            Some(own) => own.join(written).map_err(|_| InvalidUrl),
            None => Url::parse(written).map_err(|_| InvalidUrl),
        }
    }
}
