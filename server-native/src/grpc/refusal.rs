//! What is said of a message that cannot be taken: as gRPC for Go says it, which etcd's clients know.
//!
//! Such a message never reaches a handler: tonic answers it, in words and partly with a code of its
//! own. These answers are put right on their way out, for calls in the answer's head, for streams
//! where the error comes up.

use tonic::body::Body;
use tonic::{Code, Status};

/// What prost says in front of its reasons.
const UNREADABLE: &str = "failed to decode Protobuf message: ";

/// What Go's gRPC says there, of a call.
const UNREADABLE_CALL: &str = "grpc: error unmarshalling request: ";

/// The same of a message of a stream.
const UNREADABLE_ON_STREAM: &str = "grpc: failed to unmarshal the received message: ";

/// What tonic says of a message that is too large, around two numbers.
const TOO_LARGE: [&str; 3] =
    ["Error, decoded message length too large: found ", " bytes, the limit is: ", " bytes"];

/// Methods whose answer is a stream; of these Go's words are those for streams.
const STREAMED: [&str; 2] =
    ["/etcdserverpb.Maintenance/Snapshot", "/v3electionpb.Election/Observe"];

/// What stands in front of the reason why the request of the method at `path` cannot be read.
pub(crate) fn unreadable_at(path: &str) -> &'static str {
    if STREAMED.contains(&path) { UNREADABLE_ON_STREAM } else { UNREADABLE_CALL }
}

/// The answer to a call; only one without a message can be a refusal.
pub(crate) fn mend_answer(
    answer: hyper::Response<Body>,
    unreadable: &str,
) -> hyper::Response<Body> {
    let code = answer.headers().get("grpc-status").map(|code| code.as_bytes());
    // Internal and out of range: tonic's own codes.
    if !matches!(code, Some(b"13" | b"11")) {
        return answer;
    }
    let status = Status::from_header_map(answer.headers());
    match status.and_then(|status| mended(&status, unreadable)) {
        Some(status) => status.into_http(),
        None => answer,
    }
}

/// Why a stream's next message could not be taken.
pub(crate) fn mend_stream(status: Status) -> Status {
    mended(&status, UNREADABLE_ON_STREAM).unwrap_or(status)
}

fn mended(status: &Status, unreadable: &str) -> Option<Status> {
    let message = status.message();
    match status.code() {
        Code::Internal => {
            let reason = message.strip_prefix(UNREADABLE)?;
            Some(Status::internal(format!("{unreadable}{reason}")))
        }
        Code::OutOfRange => {
            let numbers = message.strip_prefix(TOO_LARGE[0])?.strip_suffix(TOO_LARGE[2])?;
            let (found, limit) = numbers.split_once(TOO_LARGE[1])?;
            let text = format!("grpc: received message larger than max ({found} vs. {limit})");
            Some(Status::resource_exhausted(text))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tonic_refuses_is_said_as_go_says_it() {
        let large = "Error, decoded message length too large: found 9 bytes, the limit is: 8 bytes";
        let mended = mend_stream(Status::out_of_range(large));
        assert_eq!(mended.code(), Code::ResourceExhausted);
        assert_eq!(mended.message(), "grpc: received message larger than max (9 vs. 8)");

        let unreadable = Status::internal("failed to decode Protobuf message: buffer underflow");
        let mended = mend_answer(unreadable.into_http(), unreadable_at("/etcdserverpb.KV/Put"));
        let mended = Status::from_header_map(mended.headers()).unwrap();
        assert_eq!(mended.code(), Code::Internal);
        assert_eq!(mended.message(), "grpc: error unmarshalling request: buffer underflow");
    }

    #[test]
    fn the_nodes_own_errors_stay() {
        let compacted = "etcdserver: mvcc: required revision has been compacted";
        let answer = mend_answer(Status::out_of_range(compacted).into_http(), UNREADABLE_CALL);
        let status = Status::from_header_map(answer.headers()).unwrap();
        assert_eq!((status.code(), status.message()), (Code::OutOfRange, compacted));
    }
}
