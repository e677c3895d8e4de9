//! Which member serves which endpoint of a command line.

use super::followers;
use crate::place::MemberNo;
use crate::world::World;

/// Which member serves which host, as of the moment when the command was given: a role is looked
/// up once, so that `leader` means the same member through all attempts.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    members: Vec<MemberNo>,
    /// The names that they publish.
    names: Vec<String>,
    local: Option<MemberNo>,
    leader: Option<MemberNo>,
    follower: Option<MemberNo>,
}

impl Hosts {
    pub(super) fn of(world: &World, local: Option<MemberNo>) -> Self {
        let follower = followers(world).first().copied();
        let members = world.members();
        let names = members.iter().map(|member| world.name_of(*member)).collect();
        Self { members, names, local, leader: world.leader(), follower }
    }

    /// The member behind an endpoint: by number, role, name or client URL, or the local one.
    pub(super) fn member(&self, endpoint: &str) -> Option<MemberNo> {
        if let Some(number) = alias(endpoint) {
            return self.members.iter().copied().find(|member| member.number() == number);
        }
        match host(endpoint) {
            "127.0.0.1" | "localhost" | "0.0.0.0" => self.local.or(self.members.first().copied()),
            "leader" => self.leader,
            "follower" => self.follower,
            name => {
                let at = MemberNo::of_host(name).filter(|member| self.members.contains(member));
                let mut named = self.members.iter().zip(&self.names);
                at.or_else(|| named.find(|(_, known)| *known == name).map(|(member, _)| *member))
            }
        }
    }

    /// A host that nobody knows may be called, and nobody answers; what is meant as a member of
    /// the bench must be one.
    pub(super) fn must_not_be_one(&self, endpoint: &str) -> Result<(), String> {
        match host(endpoint) {
            role @ ("leader" | "follower") => {
                Err(format!("There is no {role} now. Wait with until leader, or name a member."))
            }
            name if alias(endpoint).is_some() => Err(format!(
                "There is no member {name}. The members are n1 to n{}.",
                self.members.len()
            )),
            _ => Ok(()),
        }
    }
}

/// `n3` as 3.
fn alias(endpoint: &str) -> Option<u8> {
    host(endpoint).strip_prefix(['n', 'N'])?.parse().ok()
}

/// The host of an endpoint, without scheme, port and path.
fn host(endpoint: &str) -> &str {
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or(rest);
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}
