//! Changes of a lesson's text, so that everything else in it stays as its author wrote it.
//!
//! A lesson is TOML above a line `---` and Markdown below it (`sim/src/lesson/file.rs`).

/// The text with another list of texts under this name, above all tables.
pub(crate) fn with_list(file: &str, name: &str, values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    let line = format!("{name} = [{}]", values.join(", "));
    let toml = toml_end(file);
    let tables = starts(file)
        .find(|(at, line)| *at >= toml || line.starts_with('['))
        .map_or(toml, |(at, _)| at);
    let is_it =
        |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with('='));
    let found = starts(file).find(|(at, line)| *at < tables && is_it(line));
    match found {
        Some((at, _)) => {
            let end = at + list_end(&file[at..tables]);
            format!("{}{line}{}", &file[..at], &file[end..])
        }
        None => {
            // Behind the last line that says something.
            let above = file[..tables].trim_end();
            format!("{above}\n{line}\n\n{}", &file[tables..])
        }
    }
}

/// The text with one more goal, under a name that is free.
pub(crate) fn with_goal(file: &str, step: usize, title: &str, formula: &str) -> String {
    let taken = |name: &str| file.lines().any(|line| line.trim() == format!("name = \"{name}\""));
    let name = (1..).map(|nth| format!("G{nth}")).find(|name| !taken(name)).unwrap_or_default();
    let formula = match formula.contains(['\'', '\n']) {
        true => quoted(formula),
        false => format!("'{formula}'"),
    };
    let end = toml_end(file);
    format!(
        "{}\n\n[[goals]]\nname = \"{name}\"\nstep = {step}\ntitle = {}\nformula = {formula}\n{}",
        file[..end].trim_end(),
        quoted(title),
        &file[end..]
    )
}

/// The lines of a text with where they begin.
fn starts(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    })
}

/// Where the TOML of a lesson ends.
fn toml_end(file: &str) -> usize {
    let separator = starts(file).find(|(_, line)| line.trim_end() == "---");
    separator.map_or(file.len(), |(at, _)| at)
}

/// Where a value ends that begins with this text: with its line, or with its closing bracket.
fn list_end(text: &str) -> usize {
    let (mut depth, mut quote, mut escaped) = (0_u32, None, false);
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some('"'), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(open), letter) if letter == open && !escaped => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[') => depth += 1,
            (None, ']') if depth <= 1 => return at + 1,
            (None, ']') => depth -= 1,
            (None, '\n') if depth == 0 => return at,
            _ => {}
        }
        escaped = false;
    }
    text.len()
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            '\n' => quoted.push_str("\\n"),
            letter if letter.is_control() => {}
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}
