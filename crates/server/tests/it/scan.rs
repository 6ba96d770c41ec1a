//! The search for canaries: words and numbers that were given to a server, in every form in which they could turn up
//! where they must not. What it can find it finds in a copy with the canary planted, so that it can fail.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};

/// Marks that may stand between the digits of a number.
const SEPARATORS: &[u8] = b" .-()/_";
/// Such marks in a row.
const SEPARATORS_IN_A_ROW: usize = 2;
/// How many bytes of a form its place in the index is made of.
const PREFIX: usize = 4;

/// What was given to the server, by the way it went.
pub(crate) struct Canary {
    /// How it got there.
    pub(crate) way: &'static str,
    /// A word of letters alone, or the digits of a number without its country.
    pub(crate) text: &'static str,
}

/// Something that is searched.
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

impl Place {
    pub(crate) fn new(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }

    /// Every file below a folder.
    pub(crate) fn folder(name: &str, folder: &Path) -> Vec<Self> {
        let mut places = Vec::new();
        for entry in fs::read_dir(folder).expect("the folder can be listed") {
            let path = entry.expect("the folder can be listed").path();
            let kind = fs::symlink_metadata(&path).expect("the entry is there").file_type();
            let name = format!("{name}/{}", path.file_name().expect("a name").to_string_lossy());
            if kind.is_dir() {
                places.extend(Self::folder(&name, &path));
            } else if kind.is_file() {
                places.push(Self::new(name, fs::read(&path).expect("the file can be read")));
            }
        }
        places
    }
}

/// A form of a canary.
struct Form {
    canary: usize,
    name: &'static str,
    bytes: Vec<u8>,
}

/// Every form of every canary.
pub(crate) struct Scan<'a> {
    canaries: &'a [Canary],
    /// Forms in which capital letters do not matter; in small ones.
    folded: Index,
    /// Forms that are what they are.
    exact: Index,
}

/// Forms by their first bytes.
#[derive(Default)]
struct Index {
    forms: Vec<Form>,
    by_prefix: HashMap<[u8; PREFIX], Vec<usize>>,
    /// Which first two bytes any form has: most places need no more than a look here.
    begins: Vec<bool>,
}

impl<'a> Scan<'a> {
    pub(crate) fn of(canaries: &'a [Canary]) -> Self {
        let (mut folded, mut exact) = (Vec::new(), Vec::new());
        for (canary, Canary { text, .. }) in canaries.iter().enumerate() {
            let mut form = |name, bytes| folded.push(Form { canary, name, bytes });
            let small = text.to_ascii_lowercase();
            form("as it is", small.clone().into_bytes());
            form("UTF-16", utf16(&small, u16::to_le_bytes));
            form("UTF-16, big end first", utf16(&small, u16::to_be_bytes));
            form("UTF-32", small.chars().flat_map(|letter| u32::from(letter).to_le_bytes()).collect());
            form("URL-encoded throughout", escaped(text, "%"));
            form("escaped as in JSON", escaped(text, "\\u00"));
            for spelling in [*text, &small, &text.to_ascii_uppercase()] {
                form("hexadecimal", HEXLOWER.encode(spelling.as_bytes()).into_bytes());
            }
            for (name, bytes) in base64(text.as_bytes()) {
                exact.push(Form { canary, name, bytes });
            }
        }
        Self { canaries, folded: Index::of(folded), exact: Index::of(exact) }
    }

    /// What is found in a place, each as one line.
    pub(crate) fn search(&self, place: &Place) -> Vec<String> {
        let told = |form: &Form| {
            let Canary { way, text } = &self.canaries[form.canary];
            format!("{}: {text} ({way}), {}", place.name, form.name)
        };
        let mut found: Vec<String> = self.exact.search(&place.bytes).map(told).collect();
        found.extend(self.folded.search(&place.bytes.to_ascii_lowercase()).map(told));
        let runs = digits(&place.bytes);
        let numbers = self.canaries.iter().filter(|canary| is_number(canary.text));
        for Canary { way, text } in numbers.filter(|canary| runs.contains(canary.text)) {
            found.push(format!("{}: {text} ({way}), as a number", place.name));
        }
        found
    }

    /// That the search finds every form of every canary here, planted into a copy of what was searched.
    pub(crate) fn prove(&self, place: &Place) {
        let planted = |bytes: &[u8]| {
            let middle = place.bytes.len() / 2;
            let (before, after) = place.bytes.split_at(middle);
            Place::new(place.name.clone(), [before, bytes, after].concat())
        };
        // All at once, apart from each other: this is done for every place.
        let forms = self.folded.forms.iter().chain(&self.exact.forms);
        let all: Vec<u8> = forms.flat_map(|form| [&form.bytes[..], b"\n"].concat()).collect();
        let found = self.search(&planted(&all));
        for form in self.folded.forms.iter().chain(&self.exact.forms) {
            let Canary { way, text } = &self.canaries[form.canary];
            let line = format!("{}: {text} ({way}), {}", place.name, form.name);
            assert!(found.contains(&line), "the search is blind: {line}");
        }
        for Canary { text, way } in self.canaries.iter().filter(|canary| is_number(canary.text)) {
            let written = format!("+1 ({}) {}-{}", &text[..3], &text[3..6], &text[6..]);
            let found = self.search(&planted(written.as_bytes()));
            assert!(
                found.iter().any(|line| line.ends_with("as a number") && line.contains(way)),
                "{written}"
            );
        }
    }
}

impl Index {
    fn of(forms: Vec<Form>) -> Self {
        let (mut by_prefix, mut begins) = (HashMap::<_, Vec<usize>>::new(), vec![false; 1 << 16]);
        for (at, form) in forms.iter().enumerate() {
            let prefix: [u8; PREFIX] = form.bytes[..PREFIX].try_into().expect("forms are longer");
            by_prefix.entry(prefix).or_default().push(at);
            begins[usize::from(u16::from_le_bytes([prefix[0], prefix[1]]))] = true;
        }
        Self { forms, by_prefix, begins }
    }

    /// The forms that stand somewhere in `bytes`, each once.
    fn search(&self, bytes: &[u8]) -> impl Iterator<Item = &Form> {
        let mut found = vec![false; self.forms.len()];
        for at in 0..bytes.len().saturating_sub(PREFIX - 1) {
            if !self.begins[usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))] {
                continue;
            }
            for form in self.by_prefix.get(&bytes[at..at + PREFIX]).into_iter().flatten() {
                found[*form] |= bytes[at..].starts_with(&self.forms[*form].bytes);
            }
        }
        self.forms.iter().zip(found).filter(|(_, is_found)| *is_found).map(|(form, _)| form)
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// Every letter as its code after `mark`, in small hexadecimal digits: places are made small as well.
fn escaped(text: &str, mark: &str) -> Vec<u8> {
    text.to_ascii_lowercase().bytes().flat_map(|byte| format!("{mark}{byte:02x}").into_bytes()).collect()
}

/// What of the text certainly stands in a longer base64 text that it is a part of, at each of the three places where it
/// can begin, in both alphabets.
fn base64(text: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut forms = Vec::new();
    for (name, encoding) in [("base64", BASE64_NOPAD), ("base64 of URLs", BASE64URL_NOPAD)] {
        for before in 0..3 {
            let encoded = encoding.encode(&[&vec![0; before][..], text, &[0; 2]].concat()).into_bytes();
            let (begin, end) = ((before * 8).div_ceil(6), (before + text.len()) * 8 / 6);
            forms.push((name, encoded[begin..end].to_vec()));
        }
    }
    forms
}

/// The runs of digits in these bytes, without the marks between them, one a line.
fn digits(bytes: &[u8]) -> String {
    let (mut runs, mut marks) = (String::new(), SEPARATORS_IN_A_ROW + 1);
    for byte in bytes {
        if byte.is_ascii_digit() {
            if marks > SEPARATORS_IN_A_ROW {
                runs.push('\n');
            }
            runs.push(char::from(*byte));
            marks = 0;
        } else {
            let is_mark = SEPARATORS.contains(byte) && marks <= SEPARATORS_IN_A_ROW;
            marks = if is_mark { marks + 1 } else { SEPARATORS_IN_A_ROW + 1 };
        }
    }
    runs
}
