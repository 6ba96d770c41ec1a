//! Reads an expression: `or` binds loosest, then `and`, comparisons, `!`.

use std::fmt;

use paths::PathError;
use serde_json::Value;

use crate::expression::{Expression, Function};
use crate::glob::Glob;
use crate::lexer::{Lexer, Token};
use crate::limits::{DEPTH_LIMIT, EXPRESSION_LIMIT_BYTES};

/// Where an expression cannot be read, and why. It holds nothing of the expression, which may hold a patient's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Bytes before the place.
    pub at: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong with an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Longer than [`EXPRESSION_LIMIT_BYTES`].
    TooLong,
    /// Nested deeper than [`DEPTH_LIMIT`].
    TooDeep,
    /// A character that begins nothing.
    UnexpectedCharacter,
    /// A text without its closing quote.
    OpenText,
    /// Something else should stand here.
    Unexpected,
    /// A path that is none.
    Path(PathError),
    /// There is no function of this name.
    UnknownFunction,
    /// The function takes another number of arguments.
    Arguments,
    /// The pattern of `match` is none.
    Pattern,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.problem {
            Problem::TooLong => "the expression is too long",
            Problem::TooDeep => "the expression is nested too deeply",
            Problem::UnexpectedCharacter => "a character that begins nothing",
            Problem::OpenText => "a text without its closing quote",
            Problem::Unexpected => "something else should stand here",
            Problem::Path(error) => return write!(f, "{error}, at byte {}", self.at),
            Problem::UnknownFunction => "no function has this name",
            Problem::Arguments => "the function takes another number of arguments",
            Problem::Pattern => "the pattern is none",
        };
        write!(f, "{text}, at byte {}", self.at)
    }
}

impl std::error::Error for ParseError {}

impl Expression {
    /// Reads an expression.
    ///
    /// ```
    /// let expression = fql::Expression::parse("event = 'Seen' and !contains(context.library.name, 'js')").unwrap();
    /// let event = serde_json::json!({"event": "Seen", "context": {"library": {"name": "ios"}}});
    /// assert_eq!(expression.holds(&event), Ok(true));
    /// ```
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.len() > EXPRESSION_LIMIT_BYTES {
            return Err(ParseError { at: EXPRESSION_LIMIT_BYTES, problem: Problem::TooLong });
        }
        let mut parser = Parser { lexer: Lexer::new(text), at: 0, token: Token::End, depth: 0 };
        parser.advance()?;
        let expression = parser.alternatives()?;
        parser.expect(&Token::End)?;
        Ok(expression)
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    at: usize,
    token: Token,
    depth: usize,
}

type Parsed<T = Expression> = Result<T, ParseError>;

impl Parser<'_> {
    fn advance(&mut self) -> Parsed<Token> {
        let (at, token) = self.lexer.next().map_err(|(at, problem)| ParseError { at, problem })?;
        self.at = at;
        Ok(std::mem::replace(&mut self.token, token))
    }

    fn fail<T>(&self, problem: Problem) -> Parsed<T> {
        Err(ParseError { at: self.at, problem })
    }

    fn expect(&mut self, wanted: &Token) -> Parsed<()> {
        if self.token != *wanted {
            return self.fail(Problem::Unexpected);
        }
        if *wanted != Token::End {
            self.advance()?;
        }
        Ok(())
    }

    /// Runs `inside` one level deeper.
    fn deeper<T>(&mut self, inside: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == DEPTH_LIMIT {
            return self.fail(Problem::TooDeep);
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }

    fn alternatives(&mut self) -> Parsed {
        self.chain(&Token::Or, Expression::Or, Self::conjunction)
    }

    fn conjunction(&mut self) -> Parsed {
        self.chain(&Token::And, Expression::And, Self::comparison)
    }

    fn chain(
        &mut self,
        joint: &Token,
        join: fn(Vec<Expression>) -> Expression,
        part: fn(&mut Self) -> Parsed,
    ) -> Parsed {
        let first = part(self)?;
        if self.token != *joint {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.token == *joint {
            self.advance()?;
            parts.push(part(self)?);
        }
        Ok(join(parts))
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.unary()?;
        match self.token {
            Token::Compare(comparison) => {
                self.advance()?;
                let right = self.unary()?;
                Ok(Expression::Compare(comparison, left.into(), right.into()))
            }
            Token::In => {
                self.advance()?;
                let right = self.unary()?;
                Ok(Expression::In(left.into(), right.into()))
            }
            _ => Ok(left),
        }
    }

    fn unary(&mut self) -> Parsed {
        if self.token != Token::Not {
            return self.primary();
        }
        self.advance()?;
        self.deeper(|parser| Ok(Expression::Not(parser.unary()?.into())))
    }

    fn primary(&mut self) -> Parsed {
        let at = self.at;
        match self.token {
            Token::Literal(_) | Token::Path(_) => match self.advance()? {
                Token::Literal(value) => Ok(Expression::Literal(value)),
                Token::Path(path) if self.token == Token::Open => {
                    let function = match path.names() {
                        [name] => Function::named(name),
                        _ => None,
                    };
                    let function = function.ok_or(ParseError { at, problem: Problem::UnknownFunction })?;
                    self.call(at, function)
                }
                Token::Path(path) => Ok(Expression::Path(path)),
                _ => self.fail(Problem::Unexpected),
            },
            Token::Open => {
                self.advance()?;
                let inner = self.deeper(Self::alternatives)?;
                self.expect(&Token::Close)?;
                Ok(inner)
            }
            Token::OpenList => {
                self.advance()?;
                let parts = self.deeper(|parser| parser.parts(&Token::CloseList))?;
                Ok(list(parts))
            }
            _ => self.fail(Problem::Unexpected),
        }
    }

    fn call(&mut self, at: usize, function: Function) -> Parsed {
        self.advance()?;
        let arguments = self.deeper(|parser| parser.parts(&Token::Close))?;
        if arguments.len() != function.arity() {
            return Err(ParseError { at, problem: Problem::Arguments });
        }
        if let (Function::Match, Some(Expression::Literal(Value::String(pattern)))) =
            (function, arguments.get(1))
            && Glob::parse(pattern).is_none()
        {
            return Err(ParseError { at, problem: Problem::Pattern });
        }
        Ok(Expression::Call(function, arguments))
    }

    /// Expressions between commas, up to `end`, which is read too.
    fn parts(&mut self, end: &Token) -> Parsed<Vec<Expression>> {
        let mut parts = Vec::new();
        while self.token != *end {
            if !parts.is_empty() {
                self.expect(&Token::Comma)?;
            }
            parts.push(self.alternatives()?);
        }
        self.expect(end)?;
        Ok(parts)
    }
}

fn list(parts: Vec<Expression>) -> Expression {
    let literals = parts.iter().map(|part| match part {
        Expression::Literal(value) => Some(value.clone()),
        _ => None,
    });
    match literals.collect::<Option<Vec<_>>>() {
        Some(values) => Expression::Literal(Value::Array(values)),
        None => Expression::List(parts),
    }
}
