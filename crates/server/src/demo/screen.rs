//! What the person at the terminal sees.
#![allow(clippy::print_stdout)]

use std::io::{IsTerminal, Write, stdout};

const BOLD: &str = "\x1b[1m";
const GREEN: &str = "\x1b[32m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// Standard output, in colour where that can be seen.
pub(crate) struct Screen {
    colour: bool,
    step: u32,
}

impl Screen {
    /// The process's standard output; `plain` never uses colour.
    pub(crate) fn new(plain: bool) -> Self {
        Self { colour: !plain && stdout().is_terminal(), step: 0 }
    }

    /// The title, before anything has happened.
    pub(crate) fn title(&self, title: &str, text: &str) {
        println!("{}\n{text}", self.painted(BOLD, title));
        self.show_now();
    }

    /// The beginning of a step.
    pub(crate) fn step(&mut self, title: &str) {
        self.step += 1;
        println!("\n{}", self.painted(BOLD, &format!("{}. {title}", self.step)));
        self.show_now();
    }

    /// Something that was checked and holds.
    pub(crate) fn holds(&self, text: &str) {
        println!("   {} {text}", self.painted(GREEN, "✓"));
        self.show_now();
    }

    /// A detail: what was sent, what came back.
    pub(crate) fn detail(&self, name: &str, value: &str) {
        println!("     {} {value}", self.painted(DIM, &format!("{name:15}")));
        self.show_now();
    }

    /// A line as it is, to be copied.
    pub(crate) fn line(&self, text: &str) {
        println!("{text}");
        self.show_now();
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        match self.colour {
            true => format!("{colour}{text}{PLAIN}"),
            false => text.to_owned(),
        }
    }

    /// A pipe that is gone is no reason to stop: the checks matter more than the reader.
    fn show_now(&self) {
        let _gone = stdout().flush();
    }
}
