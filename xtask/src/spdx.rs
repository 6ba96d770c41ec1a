//! Licence expressions (SPDX specification 2.3, annex D): `MIT OR (Apache-2.0 AND ISC)`.

/// Whether an expression can be met with these licences alone; an error when it cannot be read.
pub(crate) fn is_allowed(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    // Old manifests write `MIT/Apache-2.0` where SPDX has `OR`.
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut rest = words.as_slice();
    let answer = either(&mut rest, allowed)?;
    match rest.first() {
        None => Ok(answer),
        Some(word) => Err(format!("unexpected `{word}` in `{expression}`")),
    }
}

fn either(rest: &mut &[&str], allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let mut answer = both(rest, allowed)?;
    while rest.first() == Some(&"OR") {
        *rest = &rest[1..];
        answer |= both(rest, allowed)?;
    }
    Ok(answer)
}

fn both(rest: &mut &[&str], allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let mut answer = one(rest, allowed)?;
    while rest.first() == Some(&"AND") {
        *rest = &rest[1..];
        answer &= one(rest, allowed)?;
    }
    Ok(answer)
}

fn one(rest: &mut &[&str], allowed: &dyn Fn(&str) -> bool) -> Result<bool, String> {
    let Some((&word, after)) = rest.split_first() else {
        return Err("a licence is missing at the end".to_owned());
    };
    *rest = after;
    match word {
        "(" => {
            let answer = either(rest, allowed)?;
            match rest.split_first() {
                Some((&")", after)) => *rest = after,
                _ => return Err("a `(` is not closed".to_owned()),
            }
            Ok(answer)
        }
        ")" | "OR" | "AND" | "WITH" => Err(format!("`{word}` where a licence should stand")),
        _ => {
            // An exception only adds permissions, so the licence alone decides.
            if let [with, exception, after @ ..] = *rest
                && *with == "WITH"
            {
                if matches!(*exception, "(" | ")" | "OR" | "AND" | "WITH") {
                    return Err(format!("`{exception}` where an exception should stand"));
                }
                *rest = after;
            }
            Ok(allowed(word))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str, expected: Option<bool>) {
        let allowed = |id: &str| matches!(id, "MIT" | "Apache-2.0" | "ISC");
        assert_eq!(is_allowed(expression, &allowed).ok(), expected, "{expression}");
    }

    #[test]
    fn reads_and_decides_expressions() {
        check("MIT", Some(true));
        check("GPL-3.0-only", Some(false));
        check("GPL-3.0-only OR MIT", Some(true));
        check("GPL-3.0-only AND MIT", Some(false));
        check("MIT/GPL-2.0", Some(true));
        check("Apache-2.0 WITH LLVM-exception OR GPL-2.0", Some(true));
        check("ISC AND (Apache-2.0 OR OpenSSL)", Some(true));
        check("ISC AND (GPL-2.0 OR OpenSSL)", Some(false));
        check("(MIT OR GPL-2.0) AND ISC", Some(true));
    }

    #[test]
    fn and_binds_tighter_than_or() {
        check("MIT OR GPL-2.0 AND GPL-3.0", Some(true));
        check("GPL-2.0 AND GPL-3.0 OR MIT", Some(true));
    }

    #[test]
    fn rejects_what_it_cannot_read() {
        for expression in ["", "MIT OR", "(MIT", "MIT)", "AND MIT", "MIT ISC", "MIT WITH", "MIT WITH OR ISC"]
        {
            check(expression, None);
        }
    }
}
