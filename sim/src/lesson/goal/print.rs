//! A goal as text: read again, it is the same goal.

use std::fmt;

use super::ast::{Arg, Binary, Expr, Goal, Kind, Outcome, Quantifier, Scope, Unary};
use crate::clock::MICROS;
use crate::script::siege::time_text;

impl fmt::Display for Goal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.lets {
            write!(to, "let {name} = {value}; ")?;
        }
        self.formula.fmt(to)
    }
}

/// How tightly an expression holds together: a row of the table in [`super`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Row {
    Open,
    Then,
    Or,
    And,
    Prefix,
    Comparison,
    Sum,
    Product,
    Scoped,
    Either,
    Outcome,
    Primary,
}

fn row(kind: &Kind) -> Row {
    match kind {
        Kind::Binary(sign, ..) => row_of(*sign).0,
        Kind::Unary(Unary::Minus, _) => Row::Primary,
        Kind::Unary(..) => Row::Prefix,
        // Their bodies reach as far as they can: in brackets wherever something may follow.
        Kind::Quantified { .. } | Kind::In(..) => Row::Open,
        // Its condition takes the sign of a comparison that follows.
        Kind::Scoped(_, Scope::While, _) => Row::Comparison,
        Kind::Scoped(..) => Row::Scoped,
        Kind::Outcome(..) => Row::Outcome,
        _ => Row::Primary,
    }
}

/// The row of an operator, and those of its operands.
fn row_of(sign: Binary) -> (Row, Row, Row) {
    match sign {
        Binary::Then => (Row::Then, Row::Then, Row::Or),
        Binary::Or => (Row::Or, Row::Or, Row::And),
        Binary::And => (Row::And, Row::And, Row::Prefix),
        Binary::Plus | Binary::Minus => (Row::Sum, Row::Sum, Row::Product),
        Binary::Times | Binary::Per => (Row::Product, Row::Product, Row::Scoped),
        Binary::Either => (Row::Either, Row::Either, Row::Outcome),
        _ => (Row::Comparison, Row::Sum, Row::Sum),
    }
}

struct In<'a>(&'a Expr, Row);

impl fmt::Display for In<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        if row(&self.0.kind) < self.1 { write!(to, "({})", self.0) } else { self.0.fmt(to) }
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Number(number) => write!(to, "{number}"),
            Kind::Duration(us) => to.write_str(&time_text(us.saturating_mul(MICROS))),
            Kind::Text(text) => {
                write!(to, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
            }
            Kind::Name(name) => to.write_str(name),
            Kind::List(list) => write!(to, "[{}]", commas(list)),
            Kind::Set(list) => write!(to, "{{{}}}", commas(list)),
            Kind::Call(name, args) => write!(to, "{name}({})", commas(args)),
            // "5s.end" would be read as a number that is none.
            Kind::Field(body, field)
                if matches!(body.kind, Kind::Number(_) | Kind::Duration(_)) =>
            {
                write!(to, "({body}).{field}")
            }
            Kind::Field(body, field) => write!(to, "{}.{field}", In(body, Row::Primary)),
            Kind::Outcome(outcome, body) => {
                let word = match outcome {
                    Outcome::Ok => "ok",
                    Outcome::Err => "err",
                    Outcome::Unknown => "unknown",
                    Outcome::Failed => "failed",
                };
                write!(to, "{word} {}", In(body, Row::Primary))
            }
            Kind::Unary(sign, body) => {
                let (word, row) = match sign {
                    Unary::Not => ("not ", Row::Prefix),
                    Unary::Ever => ("ever ", Row::Prefix),
                    Unary::Always => ("always ", Row::Prefix),
                    Unary::No => ("no ", Row::Prefix),
                    Unary::Minus => ("-", Row::Primary),
                };
                write!(to, "{word}{}", In(body, row))
            }
            Kind::Binary(sign, left, right) => {
                let (_, on_left, on_right) = row_of(*sign);
                write!(to, "{} {} {}", In(left, on_left), sign.sign(), In(right, on_right))
            }
            Kind::Quantified { how, name, set, body } => {
                match how {
                    Quantifier::All => to.write_str("all")?,
                    Quantifier::Some => to.write_str("some")?,
                    Quantifier::Exactly(many) => write!(to, "exactly {many}")?,
                }
                write!(to, " {name} in {}: {body}", In(set, Row::Scoped))
            }
            Kind::Scoped(body, scope, arg) => {
                let row = if *scope == Scope::While { Row::Comparison } else { Row::Either };
                write!(to, "{} {} {}", In(body, Row::Scoped), scope.word(), In(arg, row))
            }
            Kind::In(branch, body) => write!(to, "in {}: {body}", In(branch, Row::Primary)),
        }
    }
}

impl fmt::Display for Arg {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some((name, sign)) => {
                write!(to, "{name} {} {}", sign.sign(), In(&self.value, Row::Sum))
            }
            // A comparison would be taken for a field.
            None => In(&self.value, Row::Sum).fmt(to),
        }
    }
}

fn commas(list: &[impl fmt::Display]) -> String {
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
