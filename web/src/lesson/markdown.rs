//! The few marks of a lesson's text: paragraphs, lists, lines of code, **bold** and `code`.
//!
//! What is read here becomes text nodes, never markup, so a lesson from elsewhere can bring no script.

/// A part of a text that stands by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Paragraph(Vec<Span>),
    /// Items of a list.
    List(Vec<Vec<Span>>),
    /// Lines to be typed as they are.
    Code(Vec<String>),
}

/// A part of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Span {
    Plain(String),
    Bold(String),
    Code(String),
}

/// Reads a text.
pub(crate) fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    for part in text
        .split("\n\n")
        .map(|part| part.trim_matches('\n'))
        .filter(|part| !part.trim().is_empty())
    {
        let lines: Vec<&str> = part.lines().collect();
        let code: Option<Vec<_>> = lines.iter().map(|line| line.strip_prefix("    ")).collect();
        if let Some(code) = code {
            blocks.push(Block::Code(
                code.into_iter().map(|line| line.trim_end().to_owned()).collect(),
            ));
        } else if lines[0].starts_with("- ") {
            let mut items: Vec<String> = Vec::new();
            for line in lines {
                match (line.strip_prefix("- "), items.last_mut()) {
                    (None, Some(item)) => *item = format!("{item} {}", line.trim()),
                    (item, _) => items.push(item.unwrap_or(line).trim().to_owned()),
                }
            }
            blocks.push(Block::List(items.iter().map(|item| spans(item)).collect()));
        } else {
            let line = lines.iter().map(|line| line.trim().trim_start_matches("# "));
            blocks.push(Block::Paragraph(spans(&line.collect::<Vec<_>>().join(" "))));
        }
    }
    blocks
}

/// Reads a line.
fn spans(line: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let next = ["**", "`"].into_iter().filter_map(|mark| {
            let from = rest.find(mark)?;
            let inside = &rest[from + mark.len()..];
            let length = inside.find(mark).filter(|length| *length > 0)?;
            Some((from, mark, &inside[..length], &inside[length + mark.len()..]))
        });
        let Some((from, mark, inside, behind)) = next.min_by_key(|(from, ..)| *from) else { break };
        if from > 0 {
            spans.push(Span::Plain(rest[..from].to_owned()));
        }
        let inside = inside.to_owned();
        spans.push(if mark == "`" { Span::Code(inside) } else { Span::Bold(inside) });
        rest = behind;
    }
    if !rest.is_empty() {
        spans.push(Span::Plain(rest.to_owned()));
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Span {
        Span::Plain(text.to_owned())
    }

    #[test]
    fn a_text_is_read() {
        let text = "Your leader is **n2**.\nStop it:\n\n    stop leader\n    until leader\n\n- one\n  and more\n- `two`\n";
        let bold = Span::Bold("n2".to_owned());
        assert_eq!(
            blocks(text),
            [
                Block::Paragraph(vec![plain("Your leader is "), bold, plain(". Stop it:")]),
                Block::Code(vec!["stop leader".to_owned(), "until leader".to_owned()]),
                Block::List(vec![vec![plain("one and more")], vec![Span::Code("two".to_owned())]]),
            ]
        );
    }

    #[test]
    fn marks_without_an_end_are_text() {
        for text in ["a ** b", "`", "****", "<script>alert(1)</script>", "``"] {
            assert_eq!(blocks(text), [Block::Paragraph(vec![plain(text)])]);
        }
    }
}
