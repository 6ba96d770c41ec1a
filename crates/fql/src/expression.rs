//! What an expression is once it is read.

use paths::{Path, PathSet};
use serde_json::Value;

/// An expression of the filter language, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A text, number, truth value, `null`, or a list of nothing else.
    Literal(Value),
    /// A field of the event; `null` when it is absent.
    Path(Path),
    /// A list with something in it that is no literal.
    List(Vec<Expression>),
    /// `!`
    Not(Box<Expression>),
    /// `and`
    And(Vec<Expression>),
    /// `or`
    Or(Vec<Expression>),
    /// `=` and its like.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// `in`
    In(Box<Expression>, Box<Expression>),
    /// A function with as many arguments as it takes.
    Call(Function, Vec<Expression>),
}

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// How the language writes it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

macro_rules! functions {
    ($($(#[$doc:meta])* $variant:ident $name:literal $arity:literal;)*) => {
        /// The functions of the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Function { $($(#[$doc])* $variant,)* }

        impl Function {
            /// Every function.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// How the language writes it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// How many arguments it takes.
            pub fn arity(self) -> usize {
                match self { $(Self::$variant => $arity,)* }
            }

            pub(crate) fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|function| function.name() == name)
            }
        }
    };
}

functions! {
    /// Whether a text contains another.
    Contains "contains" 2;
    /// Whether a text as a whole is of a pattern's form.
    Match "match" 2;
    /// Bytes of a text, elements of a list.
    Length "length" 1;
    /// Small letters.
    Lowercase "lowercase" 1;
    /// Capital letters.
    Uppercase "uppercase" 1;
    /// Underscores for spaces.
    Snakecase "snakecase" 1;
    /// Hyphens for spaces.
    Kebabcase "kebabcase" 1;
    /// A capital at the beginning of each word.
    Titlecase "titlecase" 1;
    /// The name of a value's type.
    Typeof "typeof" 1;
    /// A truth value.
    Bool "bool" 1;
    /// A text.
    String "string" 1;
    /// A number.
    Number "number" 1;
    /// Compares two versions: `semver(context.app.version, '>=', '2.1')`.
    Semver "semver" 3;
}

impl Expression {
    /// Every place the expression may look at.
    pub fn reads(&self) -> PathSet {
        let mut reads = PathSet::default();
        self.each(&mut |expression| {
            if let Self::Path(path) = expression {
                reads.insert(path);
            }
        });
        reads
    }

    fn each(&self, visit: &mut impl FnMut(&Self)) {
        visit(self);
        match self {
            Self::Literal(_) | Self::Path(_) => {}
            Self::Not(inner) => inner.each(visit),
            Self::Compare(_, left, right) | Self::In(left, right) => {
                left.each(visit);
                right.each(visit);
            }
            Self::List(parts) | Self::And(parts) | Self::Or(parts) | Self::Call(_, parts) => {
                parts.iter().for_each(|part| part.each(visit));
            }
        }
    }
}
