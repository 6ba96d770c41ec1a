//! A corpus made from a seed: messages with one marked value each, a twin of every one whose value looks alike and is
//! none, and ordinary messages with nothing in them. No text in it is of a real person.

#![allow(clippy::unwrap_used, reason = "a program that measures shares it with the tests")]

use base::{Random, SeededRandom};
use matcher::Class;

/// A message of the corpus.
pub struct Message {
    pub text: String,
    /// What is in it; nothing in twins and ordinary messages.
    pub marked: Option<(Class, std::ops::Range<usize>)>,
}

pub struct Dice(SeededRandom);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(SeededRandom::new(seed))
    }

    fn below(&self, bound: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes) % bound
    }

    fn between(&self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    fn pick<'a>(&self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    /// `#` becomes a digit, `@` a capital letter, `*` either, `%` a hexadecimal digit.
    fn fill(&self, pattern: &str) -> String {
        pattern
            .chars()
            .map(|sign| match sign {
                '#' => char::from(b'0' + self.below(10) as u8),
                '@' => char::from(b'A' + self.below(26) as u8),
                '*' => char::from(b"ACDEFGHJKMNPQRTUVWXY0123456789"[self.below(30) as usize]),
                '%' => char::from(b"0123456789abcdef"[self.below(16) as usize]),
                other => other,
            })
            .collect()
    }
}

fn luhn_digit(digits: &str) -> u32 {
    let sum: u32 = digits
        .chars()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit.to_digit(10).unwrap()) {
            (1, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    (10 - sum % 10) % 10
}

fn other_digit(dice: &Dice, digit: u32) -> u32 {
    (digit + 1 + dice.below(9) as u32) % 10
}

/// A value with a check digit, right or wrong.
fn checked(dice: &Dice, prefix: &str, body: &str, is_right: bool) -> String {
    let digits = dice.fill(body);
    let right = luhn_digit(&format!("{prefix}{digits}"));
    format!("{digits}{}", if is_right { right } else { other_digit(dice, right) })
}

fn vin(dice: &Dice, is_right: bool) -> String {
    let mut vin: Vec<u8> =
        (0..17).map(|_| b"ABCDEFGHJKLMNPRSTUVWXYZ0123456789"[dice.below(33) as usize]).collect();
    vin[11..].iter_mut().for_each(|byte| *byte = b'0' + dice.below(10) as u8);
    let value = |byte: u8| match byte {
        b'0'..=b'9' => u32::from(byte - b'0'),
        b'A'..=b'H' => u32::from(byte - b'A') + 1,
        b'J'..=b'N' => u32::from(byte - b'J') + 1,
        b'P' => 7,
        b'R' => 9,
        _ => u32::from(byte - b'S') + 2,
    };
    let weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let sum: u32 = vin.iter().zip(weights).map(|(byte, weight)| value(*byte) * weight).sum();
    let rest = if is_right { sum % 11 } else { (sum + 1 + dice.below(9) as u32) % 11 };
    vin[8] = if rest == 10 { b'X' } else { b'0' + rest as u8 };
    String::from_utf8(vin).unwrap()
}

fn dea(dice: &Dice, is_right: bool) -> String {
    let digits = dice.fill("######");
    let number: Vec<u32> = digits.chars().map(|digit| digit.to_digit(10).unwrap()).collect();
    let check = (number[0] + number[2] + number[4] + 2 * (number[1] + number[3] + number[5])) % 10;
    let check = if is_right { check } else { other_digit(dice, check) };
    format!("{}{}{digits}{check}", dice.pick(&["A", "B", "F", "M"]), dice.fill("@"))
}

fn phone(dice: &Dice, is_right: bool) -> String {
    let area = if is_right {
        dice.pick(&["415", "212", "312", "617", "713"])
    } else {
        dice.pick(&["000", "111", "123", "055"])
    };
    let exchange = format!("{}{}{}", dice.between(2, 9), dice.between(2, 9), dice.between(0, 9));
    let line = dice.fill("####");
    match dice.below(5) {
        0 => format!("({area}) {exchange}-{line}"),
        1 => format!("{area}-{exchange}-{line}"),
        2 => format!("{area}.{exchange}.{line}"),
        3 => format!("+1{area}{exchange}{line}"),
        _ => format!("+1 ({area}) {exchange}-{line}"),
    }
}

fn date(dice: &Dice, is_right: bool) -> String {
    let (month, day) = if is_right {
        (dice.between(1, 12), dice.between(1, 28))
    } else {
        (dice.between(13, 99), dice.between(32, 99))
    };
    let year = dice.between(1930, 2030);
    let name = dice.pick(&[
        "January",
        "Feb",
        "March",
        "Apr",
        "June",
        "July",
        "Aug",
        "September",
        "Oct",
        "November",
        "Dec",
    ]);
    match dice.below(6) {
        0 => format!("{month:02}/{day:02}/{year}"),
        1 => format!("{year}-{month:02}-{day:02}"),
        2 => format!("{month}/{day}/{:02}", year % 100),
        3 => format!("{month}-{day}-{year}"),
        4 if is_right => format!("{name} {day}, {year}"),
        5 if is_right => format!("{day} {name} {year}"),
        _ => format!("{day}/{month}/{year}"),
    }
}

fn social_security(dice: &Dice, is_right: bool) -> String {
    let area = if is_right { dice.between(100, 665) } else { [0, 666][dice.below(2) as usize] };
    format!("{area:03}-{:02}-{:04}", dice.between(1, 99), dice.between(1, 9_999))
}

fn ip(dice: &Dice, is_right: bool) -> String {
    let part = || dice.between(1, 254);
    let first = if is_right { part() } else { dice.between(256, 999) };
    format!("{first}.{}.{}.{}", part(), part(), part())
}

/// Makes a value: a right one, or its twin.
type Maker = fn(&Dice, bool) -> String;

/// A class, sentences with `{}` for its value, and what makes the value. With two sets of sentences the second is the
/// twins'.
type Row = (Class, &'static [&'static str], &'static [&'static str], Maker);

const PLAIN: &[&str] = &[
    "We have {} on file for you.",
    "Please confirm {} before your visit",
    "Update: {}.",
    "It is {}, thank you!",
];

const ROWS: &[Row] = &[
    (
        Class::Date,
        &["Your visit is on {}.", "DOB: {}", "Results of {} are in.", "Born {} in a small town"],
        &[],
        date,
    ),
    (
        Class::Telephone,
        &["Call me back at {} please", "My number: {}", "{} is my cell", "Reach us under {}."],
        &["Reference {} is open", "Item {}"],
        phone,
    ),
    (Class::Fax, &["Fax: {}", "send it by fax to {}", "our fax number is {}."], &["Form {} is due"], phone),
    (Class::SocialSecurity, PLAIN, &[], social_security),
    (Class::Email, &["Write to {}.", "My address is {}, thanks", "cc {}"], &[], |dice, is_right| {
        let name = dice.pick(&["jane.doe", "j_smith", "wei+clinic", "p.k.rao", "mx99"]);
        if is_right {
            format!("{name}@{}", dice.pick(&["example.com", "mail.example.org", "clinic.example.net"]))
        } else {
            format!("{name} @ home")
        }
    }),
    (
        Class::MedicalRecord,
        &["MRN {} is ready", "medical record number {}", "Chart #{}", "patient ID: {}"],
        &["step {} of the list", "Locker {}", "ticket {}"],
        |dice, _| dice.fill(dice.pick(&["########", "@######", "###-####"])),
    ),
    (Class::HealthPlan, PLAIN, &["Model {} is in stock", "Part {}"], |dice, is_right| {
        let letter = || {
            dice.pick(&[
                "A", "C", "D", "E", "F", "G", "H", "J", "K", "M", "N", "P", "Q", "R", "T", "U", "V", "W",
                "X", "Y",
            ])
        };
        let digit = || dice.below(10);
        let start = if is_right { dice.between(1, 9) } else { 0 };
        format!(
            "{start}{}{}{}-{}{}{}-{}{}{}{}",
            letter(),
            letter(),
            digit(),
            letter(),
            letter(),
            digit(),
            letter(),
            letter(),
            digit(),
            digit()
        )
    }),
    (
        Class::HealthPlan,
        &["Your member ID is {}", "subscriber number: {}", "Medicaid no. {}", "policy #{}"],
        &["size {} fits", "Model {}"],
        |dice, _| dice.fill("@@@######"),
    ),
    (Class::Account, &["Card {} was charged", "paid with {}", "{} expires soon"], &[], |dice, is_right| {
        let number = format!("4{}", checked(dice, "4", "##############", is_right));
        match dice.below(3) {
            0 => format!("{} {} {} {}", &number[..4], &number[4..8], &number[8..12], &number[12..]),
            1 => format!("{}-{}-{}-{}", &number[..4], &number[4..8], &number[8..12], &number[12..]),
            _ => number,
        }
    }),
    (
        Class::Account,
        &["account number {}", "Acct {} is overdue", "account #{}"],
        &["batch {} is done", "Lot {}"],
        |dice, _| dice.fill("##########"),
    ),
    (Class::License, &["NPI {}", "NPI number: {}"], &[], |dice, is_right| {
        format!("1{}", checked(dice, "808401", "########", is_right))
    }),
    (Class::License, PLAIN, &[], dea),
    (
        Class::License,
        &["driver's license number {}", "license no. {}", "DL {}"],
        &["gate {}", "bin {}"],
        |dice, _| dice.fill("@#######"),
    ),
    (Class::Vehicle, PLAIN, &[], vin),
    (Class::Vehicle, &["license plate {}", "plate number: {}"], &["size {}", "wing {}"], |dice, _| {
        dice.fill("#@@@###")
    }),
    (Class::Device, &["MAC {}", "device {} is online"], &[], |dice, is_right| {
        dice.fill(if is_right { "%%:%%:%%:%%:%%:%%" } else { "%%:%%:%%:%%:%%:gg" })
    }),
    (
        Class::Device,
        &["serial number {}", "device ID: {}", "pacemaker serial {}"],
        &["lamp {}", "crate {}"],
        |dice, _| dice.fill("@@#######"),
    ),
    (Class::Url, &["See {} for more", "open {}", "link: {}."], &[], |dice, is_right| {
        if is_right {
            format!(
                "{}{}",
                dice.pick(&["https://", "http://", "www."]),
                dice.pick(&["portal.example.org/p/7?x=1", "example.com", "clinic.example.net/a/b#c"])
            )
        } else {
            dice.pick(&["the portal", "http", "e.g. this", "and/or"]).to_owned()
        }
    }),
    (Class::IpAddress, &["login from {}", "IP {} was blocked", "host {}."], &[], ip),
    (Class::IpAddress, &["login from {}", "address {}"], &["version {}", "firmware {}"], |dice, _| {
        ip(dice, true)
    }),
    (
        Class::Biometric,
        &["fingerprint hash {}", "voiceprint template: {}"],
        &["checksum {}", "build {}"],
        |dice, _| dice.fill("a%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%"),
    ),
    (
        Class::OtherIdentifier,
        &["passport number {}", "case number {}", "encounter ID: {}", "specimen #{}"],
        &["page {}", "row {}"],
        |dice, _| dice.fill("5########"),
    ),
    (
        Class::Age,
        &["she is {} years old", "a {}-year-old patient", "aged {}"],
        &["in {} minutes", "room {} is free"],
        |dice, _| dice.between(90, 110).to_string(),
    ),
    (Class::Age, &["she is {} years old", "aged {}"], &["she is 42 years old, seat {}"], |dice, _| {
        dice.between(90, 99).to_string()
    }),
    (
        Class::Diagnosis,
        &["diagnosis {}", "ICD-10 {}", "coded as {} today"],
        &["Room {}", "version {}"],
        |dice, _| dice.fill("E##.#"),
    ),
    (Class::Drug, &["NDC {}", "refill {} sent"], &[], |dice, is_right| {
        dice.fill(if is_right { "#####-####-##" } else { "#####-##-####-#" })
    }),
    (
        Class::Name,
        &[
            "Dear {}, your results are in",
            "Hello {}!",
            "patient {} arrived",
            "Name: {}",
            "{} is waiting outside",
        ],
        &["Dear {}, hello"],
        |dice, is_right| {
            if is_right {
                format!(
                    "{} {}",
                    dice.pick(&["Jane", "Robert", "Maria", "Priya", "Wei", "David", "Linda", "Mohammed"]),
                    dice.pick(&["Doe", "Nguyen", "Okafor", "Schmidt", "Garcia", "Smith-Jones", "O'Brien"])
                )
            } else {
                dice.pick(&["Patient", "Customer", "Team", "Valued Member", "Friend"]).to_owned()
            }
        },
    ),
    (
        Class::Geography,
        &["Lives at {}", "deliver to {}", "{} is where we met"],
        &["He ran {}"],
        |dice, is_right| {
            let number = dice.between(10, 9_999);
            if is_right {
                format!(
                    "{number} {} {}",
                    dice.pick(&["Old Mill", "Elm", "North Park", "Washington"]),
                    dice.pick(&["Street", "Ave", "Rd", "Blvd", "Ln"])
                )
            } else {
                format!("{number} miles on the road")
            }
        },
    ),
    (Class::Geography, &["I live in {}", "moved to {} last year"], &["He said {}"], |dice, is_right| {
        if is_right {
            format!(
                "{}, {} {}",
                dice.pick(&["Springfield", "San Jose", "Austin"]),
                dice.pick(&["IL", "CA", "TX"]),
                dice.between(10_000, 99_999)
            )
        } else {
            "Great, OK".to_owned()
        }
    }),
];

const ORDINARY: &[&str] = &[
    "Hi there! Your order has shipped and will arrive in {} days.",
    "Reply YES to confirm or NO to cancel. Reply STOP to opt out.",
    "Your verification code is {}. It expires in 10 minutes.",
    "Dr. Smith is running {} minutes late today. Thank you for your patience.",
    "Please arrive 15 minutes early and bring a photo ID and your insurance card.",
    "Take 1 tablet by mouth every {} hours with food.",
    "You have {} new messages in your inbox.",
    "Our office is closed on Monday. Call 1-800-555-0199 with questions.",
    "Your balance is ${}.50. Thank you for being a member!",
    "Flu shots are available now! Walk in from 9:00 to 17:30, Monday to Friday.",
    "Thanks for visiting us, how did we do? Rate us from 1 to 10.",
    "The group meets in case of rain in room {}.",
    "Version 2.{}.1 of the app fixes 3 problems.",
    "Dear Patient, it is time for your annual check. Please call the clinic.",
    "It may take up to {} hours. You can contact the front desk at any time.",
    "Reminder: drink 8 glasses of water; walk {} steps.",
    "Gracias por su visita. Responda SI para confirmar.",
    "We moved from suite {} to the first floor.",
];

/// `per_row` messages of each row, as many twins, and `ordinary` others.
pub fn corpus(seed: u64, per_row: usize, ordinary: usize) -> Vec<Message> {
    let dice = Dice::new(seed);
    let mut messages = Vec::new();
    for (class, sentences, twins, maker) in ROWS {
        for _ in 0..per_row {
            let value = maker(&dice, true);
            let sentence = dice.pick(sentences);
            let start = sentence.find("{}").expect("a place for the value");
            let marked = Some((*class, start..start + value.len()));
            messages.push(Message { text: sentence.replacen("{}", &value, 1), marked });
            // Where the sentence is what makes the value, the twin has the value in another sentence.
            let sentence = dice.pick(if twins.is_empty() { sentences } else { twins });
            let text = sentence.replacen("{}", &maker(&dice, false), 1);
            messages.push(Message { text, marked: None });
        }
    }
    for _ in 0..ordinary {
        let text = dice.pick(ORDINARY).replace("{}", &dice.between(2, 999_999).to_string());
        messages.push(Message { text, marked: None });
    }
    messages
}
