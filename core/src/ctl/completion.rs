//! `completion`: scripts with which a shell completes commands and flags.
//!
//! They are made of the table of commands: for every command the words that may follow it. cobra's
//! scripts ask the program instead, which costs a process for each press of the key.

use super::commands::{Action, Command, ROOT};
use super::parse::Path;

/// The words that may follow a command, and its path below the root: `["endpoint", "status"]`.
type Entry = (Vec<&'static str>, Vec<String>);

/// The script of one shell.
pub(super) fn script(action: Action) -> String {
    let mut entries = Vec::new();
    collect(&Path::root(&ROOT), &mut entries);
    match action {
        Action::CompletionFish => fish(&entries),
        Action::CompletionPowershell => powershell(&entries),
        Action::CompletionZsh => {
            format!("autoload -U +X bashcompinit && bashcompinit\n{}", bash(&entries))
        }
        _ => bash(&entries),
    }
}

fn collect(path: &Path, entries: &mut Vec<Entry>) {
    let Command { children, .. } = path.command();
    let known = path.local_flags().into_iter().chain(path.inherited_flags());
    let flags = known.map(|flag| format!("--{}", flag.name)).chain(["--help".to_owned()]);
    let words = children.iter().map(|child| child.name.to_owned()).chain(flags).collect();
    entries.push((path.names()[1..].to_vec(), words));
    for child in *children {
        if let Some(below) = path.child(child.name.as_bytes()) {
            collect(&below, entries);
        }
    }
}

/// Walks from word to word: `ctl` of `glasshouse ctl` is none of the commands.
fn bash(entries: &[Entry]) -> String {
    let mut steps = String::new();
    let mut words = String::new();
    for (path, follow) in entries {
        let place = path.iter().map(|name| format!(" {name}")).collect::<String>();
        if !path.is_empty() {
            steps += &format!("            \"{place}\") path=\"{place}\" ;;\n");
        }
        words += &format!("        \"{place}\") words=\"{}\" ;;\n", follow.join(" "));
    }
    format!(
        "_glasshouse_ctl() {{\n    \
             local path=\"\" words=\"\" at\n    \
             for ((at = 1; at < COMP_CWORD; at++)); do\n        \
                 case \"$path ${{COMP_WORDS[at]}}\" in\n{steps}        esac\n    \
             done\n    \
             case \"$path\" in\n{words}    esac\n    \
             if [[ ${{COMP_WORDS[0]}} == *glasshouse && $COMP_CWORD -eq 1 ]]; then words=\"ctl\"; fi\n    \
             COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n\
         }}\n\
         complete -o default -F _glasshouse_ctl glasshouse etcdctl\n"
    )
}

/// One line for each group of words, with the condition under which it holds.
fn fish(entries: &[Entry]) -> String {
    let mut script = String::from(
        "function __glasshouse_ctl_at\n    \
             set -l words (commandline -opc)[2..-1]\n    \
             set -l seen\n    \
             for word in $words\n        \
                 if test $word != ctl; and not string match -q -- '-*' $word\n            \
                     set seen $seen $word\n        \
                 end\n    \
             end\n    \
             test \"$seen\" = \"$argv\"\n\
         end\n",
    );
    for (path, follow) in entries {
        let (flags, commands): (Vec<_>, Vec<_>) =
            follow.iter().map(String::as_str).partition(|word| word.starts_with("--"));
        for program in ["glasshouse", "etcdctl"] {
            let here =
                format!("complete -c {program} -f -n '__glasshouse_ctl_at {}'", path.join(" "));
            if !commands.is_empty() {
                script += &format!("{here} -a '{}'\n", commands.join(" "));
            }
            for flag in &flags {
                script += &format!("{here} -l {}\n", &flag[2..]);
            }
        }
    }
    script
}

fn powershell(entries: &[Entry]) -> String {
    let mut table = String::new();
    for (path, follow) in entries {
        let words: Vec<String> = follow.iter().map(|word| format!("'{word}'")).collect();
        table += &format!("        '{}' = @({})\n", path.join(" "), words.join(", "));
    }
    format!(
        "Register-ArgumentCompleter -Native -CommandName glasshouse, etcdctl -ScriptBlock {{\n    \
             param($wordToComplete, $commandAst, $cursorPosition)\n    \
             $follow = @{{\n{table}    }}\n    \
             $path = ''\n    \
             foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {{\n        \
                 $next = \"$path $element\".Trim()\n        \
                 if ($follow.ContainsKey($next)) {{ $path = $next }}\n    \
             }}\n    \
             $follow[$path] | Where-Object {{ $_ -like \"$wordToComplete*\" }} | ForEach-Object {{\n        \
                 [System.Management.Automation.CompletionResult]::new($_)\n    \
             }}\n\
         }}\n"
    )
}
