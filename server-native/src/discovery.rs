//! The way to a registry, for a member that starts its first life: [`glasshouse_core::discovery`] says what to
//! ask, and here it is asked.
//!
//! ```text
//!   --discovery-endpoints http://r:2379 --discovery-token T
//!      Discovery::step ─► Ask ─► gRPC ─► Discovery::on_answer ─► ... ─► --initial-cluster ─► first_members
//! ```

use std::time::Duration;

use glasshouse_core::api::{AuthenticateRequest, Request, Response};
use glasshouse_core::bootstrap::{Bootstrap, first_members};
use glasshouse_core::discovery::{Discovery, Step};
use glasshouse_core::id::member_id;
use tokio::time::{sleep, timeout};

use crate::client::Connection;
use crate::config::{DiscoverySettings, Settings, Url};
use crate::ctl::dial;
use crate::log::Log;

/// Finds the first members of this member's cluster.
///
/// # Errors
/// etcd's sentence about why there is no place for it, or what its flags contradict.
pub async fn join(
    settings: &Settings,
    discovery: &DiscoverySettings,
    log: &Log,
) -> Result<Bootstrap, String> {
    let urls: Vec<&str> = settings.advertise_peer.iter().map(Url::as_str).collect();
    let name = &settings.name;
    let announced: Vec<String> = urls.iter().map(|url| format!("{name}={url}")).collect();
    let id = member_id(&urls, &discovery.token);
    let mut way = Discovery::new(&discovery.token, id, &announced.join(","));
    let mut registry = Registry { settings: discovery, connection: None, next: 0 };
    let token = ("discovery-token", discovery.token.as_str().into());
    let mut waits = false;
    loop {
        match way.step() {
            Step::Ask(request) => {
                let answer = registry.ask(request).await;
                if let Err(why) = &answer {
                    let error = ("error", why.as_str().into());
                    log.warn("retry connecting to discovery service", &[token.clone(), error]);
                }
                way.on_answer(answer.as_ref().ok());
            }
            Step::Pause(ms) => {
                if !std::mem::replace(&mut waits, true) {
                    let fields = std::slice::from_ref(&token);
                    log.info("waiting for peers from discovery service", fields);
                }
                sleep(Duration::from_millis(ms)).await;
                way.on_time();
            }
            Step::Joined(cluster) => {
                let found = ("cluster", cluster.as_str().into());
                log.info("discovery joined cluster successfully", &[token, found]);
                return first_members(name, &cluster, &discovery.token, &settings.advertise_peer);
            }
            Step::Refused(why) => return Err(why.sentence()),
        }
    }
}

/// The registry's members: the one that answered last is asked first.
struct Registry<'a> {
    settings: &'a DiscoverySettings,
    connection: Option<(Connection, Option<String>)>,
    next: usize,
}

impl Registry<'_> {
    /// Asks one endpoint after the other, each once.
    async fn ask(&mut self, request: Request) -> Result<Response, String> {
        let mut last = String::new();
        for _ in &self.settings.endpoints {
            match self.ask_one(&request).await {
                Ok(response) => return Ok(response),
                Err(why) => last = why,
            }
            self.connection = None;
            self.next = (self.next + 1) % self.settings.endpoints.len();
        }
        Err(last)
    }

    async fn ask_one(&mut self, request: &Request) -> Result<Response, String> {
        let limit = self.settings.request_timeout;
        let attempt = async {
            let (connection, token) = self.connected().await?;
            let answer = connection.ask_as(token.as_deref(), request.clone()).await;
            answer.map_err(|error| error.message.to_string())
        };
        timeout(limit, attempt).await.unwrap_or_else(|_| Err(format!("no answer within {limit:?}")))
    }

    /// The connection, and the token that a password was exchanged for.
    async fn connected(&mut self) -> Result<(Connection, Option<String>), String> {
        if let Some(known) = self.connection.as_ref().filter(|(known, _)| !known.is_closed()) {
            return Ok(known.clone());
        }
        let DiscoverySettings { endpoints, tls, dial_timeout, user, .. } = self.settings;
        let endpoint = endpoints[self.next].trim();
        let opened = dial::open(endpoint, tls, *dial_timeout).await;
        let connection = opened.map_err(|why| format!("{endpoint}: {why}"))?;
        let token = match user {
            None => None,
            Some((name, password)) => {
                let request =
                    AuthenticateRequest { name: name.clone(), password: password.clone() };
                let answer = connection.clone().ask(request.into()).await;
                match answer.map_err(|error| error.message.to_string())? {
                    Response::Authenticate(answer) => Some(answer.token),
                    _ => return Err("the registry answered something else".to_owned()),
                }
            }
        };
        Ok(self.connection.insert((connection, token)).clone())
    }
}
