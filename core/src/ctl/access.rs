//! `auth`, `user` and `role`: from a line to a request, from an answer to a report.
//!
//! Commands with one question and one answer are here; those that ask again depending on the answer
//! (`auth enable`, `user get --detail`) are jobs in `session/access.rs`.

use super::commands::Action;
use super::flags::{Arg, FlagSet};
use super::get::prefix_end;
use super::print::{Printer, Report};
use super::session::wrong_answer;
use super::{Exit, Output};
use crate::api::authpb::Permission;
use crate::api::authpb::permission::Type;
use crate::api::{
    AuthDisableRequest, AuthRoleAddRequest, AuthRoleDeleteRequest, AuthRoleGetRequest,
    AuthRoleGrantPermissionRequest, AuthRoleListRequest, AuthRoleRevokePermissionRequest,
    AuthStatusRequest, AuthUserAddRequest, AuthUserChangePasswordRequest, AuthUserDeleteRequest,
    AuthUserGetRequest, AuthUserGrantRoleRequest, AuthUserListRequest, AuthUserRevokeRoleRequest,
    Request, Response, authpb,
};

/// What to do with the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    AuthDisable,
    AuthStatus,
    /// The sentence that says what was done; the answer holds a header only.
    Changed(Arg),
    RoleGet(Arg),
    RoleList,
    UserGet(Arg),
    UserList,
}

/// A question, what becomes of its answer, and whether `--command-timeout` holds for it: etcdctl
/// waits for users and roles as long as it takes.
pub(super) struct Question {
    pub(super) request: Request,
    pub(super) answer: Answer,
    pub(super) has_deadline: bool,
}

impl Question {
    fn new(request: impl Into<Request>, answer: Answer) -> Self {
        Self { request: request.into(), answer, has_deadline: false }
    }

    fn with_deadline(self) -> Self {
        Self { has_deadline: true, ..self }
    }
}

/// Reads the line of a command with one question.
pub(super) fn question(action: Action, flags: &FlagSet, args: &[Arg]) -> Result<Question, Exit> {
    Ok(match action {
        Action::AuthDisable => {
            no_arguments(args, "auth disable command does not accept any arguments")?;
            Question::new(AuthDisableRequest {}, Answer::AuthDisable).with_deadline()
        }
        Action::AuthStatus => {
            no_arguments(args, "auth status command does not accept any arguments")?;
            Question::new(AuthStatusRequest {}, Answer::AuthStatus).with_deadline()
        }
        Action::UserDelete => {
            let [user] = names(args, "user delete command requires user name as its argument")?;
            Question::new(
                AuthUserDeleteRequest { name: text(user) },
                changed(&[b"User ", user, b" deleted"]),
            )
        }
        Action::UserGet => {
            let [user] = names(args, "user get command requires user name as its argument")?;
            Question::new(AuthUserGetRequest { name: text(user) }, Answer::UserGet(user.clone()))
        }
        Action::UserGrantRole => {
            let [user, role] =
                names(args, "user grant command requires user name and role name as its argument")?;
            Question::new(
                AuthUserGrantRoleRequest { user: text(user), role: text(role) },
                changed(&[b"Role ", role, b" is granted to user ", user]),
            )
        }
        Action::UserList => {
            no_arguments(args, "user list command requires no arguments")?;
            Question::new(AuthUserListRequest {}, Answer::UserList)
        }
        Action::UserRevokeRole => {
            let [user, role] =
                names(args, "user revoke-role requires user name and role name as its argument")?;
            Question::new(
                AuthUserRevokeRoleRequest { name: text(user), role: text(role) },
                changed(&[b"Role ", role, b" is revoked from user ", user]),
            )
        }
        _ => role_question(action, flags, args)?,
    })
}

fn role_question(action: Action, flags: &FlagSet, args: &[Arg]) -> Result<Question, Exit> {
    Ok(match action {
        Action::RoleAdd => {
            let [role] = names(args, "role add command requires role name as its argument")?;
            Question::new(
                AuthRoleAddRequest { name: text(role) },
                changed(&[b"Role ", role, b" created"]),
            )
        }
        Action::RoleDelete => {
            let [role] = names(args, "role delete command requires role name as its argument")?;
            Question::new(
                AuthRoleDeleteRequest { role: text(role) },
                changed(&[b"Role ", role, b" deleted"]),
            )
        }
        Action::RoleGet => {
            let [role] = names(args, "role get command requires role name as its argument")?;
            Question::new(AuthRoleGetRequest { role: text(role) }, Answer::RoleGet(role.clone()))
        }
        Action::RoleList => {
            no_arguments(args, "role list command requires no arguments")?;
            Question::new(AuthRoleListRequest {}, Answer::RoleList)
        }
        Action::RoleGrantPermission => grant_permission(flags, args)?,
        _ => revoke_permission(flags, args)?,
    })
}

fn grant_permission(flags: &FlagSet, args: &[Arg]) -> Result<Question, Exit> {
    let [role, kind, range @ ..] = args else { return Err(Exit::bad_args(GRANT_NEEDS)) };
    if range.is_empty() {
        return Err(Exit::bad_args(GRANT_NEEDS));
    }
    let Some(perm_type) = Type::from_str_name(&text(kind).to_ascii_uppercase()) else {
        return Err(Exit::bad_args([b"invalid permission type: ", kind.as_slice()].concat()));
    };
    let (key, range_end) = permitted(flags, range)?;
    let perm =
        Permission { perm_type: perm_type.into(), key: key.into(), range_end: range_end.into() };
    Ok(Question::new(
        AuthRoleGrantPermissionRequest { name: text(role), perm: Some(perm) },
        changed(&[b"Role ", role, b" updated"]),
    ))
}

const GRANT_NEEDS: &str =
    "role grant command requires role name, permission type, and key [endkey] as its argument";

fn revoke_permission(flags: &FlagSet, args: &[Arg]) -> Result<Question, Exit> {
    let [role, range @ ..] = args else { return Err(Exit::bad_args(REVOKE_NEEDS)) };
    let Some(given) = range.first() else { return Err(Exit::bad_args(REVOKE_NEEDS)) };
    let (key, end) = permitted(flags, range)?;
    let sentence = match end.as_slice() {
        [] => changed(&[b"Permission of key ", given, b" is revoked from role ", role]),
        [0] => changed(&[
            b"Permission of range [",
            given,
            b", <open ended> is revoked from role ",
            role,
        ]),
        end => changed(&[
            b"Permission of range [",
            given,
            b", ",
            end,
            b") is revoked from role ",
            role,
        ]),
    };
    let request = AuthRoleRevokePermissionRequest {
        role: text(role),
        key: key.into(),
        range_end: end.into(),
    };
    Ok(Question::new(request, sentence))
}

const REVOKE_NEEDS: &str =
    "role revoke-permission command requires role name and key [endkey] as its argument";

/// The keys of a permission. An empty key cannot be granted: `\0` stands for it.
fn permitted(flags: &FlagSet, args: &[Arg]) -> Result<(Arg, Arg), Exit> {
    let (prefix, from_key) = (flags.bool("prefix"), flags.bool("from-key"));
    let both = || Err(Exit::bad_args("--from-key and --prefix flags are mutually exclusive"));
    let key = args[0].clone();
    match (prefix, from_key, args.get(1)) {
        (true, true, _) if key.is_empty() => both(),
        _ if key.is_empty() => Ok((vec![0], if prefix || from_key { vec![0] } else { Arg::new() })),
        (true, _, Some(_)) => Err(Exit::bad_args("unexpected endkey argument with --prefix flag")),
        (_, true, Some(_)) => {
            Err(Exit::bad_args("unexpected endkey argument with --from-key flag"))
        }
        (false, false, Some(end)) => Ok((key, end.clone())),
        (true, true, None) => both(),
        (true, false, None) => {
            let end = prefix_end(&key);
            Ok((key, end))
        }
        (false, true, None) => Ok((key, vec![0])),
        (false, false, None) => Ok((key, Arg::new())),
    }
}

fn changed(parts: &[&[u8]]) -> Answer {
    Answer::Changed(parts.concat())
}

pub(super) fn no_arguments(args: &[Arg], why: &str) -> Result<(), Exit> {
    if args.is_empty() { Ok(()) } else { Err(Exit::bad_args(why)) }
}

fn names<'a, const N: usize>(args: &'a [Arg], why: &str) -> Result<&'a [Arg; N], Exit> {
    args.try_into().map_err(|_| Exit::bad_args(why))
}

/// Names travel as text.
pub(super) fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// Prints the answer.
pub(super) fn show(
    answer: &Answer,
    response: &Response,
    printer: &Printer,
    output: &mut Output,
) -> Result<(), Exit> {
    let report = match (answer, response) {
        // Two commands print the same in all formats.
        (Answer::AuthDisable, Response::AuthDisable(_)) => {
            output.out_line("Authentication Disabled");
            return Ok(());
        }
        (Answer::AuthStatus, Response::AuthStatus(response)) => Report::AuthStatus(response),
        (Answer::RoleGet(role), Response::RoleGet(response)) => Report::RoleGet(role, response),
        (Answer::RoleList, Response::RoleList(response)) => Report::RoleList(response),
        (Answer::UserGet(user), Response::UserGet(response)) => Report::UserGet(user, response),
        (Answer::UserList, Response::UserList(response)) => Report::UserList(response),
        (Answer::Changed(sentence), response) => Report::Changed(sentence, response.header()),
        (answer, response) => return Err(wrong_answer(answer, response)),
    };
    printer.print(report, output)
}

// --- passwords of users ---

/// A user whose password is set; it may have to be typed.
#[derive(Clone, Debug)]
pub(super) struct NewPassword {
    /// The user exists already.
    exists: bool,
    user: Arg,
    no_password: bool,
    entry: Entry,
    /// What was typed first.
    first: Option<Arg>,
}

/// Where the password comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Entry {
    /// It is known.
    Given(Arg),
    /// It is typed unseen, twice.
    Typed,
    /// It is the first word of standard input.
    Word,
}

/// How a password is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// With this prompt, unseen.
    Unseen(String),
    /// As a line.
    Line,
}

impl NewPassword {
    /// Reads the line of `user add`.
    pub(super) fn of_new_user(flags: &FlagSet, args: &[Arg]) -> Result<Self, Exit> {
        let [user] = names(args, "user add command requires user name as its argument")?;
        let given = flags.string("new-user-password");
        let (user, entry, no_password) = if flags.bool("no-password") {
            (user.clone(), Entry::Given(Arg::new()), true)
        } else if !given.is_empty() {
            (user.clone(), Entry::Given(given.to_vec()), false)
        } else if let Some(at) = user.iter().position(|byte| *byte == b':') {
            if at == 0 {
                return Err(Exit::bad_args("empty user name is not allowed"));
            }
            (user[..at].to_vec(), Entry::Given(user[at + 1..].to_vec()), false)
        } else {
            (user.clone(), Entry::of(flags), false)
        };
        Ok(Self { exists: false, user, no_password, entry, first: None })
    }

    /// Reads the line of `user passwd`.
    pub(super) fn of_user(flags: &FlagSet, args: &[Arg]) -> Result<Self, Exit> {
        let [user] = names(args, "user passwd command requires user name as its argument")?;
        let (user, entry) = (user.clone(), Entry::of(flags));
        Ok(Self { exists: true, user, no_password: false, entry, first: None })
    }

    /// What is to be read next; `None` when the password is known.
    pub(super) fn reading(&self) -> Option<Reading> {
        let user = text(&self.user);
        match (&self.entry, &self.first) {
            (Entry::Given(_), _) => None,
            (Entry::Word, _) => Some(Reading::Line),
            (Entry::Typed, None) => Some(Reading::Unseen(format!("Password of {user}: "))),
            (Entry::Typed, Some(_)) => {
                Some(Reading::Unseen(format!("Type password of {user} again for confirmation: ")))
            }
        }
    }

    /// Takes what was read.
    pub(super) fn on_input(&mut self, line: &[u8]) -> Result<(), Exit> {
        let line = line.strip_suffix(b"\n").unwrap_or(line).to_vec();
        match (&self.entry, self.first.take()) {
            (Entry::Word, _) => {
                let word = line.split(u8::is_ascii_whitespace).find(|word| !word.is_empty());
                self.entry = Entry::Given(word.unwrap_or_default().to_vec());
            }
            (_, None) if line.is_empty() => return Err(Exit::bad_args("empty password")),
            (_, None) => self.first = Some(line),
            (_, Some(first)) if first != line => {
                return Err(Exit::bad_args("given passwords are different"));
            }
            (_, Some(first)) => self.entry = Entry::Given(first),
        }
        Ok(())
    }

    /// The question, once the password is known.
    pub(super) fn question(&self) -> Question {
        let Entry::Given(password) = &self.entry else { unreachable!("it was read") };
        let (name, password) = (text(&self.user), text(password));
        if self.exists {
            let request = AuthUserChangePasswordRequest {
                name,
                password,
                ..AuthUserChangePasswordRequest::default()
            };
            return Question::new(request, changed(&[b"Password updated"]));
        }
        let request = AuthUserAddRequest {
            name,
            password,
            options: Some(authpb::UserAddOptions { no_password: self.no_password }),
            ..AuthUserAddRequest::default()
        };
        Question::new(request, changed(&[b"User ", &self.user, b" created"]))
    }
}

impl Entry {
    fn of(flags: &FlagSet) -> Self {
        if flags.bool("interactive") { Self::Typed } else { Self::Word }
    }
}
