//! The HTML page, as far as it can be read without a browser; `conformance/audit` looks at it in one.

use std::collections::BTreeSet;

use audit::render;
use audit::report::Verdict;

use crate::fixture::{earlier, hostile, large, small};

/// The values of an attribute in the page.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let pattern = format!(" {attribute}=\"");
    page.split(&pattern).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

#[test]
fn the_page_needs_nothing_and_runs_nothing() {
    for (report, previous) in [(small(), None), (hostile(), Some(hostile())), (large(3, 0), Some(earlier()))]
    {
        let page = render::html(&report, previous.as_ref());
        assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
        for forbidden in ["<script", "<link", "<img", "<iframe", " src=", "@import", "url(", " style=\""] {
            assert!(!page.to_lowercase().contains(forbidden), "{forbidden}");
        }
        // One style sheet, ours: nothing of the report ends it.
        assert_eq!(page.matches("</style>").count(), 1);
        for link in values(&page, "href") {
            assert!(link.starts_with('#') || link.starts_with("https://evidence.example/"), "{link}");
        }
    }
}

#[test]
fn what_the_report_says_is_text() {
    let page = render::html(&hostile(), Some(&small()));
    assert!(page.contains("=&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
    assert!(!page.contains("alert('x')"));
}

#[test]
fn every_link_has_its_place_and_every_place_one_name() {
    // Two rules whose ids differ in what an anchor cannot hold.
    let mut similar = small();
    similar.rules[1].id = "SMS GEO 1".to_owned();
    similar.rules[2].id = "SMS.GEO.1".to_owned();
    similar.rules[3].id = "SMS-GEO-1--1".to_owned();
    for report in [small(), hostile(), large(3, 0), similar] {
        let page = render::html(&report, Some(&earlier()));
        let ids = values(&page, "id");
        let known: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(known.len(), ids.len(), "an id stands twice");
        for link in values(&page, "href").into_iter().filter_map(|link| link.strip_prefix('#')) {
            assert!(known.contains(link), "{link}");
        }
        for rule in
            report.rules.iter().filter(|rule| rule.id.chars().all(|c| c.is_alphanumeric() || c == '-'))
        {
            assert!(known.contains(format!("rule-{}", rule.id).as_str()), "{}", rule.id);
        }
    }
}

#[test]
fn a_rule_says_all_that_an_assessor_asks() {
    let page = render::html(&small(), Some(&earlier()));
    let article = page.split("id=\"rule-SMS-GEO-1\"").nth(1).unwrap().split("</article>").next().unwrap();
    for wanted in [
        "What SMS-GEO-1 asks for, in our words.",
        "G:121, A:4",
        "<dt>Level</dt><dd>required</dd>",
        "<dt>Responsible</dt><dd>customer</dd>",
        "164.312(e)(1)",
        "high",
        "Set what SMS-GEO-1 names.",
        "inbound_request_url",
        "4 pieces more left out.",
        "Head of Operations answers for it until 2027-03-31.",
        "under an exception, worse now",
        "Further 1 subject: 1 not applicable.",
    ] {
        assert!(article.contains(wanted), "{wanted}: {article}");
    }
    let article = page.split("id=\"rule-VOI-REC-1\"").nth(1).unwrap().split("</article>").next().unwrap();
    assert!(article.contains("Jo Example, privacy officer, on 2025-12-01; stands until 2027-01-31"));
    assert!(article.contains("expired on 2026-01-31"));
}

#[test]
fn a_page_about_many_subjects_stays_short() {
    let report = large(200, 0);
    let page = render::html(&report, None);
    let most = page.split("<article").map(|article| article.matches("class=\"answer\"").count()).max();
    assert!(most.is_some_and(|most| (2..=25).contains(&most)), "{most:?}");
    // The same answer for all of them is said once.
    assert!(page.contains("200 subjects: <span class=\"sid\">AC00000000000000000000000000000000</span>, "));
    assert!(page.contains("</span> and 150 more</p>"));
    let named = page.split("200 subjects: <span").nth(1).unwrap().split("</p>").next().unwrap();
    assert_eq!(named.matches(" class=\"sid\"").count(), 50);
    assert!(page.len() < 3_000_000, "{}", page.len());
}

#[test]
fn the_matrix_adds_up() {
    let report = large(3, 0);
    let page = render::html(&report, None);
    let matrix = page.split("<table class=\"matrix\">").nth(1).unwrap().split("</table>").next().unwrap();
    let sums: Vec<usize> = matrix
        .split("<strong>")
        .skip(1)
        .map(|rest| rest.split('<').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(sums.len(), 4);
    assert_eq!(sums[..3].iter().sum::<usize>(), sums[3]);
    assert_eq!(sums[3], report.rules.len());
}

#[test]
fn reports_that_cannot_be_compared_say_so() {
    let mut other = earlier();
    other.format += 1;
    let page = render::html(&small(), Some(&other));
    assert!(page.contains("The two reports cannot be compared"));
}

#[test]
fn different_answers_past_the_limit_are_counted() {
    let mut report = large(60, 0);
    let place = report.rules.iter().position(|rule| rule.verdict == Verdict::NotObserved).unwrap();
    let rule = &mut report.rules[place];
    for (index, answer) in rule.answers.iter_mut().enumerate() {
        answer.reason = format!("Reason {index}.");
    }
    let page = render::html(&report, None);
    let anchor = format!("id=\"rule-{}\"", report.rules[place].id);
    let article = page.split(&anchor).nth(1).unwrap().split("</article>").next().unwrap();
    assert_eq!(article.matches("class=\"answer\"").count(), 25);
    assert!(article.contains("Further 35 subjects: 35 not observed."), "{article}");
}
