//! Messages, enums and methods, found by name or number: the descriptors, made quick to walk.
//!
//! JSON and protobuf meet nowhere but here. No message is known to the gateway by its name in Rust, so
//! a field that is added to a `.proto` file is there the next moment.

use std::collections::HashMap;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto};

use crate::descriptors;

/// The place of a message in [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MessageId(usize);

/// The place of an enum in [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EnumId(usize);

/// What a field holds: the kinds that etcd's messages use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    String,
    Bytes,
    Enum(EnumId),
    Message(MessageId),
}

impl Kind {
    /// The kind's name in protobuf, as error texts spell it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::String => "string",
            Self::Bytes => "bytes",
            Self::Enum(_) => "enum",
            Self::Message(_) => "message",
        }
    }
}

/// One field of a message.
#[derive(Debug)]
pub(super) struct Field {
    /// The name in the `.proto` file: what is written.
    pub(super) name: String,
    /// The name in camel case: read as well.
    pub(super) json_name: String,
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) is_repeated: bool,
    /// The group of which only one may be set, by its place in the message.
    pub(super) oneof: Option<usize>,
}

/// One message.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// In the order in which they are declared, which is the order of JSON.
    pub(super) fields: Vec<Field>,
    /// Full names.
    pub(super) oneofs: Vec<String>,
}

/// One enum: its values in the order in which they are declared.
#[derive(Debug, Default)]
pub(super) struct Enum(Vec<(String, i32)>);

impl Enum {
    pub(super) fn number(&self, name: &str) -> Option<i32> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
    }

    pub(super) fn name(&self, number: i32) -> Option<&str> {
        self.0.iter().find(|(_, known)| *known == number).map(|(name, _)| name.as_str())
    }
}

/// One method of a service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method {
    pub(super) input: MessageId,
    pub(super) output: MessageId,
    pub(super) client_streams: bool,
    pub(super) server_streams: bool,
}

/// Everything that the descriptors say.
#[derive(Debug, Default)]
pub(super) struct Schema {
    messages: Vec<Message>,
    enums: Vec<Enum>,
    methods: HashMap<String, Method>,
    /// Places by full name, for messages and enums.
    names: HashMap<String, Kind>,
}

impl Schema {
    /// The schema of this server.
    pub(super) fn new() -> Self {
        let files = descriptors::files();
        let mut schema = Self::default();
        for file in &files {
            let package = file.package();
            file.message_type.iter().for_each(|message| schema.declare(package, message));
            file.enum_type.iter().for_each(|one| schema.declare_enum(package, one));
        }
        for file in &files {
            let package = file.package();
            file.message_type.iter().for_each(|message| schema.define(package, message));
            for service in &file.service {
                for method in &service.method {
                    let path = format!("{package}.{}/{}", service.name(), method.name());
                    let method = Method {
                        input: schema.message_named(method.input_type()),
                        output: schema.message_named(method.output_type()),
                        client_streams: method.client_streaming(),
                        server_streams: method.server_streaming(),
                    };
                    schema.methods.insert(path, method);
                }
            }
        }
        schema
    }

    pub(super) fn message(&self, id: MessageId) -> &Message {
        &self.messages[id.0]
    }

    pub(super) fn enumeration(&self, id: EnumId) -> &Enum {
        &self.enums[id.0]
    }

    /// A method by `package.Service/Method`.
    pub(super) fn method(&self, path: &str) -> Option<Method> {
        self.methods.get(path).copied()
    }

    /// A message by its full name.
    #[cfg(test)]
    pub(super) fn find_message(&self, name: &str) -> Option<MessageId> {
        match self.names.get(name) {
            Some(Kind::Message(id)) => Some(*id),
            _ => None,
        }
    }

    fn declare(&mut self, scope: &str, message: &DescriptorProto) {
        let name = format!("{scope}.{}", message.name());
        message.nested_type.iter().for_each(|nested| self.declare(&name, nested));
        message.enum_type.iter().for_each(|nested| self.declare_enum(&name, nested));
        self.names.insert(name, Kind::Message(MessageId(self.messages.len())));
        self.messages.push(Message::default());
    }

    fn declare_enum(&mut self, scope: &str, one: &EnumDescriptorProto) {
        let name = format!("{scope}.{}", one.name());
        self.names.insert(name, Kind::Enum(EnumId(self.enums.len())));
        let values = one.value.iter().map(|value| (value.name().to_owned(), value.number()));
        self.enums.push(Enum(values.collect()));
    }

    fn define(&mut self, scope: &str, message: &DescriptorProto) {
        let name = format!("{scope}.{}", message.name());
        message.nested_type.iter().for_each(|nested| self.define(&name, nested));
        let fields = message.field.iter().map(|field| self.field(field)).collect();
        let oneofs = message.oneof_decl.iter().map(|one| format!("{name}.{}", one.name()));
        let defined = Message { fields, oneofs: oneofs.collect() };
        let MessageId(place) = self.message_named(&format!(".{name}"));
        self.messages[place] = defined;
    }

    fn field(&self, field: &FieldDescriptorProto) -> Field {
        let kind = match field.r#type() {
            Type::Bool => Kind::Bool,
            Type::Int32 => Kind::Int32,
            Type::Int64 => Kind::Int64,
            Type::Uint32 => Kind::Uint32,
            Type::Uint64 => Kind::Uint64,
            Type::String => Kind::String,
            Type::Bytes => Kind::Bytes,
            Type::Enum | Type::Message => self.named(field.type_name()),
            other => unreachable!("no field of etcd is a {other:?}: {}", field.name()),
        };
        Field {
            name: field.name().to_owned(),
            json_name: field.json_name().to_owned(),
            number: field.number().unsigned_abs(),
            kind,
            is_repeated: field.label() == Label::Repeated,
            oneof: field.oneof_index.and_then(|index| usize::try_from(index).ok()),
        }
    }

    /// What `.package.Name` is.
    fn named(&self, name: &str) -> Kind {
        let name = name.trim_start_matches('.');
        *self.names.get(name).expect("the descriptors name only what they declare")
    }

    fn message_named(&self, name: &str) -> MessageId {
        match self.named(name) {
            Kind::Message(id) => id,
            _ => unreachable!("{name} is a message where the descriptors say so"),
        }
    }
}
