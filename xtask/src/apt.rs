//! Debian's packages: installed on the machine, or only unpacked into our own folder.
//!
//! Unpacking is how two versions of etcd come to lie side by side without touching the machine:
//! apt runs with lists and caches of its own, downloads, and `dpkg-deb -x` unpacks. The mirror is
//! the one that the machine's own sources name.

use std::fs;
use std::path::Path;
use std::process::Command;

use glasshouse_console::say;

use crate::shell::{self, capture, command, file_failure, find, run};
use crate::{Failure, Result};

/// The mirror of a machine whose sources name none.
const DEBIAN: &str = "http://deb.debian.org/debian";

/// The keys that Debian signs its lists with, from the package `debian-archive-keyring`.
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// True when this machine installs its programs with apt.
pub fn present() -> bool {
    find("apt-get").is_some() && find("dpkg-deb").is_some()
}

/// Installs packages on the machine. `what` names them for people.
pub fn install(what: &str, packages: &[&str]) -> Result<()> {
    let by_hand = format!("sudo apt-get install {}", packages.join(" "));
    if !present() {
        return Err(Failure::Failed(format!(
            "{what} is missing and this machine has no apt: install it (Debian's name: {}), see that it is on PATH, and repeat",
            packages.join(" ")
        )));
    }
    let Some(prefix) = as_root() else {
        return Err(Failure::Failed(format!("{what} is missing: run `{by_hand}` and repeat")));
    };
    say!("  {what} is missing; installing Debian's package");
    let apt = |args: &[&str]| {
        let words: Vec<&str> = prefix.iter().copied().chain(["apt-get"]).collect();
        let mut apt = Command::new(words[0]);
        apt.args(&words[1..]).args(args).env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    run(&mut apt(&["update", "-qq"]))?;
    let install = ["install", "-y", "-qq", "--no-install-recommends"];
    run(&mut apt(&[&install, packages].concat()))
}

/// Downloads packages of a Debian release (`bookworm`) and unpacks them into `into`.
pub fn unpack(release: &str, packages: &[&str], into: &Path) -> Result<()> {
    let work = into.with_extension("apt");
    for dir in ["lists/partial", "cache/archives/partial", "debs"] {
        fs::create_dir_all(work.join(dir)).map_err(|error| file_failure(&work, &error))?;
    }
    let mirror = mirror();
    // Machines of other families trust Debian's keys only when they are told where those are.
    let signed =
        if Path::new(KEYS).is_file() { format!("[signed-by={KEYS}] ") } else { String::new() };
    let source = format!("deb {signed}{mirror} {release} main\n");
    shell::write(&work.join("sources.list"), source.as_bytes())?;

    let apt = |args: &[&str]| {
        let mut apt = command("apt-get", &["-qq"]);
        apt.arg("-o").arg(format!("Dir::Etc::sourcelist={}", work.join("sources.list").display()));
        apt.args(["-o", "Dir::Etc::sourceparts=-", "-o", "APT::Sandbox::User=root"]);
        apt.arg("-o").arg(format!("Dir::State::lists={}", work.join("lists").display()));
        apt.arg("-o").arg(format!("Dir::Cache={}", work.join("cache").display()));
        apt.args(args).current_dir(work.join("debs"));
        apt
    };
    say!("  downloading {} of Debian {release}", packages.join(", "));
    capture(&mut apt(&["update"]))?;
    let named: Vec<String> =
        packages.iter().map(|package| format!("{package}/{release}")).collect();
    let named: Vec<&str> = named.iter().map(String::as_str).collect();
    capture(&mut apt(&[&["download"], named.as_slice()].concat()))?;

    let unpacked = work.join("unpacked");
    let debs = fs::read_dir(work.join("debs")).map_err(|error| file_failure(&work, &error))?;
    for deb in debs.filter_map(std::result::Result::ok) {
        capture(Command::new("dpkg-deb").arg("-x").arg(deb.path()).arg(&unpacked))?;
    }
    // The rename comes last, so that a folder that is there is a folder that is whole.
    fs::rename(&unpacked, into).map_err(|error| file_failure(into, &error))?;
    fs::remove_dir_all(&work).map_err(|error| file_failure(&work, &error))
}

/// Words that make a command run as root: none for root itself, `sudo` when it asks nothing.
fn as_root() -> Option<Vec<&'static str>> {
    let user = capture(&mut command("id", &["-u"])).unwrap_or_default();
    if user.trim() == "0" {
        return Some(Vec::new());
    }
    capture(&mut command("sudo", &["-n", "true"])).is_ok().then(|| vec!["sudo", "-n"])
}

/// The Debian mirror that the machine's own sources name, old or new in style.
fn mirror() -> String {
    let format = ["indextargets", "--format", "$(REPO_URI)"];
    let listed = capture(&mut command("apt-get", &format)).unwrap_or_default();
    choose_mirror(&listed).unwrap_or_else(|| DEBIAN.to_owned())
}

/// Picks the main archive, whose path ends in `/debian`, among the addresses of all sources.
fn choose_mirror(listed: &str) -> Option<String> {
    listed
        .lines()
        .map(|address| address.trim().trim_end_matches('/'))
        .find(|address| address.ends_with("/debian"))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_archive_is_chosen() {
        let listed = "https://packages.example/apt/\nhttp://mirror.example/debian-security/\nhttp://mirror.example/debian/\n";
        assert_eq!(choose_mirror(listed).unwrap(), "http://mirror.example/debian");
        assert_eq!(choose_mirror(""), None);
    }
}
