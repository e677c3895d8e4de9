//! `/health`, `/livez` and `/readyz`: may a client, or a supervisor, count on this member?
//!
//! `/health` is etcd's old page: no alarm, a leader, and a read that is answered. The two others are
//! made of named checks, each of which has a page of its own, too:
//!
//! | check | `/livez` | `/readyz` | it fails when |
//! | --- | :---: | :---: | --- |
//! | `data_corruption` | | x | a `CORRUPT` alarm stands |
//! | `serializable_read` | x | x | this member cannot read its own keys |
//! | `linearizable_read` | | x | there is no quorum |
//! | `non_learner` | | x | this member is a learner |
//!
//! `?exclude=NAME` leaves checks (for `/health`: alarms) out, `?verbose` tells of those that passed.
//! Source: etcd `server/etcdserver/api/etcdhttp/health.go`.

use std::fmt::Write as _;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use glasshouse_core::api::{self, AlarmType};
use glasshouse_core::{MemberId, Role};
use http_body_util::Full;
use hyper::header::CONTENT_TYPE;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;

use super::query::Query;
use super::{HttpContext, NOSNIFF, PLAIN, X_CONTENT_TYPE_OPTIONS, method_not_allowed, text};

/// One thing that can be asked of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    DataCorruption,
    SerializableRead,
    LinearizableRead,
    NonLearner,
}

/// The checks of `/livez`, and those of `/readyz`.
const LIVEZ: [Check; 1] = [Check::SerializableRead];
const READYZ: [Check; 4] =
    [Check::DataCorruption, Check::SerializableRead, Check::LinearizableRead, Check::NonLearner];

impl Check {
    fn name(self) -> &'static str {
        match self {
            Self::DataCorruption => "data_corruption",
            Self::SerializableRead => "serializable_read",
            Self::LinearizableRead => "linearizable_read",
            Self::NonLearner => "non_learner",
        }
    }
}

/// What a path below `/livez` or `/readyz` asks for.
struct Asked {
    page: &'static str,
    /// One check, or those of the page that the query does not exclude.
    one: Option<Check>,
    all: &'static [Check],
}

impl Asked {
    fn by(path: &str) -> Option<Self> {
        let mut words = path.strip_prefix('/')?.splitn(2, '/');
        let (page, all): (_, &[Check]) = match words.next()? {
            "livez" => ("livez", &LIVEZ),
            "readyz" => ("readyz", &READYZ),
            _ => return None,
        };
        let one = match words.next() {
            None => None,
            Some(name) => Some(*all.iter().find(|check| check.name() == name)?),
        };
        Some(Self { page, one, all })
    }

    fn checks(&self, query: &Query) -> Vec<Check> {
        match self.one {
            Some(check) => vec![check],
            None => {
                let is_excluded =
                    |check: &Check| query.values("exclude").any(|n| n == check.name());
                self.all.iter().copied().filter(|check| !is_excluded(check)).collect()
            }
        }
    }
}

impl HttpContext {
    /// The answer if the path is one of these pages.
    pub(super) async fn health_page<B>(
        &self,
        request: &Request<B>,
    ) -> Option<Response<Full<Bytes>>> {
        let path = request.uri().path();
        let asked = Asked::by(path);
        if path != "/health" && asked.is_none() {
            return None;
        }
        if request.method() != Method::GET {
            return Some(method_not_allowed());
        }
        let query = Query::parse(request.uri().query());
        Some(match asked {
            None => self.health(&query).await,
            Some(asked) => self.checked(path, &asked, &query).await,
        })
    }

    async fn health(&self, query: &Query) -> Response<Full<Bytes>> {
        let reason = self.unhealthy_because(query).await;
        let body = |health: bool, reason: &str| {
            format!("{{\"health\":\"{health}\",\"reason\":{}}}", json!(reason))
        };
        let Some(reason) = reason else {
            self.metrics.health_success.fetch_add(1, Relaxed);
            let mut response = Response::new(Full::from(body(true, "")));
            response.headers_mut().insert(CONTENT_TYPE, PLAIN);
            return response;
        };
        self.metrics.health_failures.fetch_add(1, Relaxed);
        let body = body(false, &reason);
        let status = StatusCode::SERVICE_UNAVAILABLE;
        let fields = [("output", body.as_str().into()), ("status-code", status.as_u16().into())];
        self.log.warn("/health error", &fields);
        text(status, &body)
    }

    async fn unhealthy_because(&self, query: &Query) -> Option<String> {
        let alarms = self.state.borrow().alarms.clone();
        let is_excluded =
            |kind: AlarmType| query.values("exclude").any(|name| name == kind.as_str_name());
        if let Some((member, kind)) = alarms.into_iter().find(|(_, kind)| !is_excluded(*kind)) {
            let kind = kind.as_str_name();
            let alarm = format!("memberID:{} alarm:{kind} ", member.0);
            self.log.warn("serving /health false due to an alarm", &[("alarm", alarm.into())]);
            return Some(format!("ALARM {kind}"));
        }
        let serializable = query.first("serializable") == Some("true");
        if !serializable && self.state.borrow().leader.is_none() {
            return Some("RAFT NO LEADER".into());
        }
        // A learner answers only for itself.
        let serializable = serializable || self.state.borrow().role == Role::Learner;
        self.read(serializable).await.err().map(|error| format!("RANGE ERROR:{error}"))
    }

    async fn checked(&self, path: &str, asked: &Asked, query: &Query) -> Response<Full<Bytes>> {
        let mut told = String::new();
        let mut failed = false;
        for check in asked.checks(query) {
            let outcome = self.run(check).await;
            self.metrics.health_checks.count(asked.page, check.name(), outcome.is_ok());
            let _ = match &outcome {
                Ok(()) => writeln!(told, "[+]{} ok", check.name()),
                Err(why) => writeln!(told, "[-]{} failed: {why}", check.name()),
            };
            failed |= outcome.is_err();
        }
        if failed {
            let status = StatusCode::SERVICE_UNAVAILABLE;
            let fields = [
                ("path", path.into()),
                ("reason", told.as_str().into()),
                ("status-code", status.as_u16().into()),
            ];
            self.log.error("Health check error", &fields);
            return text(status, &told);
        }
        let verbose = if query.has("verbose") { told.as_str() } else { "" };
        let mut response = Response::new(Full::from(format!("{verbose}ok\n")));
        response.headers_mut().insert(CONTENT_TYPE, PLAIN);
        response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        response
    }

    async fn run(&self, check: Check) -> Result<(), String> {
        let answer = match check {
            Check::DataCorruption => {
                let is_corrupt = |(_, kind): &(MemberId, AlarmType)| *kind == AlarmType::Corrupt;
                let stands = self.state.borrow().alarms.iter().any(is_corrupt);
                return if stands { Err("alarm activated: CORRUPT".into()) } else { Ok(()) };
            }
            Check::NonLearner => {
                let learns = self.state.borrow().role == Role::Learner;
                return if learns { Err("not supported for learner".into()) } else { Ok(()) };
            }
            Check::SerializableRead => self.read(true).await,
            Check::LinearizableRead => self.read(false).await,
        };
        answer.map_err(|error| error.to_string())
    }

    /// Reads the first key, if there is any, as this member itself, which may do that also when users
    /// must say who they are.
    async fn read(&self, serializable: bool) -> Result<(), api::Error> {
        let caller = api::Caller { common_name: Some("root".into()), ..api::Caller::default() };
        // `\0` up to the end.
        let request = api::RangeRequest {
            key: Bytes::from_static(b"\0"),
            range_end: Bytes::from_static(b"\0"),
            keys_only: true,
            limit: 1,
            serializable,
            ..Default::default()
        };
        self.mailbox.call(caller, request.into()).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_single_checks_are_told_apart() {
        let checks = |path: &str, query: &str| {
            let asked = Asked::by(path)?;
            Some(asked.checks(&Query::parse(Some(query))).into_iter().map(Check::name).collect())
        };
        let none: Option<Vec<&str>> = None;
        assert_eq!(checks("/livez", ""), Some(vec!["serializable_read"]));
        let rest = vec!["serializable_read", "linearizable_read"];
        let exclude = "exclude=data_corruption&exclude=&exclude=non_learner&exclude=x";
        assert_eq!(checks("/readyz", exclude), Some(rest));
        let excluded = "exclude=non_learner";
        assert_eq!(checks("/readyz/non_learner", excluded), Some(vec!["non_learner"]));
        for path in ["/livez/", "/livezz", "/livez/data_corruption", "/readyz/x", "/health"] {
            assert_eq!(checks(path, ""), none, "{path}");
        }
    }
}
