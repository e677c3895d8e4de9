//! The inspector's question: which ids would another token make?

use glasshouse_sim::view::call::{Call, Identity};
use glasshouse_sim::view::frame::Alias;

use crate::state::{Ask, Effect, Phase, State, Trial};

impl State {
    /// A token is typed for a member.
    pub(super) fn try_token(&mut self, member: Alias, token: String, out: &mut Vec<Effect>) {
        self.trial = Trial { member, token: token.clone(), told: None };
        if self.phase == Phase::Ready {
            let ask = Ask::Identify(member, token.clone());
            self.ask(ask, Call::Identify { member, token }, out);
        }
    }

    /// The simulation knows. What was asked about an earlier letter is of no use any more.
    pub(super) fn token_told(
        &mut self,
        member: Alias,
        token: &str,
        told: Result<Identity, String>,
    ) {
        if (self.trial.member, self.trial.token.as_str()) == (member, token) {
            self.trial.told = Some(told);
        }
    }
}
