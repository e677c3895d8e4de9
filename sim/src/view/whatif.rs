//! Who a member would be, had it been started for the first time with another token.

use glasshouse_core::bootstrap::{Url, first_members};

use super::call::Identity;
use super::picture::selected;
use crate::world::{Flag, World};

/// The ids that the core makes of this member's command line and another `--initial-cluster-token`. Nothing is
/// started for it.
///
/// # Errors
/// One sentence, if there is no such member, or its line describes no first members.
pub(super) fn with_token(world: &World, alias: u32, token: &str) -> Result<Identity, String> {
    let member = selected(alias).filter(|member| world.members().contains(member));
    let member = member.ok_or_else(|| format!("There is no member n{alias}."))?;
    let line = world.command_line(member);
    let announced = Url::parse_list(line.get(Flag::AdvertisePeer))?;
    let (name, cluster) = (line.get(Flag::Name), line.get(Flag::InitialCluster));
    let first = first_members(name, cluster, token, &announced)?;
    Ok(Identity { member: first.member_id.to_string(), cluster: first.cluster_id.to_string() })
}
