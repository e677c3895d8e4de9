//! What a goal is made of.

/// A goal: names, and a formula.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// `let NAME = expression;`, in order.
    pub lets: Vec<(String, Expr)>,
    /// What must hold.
    pub formula: Expr,
}

/// An expression, and where it stands in the text.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Byte at which it begins.
    pub at: usize,
    /// What it is.
    pub kind: Kind,
}

impl PartialEq for Expr {
    /// The place does not count.
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `12`, `0.5`.
    Number(f64),
    /// `300ms`: microseconds.
    Duration(u64),
    /// `"red"`.
    Text(String),
    /// `leader`, `start`, `L`.
    Name(String),
    /// `[1, 2]`: in this order.
    List(Vec<Expr>),
    /// `{n1, n2}`: in any order.
    Set(Vec<Expr>),
    /// `term(n1)`, `put(key = "color")`: a function or a pattern of events.
    Call(String, Vec<Arg>),
    /// `e.term`: a field of the first event.
    Field(Box<Expr>, String),
    /// `ok put(...)`: only those operations.
    Outcome(Outcome, Box<Expr>),
    /// `not F`, `ever F`, `always F`, `no E`, `-x`.
    Unary(Unary, Box<Expr>),
    /// `a = b`, `F and F`, `E then F`, `E | E`.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `all m in SET: F`.
    Quantified {
        /// How many.
        how: Quantifier,
        /// The name that stands for each.
        name: String,
        /// Of what.
        set: Box<Expr>,
        /// What holds of them.
        body: Box<Expr>,
    },
    /// `F after E`, `F before E`, `E while F`, `F within 5s`, `x @ E`.
    Scoped(Box<Expr>, Scope, Box<Expr>),
    /// `in B: F`.
    In(Box<Expr>, Box<Expr>),
}

/// An argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Arg {
    /// `key` and how it is compared; `None`: by its place.
    pub name: Option<(String, Binary)>,
    /// With what.
    pub value: Expr,
}

/// How an operation must have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The client was told of success.
    Ok,
    /// The client was told of a refusal: it certainly had no effect.
    Err,
    /// Nobody knows.
    Unknown,
    /// Refused or unknown.
    Failed,
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unary {
    /// `not F`.
    Not,
    /// `ever F`: at some moment.
    Ever,
    /// `always F`: at every moment.
    Always,
    /// `no E`: no such event.
    No,
    /// `-x`.
    Minus,
}

/// Operators with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each is what its sign says: see `sign`")]
pub enum Binary {
    Then,
    Or,
    And,
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Contains,
    In,
    Plus,
    Minus,
    Times,
    Per,
    Either,
}

impl Binary {
    /// How it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Then => "then",
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "=",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Contains => "~",
            Self::In => "in",
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Per => "/",
            Self::Either => "|",
        }
    }
}

/// How many of a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantifier {
    /// Every one.
    All,
    /// At least one.
    Some,
    /// Just so many.
    Exactly(u32),
}

/// What narrows the part of a run that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Behind the end of an event.
    After,
    /// Before the beginning of an event.
    Before,
    /// Events that begin while something holds.
    While,
    /// At most so long behind the beginning.
    Within,
    /// At a moment.
    At,
}

impl Scope {
    /// How it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::After => "after",
            Self::Before => "before",
            Self::While => "while",
            Self::Within => "within",
            Self::At => "@",
        }
    }
}
