//! Commands that read, in the page's terminal: line by line, as in a shell.

use glasshouse_tests::bench::Bench;
use glasshouse_tests::browser::Screen;

/// The bench with a leader and the focus in the terminal, as fast as it goes.
fn open(screen: Screen) -> Option<Bench> {
    let mut bench = Bench::open(screen, "#seed=7&n=3")?;
    bench.leader();
    bench.hurry();
    if screen.phone {
        bench.click_named("Terminal");
    }
    bench.click("#command");
    Some(bench)
}

/// Types a line of the terminal.
fn type_line(bench: &mut Bench, line: &str) {
    bench.type_text(line);
    bench.press("Enter");
}

/// Waits until this stands before the command line.
fn prompted(bench: &mut Bench, prompt: &str) {
    bench.wait(&format!("document.querySelector('label[for=command]').textContent === '{prompt}'"));
}

/// Waits until the terminal ends with this.
fn printed(bench: &mut Bench, text: &str) {
    let text = serde_json::json!(text);
    bench.wait(&format!("document.querySelector('.term').textContent.trimEnd().endsWith({text})"));
}

#[test]
fn a_transaction_is_typed_line_by_line() {
    let Some(mut bench) = open(Screen::DESKTOP) else { return };
    type_line(&mut bench, "put color red");
    printed(&mut bench, "OK");
    for (color, outcome) in [("red", "SUCCESS\n\nOK"), ("blue", "FAILURE\n\ncolor\ngreen")] {
        type_line(&mut bench, "txn -i");
        prompted(&mut bench, "compares:");
        type_line(&mut bench, &format!("value(\"color\") = \"{color}\""));
        type_line(&mut bench, "");
        prompted(&mut bench, "success requests (get, put, del):");
        type_line(&mut bench, "put color green");
        type_line(&mut bench, "");
        prompted(&mut bench, "failure requests (get, put, del):");
        type_line(&mut bench, "get color");
        bench.screenshot("txn-typed");
        type_line(&mut bench, "");
        prompted(&mut bench, "$");
        printed(&mut bench, outcome);
    }
    printed(
        &mut bench,
        "$ txn -i\ncompares:\nvalue(\"color\") = \"blue\"\n\n\
         success requests (get, put, del):\nput color green\n\n\
         failure requests (get, put, del):\nget color\n\nFAILURE\n\ncolor\ngreen",
    );
    // What was typed into the transaction is no command of the history.
    bench.press("ArrowUp");
    bench.wait("document.querySelector('#command').value === 'txn -i'");
}

#[test]
fn lines_begin_watches_until_ctrl_d() {
    let Some(mut bench) = open(Screen::DESKTOP) else { return };
    type_line(&mut bench, "watch -i");
    prompted(&mut bench, ">");
    // From the first revision on: it does not matter who is quicker, the watch or the put.
    type_line(&mut bench, "watch color --rev=1");
    type_line(&mut bench, "client A put color red");
    bench.wait("document.querySelector('.term').textContent.includes('PUT\\ncolor\\nred')");
    type_line(&mut bench, "get color");
    bench.wait(
        "document.querySelector('.term').textContent.includes('Invalid command get color (only support watch)')",
    );
    bench.press("Control+d");
    prompted(&mut bench, "$");
    bench.wait(
        "document.querySelector('.term').textContent.includes('Error: error reading watch request line: EOF')",
    );
    type_line(&mut bench, "watch -i");
    prompted(&mut bench, ">");
    bench.press("Control+c");
    prompted(&mut bench, "$");
}

#[test]
fn a_password_is_typed_unseen() {
    for screen in [Screen::DESKTOP, Screen::PHONE] {
        let phone = screen.phone;
        let Some(mut bench) = open(screen) else { return };
        let hidden = "document.querySelector('#command').type";
        type_line(&mut bench, "user add root");
        prompted(&mut bench, "Password of root:");
        assert_eq!(bench.eval::<String>(hidden), "password");
        type_line(&mut bench, "rabbit hole");
        prompted(&mut bench, "Type password of root again for confirmation:");
        assert_eq!(bench.eval::<String>(hidden), "password");
        let overflows = "document.documentElement.scrollWidth > innerWidth";
        assert!(!bench.eval::<bool>(overflows), "nothing sticks out");
        bench.screenshot(if phone { "phone-password" } else { "password" });
        type_line(&mut bench, "rabbit hole");
        prompted(&mut bench, "$");
        printed(&mut bench, "User root created");
        assert_eq!(bench.eval::<String>(hidden), "text");
        let shown: String = bench.eval("document.body.innerText");
        assert!(!shown.contains("rabbit"), "{shown}");
    }
}

/// The page API feeds a command as the keyboard does, and the link repeats all of it.
#[test]
fn a_script_types_into_a_command_and_its_link_repeats_it() {
    let Some(mut bench) = Bench::open(Screen::DESKTOP, "#seed=7&n=3") else { return };
    bench.leader();
    // In a paused run time flows only as far as a line needs it.
    bench.press(" ");
    bench.settle();
    for (line, prints) in [
        ("txn -i", "compares:\n"),
        ("version(\"a b\") = \"0\"", ""),
        ("", "success requests (get, put, del):\n"),
        ("put \"a b\" ' c'", ""),
        ("", "failure requests (get, put, del):\n"),
        ("", "SUCCESS\n\nOK\n"),
        ("put poem", ""),
        (" roses  are red", ""),
        ("^D", "OK\n"),
        ("get poem --print-value-only", " roses  are red\n\n"),
        ("user add root", "Password of root: "),
        ("hatter", "\nType password of root again for confirmation: "),
        ("hatter", "\nUser root created\n"),
    ] {
        assert_eq!(bench.exec(line), prints, "{line}");
    }
    bench.settle();
    let told = "[location.hash, glasshouse.traceHash(), glasshouse.status().time_us]";
    let before: (String, String, u64) = bench.eval(told);
    bench.go(&before.0);
    bench.settle();
    assert_eq!(bench.eval::<(String, String, u64)>(told), before);
}
