//! `grpc.reflection`: tools that have no `.proto` files (`grpcurl list`) get them from the server.
//!
//! Versions `v1` and `v1alpha` differ in their names only; both are answered from the committed
//! descriptors.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorProto};
use tonic::codegen::tokio_stream::Stream;
use tonic::{Code, Request, Response, Status, Streaming, async_trait};

use super::reflection_v1::server_reflection_request::MessageRequest as Asked;
use super::reflection_v1::server_reflection_response::MessageResponse as Told;
use super::reflection_v1::server_reflection_server::ServerReflection;
use super::reflection_v1::{
    ErrorResponse, ExtensionNumberResponse, FileDescriptorResponse, ListServiceResponse,
    ServerReflectionRequest, ServerReflectionResponse, ServiceResponse,
};
use super::reflection_v1alpha::server_reflection_server::ServerReflection as ServerReflectionAlpha;
use crate::descriptors;

/// The service.
#[derive(Clone)]
pub struct ReflectionService(Arc<Vec<FileDescriptorProto>>);

impl ReflectionService {
    /// What the descriptors say.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(descriptors::files()))
    }

    fn answer(&self, request: ServerReflectionRequest) -> ServerReflectionResponse {
        let unknown = |what: &str| {
            let error_message = format!("{what} is not known");
            Told::ErrorResponse(ErrorResponse { error_code: Code::NotFound as i32, error_message })
        };
        let file = |file: Option<&FileDescriptorProto>, what: &str| {
            file.map_or_else(|| unknown(what), |file| self.with_imports(file))
        };
        let told = match &request.message_request {
            Some(Asked::ListServices(_)) => self.services(),
            Some(Asked::FileByFilename(name)) => file(self.file(name), name),
            Some(Asked::FileContainingSymbol(symbol)) => {
                file(self.0.iter().find(|file| declares(file, symbol)), symbol)
            }
            Some(Asked::AllExtensionNumbersOfType(name)) => {
                // proto3 has no extensions.
                Told::AllExtensionNumbersResponse(ExtensionNumberResponse {
                    base_type_name: name.clone(),
                    extension_number: Vec::new(),
                })
            }
            Some(Asked::FileContainingExtension(_)) => unknown("the extension"),
            None => unknown("an empty question"),
        };
        ServerReflectionResponse {
            valid_host: request.host.clone(),
            original_request: Some(request),
            message_response: Some(told),
        }
    }

    fn services(&self) -> Told {
        let names = self.0.iter().flat_map(|file| {
            file.service.iter().map(|service| format!("{}.{}", file.package(), service.name()))
        });
        let service = names.map(|name| ServiceResponse { name }).collect();
        Told::ListServicesResponse(ListServiceResponse { service })
    }

    fn file(&self, name: &str) -> Option<&FileDescriptorProto> {
        self.0.iter().find(|file| file.name() == name)
    }

    /// The file first, then what it imports, however deep.
    fn with_imports(&self, file: &FileDescriptorProto) -> Told {
        let mut files = vec![file];
        let mut at = 0;
        while let Some(file) = files.get(at) {
            for imported in file.dependency.iter().filter_map(|name| self.file(name)) {
                if !files.iter().any(|known| known.name() == imported.name()) {
                    files.push(imported);
                }
            }
            at += 1;
        }
        let file_descriptor_proto =
            files.iter().map(|file| Bytes::from(file.encode_to_vec())).collect();
        Told::FileDescriptorResponse(FileDescriptorResponse { file_descriptor_proto })
    }
}

impl Default for ReflectionService {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether the file declares `package.Message`, `package.Service` or `package.Service.Method`.
fn declares(file: &FileDescriptorProto, symbol: &str) -> bool {
    let inside = symbol.strip_prefix(file.package()).and_then(|rest| rest.strip_prefix('.'));
    let Some(inside) = inside else { return false };
    let in_services = file.service.iter().any(|service| {
        service.name() == inside
            || service
                .method
                .iter()
                .any(|method| inside.split_once('.') == Some((service.name(), method.name())))
    });
    in_services
        || file.enum_type.iter().any(|one| one.name() == inside)
        || file.message_type.iter().any(|message| is_or_holds(message, inside))
}

fn is_or_holds(message: &DescriptorProto, symbol: &str) -> bool {
    let Some(rest) = symbol.strip_prefix(message.name()) else { return false };
    let Some(inside) = rest.strip_prefix('.') else { return rest.is_empty() };
    message.nested_type.iter().any(|nested| is_or_holds(nested, inside))
        || message.enum_type.iter().any(|one| one.name() == inside)
        || message.field.iter().any(|field| field.name() == inside)
}

/// The answers of one stream, each made when it is taken.
pub struct Answers {
    service: ReflectionService,
    requests: Streaming<ServerReflectionRequest>,
}

impl Stream for Answers {
    type Item = Result<ServerReflectionResponse, Status>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let request = ready!(Pin::new(&mut self.requests).poll_next(context));
        Poll::Ready(request.map(|request| Ok(self.service.answer(request?))))
    }
}

type Questions = Request<Streaming<ServerReflectionRequest>>;

#[async_trait]
impl ServerReflection for ReflectionService {
    type ServerReflectionInfoStream = Answers;

    async fn server_reflection_info(
        &self,
        request: Questions,
    ) -> Result<Response<Answers>, Status> {
        Ok(Response::new(Answers { service: self.clone(), requests: request.into_inner() }))
    }
}

#[async_trait]
impl ServerReflectionAlpha for ReflectionService {
    type ServerReflectionInfoStream = Answers;

    async fn server_reflection_info(
        &self,
        request: Questions,
    ) -> Result<Response<Answers>, Status> {
        Ok(Response::new(Answers { service: self.clone(), requests: request.into_inner() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(asked: Asked) -> Told {
        let request = ServerReflectionRequest { host: String::new(), message_request: Some(asked) };
        ReflectionService::new().answer(request).message_response.unwrap()
    }

    #[test]
    fn services_are_listed() {
        let Told::ListServicesResponse(list) = told(Asked::ListServices(String::new())) else {
            panic!("no list")
        };
        let names: Vec<&str> = list.service.iter().map(|service| service.name.as_str()).collect();
        for name in ["etcdserverpb.KV", "v3lockpb.Lock", "grpc.health.v1.Health"] {
            assert!(names.contains(&name), "{names:?}");
        }
    }

    #[test]
    fn symbols_are_found_with_all_that_their_file_needs() {
        for symbol in [
            "etcdserverpb.KV",
            "etcdserverpb.KV.Range",
            "etcdserverpb.RangeRequest",
            "etcdserverpb.RangeRequest.SortOrder",
        ] {
            let Told::FileDescriptorResponse(files) =
                told(Asked::FileContainingSymbol(symbol.to_owned()))
            else {
                panic!("{symbol} is not found")
            };
            let names: Vec<String> = files
                .file_descriptor_proto
                .iter()
                .map(|file| FileDescriptorProto::decode(&file[..]).unwrap().name().to_owned())
                .collect();
            assert_eq!(names, ["rpc.proto", "kv.proto", "auth.proto"]);
        }
        let unknown = told(Asked::FileContainingSymbol("etcdserverpb.Nothing".to_owned()));
        assert!(matches!(unknown, Told::ErrorResponse(_)));
    }
}
