//! `tonic-prost-build`, without `protoc`.
//!
//! The crate `etcd-client`, which our tests use, generates its code while it is built, and upstream's
//! `tonic-prost-build` starts the program `protoc` for that. This crate stands in its place
//! (`[patch.crates-io]` in the workspace's `Cargo.toml`), as `core/raft-proto` does for raft's
//! messages, so that a machine needs only a Rust toolchain to test Glasshouse.
//!
//! ```text
//!   .proto ──protox──► descriptors ──prost-build──► messages
//!                                         │ each service
//!                                         └──[`Builder::service_generator`]──tonic-build──► clients, servers
//! ```
//!
//! Here is only what somebody calls: that build script, and `tests/codegen.rs`, which keeps the code of
//! our own services fresh with the same generator.

mod describe;

use std::io;
use std::path::Path;

use prost_build::{Service, ServiceGenerator};
use tonic_build::CodeGenBuilder;

/// Options of the generated code.
#[derive(Clone, Debug)]
pub struct Builder {
    client: bool,
    server: bool,
    transport: bool,
}

/// Upstream's defaults: clients and servers, clients that can connect by themselves.
#[must_use]
pub const fn configure() -> Builder {
    Builder { client: true, server: true, transport: true }
}

impl Builder {
    /// Whether clients are generated.
    #[must_use]
    pub const fn build_client(self, client: bool) -> Self {
        Self { client, ..self }
    }

    /// Whether traits for servers are generated.
    #[must_use]
    pub const fn build_server(self, server: bool) -> Self {
        Self { server, ..self }
    }

    /// Whether a client gets a `connect` of its own, which wants tonic's feature `transport`.
    #[must_use]
    pub const fn build_transport(self, transport: bool) -> Self {
        Self { transport, ..self }
    }

    /// What `prost_build::Config::service_generator` takes.
    #[must_use]
    pub fn service_generator(self) -> Box<dyn ServiceGenerator> {
        Box::new(Generator(self))
    }

    /// Generates the code of these files into the build script's `OUT_DIR`.
    ///
    /// # Errors
    /// A file cannot be read or is no protobuf; the code cannot be written.
    pub fn compile_protos(
        self,
        protos: &[impl AsRef<Path>],
        includes: &[impl AsRef<Path>],
    ) -> io::Result<()> {
        let set = protox::compile(protos, includes).map_err(io::Error::other)?;
        prost_build::Config::new().service_generator(self.service_generator()).compile_fds(set)
    }
}

/// Writes the code of one service after the other.
struct Generator(Builder);

impl ServiceGenerator for Generator {
    fn generate(&mut self, service: Service, code: &mut String) {
        let service = describe::Service::from(service);
        let mut generator = CodeGenBuilder::new();
        generator.build_transport(self.0.transport);
        // Each is a module of its own, so the messages are in `super`.
        if self.0.client {
            code.push_str(&generator.generate_client(&service, "super").to_string());
        }
        if self.0.server {
            code.push_str(&generator.generate_server(&service, "super").to_string());
        }
    }
}
