//! Who a member is, from its flags or from what a running member lists.

use super::*;

const TWO: &str = "infra0=http://172.16.80.20:2380,infra1=http://172.16.80.21:2380";

fn first(name: &str, cluster: &str, token: &str, announced: &str) -> Result<Bootstrap, String> {
    first_members(name, cluster, token, &Url::parse_list(announced).unwrap())
}

/// The ids of the walkthrough; another token makes strangers of the same machines.
#[test]
fn ids_are_hashes_of_urls_and_token() {
    let one = first("infra1", TWO, "etcd-cluster-1", "http://172.16.80.21:2380").unwrap();
    assert_eq!(one.member_id.to_string(), "47a835a883b86bfe");
    assert_eq!(one.cluster_id.to_string(), "2904ef1066e801d0");
    let other = first("infra1", TWO, "etcd-cluster-2", "http://172.16.80.21:2380").unwrap();
    assert!(one.cluster_id != other.cluster_id && one.member_id != other.member_id);
}

/// Names are no part of an id: who is given another name by others is the same member for them.
#[test]
fn names_change_no_id() {
    let renamed = "infra0=http://172.16.80.20:2380,someone=http://172.16.80.21:2380";
    let one = first("infra0", TWO, "t", "http://172.16.80.20:2380").unwrap();
    let other = first("infra0", renamed, "t", "http://172.16.80.20:2380").unwrap();
    assert_eq!((one.member_id, one.cluster_id), (other.member_id, other.cluster_id));
}

#[test]
fn contradictions_are_told_in_etcds_words() {
    let told = |name, announced| first(name, TWO, "t", announced).unwrap_err();
    assert_eq!(
        told("infra7", "http://172.16.80.21:2380"),
        "couldn't find local name \"infra7\" in the initial cluster configuration"
    );
    assert_eq!(
        told("infra1", "http://172.16.80.99:2380"),
        "--initial-cluster has infra1=http://172.16.80.21:2380 but missing from \
         --initial-advertise-peer-urls=http://172.16.80.99:2380"
    );
    assert_eq!(
        told("infra1", "http://172.16.80.21:2380,http://172.16.80.99:2380"),
        "--initial-advertise-peer-urls has infra1=http://172.16.80.99:2380 but missing from \
         --initial-cluster=infra1=http://172.16.80.21:2380"
    );
    let double = "a=http://10.0.0.1:2380,b=http://10.0.0.1:2380";
    assert_eq!(
        first("a", double, "t", "http://10.0.0.1:2380").unwrap_err(),
        format!("initial cluster {double} has duplicate url")
    );
}

fn found() -> Vec<Member> {
    let member = |id, name: &str, url: &str| Member {
        id: MemberId(id),
        name: name.to_owned(),
        peer_urls: vec![url.to_owned()],
        ..Member::default()
    };
    vec![member(1, "a", "http://10.0.0.1:2380"), member(2, "", "http://10.0.0.2:2380")]
}

fn matched(told: &str) -> Result<MemberId, String> {
    find_self(&parse_cluster(told).unwrap(), "b", ClusterId(0xc1), &found()).map(|own| own.id)
}

#[test]
fn a_member_finds_itself_by_its_urls() {
    let own = matched("a=http://10.0.0.1:2380,b=http://10.0.0.2:2380");
    assert_eq!(own, Ok(MemberId(2)));
    let alone = matched("b=http://10.0.0.2:2380");
    assert!(alone.unwrap_err().ends_with(": member count is unequal"));
    let moved = matched("a=http://10.0.0.1:2380,b=http://10.0.0.3:2380").unwrap_err();
    assert!(
        moved
            .contains(": PeerURLs: no match found for existing member (2, [http://10.0.0.2:2380])")
    );
}

/// Who has published where clients reach it has run before.
#[test]
fn who_has_published_itself_is_not_new() {
    let mut members = found();
    assert_eq!(check_is_new(MemberId(1), &members), Ok(()));
    assert_eq!(check_is_new(MemberId(7), &members), Ok(()));
    members[0].client_urls = vec!["http://10.0.0.1:2379".to_owned()];
    assert_eq!(
        check_is_new(MemberId(1), &members).unwrap_err(),
        "member 1 has already been bootstrapped"
    );
    assert_eq!(check_is_new(MemberId(2), &members), Ok(()));
}

#[test]
fn members_are_described_as_in_etcds_log() {
    assert_eq!(
        describe(ClusterId(0xc1), &found()),
        "{ClusterID:c1 Members:[&{ID:1 RaftAttributes:{PeerURLs:[http://10.0.0.1:2380] \
         IsLearner:false} Attributes:{Name:a ClientURLs:[]}} &{ID:2 RaftAttributes:{\
         PeerURLs:[http://10.0.0.2:2380] IsLearner:false} Attributes:{Name: ClientURLs:[]}}] \
         RemovedMemberIDs:[]}"
    );
}
