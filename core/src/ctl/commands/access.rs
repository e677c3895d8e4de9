//! Who may do what: `auth`, `user` and `role`.

use super::{Action, Command, Flag, command};

pub(super) const AUTH: Command = Command {
    children: &[
        Command {
            action: Some(Action::AuthDisable),
            ..command("disable", "disable", "Disables authentication")
        },
        Command {
            action: Some(Action::AuthEnable),
            ..command("enable", "enable", "Enables authentication")
        },
        Command {
            action: Some(Action::AuthStatus),
            ..command("status", "status", "Returns authentication status")
        },
    ],
    ..command("auth", "auth <enable or disable>", "Enable or disable authentication")
};

pub(super) const USER: Command = Command {
    children: &[
        USER_ADD,
        Command {
            action: Some(Action::UserDelete),
            ..command("delete", "delete <user name>", "Deletes a user")
        },
        Command {
            flags: &[Flag::bool("detail", "Show permissions of roles granted to the user")],
            action: Some(Action::UserGet),
            ..command("get", "get <user name> [options]", "Gets detailed information of a user")
        },
        Command {
            action: Some(Action::UserGrantRole),
            ..command("grant-role", "grant-role <user name> <role name>", "Grants a role to a user")
        },
        Command { action: Some(Action::UserList), ..command("list", "list", "Lists all users") },
        Command {
            flags: &[Flag::bool(
                "interactive",
                "If true, read password from stdin instead of interactive terminal",
            )
            .default("true")],
            action: Some(Action::UserPasswd),
            ..command("passwd", "passwd <user name> [options]", "Changes password of user")
        },
        Command {
            action: Some(Action::UserRevokeRole),
            ..command(
                "revoke-role",
                "revoke-role <user name> <role name>",
                "Revokes a role from a user",
            )
        },
    ],
    ..command("user", "user <subcommand>", "User related commands")
};

const USER_ADD: Command = Command {
    flags: &[
        Flag::bool("interactive", "Read password from stdin instead of interactive terminal")
            .default("true"),
        Flag::string("new-user-password", "Supply password from the command line flag"),
        Flag::bool("no-password", "Create a user without password (CN based auth only)"),
    ],
    action: Some(Action::UserAdd),
    ..command("add", "add <user name or user:password> [options]", "Adds a new user")
};

pub(super) const ROLE: Command = Command {
    children: &[
        Command {
            action: Some(Action::RoleAdd),
            ..command("add", "add <role name>", "Adds a new role")
        },
        Command {
            action: Some(Action::RoleDelete),
            ..command("delete", "delete <role name>", "Deletes a role")
        },
        Command {
            action: Some(Action::RoleGet),
            ..command("get", "get <role name>", "Gets detailed information of a role")
        },
        Command {
            flags: &[
                Flag::bool(
                    "from-key",
                    "grant a permission of keys that are greater than or equal to the given key using byte compare",
                ),
                Flag::bool("prefix", "grant a prefix permission"),
            ],
            action: Some(Action::RoleGrantPermission),
            ..command(
                "grant-permission",
                "grant-permission [options] <role name> <permission type> <key> [endkey]",
                "Grants a key to a role",
            )
        },
        Command { action: Some(Action::RoleList), ..command("list", "list", "Lists all roles") },
        Command {
            flags: &[
                Flag::bool(
                    "from-key",
                    "revoke a permission of keys that are greater than or equal to the given key using byte compare",
                ),
                Flag::bool("prefix", "revoke a prefix permission"),
            ],
            action: Some(Action::RoleRevokePermission),
            ..command(
                "revoke-permission",
                "revoke-permission <role name> <key> [endkey]",
                "Revokes a key from a role",
            )
        },
    ],
    ..command("role", "role <subcommand>", "Role related commands")
};
