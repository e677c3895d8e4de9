//! Alarms: what a member shouts so that all stop making it worse.
//!
//! `NOSPACE` refuses writes that need room, `CORRUPT` refuses everything. They are raised and
//! cleared through the log, so all members agree on them. Source: etcd
//! `server/etcdserver/api/v3alarm/alarms.go`.

use std::collections::BTreeSet;

use bytes::Bytes;
use prost::Message as _;

use crate::api::{self, AlarmType};

/// The alarms that stand, as (member, type).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Alarms(BTreeSet<(u64, i32)>);

impl Alarms {
    /// Carries out a request of the log and returns what it touched, as etcd answers it.
    pub(crate) fn apply(&mut self, request: &api::AlarmRequest) -> Vec<api::AlarmMember> {
        use api::alarm_request::AlarmAction;
        let one = (request.member_id, request.alarm);
        match AlarmAction::try_from(request.action) {
            Ok(AlarmAction::Get) => self.list(request.alarm),
            Ok(AlarmAction::Activate) if request.alarm != AlarmType::None as i32 => {
                self.0.insert(one);
                vec![to_api(one)]
            }
            Ok(AlarmAction::Deactivate) if self.0.remove(&one) => vec![to_api(one)],
            _ => Vec::new(),
        }
    }

    /// An alarm of this type stands, whoever raised it.
    pub(crate) fn stands(&self, alarm: AlarmType) -> bool {
        self.0.iter().any(|(_, kind)| *kind == alarm as i32)
    }

    /// Those of one type, or all for `NONE`.
    pub(crate) fn list(&self, alarm: i32) -> Vec<api::AlarmMember> {
        let all = alarm == AlarmType::None as i32;
        self.0.iter().filter(|(_, kind)| all || *kind == alarm).copied().map(to_api).collect()
    }

    pub(crate) fn to_bytes(&self) -> Bytes {
        let response = api::AlarmResponse { header: None, alarms: self.list(0) };
        response.encode_to_vec().into()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, prost::DecodeError> {
        let response = api::AlarmResponse::decode(bytes)?;
        Ok(Self(response.alarms.into_iter().map(|a| (a.member_id, a.alarm)).collect()))
    }
}

fn to_api((member_id, alarm): (u64, i32)) -> api::AlarmMember {
    api::AlarmMember { member_id, alarm }
}
