//! The committed messages are what the generator makes of `proto/eraftpb.proto`.
//!
//! Fails when they are stale; `UPDATE_CODEGEN=1 cargo test -p raft-proto` writes them.

use std::path::Path;
use std::{env, fs};

use protobuf_codegen_pure::{Codegen, Customize};

#[test]
fn messages_are_fresh() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = generate(here, Path::new(env!("CARGO_TARGET_TMPDIR")));
    let committed = here.join("src/generated/eraftpb.rs");
    if env::var_os("UPDATE_CODEGEN").is_some() {
        fs::write(&committed, fresh).unwrap();
    } else if fs::read_to_string(&committed).unwrap() != fresh {
        panic!("{} is stale: run UPDATE_CODEGEN=1 cargo test -p raft-proto", committed.display());
    }
}

fn generate(here: &Path, out_dir: &Path) -> String {
    Codegen::new()
        .out_dir(out_dir)
        .include(here.join("proto"))
        .input(here.join("proto/eraftpb.proto"))
        .customize(Customize {
            carllerche_bytes_for_bytes: Some(true),
            gen_mod_rs: Some(false),
            // No tables for reflection, which nobody asks for: 60 KB of the page after brotli.
            lite_runtime: Some(true),
            ..Default::default()
        })
        .run()
        .expect("proto/eraftpb.proto is valid");
    let generated = out_dir.join("eraftpb.rs");
    strict_enums(&fs::read_to_string(generated).expect("the generator has just written it"))
}

/// The generator reads a number that names no variant as the first variant, and
/// keeps it among the unknown fields. Such a message or entry must be refused.
fn strict_enums(code: &str) -> String {
    const LENIENT: &str =
        "::protobuf::rt::read_proto3_enum_with_unknown_fields_into(wire_type, is, &mut self.";
    let mut strict = String::new();
    for line in code.lines() {
        if let Some((indent, rest)) = line.split_once(LENIENT) {
            let (field, _) = rest.split_once(',').expect("a call with further arguments");
            strict += &format!(
                "{indent}if wire_type != ::protobuf::wire_format::WireTypeVarint {{\n\
                 {indent}    return ::std::result::Result::Err(::protobuf::rt::unexpected_wire_type(wire_type));\n\
                 {indent}}}\n\
                 {indent}self.{field} = is.read_enum()?;\n"
            );
        } else {
            strict += line;
            strict.push('\n');
        }
    }
    strict
}
