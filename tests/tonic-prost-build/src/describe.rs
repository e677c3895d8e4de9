//! A service as prost describes it, in tonic's words.

use proc_macro2::TokenStream;

/// A service: `KV` on the wire, `Kv` in Rust.
pub(crate) struct Service {
    service: prost_build::Service,
    methods: Vec<Method>,
}

/// A method: `DeleteRange` on the wire, `delete_range` in Rust.
pub(crate) struct Method(prost_build::Method);

impl From<prost_build::Service> for Service {
    fn from(service: prost_build::Service) -> Self {
        let methods = service.methods.iter().cloned().map(Method).collect();
        Self { service, methods }
    }
}

impl tonic_build::Service for Service {
    type Comment = String;
    type Method = Method;

    fn name(&self) -> &str {
        &self.service.name
    }

    fn package(&self) -> &str {
        &self.service.package
    }

    fn identifier(&self) -> &str {
        &self.service.proto_name
    }

    fn methods(&self) -> &[Method] {
        &self.methods
    }

    fn comment(&self) -> &[String] {
        &self.service.comments.leading
    }
}

impl tonic_build::Method for Method {
    type Comment = String;

    fn name(&self) -> &str {
        &self.0.name
    }

    fn identifier(&self) -> &str {
        &self.0.proto_name
    }

    fn codec_path(&self) -> &'static str {
        "tonic_prost::ProstCodec"
    }

    fn client_streaming(&self) -> bool {
        self.0.client_streaming
    }

    fn server_streaming(&self) -> bool {
        self.0.server_streaming
    }

    fn comment(&self) -> &[String] {
        &self.0.comments.leading
    }

    fn request_response_name(&self, proto_path: &str, _: bool) -> (TokenStream, TokenStream) {
        (path(proto_path, &self.0.input_type), path(proto_path, &self.0.output_type))
    }

    fn deprecated(&self) -> bool {
        self.0.options.deprecated()
    }
}

/// A message's type, seen from the service's module: prost names it from the package's, or, when it
/// is of another crate, from the root.
fn path(package: &str, name: &str) -> TokenStream {
    let from_root = name.starts_with("::") || name.starts_with("crate::");
    let path = if from_root { name.to_owned() } else { format!("{package}::{name}") };
    path.parse().expect("prost names types by paths")
}
