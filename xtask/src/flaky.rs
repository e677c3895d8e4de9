//! Tests that failed and passed when they were tried again: a check that passes says so, too.
//!
//! `.config/nextest.toml` says which tests are tried again and why. What happened stands in
//! nextest's report, a `<flakyFailure>` within the test's `<testcase>`.

use std::fs;
use std::path::PathBuf;

use crate::shell::target_dir;

/// Where nextest reports on a run with CI's profile.
fn report() -> PathBuf {
    target_dir().join("nextest/ci/junit.xml")
}

/// Forgets the run before.
pub fn forget() {
    // It may not be there.
    let _ = fs::remove_file(report());
}

/// The tests of the last run that passed at a second try only; none without a report.
pub fn found() -> Vec<String> {
    fs::read_to_string(report()).map_or_else(|_| Vec::new(), |xml| named_in(&xml))
}

/// `binary test` for each case with a failure that was not the last word.
fn named_in(xml: &str) -> Vec<String> {
    let cases = xml.split("<testcase ").skip(1).filter(|case| case.contains("<flakyFailure"));
    cases
        .map(|case| format!("{} {}", attribute(case, "classname"), attribute(case, "name")))
        .collect()
}

/// An attribute of the element whose inside begins the text.
fn attribute<'a>(element: &'a str, name: &str) -> &'a str {
    let head = element.split('>').next().unwrap_or_default();
    let named =
        head.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix("=\""));
    named.and_then(|value| value.split('"').next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_failed_and_passed_is_named() {
        let xml = r#"<testsuite name="glasshouse-tests::watch" tests="3">
            <testcase name="steady" classname="glasshouse-tests::watch" time="0.2">
            </testcase>
            <testcase name="slow::at_first" classname="glasshouse-tests::watch" time="0.4">
                <flakyFailure time="60.1" message="it &lt;testcase name=&quot;x&quot;&gt;" type="failure">
                </flakyFailure>
            </testcase>
            <testcase name="broken" classname="glasshouse-tests::tls" time="0.4">
                <failure type="test failure with exit code 101">why</failure>
            </testcase>"#;
        assert_eq!(named_in(xml), ["glasshouse-tests::watch slow::at_first"]);
        assert_eq!(named_in(""), Vec::<String>::new());
    }
}
