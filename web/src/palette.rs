//! "Do anything": one list of what can be done now, filtered by what is typed.
//!
//! Every offer that changes the run is a line of the terminal's language, so the list teaches it.
//! The second column tells the consequence when it is known.

use glasshouse_sim::view::frame::{Alias, Frame, Life, Member};

use crate::state::{Deed, State, View};
use crate::text::en as text;

/// Most offers that are shown.
const OFFERS_MAX: usize = 9;

/// What an offer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Does {
    /// Runs a line.
    Line(String),
    /// Does what a key does.
    Deed(Deed),
    /// Goes to a view, by its address.
    Go(&'static str),
    /// Hunts the planted fault with this code.
    Hunt(String),
    /// Speaks a language, by its place in the list.
    Speak(usize),
}

/// One thing that can be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) does: Does,
    /// The line, or the name of the deed.
    pub(crate) name: String,
    /// What comes of it.
    pub(crate) says: String,
    /// The key that does the same, if there is one.
    pub(crate) key: &'static str,
}

fn line(line: impl Into<String>, says: impl Into<String>) -> Offer {
    let line = line.into();
    Offer { does: Does::Line(line.clone()), name: line, says: says.into(), key: "" }
}

fn deed(deed: Deed, name: &str, says: &str, key: &'static str) -> Offer {
    Offer { does: Does::Deed(deed), name: name.to_owned(), says: says.to_owned(), key }
}

/// What fits to `query`, best first. A query that fits nothing is offered as a line of its own.
pub(crate) fn offers(state: &State, query: &str) -> Vec<Offer> {
    let query = query.trim().to_lowercase();
    let fits = |name: &str| fit(&query, &name.to_lowercase());
    // Commands are English in every language; what else can be done is found by both its names.
    let translated = |offer: &Offer| match (state.say, &offer.does) {
        (None, _) | (_, Does::Line(_)) => None,
        (Some(say), _) if state.language > 0 => fits(&say(&offer.name)),
        _ => None,
    };
    let mut fitting: Vec<(u32, Offer)> = all(state)
        .into_iter()
        .filter_map(|offer| {
            Some((fits(&offer.name).into_iter().chain(translated(&offer)).min()?, offer))
        })
        .collect();
    fitting.sort_by_key(|(distance, _)| *distance);
    let mut offers: Vec<Offer> = fitting.into_iter().map(|(_, offer)| offer).collect();
    offers.truncate(OFFERS_MAX);
    if offers.is_empty() {
        offers.push(line(query, "run it as it stands"));
    }
    offers
}

/// How far a name is from a query: its letters in order, the fewer between them the better.
fn fit(query: &str, name: &str) -> Option<u32> {
    let mut distance = 0;
    let mut letters = name.chars();
    for wanted in query.chars().filter(|c| !c.is_whitespace()) {
        loop {
            if letters.next()? == wanted {
                break;
            }
            distance += 1;
        }
    }
    Some(distance)
}

fn all(state: &State) -> Vec<Offer> {
    let mut offers = match state.view {
        View::Bench | View::Lessons | View::Teach => on_the_bench(state),
        View::Spacetime | View::Compare | View::History => with_time(),
        View::Hunts => on_the_hunt(state),
    };
    let languages = state.languages.iter().enumerate().filter(|(nth, _)| *nth != state.language);
    offers.extend(languages.map(|(nth, language)| Offer {
        does: Does::Speak(nth),
        name: format!("language {}", language.name),
        says: "the page in another language".to_owned(),
        key: "",
    }));
    offers
}

fn go(to: &'static str, name: &str, says: &str) -> Offer {
    Offer { does: Does::Go(to), name: name.to_owned(), says: says.to_owned(), key: "" }
}

fn on_the_hunt(state: &State) -> Vec<Offer> {
    let bench = go("bench", "bench", text::hunt::TO_THE_BENCH);
    let hunts = state.hunts.cards.iter().map(|card| Offer {
        does: Does::Hunt(card.code.clone()),
        name: format!("hunt {}", card.code),
        says: text::hunt::within(card.level, card.budget.into()),
        key: "",
    });
    let keys = deed(Deed::Keys, "all keys", "", "?");
    std::iter::once(bench).chain(hunts).chain([keys]).collect()
}

/// Where the run goes on but the cluster is not drawn.
fn with_time() -> Vec<Offer> {
    vec![
        go("bench", "bench", text::history::TO_THE_BENCH),
        go("compare", "compare", "two branches, or one rule changed"),
        go("lesson", "lessons", "questions about a cluster that you break"),
        go("teach", "write a lesson", "with goals from what you do on the bench"),
        go("hunt", "hunts", text::hunt::TO_THE_HUNTS),
        deed(Deed::Toggle, "play or pause", "", "Space"),
        deed(Deed::Step, "one step forward", "", "."),
        deed(Deed::Keys, "all keys", "", "?"),
    ]
}

fn on_the_bench(state: &State) -> Vec<Offer> {
    let frame = &state.frame;
    let leader = crate::state::leader(frame);
    let mut offers = Vec::new();
    if let Some(member) = frame.members.iter().find(|member| Some(member.alias) == leader) {
        let says = format!("n{}, the leader of term {}", member.alias, member.term);
        offers.push(Offer {
            key: if state.selected == leader { "K" } else { "" },
            ..line("kill leader", says)
        });
    }
    for member in &frame.members {
        let alias = member.alias;
        match member.life {
            Life::Down | Life::Halted => {
                offers.push(line(format!("restart n{alias}"), "it reads its disk and comes back"));
            }
            Life::Frozen => offers.push(line(format!("thaw n{alias}"), "its clock goes on")),
            _ => offers.push(line(format!("kill n{alias}"), without(frame, alias))),
        }
    }
    if frame.cut.is_some() || !frame.links.is_empty() {
        offers.push(Offer { key: "H", ..line("heal", "all links are whole again") });
    }
    offers.extend([
        line("until leader", "run until somebody leads"),
        line("run 1s", "one second of virtual time"),
        line("etcdctl put a 1", "one write, from the terminal to the disks"),
        line("etcdctl get a", "a read that asks the leader"),
        line("etcdctl endpoint status --cluster -w table", "every member on itself"),
        line("load 20 put/s for 5s", "clients that write all the time"),
        deed(Deed::CutMode, "cut the network", "choose members, or draw a line", "C"),
        deed(Deed::Toggle, "play or pause", "", "Space"),
        deed(Deed::Step, "one step forward", "", "."),
        deed(Deed::CopyLink, "copy the link", "its address repeats this run", ""),
        deed(Deed::RunMenu, "another run", "seed, members, theme", ""),
        deed(Deed::Present, "present", "big type and the keys of a remote; Esc ends it", ""),
        go("lesson", "lessons", "questions about a cluster that you break"),
        go("teach", "write a lesson", "with goals from what you do on the bench"),
        go("history", "history", text::history::TO_THE_HISTORY),
        go("compare", "compare", "two branches, or one rule changed"),
        go("hunt", "hunts", text::hunt::TO_THE_HUNTS),
        deed(Deed::Legend, "legend", "how to read the drawing", "L"),
        deed(Deed::Keys, "all keys", "", "?"),
    ]);
    for member in frame.members.iter().filter(|member| runs(member)) {
        let alias = member.alias;
        offers.push(line(format!("freeze n{alias}"), "its clock stands, its memory stays"));
        offers.push(line(format!("partition n{alias} | rest"), "nobody hears it"));
        offers.push(line(format!("power off n{alias}"), "what is not on its disk is lost"));
    }
    offers
}

fn runs(member: &Member) -> bool {
    matches!(member.life, Life::Up | Life::Starting | Life::Stopping)
}

/// What is left without a member: the largest group that can still talk, and whether it can commit.
fn without(frame: &Frame, gone: Alias) -> String {
    let left = |group: &[Alias]| {
        let alive =
            frame.members.iter().filter(|m| runs(m) && m.alias != gone && group.contains(&m.alias));
        alive.map(|member| format!("n{}", member.alias)).collect::<Vec<_>>()
    };
    let everyone: Vec<Alias> = frame.members.iter().map(|member| member.alias).collect();
    let groups = frame.cut.as_ref().map_or_else(|| vec![everyone], |cut| cut.groups.clone());
    let rest = groups.iter().map(|group| left(group)).max_by_key(Vec::len).unwrap_or_default();
    match (rest.len() * 2 > frame.members.len(), rest.join(" and ")) {
        (true, _) => format!("{} of {} are left, a majority", rest.len(), frame.members.len()),
        (false, names) if names.is_empty() => "nobody is left".to_owned(),
        (false, names) => format!("{names} alone are no majority: nothing will commit"),
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use glasshouse_sim::view::frame::Role;

    use super::*;
    use crate::state::Browser;

    fn bench(lives: &[Life]) -> State {
        let mut state = State::new(Browser::default());
        let member = |(nth, life): (usize, &Life)| Member {
            alias: u32::try_from(nth).unwrap() + 1,
            role: if nth == 0 { Role::Leader } else { Role::Follower },
            life: *life,
            term: 4,
            ..Member::default()
        };
        let members = lives.iter().enumerate().map(member).collect();
        state.frame = Rc::new(Frame { members, ..Frame::default() });
        state
    }

    #[test]
    fn consequences_are_counted() {
        let state = bench(&[Life::Up, Life::Up, Life::Down]);
        let offers = offers(&state, "kill n2");
        assert_eq!(offers[0].name, "kill n2");
        assert_eq!(offers[0].says, "n1 alone are no majority: nothing will commit");
        let whole = bench(&[Life::Up; 5]);
        assert_eq!(super::offers(&whole, "kill n3")[0].says, "4 of 5 are left, a majority");
    }

    #[test]
    fn the_list_follows_the_cluster() {
        let state = bench(&[Life::Up, Life::Down, Life::Frozen]);
        let names =
            |query| offers(&state, query).into_iter().map(|offer| offer.name).collect::<Vec<_>>();
        assert_eq!(names("kill")[0], "kill leader");
        assert_eq!(names("rest n2")[0], "restart n2");
        assert_eq!(names("thaw")[0], "thaw n3");
        assert_eq!(
            names("get color --rev=3"),
            ["get color --rev=3"],
            "what fits nothing is a line"
        );
        assert!(names("").len() <= OFFERS_MAX);
    }
}
