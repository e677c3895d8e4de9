//! Every route that etcd's own `.proto` files name: the `google.api.http` options of their methods, as the
//! crate `etcd-client` ships them.

use glasshouse_tests::cluster::glasshouse;
use glasshouse_tests::schema;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use protox::Compiler;

use super::ask::ask;
use super::start;

const FILES: [&str; 3] = [
    "etcd/api/etcdserverpb/rpc.proto",
    "etcd/server/etcdserver/api/v3lock/v3lockpb/v3lock.proto",
    "etcd/server/etcdserver/api/v3election/v3electionpb/v3election.proto",
];

/// Of etcd 3.7; we are a 3.6.
const NEWER: &str = "etcdserverpb.KV.RangeStream";

/// What no message is: whoever knows the route says so, whatever the route.
const NO_MESSAGE: &str = "}";

#[test]
fn every_route_of_etcd_leads_somewhere() {
    // A plain set of descriptors would have lost the options, which are an extension.
    let mut compiler = Compiler::new([schema::shipped()]).unwrap();
    let pool = compiler.include_imports(true).open_files(FILES).unwrap().descriptor_pool();
    let methods = pool.services().flat_map(|service| service.methods().collect::<Vec<_>>());
    let cluster = start(glasshouse(), 85);
    let address = cluster.members[0].address();
    let (mut count, mut wrong) = (0, Vec::new());
    for method in methods {
        for path in paths(&method) {
            count += 1;
            let answer = ask(&address, &format!("POST {path} {NO_MESSAGE}"));
            let is_there = (answer.status, answer.body.contains("looking for beginning of value"))
                == (400, true);
            if is_there == (method.full_name() == NEWER) {
                wrong.push(format!("{}: POST {path}: {answer:?}", method.full_name()));
            }
        }
    }
    assert!(count >= 48, "{count} routes");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a method may be asked; all are `POST`.
fn paths(method: &MethodDescriptor) -> Vec<String> {
    let pool = method.parent_pool();
    let http = pool.get_extension_by_name("google.api.http").unwrap();
    let options = method.options();
    let rule = options.get_extension(&http);
    let mut paths = Vec::new();
    collect(rule.as_message().unwrap(), &mut paths);
    assert!(!paths.is_empty(), "{} has no route", method.full_name());
    paths
}

fn collect(rule: &DynamicMessage, paths: &mut Vec<String>) {
    let post = rule.get_field_by_name("post").unwrap();
    paths.push(post.as_str().unwrap().to_owned());
    let more = rule.get_field_by_name("additional_bindings").unwrap();
    more.as_list()
        .unwrap()
        .iter()
        .filter_map(Value::as_message)
        .for_each(|rule| collect(rule, paths));
}
