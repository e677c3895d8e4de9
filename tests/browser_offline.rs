//! The page without its server: from the browser's store after the first visit, and from one file on a disk.

use std::net::TcpStream;

use glasshouse_tests::browser::{Page, Screen};
use glasshouse_tests::{Site, tools};
use serde_json::Value;

/// The cluster stands, a key is put and read, and a lesson is there.
fn works(page: &mut Page) {
    page.wait("window.glasshouse");
    page.eval::<Value>("glasshouse.ready.then(() => null)");
    for (line, answer) in [("etcdctl put offline yes", "OK"), ("etcdctl get offline", "yes")] {
        let said: String = page.eval(&format!("glasshouse.exec({line:?})"));
        assert!(said.contains(answer), "{line}: {said}");
    }
    page.eval::<Value>("location.hash = 'lesson/01-first-cluster', null");
    page.wait("document.querySelector('.lesson')?.textContent.includes('cluster')");
}

#[test]
fn after_the_first_visit_no_server_is_needed() {
    let (Some(dist), Some(mut page)) = (tools::dist(), Page::launch(Screen::DESKTOP)) else {
        return;
    };
    let site = Site::serve(&dist, "/course/");
    let url = format!("{}#seed=7&n=3&t=2000000", site.url());
    page.open(&url);
    page.wait("window.glasshouse");
    page.eval::<Value>("glasshouse.ready.then(() => null)");
    // Active means that all files were kept.
    page.eval::<Value>(
        "navigator.serviceWorker.ready.then(kept => new Promise(done => {
            const look = () => kept.active.state === 'activated' ? done(null) : setTimeout(look, 20);
            look();
        }))",
    );
    let hash = "(async () => (await glasshouse.ready, glasshouse.traceHash()))()";
    let online: String = page.eval(hash);

    let address = site.close();
    assert!(TcpStream::connect(address).is_err(), "the server is gone");
    page.open(&url);
    page.wait("window.glasshouse");
    assert_eq!(page.eval::<String>(hash), online, "the same run");
    works(&mut page);
}

#[test]
fn one_file_from_a_disk_is_the_whole_page() {
    let (Some(dist), Some(mut page)) = (tools::dist(), Page::launch(Screen::DESKTOP)) else {
        return;
    };
    page.open(&format!("file://{}#seed=7&n=3&t=2000000", dist.join("glasshouse.html").display()));
    works(&mut page);
    page.screenshot("single-file");
}
