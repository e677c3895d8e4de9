//! Keeps the generated protobuf code fresh.
//!
//! `core/proto/*.proto` is the source. Messages go to `core/src/api/generated/` (prost), service
//! traits and clients to `server-native/src/generated/` (tonic), and both are committed, so that
//! building needs neither protoc nor a build script. Beside them lies what the server says of itself,
//! `descriptors.bin`: the JSON gateway maps by it, and reflection hands it out. It and the services
//! know `server-native/proto`, too, which is gRPC's own. This test generates everything once more and
//! compares byte for byte; `UPDATE_CODEGEN=1` writes the difference instead of failing on it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorSet};

const PROTO_FILES: [&str; 7] = [
    "kv.proto",
    "auth.proto",
    "membership.proto",
    "rpc.proto",
    "raft_internal.proto",
    "v3lock.proto",
    "v3election.proto",
];

/// gRPC's own services, in `server-native/proto`.
const GRPC_FILES: [&str; 3] = [
    "grpc/health/v1/health.proto",
    "grpc/reflection/v1/reflection.proto",
    "grpc/reflection/v1alpha/reflection.proto",
];

/// Packages of core that hold services; the others are messages only.
const SERVICE_PACKAGES: [&str; 3] = ["etcdserverpb", "v3lockpb", "v3electionpb"];

const PACKAGES: [&str; 6] =
    ["authpb", "etcdserverpb", "membershippb", "mvccpb", "v3electionpb", "v3lockpb"];

const HOW_TO_UPDATE: &str = "run UPDATE_CODEGEN=1 cargo test -p glasshouse-tests --test codegen";

const HEADER: &str = "// Generated from core/proto by tests/codegen.rs; do not edit.\n\n";

#[test]
fn messages_of_core_are_fresh() {
    let out = TempDir::new("messages");
    prost_build::Config::new()
        .bytes(["."])
        .out_dir(&out.0)
        .compile_fds(renamed(compiled(&PROTO_FILES)))
        .expect("prost generates the messages");
    compare(&out.0, &root().join("core/src/api/generated"));
}

#[test]
fn services_of_the_server_are_fresh() {
    let out = TempDir::new("services");
    let services = tonic_prost_build::configure().build_transport(false).service_generator();
    let mut config = prost_build::Config::new();
    config.service_generator(services).bytes(["."]).out_dir(&out.0);
    for package in PACKAGES {
        config.extern_path(format!(".{package}"), format!("::glasshouse_core::api::{package}"));
    }
    // The messages of both versions of reflection are the same.
    config.extern_path(".grpc.reflection.v1alpha", "crate::grpc::reflection_v1");
    let files = [&PROTO_FILES[..], &GRPC_FILES].concat();
    config.compile_fds(renamed(compiled(&files))).expect("tonic generates the services");
    for package in PACKAGES {
        if !SERVICE_PACKAGES.contains(&package) {
            let _ = fs::remove_file(out.0.join(format!("{package}.rs")));
        }
    }
    compare(&out.0, &root().join("server-native/src/generated"));
}

#[test]
fn descriptors_of_the_server_are_fresh() {
    let fresh = compiled(&[&PROTO_FILES[..], &GRPC_FILES].concat()).encode_to_vec();
    let committed = root().join("server-native/src/generated/descriptors.bin");
    if std::env::var_os("UPDATE_CODEGEN").is_some() {
        fs::write(&committed, &fresh).unwrap();
    }
    let same = fs::read(&committed).is_ok_and(|committed| committed == fresh);
    assert!(same, "{} is stale; {HOW_TO_UPDATE}", committed.display());
}

/// Compiles files in memory; comments are left out.
fn compiled(files: &[&str]) -> FileDescriptorSet {
    let folders = [root().join("core/proto"), root().join("server-native/proto")];
    let mut set = protox::compile(files, folders).expect("the .proto files are valid");
    set.file.iter_mut().for_each(|file| file.source_code_info = None);
    set
}

/// The same with the names that read badly in Rust changed.
fn renamed(mut set: FileDescriptorSet) -> FileDescriptorSet {
    for file in &mut set.file {
        file.message_type.iter_mut().for_each(rename_fields);
    }
    set
}

/// `peerURLs` would become `peer_ur_ls` in Rust. The wire carries numbers, so a rename is free.
fn rename_fields(message: &mut DescriptorProto) {
    for field in &mut message.field {
        if let Some(stem) = field.name().strip_suffix("URLs") {
            field.name = Some(format!("{stem}_urls"));
        }
    }
    message.nested_type.iter_mut().for_each(rename_fields);
}

/// Fails when a file in `committed` differs from the one in `fresh`, is missing or is left over.
fn compare(fresh: &Path, committed: &Path) {
    let wanted: BTreeMap<String, String> = rust_files(fresh)
        .into_iter()
        .map(|(name, text)| (name, HEADER.to_owned() + &text))
        .collect();
    let found = rust_files(committed);
    if std::env::var_os("UPDATE_CODEGEN").is_some() {
        fs::create_dir_all(committed).unwrap();
        for (name, text) in &wanted {
            fs::write(committed.join(name), text).unwrap();
        }
        for name in found.keys().filter(|name| !wanted.contains_key(*name)) {
            fs::remove_file(committed.join(name)).unwrap();
        }
        return;
    }
    let names: BTreeSet<&String> = wanted.keys().chain(found.keys()).collect();
    let stale: Vec<_> =
        names.into_iter().filter(|name| wanted.get(*name) != found.get(*name)).collect();
    assert!(
        stale.is_empty(),
        "{}: {stale:?} differ from core/proto; {HOW_TO_UPDATE}",
        committed.display(),
    );
}

fn rust_files(dir: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = fs::read_dir(dir) else { return BTreeMap::new() };
    entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| path.file_name().is_some_and(|name| name != "mod.rs"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ is inside the workspace")
        .to_owned()
}

/// A directory that is removed when the test ends.
struct TempDir(PathBuf);

impl TempDir {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("glasshouse-codegen-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for TempDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
