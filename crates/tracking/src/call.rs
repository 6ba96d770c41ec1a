//! Which call of the tracking API a path is, and which types of event there are.

/// The six types of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventType {
    /// Something a person did.
    Track,
    /// What is known of a person.
    Identify,
    /// A page of a website was seen.
    Page,
    /// A screen of an app was seen.
    Screen,
    /// A person belongs to a group.
    Group,
    /// One person has two ids.
    Alias,
}

impl EventType {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Track, Self::Identify, Self::Page, Self::Screen, Self::Group, Self::Alias];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Identify => "identify",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Group => "group",
            Self::Alias => "alias",
        }
    }

    /// The type with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A call of the tracking API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// One event.
    One(EventType),
    /// Several events, each with its `type`.
    Batch,
    /// Several events from the past: their times are taken as they are.
    Import,
    /// What a browser SDK counts about itself: taken and not kept.
    Metrics,
}

impl Call {
    /// The call with this last path segment, in its long form or in the browser SDK's short one.
    pub fn parse(segment: &str) -> Option<Self> {
        let one = |kind| Some(Self::One(kind));
        match segment {
            "t" => one(EventType::Track),
            "i" => one(EventType::Identify),
            "p" => one(EventType::Page),
            "s" => one(EventType::Screen),
            "g" => one(EventType::Group),
            "a" => one(EventType::Alias),
            "b" | "batch" => Some(Self::Batch),
            "import" => Some(Self::Import),
            "m" => Some(Self::Metrics),
            word => EventType::parse(word).map(Self::One),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_paths_are_one_call() {
        for (short, long) in [
            ("t", "track"),
            ("i", "identify"),
            ("p", "page"),
            ("s", "screen"),
            ("g", "group"),
            ("a", "alias"),
        ] {
            assert_eq!(Call::parse(short), Call::parse(long));
            assert_eq!(Call::parse(long), EventType::parse(long).map(Call::One));
        }
        assert_eq!(Call::parse("b"), Some(Call::Batch));
        for word in ["", "Track", "tracks", "x", "batch/"] {
            assert_eq!(Call::parse(word), None, "{word}");
        }
    }
}
