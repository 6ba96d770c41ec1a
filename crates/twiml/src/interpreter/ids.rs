//! Names for what is going on: numbers, unique within one call, never used again.

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);
    )+};
}

ids! {
    /// A request for a document.
    FetchId;
    /// Something that is said or played.
    MediaId;
    /// A timer.
    TimerId;
    /// A recording of `Record`.
    RecordingId;
    /// A leg of a `Dial`.
    LegId;
}
