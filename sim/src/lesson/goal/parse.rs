//! From text to [`Goal`], by recursive descent: one function for each row of the table in [`super`].

use super::Wrong;
use super::ast::{Arg, Binary, Expr, Goal, Kind, Outcome, Quantifier, Scope, Unary};
use super::lex::{self, Token};

/// How deep brackets and operators may stand in each other.
const DEPTH_MAX: u32 = 40;
/// How many pieces a goal may have: what judges it goes as deep as its longest chain.
const PIECES_MAX: u32 = 200;

/// Words that are no names.
pub(super) const RESERVED: [&str; 21] = [
    "let", "then", "or", "and", "not", "ever", "always", "no", "all", "some", "exactly", "in",
    "after", "before", "while", "within", "ok", "err", "unknown", "failed", "events",
];

type Result<T> = std::result::Result<T, Wrong>;

/// Reads a goal.
///
/// # Errors
/// The first thing that is wrong with the text, and where.
pub fn goal(text: &str) -> Result<Goal> {
    let mut parser = Parser::new(text)?;
    let mut lets = Vec::new();
    while parser.takes_word("let") {
        let name = parser.name()?;
        parser.expect("=")?;
        lets.push((name, parser.formula()?));
        parser.expect(";")?;
    }
    let formula = parser.formula()?;
    parser.end()?;
    Ok(Goal { lets, formula })
}

/// Reads one expression.
///
/// # Errors
/// The first thing that is wrong with the text, and where.
pub fn expr(text: &str) -> Result<Expr> {
    let mut parser = Parser::new(text)?;
    let expr = parser.formula()?;
    parser.end()?;
    Ok(expr)
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    next: usize,
    depth: u32,
    pieces: u32,
}

impl Parser {
    fn new(text: &str) -> Result<Self> {
        Ok(Self { tokens: lex::cut(text)?, next: 0, depth: 0, pieces: 0 })
    }

    // --- tokens ---

    fn peek(&self) -> &Token {
        self.tokens.get(self.next).map_or(&Token::End, |(_, token)| token)
    }

    fn at(&self) -> usize {
        self.tokens.get(self.next).or(self.tokens.last()).map_or(0, |(at, _)| *at)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Word(found) if found == word)
    }

    fn takes_word(&mut self, word: &str) -> bool {
        let is = self.is_word(word);
        self.next += usize::from(is);
        is
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is = matches!(self.peek(), Token::Sign(found) if *found == sign);
        self.next += usize::from(is);
        is
    }

    fn expect(&mut self, sign: &str) -> Result<()> {
        if self.takes(sign) {
            Ok(())
        } else {
            Err(self.wrong(&format!("Here \"{sign}\" is missing")))
        }
    }

    fn end(&self) -> Result<()> {
        if *self.peek() == Token::End { Ok(()) } else { Err(self.wrong("The goal is over here")) }
    }

    fn wrong(&self, what: &str) -> Wrong {
        let found = match self.peek() {
            Token::Word(word) => format!("\"{word}\""),
            Token::Number(number) => format!("\"{number}\""),
            Token::Duration(us) => format!("\"{us}us\""),
            Token::Text(_) => "a text".to_owned(),
            Token::Sign(sign) => format!("\"{sign}\""),
            Token::End => "the end".to_owned(),
        };
        Wrong { at: self.at(), sentence: format!("{what}, and there is {found}.") }
    }

    fn name(&mut self) -> Result<String> {
        match self.peek() {
            Token::Word(word) if !RESERVED.contains(&word.as_str()) => {
                let word = word.clone();
                self.next += 1;
                Ok(word)
            }
            _ => Err(self.wrong("Here a name is missing")),
        }
    }

    /// Counts a piece, and goes one step deeper while `read` reads it.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let sentence = if self.depth == DEPTH_MAX {
            format!("Nothing may stand more than {DEPTH_MAX} deep in brackets.")
        } else if self.pieces == PIECES_MAX {
            format!("A goal has {PIECES_MAX} pieces at most.")
        } else {
            self.depth += 1;
            self.pieces += 1;
            let read = read(self);
            self.depth -= 1;
            return read;
        };
        Err(Wrong { at: self.at(), sentence })
    }

    fn binary(&mut self, sign: Binary, left: Expr, right: Expr) -> Result<Expr> {
        if self.pieces == PIECES_MAX {
            let sentence = format!("A goal has {PIECES_MAX} pieces at most.");
            return Err(Wrong { at: left.at, sentence });
        }
        self.pieces += 1;
        Ok(Expr { at: left.at, kind: Kind::Binary(sign, Box::new(left), Box::new(right)) })
    }

    // --- the rows of the table, from the loosest ---

    fn formula(&mut self) -> Result<Expr> {
        self.deeper(|parser| {
            let mut left = parser.or()?;
            while parser.takes_word("then") {
                let right = parser.or()?;
                left = parser.binary(Binary::Then, left, right)?;
            }
            Ok(left)
        })
    }

    fn or(&mut self) -> Result<Expr> {
        let mut left = self.and()?;
        while self.takes_word("or") {
            let right = self.and()?;
            left = self.binary(Binary::Or, left, right)?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expr> {
        let mut left = self.prefix()?;
        while self.takes_word("and") {
            let right = self.prefix()?;
            left = self.binary(Binary::And, left, right)?;
        }
        Ok(left)
    }

    fn prefix(&mut self) -> Result<Expr> {
        let at = self.at();
        let sign = match self.peek() {
            Token::Word(word) => match word.as_str() {
                "not" => Unary::Not,
                "ever" => Unary::Ever,
                "always" => Unary::Always,
                "no" => Unary::No,
                "all" | "some" | "exactly" => return self.deeper(Self::quantified),
                "in" => return self.deeper(Self::in_branch),
                _ => return self.comparison(),
            },
            _ => return self.comparison(),
        };
        self.next += 1;
        let body = self.deeper(Self::prefix)?;
        Ok(Expr { at, kind: Kind::Unary(sign, Box::new(body)) })
    }

    fn quantified(&mut self) -> Result<Expr> {
        let at = self.at();
        let how = if self.takes_word("all") {
            Quantifier::All
        } else if self.takes_word("some") {
            Quantifier::Some
        } else {
            self.next += 1;
            match self.peek() {
                Token::Number(number) if (0.0..=1_000.0).contains(number) => {
                    let many = format!("{number}").parse();
                    let many = many.map_err(|_| self.wrong("Here a whole number is missing"))?;
                    self.next += 1;
                    Quantifier::Exactly(many)
                }
                _ => return Err(self.wrong("Here a whole number is missing")),
            }
        };
        let name = self.name()?;
        if !self.takes_word("in") {
            return Err(self.wrong("Here \"in\" is missing"));
        }
        let set = Box::new(self.scoped()?);
        self.expect(":")?;
        let body = Box::new(self.formula()?);
        Ok(Expr { at, kind: Kind::Quantified { how, name, set, body } })
    }

    fn in_branch(&mut self) -> Result<Expr> {
        let at = self.at();
        self.next += 1;
        let branch = Box::new(self.primary()?);
        self.expect(":")?;
        let body = Box::new(self.formula()?);
        Ok(Expr { at, kind: Kind::In(branch, body) })
    }

    fn comparison(&mut self) -> Result<Expr> {
        let left = self.sum()?;
        let Some(sign) = self.comparing() else { return Ok(left) };
        self.next += 1;
        let right = self.sum()?;
        self.binary(sign, left, right)
    }

    /// The sign of a comparison that stands here.
    fn comparing(&self) -> Option<Binary> {
        match self.peek() {
            Token::Word(word) if word == "in" => Some(Binary::In),
            Token::Sign(sign) => [
                Binary::Equal,
                Binary::Unequal,
                Binary::Less,
                Binary::AtMost,
                Binary::Greater,
                Binary::AtLeast,
                Binary::Contains,
            ]
            .into_iter()
            .find(|known| known.sign() == *sign),
            _ => None,
        }
    }

    fn sum(&mut self) -> Result<Expr> {
        let mut left = self.product()?;
        loop {
            let sign = if self.takes("+") {
                Binary::Plus
            } else if self.takes("-") {
                Binary::Minus
            } else {
                return Ok(left);
            };
            let right = self.product()?;
            left = self.binary(sign, left, right)?;
        }
    }

    fn product(&mut self) -> Result<Expr> {
        let mut left = self.scoped()?;
        loop {
            let sign = if self.takes("*") {
                Binary::Times
            } else if self.takes("/") {
                Binary::Per
            } else {
                return Ok(left);
            };
            let right = self.scoped()?;
            left = self.binary(sign, left, right)?;
        }
    }

    fn scoped(&mut self) -> Result<Expr> {
        let mut body = self.either()?;
        loop {
            let scope = if self.takes("@") {
                Scope::At
            } else if self.takes_word("after") {
                Scope::After
            } else if self.takes_word("before") {
                Scope::Before
            } else if self.takes_word("while") {
                Scope::While
            } else if self.takes_word("within") {
                Scope::Within
            } else {
                return Ok(body);
            };
            // What holds meanwhile is a formula; the others are moments and spans.
            let arg = match scope {
                Scope::While => self.deeper(Self::comparison)?,
                _ => self.deeper(Self::either)?,
            };
            body = Expr { at: body.at, kind: Kind::Scoped(Box::new(body), scope, Box::new(arg)) };
        }
    }

    fn either(&mut self) -> Result<Expr> {
        let mut left = self.outcome()?;
        while self.takes("|") {
            let right = self.outcome()?;
            left = self.binary(Binary::Either, left, right)?;
        }
        Ok(left)
    }

    fn outcome(&mut self) -> Result<Expr> {
        let at = self.at();
        let outcome = match self.peek() {
            Token::Word(word) => match word.as_str() {
                "ok" => Outcome::Ok,
                "err" => Outcome::Err,
                "unknown" => Outcome::Unknown,
                "failed" => Outcome::Failed,
                _ => return self.primary(),
            },
            _ => return self.primary(),
        };
        self.next += 1;
        let body = self.deeper(Self::primary)?;
        Ok(Expr { at, kind: Kind::Outcome(outcome, Box::new(body)) })
    }

    fn primary(&mut self) -> Result<Expr> {
        let at = self.at();
        let kind = match self.peek().clone() {
            Token::Number(number) => {
                self.next += 1;
                Kind::Number(number)
            }
            Token::Duration(us) => {
                self.next += 1;
                Kind::Duration(us)
            }
            Token::Text(text) => {
                self.next += 1;
                Kind::Text(text)
            }
            Token::Sign("-") => {
                self.next += 1;
                let body = self.deeper(Self::primary)?;
                Kind::Unary(Unary::Minus, Box::new(body))
            }
            Token::Sign("(") => {
                self.next += 1;
                let inner = self.formula()?;
                self.expect(")")?;
                return self.fields(inner);
            }
            Token::Sign("[") => {
                self.next += 1;
                Kind::List(self.list("]")?)
            }
            Token::Sign("{") => {
                self.next += 1;
                Kind::Set(self.list("}")?)
            }
            Token::Word(_) => {
                let name = self.name()?;
                if self.takes("(") {
                    Kind::Call(name, self.deeper(Self::args)?)
                } else {
                    Kind::Name(name)
                }
            }
            Token::Sign(_) | Token::End => return Err(self.wrong("Here a value is missing")),
        };
        self.fields(Expr { at, kind })
    }

    /// `.field`, any number of times.
    fn fields(&mut self, mut body: Expr) -> Result<Expr> {
        while self.takes(".") {
            let field = self.name()?;
            self.pieces += 1;
            body = Expr { at: body.at, kind: Kind::Field(Box::new(body), field) };
            if self.pieces >= PIECES_MAX {
                return Err(self.wrong("The goal has too many pieces"));
            }
        }
        Ok(body)
    }

    fn list(&mut self, close: &str) -> Result<Vec<Expr>> {
        let mut list = Vec::new();
        while !self.takes(close) {
            if !list.is_empty() {
                self.expect(",")?;
            }
            list.push(self.formula()?);
        }
        Ok(list)
    }

    fn args(&mut self) -> Result<Vec<Arg>> {
        let mut args = Vec::new();
        while !self.takes(")") {
            if !args.is_empty() {
                self.expect(",")?;
            }
            let before = self.next;
            let named = match self.name() {
                Ok(name) => {
                    let sign = self.comparing();
                    self.next += usize::from(sign.is_some());
                    sign.map(|sign| (name, sign))
                }
                Err(_) => None,
            };
            if named.is_none() {
                self.next = before;
            }
            // What stands behind a field's name is a value, never another comparison.
            let value = if named.is_some() { self.sum()? } else { self.formula()? };
            args.push(Arg { name: named, value });
        }
        Ok(args)
    }
}
