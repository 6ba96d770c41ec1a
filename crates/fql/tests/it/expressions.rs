//! Expression and event in, truth or error out.

use fql::{EvalError, Expression, ParseError, Problem};
use serde_json::{Value, json};

fn event() -> Value {
    json!({
        "event": "Button Clicked",
        "type": "track",
        "userId": "u-1",
        "context": {"library": {"name": "analytics.js", "version": "1.0"}, "app": {"version": "2.10.3"}},
        "properties": {
            "features": ["discounts", "dark-mode"], "price": 19.5, "count": 3, "big": 9_007_199_254_740_993_u64,
            "product 1": {"price": "19.99"}, "a.b": true, "empty": "", "none": null, "kana": "ア",
            "nested": {"a": 1}, "quoted": "it's"
        },
    })
}

#[track_caller]
fn check(expression: &str, expected: Result<bool, EvalError>) {
    let parsed = Expression::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    assert_eq!(parsed.holds(&event()), expected, "{expression}");
}

#[track_caller]
fn refused(expression: &str, problem: Problem, at: usize) {
    assert_eq!(Expression::parse(expression), Err(ParseError { at, problem }), "{expression}");
}

#[test]
fn the_examples_of_the_documentation() {
    for (expression, expected) in [
        ("event = 'Button Clicked'", true),
        ("event = 'Screen Tapped'", false),
        ("context.path.path = '/login'", false),
        ("type = 'identify' or type = 'track'", true),
        ("event = 'Button Clicked' and type = 'track'", true),
        ("match( context.library.version, '1.*' )", true),
        ("match( context.library.version, '2.*' )", false),
        ("type = 'track' and ( event = 'Click' or match( event, 'Button *' ) )", true),
        ("!contains( context.library.name, 'js' )", false),
        ("'dark-mode' in properties.features", true),
        ("'blink' in properties.features", false),
        ("!( type in ['track', 'identify'] )", false),
    ] {
        check(expression, Ok(expected));
    }
}

#[test]
fn null_has_defaults() {
    for (expression, expected) in [
        ("contains(userName, 'x')", false),
        ("length(userName) = 0", true),
        ("length(userName) < 1", true),
        ("lowercase(userName) = null", true),
        ("typeof(userName) = 'null'", true),
        ("match(userName, '*')", false),
        ("userName = null", true),
        ("userName != null", false),
        ("properties.none = null", true),
        ("userName > 3", false),
        ("userName <= 3", false),
        ("'a' in properties.nothing", false),
        ("null in [null]", true),
        ("userName", false),
        ("userName or type = 'track'", true),
        ("semver(userName, '>', '1')", false),
    ] {
        check(expression, Ok(expected));
    }
}

#[test]
fn types_are_strict() {
    for (expression, expected) in [
        ("properties.count = 3.0", true),
        ("properties.count = '3'", false),
        ("properties.count != '3'", true),
        ("properties.features = ['discounts', 'dark-mode']", true),
        ("properties.features = ['dark-mode', 'discounts']", false),
        ("properties.nested = properties.nested", true),
        // Integers are compared exactly.
        ("properties.big = 9007199254740992", false),
        ("properties.big > 9007199254740992", true),
        ("3 in [1, properties.count]", true),
    ] {
        check(expression, Ok(expected));
    }
    for expression in [
        "properties.empty > 3",
        "contains(properties.count, '3')",
        "lowercase(properties.features) = 'x'",
        "length(properties.nested) > 0",
        "length(properties.count) > 0",
        "'a' in properties.empty",
        "properties.features in [1]",
        "!properties.nothing",
        "!properties.count",
        "event and true",
        "event",
        "string(properties.nested) = ''",
    ] {
        check(expression, Err(EvalError::Type));
    }
    for expression in [
        "number(event) > 1",
        "bool(event)",
        "semver('x', '>', '1')",
        "semver('1', 'like', '1')",
        "semver('1.2.3.4', '>', '1')",
        "match(event, properties.pattern)",
    ] {
        let mut event = event();
        event["properties"]["pattern"] = json!("[a");
        let parsed = Expression::parse(expression).unwrap();
        assert_eq!(parsed.holds(&event), Err(EvalError::Text), "{expression}");
    }
}

#[test]
fn the_first_part_that_decides_ends_it() {
    check("false and event", Ok(false));
    check("true or event", Ok(true));
    check("event or true", Err(EvalError::Type));
}

#[test]
fn functions() {
    for (expression, expected) in [
        ("length(properties.kana) = 3", true),
        ("length(properties.features) = 2", true),
        ("lowercase(event) = 'button clicked'", true),
        ("uppercase(type) = 'TRACK'", true),
        ("snakecase('test string') = 'test_string'", true),
        ("kebabcase('test string') = 'test-string'", true),
        ("titlecase('test string') = 'Test String'", true),
        ("typeof(properties.features) = 'list'", true),
        ("typeof(properties.count) = 'number'", true),
        ("typeof(properties.empty) = 'string'", true),
        ("typeof(true) = 'bool'", true),
        ("bool(properties.count) and !bool(properties.empty) and !bool(0) and bool('true')", true),
        ("string(properties.count) = '3' and string(properties.price) = '19.5'", true),
        ("string([1, 'a']) = '[1,\"a\"]'", true),
        ("number(properties.product\\ 1.price) > 19.98", true),
        ("number('1e2') = 100", true),
        ("semver(context.app.version, '>=', '2.9')", true),
        ("semver(context.app.version, '<', '2.10.4-beta')", true),
        ("contains(lowercase(event), 'button')", true),
        ("lowercase(type) in ['track']", true),
    ] {
        check(expression, Ok(expected));
    }
}

#[test]
fn paths_numbers_and_texts() {
    for (expression, expected) in [
        (r"properties.product\ 1.price = '19.99'", true),
        (r"properties.a\.b", true),
        ("properties.features.0 = 'discounts'", true),
        ("properties.price = 1.95e1 and properties.price > -1 and properties.price < 1e+2", true),
        (r#"properties.quoted = 'it\'s' and properties.quoted = "it's""#, true),
        (r"match('ab*d', 'ab\*d')", true),
        ("context.library.name='analytics.js'", true),
    ] {
        check(expression, Ok(expected));
    }
}

#[test]
fn refuses_what_it_cannot_read() {
    refused("userId = oops\"", Problem::OpenText, 13);
    refused("", Problem::Unexpected, 0);
    refused("event =", Problem::Unexpected, 7);
    refused("event = 'a' event", Problem::Unexpected, 12);
    refused("a = b = c", Problem::Unexpected, 6);
    refused("nosuch(event)", Problem::UnknownFunction, 0);
    refused("a.length(event)", Problem::UnknownFunction, 0);
    refused("contains(event)", Problem::Arguments, 0);
    refused("match(event, '[a')", Problem::Pattern, 0);
    refused("event & type", Problem::UnexpectedCharacter, 6);
    refused("a..b = 1", Problem::Path(paths::PathError::EmptyName), 0);
    refused("(a = 1", Problem::Unexpected, 6);
    refused("[1 2]", Problem::Unexpected, 3);
}

#[test]
fn what_it_reads_and_its_form_for_browsers() {
    let expression =
        Expression::parse("event = 'Seen' and !contains(context.page.url, properties.x)").unwrap();
    let reads: Vec<_> = expression.reads().paths().iter().map(|path| path.to_string()).collect();
    assert_eq!(reads, ["context.page.url", "event", "properties.x"]);
    assert_eq!(
        expression.ir(),
        Some(
            json!(["and", ["=", "event", {"value": "Seen"}], ["!", ["contains", "context.page.url", "properties.x"]]])
        )
    );
    assert_eq!(Expression::parse(r"a\.b = 1").unwrap().ir(), None);
    let list = Expression::parse("type in ['a', 'b']").unwrap();
    assert_eq!(list.ir(), Some(json!(["in", "type", {"value": [{"value": "a"}, {"value": "b"}]}])));
}
