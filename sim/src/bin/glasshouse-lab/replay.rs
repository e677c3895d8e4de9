//! `glasshouse-lab replay`: a finding as a story, each step told in plain words.

use glasshouse_sim::hunt::finding::BUILD;
use glasshouse_sim::hunt::story;

use crate::args::Args;
use crate::{Failure, verify};

pub(crate) fn replay(mut args: Args) -> Result<(), Failure> {
    let format = args.text("--format").unwrap_or_else(|| "text".into());
    let files = args.words();
    args.finish("replay")?;
    let [file] = files.as_slice() else {
        return Err(Failure::Usage("replay wants one file, like replay M02-17.finding.".into()));
    };
    let finding = verify::read(file).map_err(|why| format!("{file}: {why}"))?;
    if finding.build != BUILD {
        return Err(Failure::Usage(format!(
            "{file} was made by build {}, and this is build {BUILD}: replay it with the build that made it.",
            finding.build
        )));
    }
    let text = match format.as_str() {
        "text" => story::text(&finding),
        "json" => story::json(&finding),
        "shiviz" => story::shiviz(&finding),
        other => {
            let known = format!("--format wants text, json or shiviz, not {other:?}.");
            return Err(Failure::Usage(known));
        }
    };
    glasshouse_console::write(text);
    Ok(())
}
