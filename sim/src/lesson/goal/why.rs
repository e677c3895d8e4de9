//! Why a goal does not hold: the part of its formula that failed, in its own words.

use super::ast::{Binary, Expr, Kind, Quantifier};
use super::eval::{Ctx, Eval, Result};
use crate::chronicle::Moment;
use crate::clock::MICROS;

impl Eval<'_> {
    /// The part of a formula that does not hold, in its own words.
    pub(super) fn why_not(&mut self, expr: &Expr, ctx: Ctx) -> String {
        let failed = |truth: Result<Option<Moment>>| matches!(truth, Ok(None));
        match &expr.kind {
            Kind::Binary(Binary::And, left, right) => {
                let left_fails = failed(self.truth(left, ctx));
                return self.why_not(if left_fails { left } else { right }, ctx);
            }
            Kind::Binary(Binary::Then, left, right) => {
                return match self.truth(left, ctx) {
                    Ok(Some(first)) => {
                        let at = first.at / MICROS;
                        let why = self.why_not(right, Ctx { from: first.max(ctx.from), ..ctx });
                        format!("{why} (after {})", crate::script::units::spoken(at))
                    }
                    _ => self.why_not(left, ctx),
                };
            }
            Kind::In(branch, body) => {
                if let Ok(Some(run)) = self.branch(branch, ctx) {
                    let whole = self.whole(run);
                    let why = self.why_not(body, whole);
                    return format!("in {branch}: {why}");
                }
            }
            Kind::Quantified { how: Quantifier::All, name, set, body } => {
                if let Ok(set) = self.eval(set, ctx) {
                    for item in set.items().unwrap_or_default() {
                        self.env.push((name.clone(), item.clone()));
                        let fails = failed(self.truth(body, ctx));
                        let why = fails.then(|| self.why_not(body, ctx));
                        self.env.pop();
                        if let Some(why) = why {
                            return format!("{name} = {item}: {why}");
                        }
                    }
                }
            }
            _ => {}
        }
        expr.to_string()
    }
}
