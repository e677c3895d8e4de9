//! The wire equals etcd's: our `.proto` files beside those that the crate `etcd-client` ships.
//!
//! Both are compiled, and everything that has a name or a number becomes a line:
//!
//! ```text
//! message etcdserverpb.PutRequest
//! field etcdserverpb.PutRequest.key = 1: optional bytes, "key" in JSON
//! value etcdserverpb.RangeRequest.SortOrder.DESCEND = 2
//! method etcdserverpb.Watch.Watch: stream etcdserverpb.WatchRequest -> stream etcdserverpb.WatchResponse
//! ```
//!
//! The lines of both are equal but for [`WANTED`].
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeSet;
use std::path::Path;

use glasshouse_tests::{root, schema};
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet,
    ServiceDescriptorProto,
};

/// Where ours and theirs are, below `core/proto` and below the crate's `proto`. What members say to
/// each other (`raft_internal.proto`, `membership.proto`) no client has.
const FILES: [(&str, &str); 5] = [
    ("kv.proto", "etcd/api/mvccpb/kv.proto"),
    ("auth.proto", "etcd/api/authpb/auth.proto"),
    ("rpc.proto", "etcd/api/etcdserverpb/rpc.proto"),
    ("v3lock.proto", "etcd/server/etcdserver/api/v3lock/v3lockpb/v3lock.proto"),
    ("v3election.proto", "etcd/server/etcdserver/api/v3election/v3electionpb/v3election.proto"),
];

/// Lines that only one side has, by their beginnings, and why. Each must be of use.
const WANTED: &[(Side, &str, &str)] = &[
    (
        Side::Theirs,
        "method etcdserverpb.KV.RangeStream: ",
        "a call of etcd 3.7; of a 3.6, which we say we are, clients expect Unimplemented",
    ),
    (Side::Theirs, "message etcdserverpb.RangeStreamResponse", "what that call answers"),
    (Side::Theirs, "field etcdserverpb.RangeStreamResponse.", "what that call answers"),
];

/// Who has a line that the other has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Ours,
    Theirs,
}

#[test]
fn our_proto_files_are_those_of_the_client_library() {
    let ours = described(&FILES.map(|(ours, _)| ours), &root().join("core/proto"));
    let theirs = described(&FILES.map(|(_, theirs)| theirs), &schema::shipped());
    assert!(theirs.len() > 400, "{} lines are not all of etcd", theirs.len());
    let only_ours = ours.difference(&theirs).map(|line| (Side::Ours, line));
    let only_theirs = theirs.difference(&ours).map(|line| (Side::Theirs, line));
    let found: Vec<(Side, &String)> = only_ours.chain(only_theirs).collect();
    let explains = |wanted: &(Side, &str, &str), found: &(Side, &String)| {
        wanted.0 == found.0 && found.1.starts_with(wanted.1)
    };
    let mut wrong = Vec::new();
    for found in &found {
        if !WANTED.iter().any(|wanted| explains(wanted, found)) {
            wrong.push(format!("{:?}: {}", found.0, found.1));
        }
    }
    for wanted in WANTED {
        if !found.iter().any(|found| explains(wanted, found)) {
            wrong.push(format!("no difference, but: {wanted:?}"));
        }
    }
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}

/// Everything in these files, a line each; what they import is left out.
fn described(files: &[&str], folder: &Path) -> BTreeSet<String> {
    let set: FileDescriptorSet = protox::compile(files, [folder]).unwrap();
    let mut lines = BTreeSet::new();
    for file in set.file.iter().filter(|file| files.contains(&file.name())) {
        assert_eq!(file.syntax(), "proto3", "{}", file.name());
        let package = file.package();
        file.message_type.iter().for_each(|message| describe(&mut lines, package, message));
        file.enum_type.iter().for_each(|values| describe_enum(&mut lines, package, values));
        file.service.iter().for_each(|service| describe_service(&mut lines, package, service));
    }
    lines
}

fn describe(lines: &mut BTreeSet<String>, within: &str, message: &DescriptorProto) {
    let name = format!("{within}.{}", message.name());
    lines.insert(format!("message {name}"));
    message.field.iter().for_each(|field| describe_field(lines, &name, message, field));
    message.nested_type.iter().for_each(|nested| describe(lines, &name, nested));
    message.enum_type.iter().for_each(|values| describe_enum(lines, &name, values));
    for range in &message.reserved_range {
        lines.insert(format!("reserved {name} {}..{}", range.start(), range.end()));
    }
}

fn describe_field(
    lines: &mut BTreeSet<String>,
    within: &str,
    message: &DescriptorProto,
    field: &FieldDescriptorProto,
) {
    let label = match field.label() {
        Label::Optional => "optional",
        Label::Repeated => "repeated",
        Label::Required => "required",
    };
    let kind = match field.r#type() {
        Type::Message | Type::Enum | Type::Group => field.type_name().to_owned(),
        scalar => scalar.as_str_name().to_owned(),
    };
    let oneof = field.oneof_index.map(|index| {
        let index = usize::try_from(index).unwrap();
        format!(", one of {}", message.oneof_decl[index].name())
    });
    lines.insert(format!(
        "field {within}.{} = {}: {label} {kind}, {:?} in JSON{}",
        field.name(),
        field.number(),
        field.json_name(),
        oneof.unwrap_or_default(),
    ));
}

fn describe_enum(lines: &mut BTreeSet<String>, within: &str, values: &EnumDescriptorProto) {
    let name = format!("{within}.{}", values.name());
    lines.insert(format!("enum {name}"));
    for value in &values.value {
        lines.insert(format!("value {name}.{} = {}", value.name(), value.number()));
    }
}

fn describe_service(lines: &mut BTreeSet<String>, within: &str, service: &ServiceDescriptorProto) {
    let name = format!("{within}.{}", service.name());
    lines.insert(format!("service {name}"));
    for method in &service.method {
        let stream = |is: bool| if is { "stream " } else { "" };
        lines.insert(format!(
            "method {name}.{}: {}{} -> {}{}",
            method.name(),
            stream(method.client_streaming()),
            method.input_type().trim_start_matches('.'),
            stream(method.server_streaming()),
            method.output_type().trim_start_matches('.'),
        ));
    }
}
