//! etcd's messages without their Rust types: read from `core/proto`, written as text.
//!
//! A script says `KV/Put key: "a" value: "1"`, in protobuf's own text format; what is sent are
//! bytes. So a message that no Rust type can express can be sent as well, and an answer shows every
//! field, those included that a type of ours would not know.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use bytes::Bytes;
use prost_reflect::prost::Message as _;
use prost_reflect::text_format::FormatOptions;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use serde_json::Value;

use crate::root;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let files = ["rpc.proto", "v3lock.proto", "v3election.proto"];
    let set = protox::compile(files, [root().join("core/proto")]).expect("core/proto is valid");
    DescriptorPool::from_file_descriptor_set(set).expect("protox has checked it")
});

/// The folder of etcd's `.proto` files in the crate `etcd-client`, wherever cargo keeps that.
///
/// # Panics
/// Cargo does not know the crate.
pub fn shipped() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["metadata", "--format-version", "1", "--locked"]).current_dir(root());
    let output = command.output().expect("cargo can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let mut packages = metadata["packages"].as_array().into_iter().flatten();
    let found = packages.find(|package| package["name"] == "etcd-client");
    let manifest = found.and_then(|package| package["manifest_path"].as_str());
    Path::new(manifest.expect("it is a dependency")).with_file_name("proto")
}

/// Every method of every service, in the order of the files.
pub fn methods() -> Vec<MethodDescriptor> {
    POOL.services().flat_map(|service| service.methods().collect::<Vec<_>>()).collect()
}

/// The method that scripts call `KV/Put`.
///
/// # Panics
/// There is none.
pub fn method(name: &str) -> MethodDescriptor {
    let found = methods().into_iter().find(|method| short_name(method) == name);
    found.unwrap_or_else(|| panic!("there is no method {name}"))
}

/// `KV/Put`.
pub fn short_name(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().name(), method.name())
}

/// `/etcdserverpb.KV/Put`, as gRPC names it.
pub fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// A request as text, as bytes.
///
/// # Errors
/// The text is no message of the type that this method takes.
pub fn request(method: &MethodDescriptor, text: &str) -> Result<Bytes, String> {
    let message = DynamicMessage::parse_text_format(method.input(), text);
    message.map(|message| message.encode_to_vec().into()).map_err(|error| error.to_string())
}

/// An answer's bytes as a message.
///
/// # Panics
/// They are no message of the type that this method answers with.
pub fn answer(method: &MethodDescriptor, bytes: Bytes) -> DynamicMessage {
    let message = DynamicMessage::decode(method.output(), bytes);
    message.unwrap_or_else(|error| panic!("{}: {error}", short_name(method)))
}

/// A message as one line of text, unknown fields by their numbers.
pub fn text(message: &DynamicMessage) -> String {
    message.to_text_format_with_options(&FormatOptions::new().skip_unknown_fields(false))
}
