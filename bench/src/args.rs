//! The command line.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::load::{Case, Point};
use crate::server::Program;
use crate::{Failure, Result};

/// What `--help` prints.
pub const HELP: &str = "\
glasshouse-bench --a NAME=PROGRAM [--b NAME=PROGRAM]
glasshouse-bench pages --a NAME=PROGRAM [--b NAME=PROGRAM] [--keys LIST] [--seconds N] [--dir DIR]

Measures one server, or two beside each other, with the same clients. A server is any program that
takes etcd's flags. It is started for every measurement on an empty data directory, on loopback.

  --a NAME=PROGRAM     the server to compare with, such as etcd=/usr/bin/etcd
  --b NAME=PROGRAM     the server to measure; ratios are b / a
  --aa                 measures a twice in each round, to see what chance alone does
  --case LIST          put, get-s (serializable), get-l (linearizable)   [put]
  --clients LIST       clients, each of which waits for its answer        [1,16,64]
  --members N          members of each cluster: 1 or 3                    [1]
  --rounds N           how often everything is repeated, in turns         [5]
  --seconds N          how long each measurement takes                    [3]
  --patience N         seconds to wait, for each measurement, until other programs rest; what they
                       disturb meanwhile is measured again                [0]
  --dir DIR            where the data directories go; must be on a disk   [the system's for temporary files]
  --json FILE          writes every measurement into a file, too

`pages` measures what one page of a long list costs, and the list in memory:

  --keys LIST          lengths of the list, ascending                     [100000,1000000]
";

/// What to measure.
#[derive(Debug, PartialEq)]
pub struct Plan {
    /// The servers: a, and perhaps b.
    pub programs: Vec<Program>,
    /// Measure a twice in each round.
    pub again: bool,
    /// What the clients do, and how many of them.
    pub points: Vec<Point>,
    /// Members of each cluster.
    pub members: u16,
    /// Repetitions.
    pub rounds: u32,
    /// Length of one measurement.
    pub time: Duration,
    /// How long one measurement may be put off, or repeated, because other programs are busy.
    pub patience: Duration,
    /// Where the data directories go.
    pub dir: PathBuf,
    /// Where the raw results go.
    pub json: Option<PathBuf>,
}

/// What `pages` measures.
#[derive(Debug, PartialEq)]
pub struct PagesPlan {
    /// The servers: a, and perhaps b.
    pub programs: Vec<Program>,
    /// Lengths of the list, ascending.
    pub keys: Vec<u64>,
    /// How long pages are read, for each length.
    pub time: Duration,
    /// Where the data directories go.
    pub dir: PathBuf,
}

/// Reads a command line behind the word `pages`.
pub fn parse_pages(words: impl IntoIterator<Item = String>) -> Result<PagesPlan> {
    let mut args = Args(words.into_iter().collect());
    let a = args.one("--a", program, "NAME=PROGRAM")?;
    let b = args.one("--b", program, "NAME=PROGRAM")?;
    let keys = args.list("--keys", |text| number(text, 1..=100_000_000), "1 to 100000000")?;
    let seconds = args.one("--seconds", |text| number(text, 1..=3_600), "1 to 3600")?;
    let plan = PagesPlan {
        keys: keys.unwrap_or_else(|| vec![100_000, 1_000_000]),
        time: Duration::from_secs(seconds.unwrap_or(5)),
        dir: args.one("--dir", path, "a directory")?.unwrap_or_else(std::env::temp_dir),
        programs: a.into_iter().chain(b).collect(),
    };
    args.finish()?;
    if plan.programs.is_empty() {
        return Err(usage("--a NAME=PROGRAM is missing"));
    }
    Ok(plan)
}

/// Reads a command line without the program's name; `None` when it asks for help.
pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Option<Plan>> {
    let mut args = Args(words.into_iter().collect());
    if args.switch("--help") || args.switch("-h") {
        return Ok(None);
    }
    let a = args.one("--a", program, "NAME=PROGRAM")?;
    let b = args.one("--b", program, "NAME=PROGRAM")?;
    let cases = args.list("--case", Case::parse, "put, get-s or get-l")?;
    let clients = args.list("--clients", |text| number(text, 1..=10_000), "1 to 10000")?;
    let cases = cases.unwrap_or_else(|| vec![Case::Put]);
    let clients = clients.unwrap_or_else(|| vec![1, 16, 64]);
    let pairs = cases.iter().flat_map(|case| clients.iter().map(move |clients| (*case, *clients)));
    let members =
        args.one("--members", |text| number(text, 1..=3).filter(|n| *n != 2), "1 or 3")?;
    let rounds = args.one("--rounds", |text| number(text, 1..=1_000), "1 to 1000")?;
    let seconds = args.one("--seconds", |text| number(text, 1..=3_600), "1 to 3600")?;
    let patience = args.one("--patience", |text| number(text, 0..=86_400), "0 to 86400")?;
    let plan = Plan {
        points: pairs.map(|(case, clients)| Point { case, clients }).collect(),
        again: args.switch("--aa"),
        members: members.unwrap_or(1),
        rounds: rounds.unwrap_or(5),
        time: Duration::from_secs(seconds.unwrap_or(3)),
        patience: Duration::from_secs(patience.unwrap_or(0)),
        dir: args.one("--dir", path, "a directory")?.unwrap_or_else(std::env::temp_dir),
        json: args.one("--json", path, "a file")?,
        programs: a.into_iter().chain(b).collect(),
    };
    args.finish()?;
    if plan.programs.is_empty() {
        return Err(usage("--a NAME=PROGRAM is missing"));
    }
    Ok(Some(plan))
}

/// Words out of which flags are taken one by one; what is left over is a mistake.
struct Args(Vec<String>);

impl Args {
    /// Takes a flag without a value.
    fn switch(&mut self, flag: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != flag);
        self.0.len() != before
    }

    /// Takes `FLAG VALUE` or `FLAG=VALUE`.
    fn one<T>(
        &mut self,
        flag: &str,
        read: impl Fn(&str) -> Option<T>,
        wanted: &str,
    ) -> Result<Option<T>> {
        let Some(text) = self.value(flag)? else { return Ok(None) };
        let refused = || usage(&format!("{flag} wants {wanted}, not `{text}`"));
        read(&text).ok_or_else(refused).map(Some)
    }

    /// Takes `FLAG VALUE,VALUE,...`.
    fn list<T>(
        &mut self,
        flag: &str,
        read: impl Fn(&str) -> Option<T>,
        wanted: &str,
    ) -> Result<Option<Vec<T>>> {
        self.one(flag, |text| text.split(',').map(|item| read(item.trim())).collect(), wanted)
    }

    fn value(&mut self, flag: &str) -> Result<Option<String>> {
        let is_flag = |word: &String| {
            word.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        let Some(at) = self.0.iter().position(is_flag) else { return Ok(None) };
        let word = self.0.remove(at);
        if let Some((_, value)) = word.split_once('=') {
            return Ok(Some(value.to_owned()));
        }
        if at == self.0.len() {
            return Err(usage(&format!("{flag} wants a value")));
        }
        Ok(Some(self.0.remove(at)))
    }

    fn finish(&self) -> Result<()> {
        self.0.first().map_or(Ok(()), |word| Err(usage(&format!("`{word}` is not known"))))
    }
}

fn usage(what: &str) -> Failure {
    Failure::Usage(format!("glasshouse-bench: {what}; `glasshouse-bench --help` shows how"))
}

fn program(text: &str) -> Option<Program> {
    let (name, path) = text.split_once('=')?;
    let whole = !name.is_empty() && !path.is_empty();
    whole.then(|| Program { name: name.to_owned(), path: path.into() })
}

fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| text.into())
}

fn number<N: FromStr + PartialOrd>(text: &str, range: RangeInclusive<N>) -> Option<N> {
    text.parse().ok().filter(|number| range.contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Option<Plan>> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn everything_has_a_default_but_the_server() {
        let plan = parsed("--a etcd=/usr/bin/etcd").unwrap().unwrap();
        assert_eq!(plan.programs, [Program { name: "etcd".into(), path: "/usr/bin/etcd".into() }]);
        assert_eq!(plan.points.iter().map(|point| point.clients).collect::<Vec<_>>(), [1, 16, 64]);
        assert_eq!((plan.members, plan.rounds, plan.time.as_secs()), (1, 5, 3));
        assert_eq!(parsed("--help").unwrap(), None);
    }

    #[test]
    fn both_spellings_and_every_pair_of_case_and_clients() {
        let plan =
            parsed("--a=e=e --b g=g --case put,get-s --clients=1,2 --members 3").unwrap().unwrap();
        assert_eq!(plan.programs[1].name, "g");
        let points = plan.points.iter().map(|point| (point.case, point.clients));
        let expected = [
            (Case::Put, 1),
            (Case::Put, 2),
            (Case::GetSerializable, 1),
            (Case::GetSerializable, 2),
        ];
        assert!(points.eq(expected));
        assert_eq!(plan.members, 3);
    }

    #[test]
    fn pages_have_lengths_of_lists() {
        let words = |line: &str| parse_pages(line.split_whitespace().map(str::to_owned));
        let plan = words("--a e=e --keys 5,10 --seconds 1").unwrap();
        assert_eq!((plan.keys, plan.time.as_secs()), (vec![5, 10], 1));
        assert!(words("--keys 5").is_err());
    }

    #[test]
    fn mistakes_are_one_sentence() {
        for (line, part) in [
            ("", "--a NAME=PROGRAM is missing"),
            ("--a etcd", "--a wants NAME=PROGRAM, not `etcd`"),
            ("--a e=e --members 2", "--members wants 1 or 3, not `2`"),
            ("--a e=e --case put,del", "--case wants put, get-s or get-l, not `put,del`"),
            ("--a e=e --rounds", "--rounds wants a value"),
            ("--a e=e --quick", "`--quick` is not known"),
        ] {
            let Err(Failure::Usage(sentence)) = parsed(line) else { panic!("{line} was accepted") };
            assert!(sentence.contains(part) && !sentence.contains('\n'), "{line}: {sentence}");
        }
    }
}
