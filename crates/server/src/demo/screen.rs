//! What the person at the terminal sees.

use std::io::{IsTerminal, stdout};

use crate::problem::Result;
use crate::terminal::show;

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
    pub(crate) fn title(&self, title: &str, text: &str) -> Result<()> {
        show(&format!("{}\n{text}\n", self.painted(BOLD, title)))
    }

    /// The beginning of a step.
    pub(crate) fn step(&mut self, title: &str) -> Result<()> {
        self.step += 1;
        show(&format!("\n{}\n", self.painted(BOLD, &format!("{}. {title}", self.step))))
    }

    /// Something that was checked and holds.
    pub(crate) fn holds(&self, text: &str) -> Result<()> {
        show(&format!("   {} {text}\n", self.painted(GREEN, "✓")))
    }

    /// A detail: what was sent, what came back.
    pub(crate) fn detail(&self, name: &str, value: &str) -> Result<()> {
        show(&format!("     {} {value}\n", self.painted(DIM, &format!("{name:18}"))))
    }

    /// A line as it is, to be copied.
    pub(crate) fn line(&self, text: &str) -> Result<()> {
        show(&format!("{text}\n"))
    }

    fn painted(&self, colour: &str, text: &str) -> String {
        match self.colour {
            true => format!("{colour}{text}{PLAIN}"),
            false => text.to_owned(),
        }
    }
}
