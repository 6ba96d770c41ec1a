//! The comparison itself: what each side finds of what the generator marked, class by class.

use serde_json::Value;

/// A class of both sides: its name, the generator's marks, our classes, Presidio's entities. What has no entity there
/// is found by its model, which is not here.
struct Class {
    name: &'static str,
    marks: &'static [&'static str],
    ours: &'static [&'static str],
    theirs: &'static [&'static str],
}

const fn class(
    name: &'static str,
    marks: &'static [&'static str],
    ours: &'static [&'static str],
    theirs: &'static [&'static str],
) -> Class {
    Class { name, marks, ours, theirs }
}

#[rustfmt::skip]
const CLASSES: &[Class] = &[
    class("email", &["EMAIL_ADDRESS"], &["email"], &["EMAIL_ADDRESS"]),
    class("cards and IBANs", &["CREDIT_CARD", "IBAN_CODE"], &["account"], &["CREDIT_CARD", "IBAN_CODE", "US_BANK_NUMBER"]),
    class("telephone", &["PHONE_NUMBER"], &["telephone", "fax"], &["PHONE_NUMBER"]),
    class("social security", &["US_SSN"], &["social_security"], &["US_SSN", "US_ITIN"]),
    class("IP address", &["IP_ADDRESS"], &["ip_address"], &["IP_ADDRESS"]),
    class("web address", &["DOMAIN_NAME"], &["url"], &["URL"]),
    class("driver's license", &["US_DRIVER_LICENSE"], &["license"], &["US_DRIVER_LICENSE"]),
    class("date and time", &["DATE_TIME"], &["date"], &["DATE_TIME"]),
    class("name", &["PERSON"], &["name"], &[]),
    class("place", &["STREET_ADDRESS", "GPE", "ZIP_CODE"], &["geography"], &[]),
];

/// Presidio's scores go from 0 to 1; it returns all of them unless it is told otherwise.
const SCORES: [f64; 2] = [0.0, 0.4];

/// A mark or a finding: its class, where, and how sure.
struct Place<'a> {
    class: &'a str,
    start: u64,
    end: u64,
    score: f64,
}

impl Place<'_> {
    fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

type Texts<'a> = Vec<Vec<Place<'a>>>;

fn texts(value: &Value) -> Option<Texts<'_>> {
    let mut texts = Vec::new();
    for text in value.as_array()? {
        let mut places = Vec::new();
        for it in text.as_array()? {
            // Our findings have no score: they stand or they do not.
            let score = it.get(3).map_or(Some(1.0), Value::as_f64)?;
            places.push(Place {
                class: it[0].as_str()?,
                start: it[1].as_u64()?,
                end: it[2].as_u64()?,
                score,
            });
        }
        texts.push(places);
    }
    Some(texts)
}

/// How many marks there are, how many a finding of the class overlaps, and of how many findings how many overlap a
/// mark of the class.
#[derive(Debug, Default, PartialEq)]
struct Count {
    marked: u32,
    hit: u32,
    found: u32,
    right: u32,
}

fn count(marked: &Texts<'_>, found: &Texts<'_>, marks: &[&str], classes: &[&str], score: f64) -> Count {
    let mut count = Count::default();
    for (marked, found) in marked.iter().zip(found) {
        let marked: Vec<_> = marked.iter().filter(|it| marks.contains(&it.class)).collect();
        let found: Vec<_> =
            found.iter().filter(|it| classes.contains(&it.class) && it.score >= score).collect();
        let any = |it: &Place<'_>, others: &[&Place<'_>]| others.iter().any(|other| other.overlaps(it));
        count.marked += marked.len() as u32;
        count.hit += marked.iter().filter(|it| any(it, &found)).count() as u32;
        count.found += found.len() as u32;
        count.right += found.iter().filter(|it| any(it, &marked)).count() as u32;
    }
    count
}

fn share(part: u32, whole: u32) -> String {
    if whole == 0 { "–".to_owned() } else { format!("{:.3}", f64::from(part) / f64::from(whole)) }
}

/// A table of recall and precision per class, and how many findings are of classes that no text has.
pub(super) fn markdown(marked: &Value, ours: &Value, theirs: &Value) -> Result<String, String> {
    let texts = |value, whose| texts(value).ok_or_else(|| format!("{whose} cannot be read"));
    let (marked, ours, theirs) =
        (texts(marked, "the marks")?, texts(ours, "our findings")?, texts(theirs, "Presidio's findings")?);
    if marked.len() != ours.len() || marked.len() != theirs.len() {
        return Err("the sides have not read the same texts".to_owned());
    }
    let mut text = "\n| class | marked | matcher recall | precision | Presidio, any score: recall | precision | score 0.4 and above: recall | precision |\n|---|--:|--:|--:|--:|--:|--:|--:|\n".to_owned();
    for class in CLASSES {
        let our = count(&marked, &ours, class.marks, class.ours, 0.0);
        text.push_str(&format!("| {} | {}", class.name, our.marked));
        let their = SCORES.map(|score| count(&marked, &theirs, class.marks, class.theirs, score));
        for (count, has_recogniser) in
            [(&our, true), (&their[0], !class.theirs.is_empty()), (&their[1], !class.theirs.is_empty())]
        {
            let cells = if has_recogniser {
                [share(count.hit, count.marked), share(count.right, count.found)]
            } else {
                ["–".to_owned(), "–".to_owned()]
            };
            text.push_str(&format!(" | {}", cells.join(" | ")));
        }
        text.push_str(" |\n");
    }
    let others = |found: &Texts<'_>, side: fn(&Class) -> &'static [&'static str], score: f64| {
        let is_other = |it: &&Place<'_>| {
            it.score >= score && !CLASSES.iter().any(|class| side(class).contains(&it.class))
        };
        found.iter().flatten().filter(is_other).count()
    };
    let their = SCORES.map(|score| others(&theirs, |class| class.theirs, score));
    text.push_str(&format!(
        "\nFindings of other classes, of which the texts have next to none: matcher {}, Presidio {} at any score, {} at 0.4 and above.\n",
        others(&ours, |class| class.ours, 0.0),
        their[0],
        their[1]
    ));
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_what_overlaps_and_what_does_not() {
        let marked = json!([[["US_SSN", 0, 11], ["PERSON", 20, 24]], [["US_SSN", 5, 16]], []]);
        let found =
            json!([[["a", 0, 11, 0.9], ["a", 20, 24, 0.9]], [], [["a", 0, 3, 0.1], ["b", 0, 3, 0.9]]]);
        let (marked, found) = (texts(&marked).expect("marks"), texts(&found).expect("findings"));
        let all = count(&marked, &found, &["US_SSN"], &["a"], 0.0);
        assert_eq!(all, Count { marked: 2, hit: 1, found: 3, right: 1 });
        let sure = count(&marked, &found, &["US_SSN"], &["a"], 0.4);
        assert_eq!(sure, Count { marked: 2, hit: 1, found: 2, right: 1 });
    }

    #[test]
    fn sides_with_different_texts_are_not_compared() {
        let one = json!([[]]);
        assert!(markdown(&one, &json!([]), &one).is_err());
        assert!(markdown(&one, &json!([[["email", 1]]]), &one).is_err());
        assert!(markdown(&one, &one, &one).is_ok());
    }
}
