//! Alarms: what a member shouts so that all stop making it worse.
//!
//! `NOSPACE` refuses writes that need room, `CORRUPT` refuses everything that touches the keys. They
//! are raised and cleared through the log, so all members agree on them. Source: etcd
//! `server/etcdserver/api/v3alarm/alarms.go`.
//!
//! There are two ways to a `NOSPACE`, and they end differently:
//!
//! ```text
//!   a member over its quota ──► SpaceRequest ──► stands until the member has room again
//!   a client (or an operator who wants no writes) ──► AlarmRequest ──► stands until it is disarmed
//! ```

use std::collections::BTreeSet;

use bytes::Bytes;
use prost::Message as _;

use crate::api::{self, AlarmType, SpaceRequest};
use crate::id::MemberId;
use crate::order;

/// The alarms that stand, as (member, type).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Alarms {
    standing: BTreeSet<(u64, i32)>,
    /// Members whose standing `NOSPACE` is their own word, which they take back by themselves.
    own_word: BTreeSet<u64>,
}

/// The stored form: etcd's list, and whose own word an alarm is.
#[derive(Clone, PartialEq, prost::Message)]
struct Stored {
    #[prost(message, repeated, tag = "2")]
    alarms: Vec<api::AlarmMember>,
    #[prost(fixed64, repeated, tag = "3")]
    own_word: Vec<u64>,
}

impl Alarms {
    /// Carries out a request of the log and returns what it touched, as etcd answers it.
    pub(crate) fn apply(&mut self, request: &api::AlarmRequest) -> Vec<api::AlarmMember> {
        use api::alarm_request::AlarmAction;
        let one = (request.member_id, request.alarm);
        let is_nospace = request.alarm == AlarmType::Nospace as i32;
        match AlarmAction::try_from(request.action) {
            Ok(AlarmAction::Get) => self.list(request.alarm),
            Ok(AlarmAction::Activate) if request.alarm != AlarmType::None as i32 => {
                self.standing.insert(one);
                if is_nospace {
                    // Somebody wants it to stay.
                    self.own_word.remove(&request.member_id);
                }
                vec![to_api(one)]
            }
            Ok(AlarmAction::Deactivate) if self.standing.remove(&one) => {
                if is_nospace {
                    self.own_word.remove(&request.member_id);
                }
                vec![to_api(one)]
            }
            _ => Vec::new(),
        }
    }

    /// A member says whether it has room. It takes back nothing but its own word.
    pub(crate) fn apply_space(&mut self, request: &SpaceRequest) {
        let one = (request.member_id, AlarmType::Nospace as i32);
        if request.exhausted {
            if self.standing.insert(one) {
                self.own_word.insert(request.member_id);
            }
        } else if self.own_word.remove(&request.member_id) {
            self.standing.remove(&one);
        }
    }

    /// A member is gone: it cannot take its word back any more.
    pub(crate) fn on_removed(&mut self, id: MemberId) {
        self.apply_space(&SpaceRequest { member_id: id.0, exhausted: false });
    }

    /// An alarm of this type stands, whoever raised it.
    pub(crate) fn stands(&self, alarm: AlarmType) -> bool {
        self.standing.iter().any(|(_, kind)| *kind == alarm as i32)
    }

    /// An alarm of this type stands for this member.
    pub(crate) fn stands_for(&self, id: MemberId, alarm: AlarmType) -> bool {
        self.standing.contains(&(id.0, alarm as i32))
    }

    /// The member's `NOSPACE` stands by its own word.
    pub(crate) fn is_own_word(&self, id: MemberId) -> bool {
        self.own_word.contains(&id.0)
    }

    /// Those of one type, or all for `NONE`.
    pub(crate) fn list(&self, alarm: i32) -> Vec<api::AlarmMember> {
        let all = alarm == AlarmType::None as i32;
        let wanted = self.standing.iter().filter(|(_, kind)| all || *kind == alarm);
        wanted.copied().map(to_api).collect()
    }

    pub(crate) fn to_bytes(&self) -> Bytes {
        let own_word = self.own_word.iter().copied().collect();
        Stored { alarms: self.list(0), own_word }.encode_to_vec().into()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        let stored = Stored::decode(bytes)?;
        Ok(Self {
            standing: order::set(stored.alarms.into_iter().map(|a| (a.member_id, a.alarm))),
            own_word: order::set(stored.own_word),
        })
    }
}

fn to_api((member_id, alarm): (u64, i32)) -> api::AlarmMember {
    api::AlarmMember { member_id, alarm }
}
