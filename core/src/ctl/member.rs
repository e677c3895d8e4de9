//! `member list`, and the members as `--cluster` needs them.

use crate::api::{MemberListRequest, MemberListResponse};

/// etcdctl insists on a linearizable list: without a quorum there is no answer.
pub(super) fn list_request() -> MemberListRequest {
    MemberListRequest { linearizable: true }
}

/// The client URLs of all members; a member that has not started has none.
pub(super) fn client_urls(response: &MemberListResponse) -> Vec<String> {
    response.members.iter().flat_map(|member| member.client_urls.iter().cloned()).collect()
}
