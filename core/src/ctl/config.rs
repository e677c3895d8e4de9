//! What a driver must know to reach the cluster, from etcdctl's global options and environment.

use std::collections::BTreeMap;
use std::time::Duration;

use super::commands::Action;
use super::parse::Invocation;
use super::print::Format;
use super::{Exit, Output, go};

/// How to reach the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// `host:port`, `http://host:port` or `https://host:port`; a call to any endpoint may go to any
    /// of them.
    pub endpoints: Vec<String>,
    /// How long connecting may take; calls wait for a connection until their own timeout.
    pub dial_timeout: Duration,
    /// How long a connection may be silent before it is probed.
    pub keepalive_time: Duration,
    /// How long a probe may stay unanswered.
    pub keepalive_timeout: Duration,
    /// Certificates, for endpoints with TLS.
    pub tls: Tls,
    /// Who calls; `None` without authentication.
    pub user: Option<User>,
    pub(super) command_timeout: Duration,
    pub(super) format: Format,
    pub(super) hex: bool,
}

/// Files and switches of TLS; an empty path means that the option was not given.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tls {
    /// The client's certificate.
    pub cert: String,
    /// The client's private key.
    pub key: String,
    /// The certificates of trusted authorities.
    pub cacert: String,
    /// Whether endpoints without a scheme are called without TLS.
    pub insecure_transport: bool,
    /// Whether the server's certificate is accepted unseen.
    pub insecure_skip_verify: bool,
}

impl Tls {
    /// A certificate is of no use without its key.
    pub(super) fn check(&self) -> Result<(), Exit> {
        let Self { cert, key, .. } = self;
        if cert.is_empty() == key.is_empty() {
            return Ok(());
        }
        Err(Exit::bad_args(format!(
            "KeyFile and CertFile must both be present[key: {key}, cert: {cert}]"
        )))
    }
}

/// A name and a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The user's name.
    pub name: String,
    /// `None` when it must be asked for on the terminal.
    pub password: Option<String>,
}

impl User {
    /// The password; nothing when it is not known yet.
    pub(super) fn password(&self) -> &str {
        self.password.as_deref().unwrap_or_default()
    }
}

/// Lets `ETCDCTL_*` variables set the flags that the command inherits and the line does not give.
pub(super) fn read_environment(
    invocation: &mut Invocation,
    environment: &BTreeMap<String, String>,
    output: &mut Output,
) -> Result<(), Exit> {
    let mut used = Vec::new();
    let mut shadowed = Vec::new();
    for name in &invocation.inherited {
        let variable = variable_of(name);
        let value = environment.get(&variable).filter(|value| !value.is_empty());
        if invocation.flags.changed(name) {
            shadowed.push(variable);
        } else if let Some(value) = value {
            invocation.flags.set_from_environment(name, value);
            used.push(variable);
        }
    }
    for (variable, value) in environment {
        if used.contains(variable) || NOT_FLAGS.contains(&variable.as_str()) {
            continue;
        }
        if shadowed.contains(variable) {
            output.err_line(format!(
                "{{\"level\":\"fatal\",\"msg\":\"conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag))\",\"environment-variable\":{}}}",
                go::json_string(variable)
            ));
            return Err(Exit { code: 1, text: None });
        }
        if variable.starts_with("ETCDCTL_") {
            output.err_line(format!(
                "{{\"level\":\"warn\",\"msg\":\"unrecognized environment variable\",\"environment-variable\":{}}}",
                go::json_string(&format!("{variable}={value}"))
            ));
        }
    }
    Ok(())
}

/// Variables that set no flag.
const NOT_FLAGS: [&str; 3] = [API_VARIABLE, "ETCDCTL_WATCH_KEY", "ETCDCTL_WATCH_RANGE_END"];

/// Which API to speak: etcdctl itself takes this variable away before it looks at the others.
pub(super) const API_VARIABLE: &str = "ETCDCTL_API";

/// The variable that sets a flag: `ETCDCTL_WRITE_OUT` for `--write-out`.
fn variable_of(flag: &str) -> String {
    format!("ETCDCTL_{}", flag.to_ascii_uppercase().replace('-', "_"))
}

/// With `--debug`, lists the flags and their values as variables.
pub(super) fn print_debug(invocation: &Invocation, output: &mut Output) {
    // `endpoint health` makes its clients in another way, without this list.
    if invocation.flags.bool("debug") && invocation.action != Action::EndpointHealth {
        for name in &invocation.inherited {
            let value = invocation.flags.text(name);
            output.err_line([variable_of(name).as_bytes(), b"=", &value].concat());
        }
    }
}

/// Reads the global options, in etcdctl's order of complaints.
pub(super) fn read(invocation: &Invocation) -> Result<Config, Exit> {
    let flags = &invocation.flags;
    let text = |name: &str| String::from_utf8_lossy(flags.string(name)).into_owned();
    let time = |name: &str| Duration::from_nanos(flags.duration(name).try_into().unwrap_or(0));
    // `endpoint health` looks at its endpoints only.
    let asks_dns = invocation.action != Action::EndpointHealth || flags.bool("cluster");
    if asks_dns && !flags.string("discovery-srv").is_empty() {
        return Err(Exit::error(
            "--discovery-srv asks DNS for the members, which is not supported: name them with --endpoints",
        ));
    }
    for name in ["cert", "key", "cacert"] {
        if flags.changed(name) && flags.string(name).is_empty() {
            return Err(Exit::bad_args(format!("empty string is passed to --{name} option")));
        }
    }
    let Some(format) = Format::from_name(flags.string("write-out")) else {
        return Err(Exit::bad_feature("unsupported output format"));
    };
    let tls = Tls {
        cert: text("cert"),
        key: text("key"),
        cacert: text("cacert"),
        insecure_transport: flags.bool("insecure-transport"),
        insecure_skip_verify: flags.bool("insecure-skip-tls-verify"),
    };
    tls.check()?;
    Ok(Config {
        endpoints: flags
            .string_slice("endpoints")
            .iter()
            .map(|endpoint| String::from_utf8_lossy(endpoint).trim().to_owned())
            .collect(),
        dial_timeout: time("dial-timeout"),
        keepalive_time: time("keepalive-time"),
        keepalive_timeout: time("keepalive-timeout"),
        tls,
        user: user(&text("user"), &text("password")),
        command_timeout: time("command-timeout"),
        format,
        hex: flags.bool("hex"),
    })
}

/// `--user name:password`, or the name and `--password`.
pub(super) fn user(user: &str, password: &str) -> Option<User> {
    if user.is_empty() {
        return None;
    }
    let (name, password) = match user.split_once(':') {
        Some((name, inline)) if password.is_empty() => (name, Some(inline)),
        _ => (user, Some(password).filter(|password| !password.is_empty())),
    };
    Some(User { name: name.to_owned(), password: password.map(str::to_owned) })
}
