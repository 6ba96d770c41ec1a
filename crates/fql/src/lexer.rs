//! Cuts an expression into tokens.

use paths::Path;
use serde_json::{Number, Value};

use crate::expression::Comparison;
use crate::parser::Problem;

/// A token; `at` of [`Lexer::next`] says where it begins.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    Literal(Value),
    /// A path, or the name of a function when a parenthesis follows.
    Path(Path),
    And,
    Or,
    In,
    Not,
    Compare(Comparison),
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
    End,
}

pub(crate) struct Lexer<'a> {
    text: &'a str,
    /// Bytes read so far.
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += character.len_utf8();
        Some(character)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// The next token and where it begins.
    pub(crate) fn next(&mut self) -> Result<(usize, Token), (usize, Problem)> {
        while self.peek().is_some_and(|character| matches!(character, ' ' | '\t' | '\n' | '\r')) {
            self.bump();
        }
        let start = self.at;
        let token = match self.peek() {
            None => Ok(Token::End),
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            Some(character) if begins_word(character) => self.word(),
            Some(_) => self.symbol(),
        };
        token.map(|token| (start, token)).map_err(|problem| (start, problem))
    }

    fn symbol(&mut self) -> Result<Token, Problem> {
        Ok(match self.bump() {
            Some('(') => Token::Open,
            Some(')') => Token::Close,
            Some('[') => Token::OpenList,
            Some(']') => Token::CloseList,
            Some(',') => Token::Comma,
            Some('=') => Token::Compare(Comparison::Equal),
            Some('!') if self.eat('=') => Token::Compare(Comparison::NotEqual),
            Some('!') => Token::Not,
            Some('<') if self.eat('=') => Token::Compare(Comparison::AtMost),
            Some('<') => Token::Compare(Comparison::Less),
            Some('>') if self.eat('=') => Token::Compare(Comparison::AtLeast),
            Some('>') => Token::Compare(Comparison::Greater),
            _ => return Err(Problem::UnexpectedCharacter),
        })
    }

    /// A text in quotes. A backslash before the quote or another backslash takes its meaning away; before anything
    /// else it stands for itself, so that `'ab\*d'` is a pattern with an escaped star.
    fn quoted(&mut self, quote: char) -> Result<Token, Problem> {
        self.bump();
        let mut text = String::new();
        loop {
            match self.bump() {
                None => return Err(Problem::OpenText),
                Some(character) if character == quote => return Ok(Token::Literal(Value::String(text))),
                Some('\\') => match self.peek() {
                    Some(escaped) if escaped == quote || escaped == '\\' => {
                        text.push(escaped);
                        self.bump();
                    }
                    _ => text.push('\\'),
                },
                Some(character) => text.push(character),
            }
        }
    }

    /// A number, a keyword or a path: the longest run of their characters.
    fn word(&mut self) -> Result<Token, Problem> {
        let start = self.at;
        while let Some(character) = self.peek().filter(|&character| begins_word(character)) {
            self.bump();
            let escapes = character == '\\';
            let exponent = matches!(character, 'e' | 'E') && self.number_so_far(start);
            if escapes {
                self.bump();
            } else if exponent {
                self.eat('+');
            }
        }
        let word = &self.text[start..self.at];
        Ok(match word {
            "and" => Token::And,
            "or" => Token::Or,
            "in" => Token::In,
            "true" => Token::Literal(Value::Bool(true)),
            "false" => Token::Literal(Value::Bool(false)),
            "null" => Token::Literal(Value::Null),
            _ => match number(word) {
                Some(number) => Token::Literal(Value::Number(number)),
                None => Token::Path(Path::parse(word).map_err(Problem::Path)?),
            },
        })
    }

    /// Whether everything from `start` but the last byte is a number, so that an exponent may follow.
    fn number_so_far(&self, start: usize) -> bool {
        number(&self.text[start..self.at - 1]).is_some()
    }
}

fn begins_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.' | '\\')
}

/// A number as JSON writes it.
fn number(word: &str) -> Option<Number> {
    let first = word.strip_prefix('-').unwrap_or(word).bytes().next()?;
    first.is_ascii_digit().then(|| serde_json::from_str(word).ok()).flatten()
}
