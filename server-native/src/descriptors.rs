//! What the server says of itself: the descriptors of all its `.proto` files.
//!
//! The bytes are a `FileDescriptorSet`, made and kept fresh by the test `codegen`. The [gateway] maps
//! JSON by it; reflection hands its files out.
//!
//! [gateway]: crate::gateway

use prost::Message as _;
use prost_types::{FileDescriptorProto, FileDescriptorSet};

/// The committed set.
const BYTES: &[u8] = include_bytes!("generated/descriptors.bin");

/// All files; one stands behind those that it imports.
///
/// # Panics
/// When what is committed is no descriptor set: the test `codegen` would have said so.
#[must_use]
pub fn files() -> Vec<FileDescriptorProto> {
    FileDescriptorSet::decode(BYTES).expect("the committed descriptors are valid").file
}
