//! Users and roles, for people.

use crate::api::authpb::Permission;
use crate::api::authpb::permission::Type;
use crate::api::{AuthRoleGetResponse, AuthUserGetResponse};
use crate::ctl::Output;
use crate::ctl::get::prefix_end;

/// What a role may read, and what it may write.
pub(super) fn role(role: &[u8], response: &AuthRoleGetResponse, output: &mut Output) {
    output.out_line([b"Role ", role].concat());
    for (title, kind) in [("KV Read:", Type::Read), ("KV Write:", Type::Write)] {
        output.out_line(title);
        let allows = |permission: &&Permission| {
            let of = Type::try_from(permission.perm_type);
            of == Ok(kind) || of == Ok(Type::Readwrite)
        };
        response.perm.iter().filter(allows).for_each(|permission| keys(permission, output));
    }
}

/// One key, or `[key, end)`, which may also be all keys with a prefix.
fn keys(Permission { key, range_end, .. }: &Permission, output: &mut Output) {
    if range_end.is_empty() {
        return output.out_line([b"\t", key.as_ref()].concat());
    }
    let end: &[u8] = match range_end.as_ref() {
        [0] => b"<open ended>",
        end => &[end, b")"].concat(),
    };
    let mut line = [b"\t[", key.as_ref(), b", ", end].concat();
    if prefix_end(key) == range_end.as_ref() {
        line.extend([b" (prefix ", key.as_ref(), b")"].concat());
    }
    output.out_line(line);
}

/// The roles of a user.
pub(super) fn user(user: &[u8], response: &AuthUserGetResponse, output: &mut Output) {
    output.out_line([b"User: ", user].concat());
    output.out("Roles:");
    response.roles.iter().for_each(|role| output.out(format!(" {role}")));
    output.out_line("");
}
