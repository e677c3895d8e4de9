//! Members that do not know each other find each other at a registry: a real etcd 3.5.16, and ours with users.

use glasshouse_core::id::member_id;
use glasshouse_tests::cluster::{Cluster, Ran, glasshouse, run, run_until_ok};
use glasshouse_tests::tools;

/// The name of the new cluster at the registry.
const TOKEN: &str = "4f1c2e";

/// `glasshouse ctl` against one endpoint.
fn ctl(cluster: &Cluster, endpoint: &str, args: &[&str]) -> Ran {
    let mut command = cluster.names.command(&glasshouse());
    run(command.arg("ctl").arg(format!("--endpoints={endpoint}")).args(args))
}

/// Three of four machines become a cluster, step by step. `user` is what the registry wants to be told.
fn three_find_each_other(registry: &mut Cluster, strangers: &mut Cluster, user: &[&str]) {
    let (key, own) = (format!("/_etcd/registry/{TOKEN}/_config/size"), registry.members[0].url());
    strangers.discover(&own, TOKEN);
    if let [user, ..] = user {
        strangers.add_flags(&[&user.replace("--user", "--discovery-user")]);
    }
    let ask = |registry: &Cluster, args: &[&str]| {
        run_until_ok(|| ctl(registry, &own, &[user, args].concat())).stdout
    };

    strangers.start(0);
    let ended = strangers.members[0].wait_for_end();
    assert_eq!(ended.code(), Some(1));
    let sentence = "failed to join discovery cluster (discovery: size key not found)";
    assert!(strangers.members[0].log().contains(sentence), "{}", strangers.members[0].log());

    ask(registry, &["put", &key, "3"]);
    for number in [0, 1] {
        strangers.start(number);
        strangers.members[number].wait_for_log("waiting for peers from discovery service");
    }
    let id = |number: u8| {
        let url = strangers.members[usize::from(number)].peer_address();
        member_id(&[format!("http://{url}")], TOKEN).to_string()
    };
    let ids = [id(0), id(1), id(2)];
    let rows = ask(registry, &["get", "/_etcd/registry", "--prefix", "--keys-only"]);
    let mut rows: Vec<&str> = rows.split_whitespace().collect();
    let mut known = vec![key.clone()];
    known.extend(ids[..2].iter().map(|id| format!("/_etcd/registry/{TOKEN}/members/{id}")));
    rows.sort_unstable();
    known.sort_unstable();
    assert_eq!(rows, known);

    strangers.start(2);
    (0..3).for_each(|number| strangers.members[number].wait_until_ready());
    let endpoint = strangers.members[0].url();
    let listed = run_until_ok(|| ctl(strangers, &endpoint, &["member", "list"])).stdout;
    for id in &ids {
        assert!(listed.lines().any(|line| line.starts_with(&format!("{id}, started"))), "{listed}");
    }

    strangers.start(3);
    strangers.members[3].wait_for_end();
    let sentence = "failed to join discovery cluster (discovery: cluster is full)";
    assert!(strangers.members[3].log().contains(sentence), "{}", strangers.members[3].log());

    // Nobody misses the registry.
    registry.members[0].kill();
    run_until_ok(|| ctl(strangers, &endpoint, &["put", "color", "red"]));
    strangers.members[1].kill();
    strangers.start(1);
    strangers.members[1].wait_until_ready();
    let there = strangers.members[1].url();
    let found = run_until_ok(|| ctl(strangers, &there, &["get", "color", "--print-value-only"]));
    assert_eq!(found.stdout, "red\n");
}

#[test]
fn at_a_real_etcd() {
    let Some(etcd) = tools::etcd("3.5.16") else { return };
    let mut registry = Cluster::on_addresses(1, 119);
    registry.program = etcd.join("etcd");
    registry.start_all();
    three_find_each_other(&mut registry, &mut Cluster::on_addresses(4, 120), &[]);
}

#[test]
fn at_ours_with_a_password() {
    let mut registry = Cluster::on_addresses(1, 121);
    registry.add_flags(&["--bcrypt-cost=4"]);
    registry.start_all();
    let own = registry.members[0].url();
    for line in
        ["user add root:rootpw", "role add root", "user grant-role root root", "auth enable"]
    {
        let words: Vec<&str> = line.split(' ').collect();
        run_until_ok(|| ctl(&registry, &own, &words));
    }
    let user = ["--user=root:rootpw"];
    three_find_each_other(&mut registry, &mut Cluster::on_addresses(4, 122), &user);
}
