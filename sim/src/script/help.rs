//! What `help` prints: the whole list, one command, or the conditions of `until`.

use super::units::quoted;
use super::vocabulary::{self, CONDITIONS, ETCDCTL, ETCDCTL_WORDS, Entry, WORLD};

/// The list of all commands, or what is known of `topic`.
#[must_use]
pub fn help(topic: Option<&str>) -> String {
    match topic {
        None => all(),
        Some(topic) => about(topic.trim()),
    }
}

fn all() -> String {
    let mut text = String::from("etcdctl, with or without the word:\n");
    table(&mut text, ETCDCTL);
    text.push_str("\nThe bench:\n");
    table(&mut text, WORLD);
    text.push_str(
        "\netcdctl help lists all commands of etcdctl. Other words: cut for partition, ^C for interrupt, ? for help.\n\
         docker stop, kill, start, pause, unpause and exec take members for containers.\n\
         A member is n1, n2, ... or its name, or leader or follower. Time is virtual.\n\
         While a command waits for input, what you type goes to it; client A is another terminal.\n\
         A password is not shown, but it is in the link of the run, for all to read.\n",
    );
    text
}

fn about(topic: &str) -> String {
    let topic = topic.strip_prefix("etcdctl ").unwrap_or(topic);
    let topic = vocabulary::meant(topic);
    let begins = |entry: &&Entry| {
        // A topic is in small letters, and `^D` is not.
        let words = entry.words.to_lowercase();
        words == topic || words.strip_prefix(topic).is_some_and(|rest| rest.starts_with(' '))
    };
    let mut found: Vec<Entry> = WORLD.iter().chain(ETCDCTL).filter(begins).copied().collect();
    if topic == "until" {
        found = CONDITIONS.to_vec();
    }
    let mut text = String::new();
    let first = topic.split(' ').next().unwrap_or_default();
    if found.is_empty() && ETCDCTL_WORDS.contains(&first) {
        text = format!("Type {topic} --help: etcdctl tells it.\n");
    } else if found.is_empty() {
        let known = WORLD.iter().chain(ETCDCTL).map(|entry| entry.words);
        text = match vocabulary::nearest(topic, known) {
            Some(near) => format!("There is no command {}. Did you mean {near}?\n", quoted(topic)),
            None => format!("There is no command {}. Type help for the list.\n", quoted(topic)),
        };
    }
    table(&mut text, &found);
    text
}

fn table(text: &mut String, entries: &[Entry]) {
    let width = entries.iter().map(|entry| entry.usage.chars().count()).max().unwrap_or(0);
    for Entry { usage, help, .. } in entries {
        text.push_str(&format!("  {usage:width$}  {help}\n"));
    }
}
