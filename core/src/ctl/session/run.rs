//! From a command line to the plan of a session: what is done before the first answer.

use std::collections::BTreeMap;

use super::answer::Answer;
use super::login::Login;
use super::{Plan, Session, snapshot};
use crate::api::Request;
use crate::ctl::commands::Action;
use crate::ctl::endpoint::{Ask, Check, Sweep};
use crate::ctl::job::Job;
use crate::ctl::parse::Invocation;
use crate::ctl::watch::Watching;
use crate::ctl::{
    API_VERSION, Exit, VERSION, check, compaction, completion, config, del, elect, get, lock,
    member, mirror, move_leader, put, txn,
};

impl Session {
    /// Does what the command can do before its first answer.
    pub(super) fn run(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        match invocation.action {
            Action::AuthDisable
            | Action::AuthEnable
            | Action::AuthStatus
            | Action::RoleAdd
            | Action::RoleDelete
            | Action::RoleGet
            | Action::RoleGrantPermission
            | Action::RoleList
            | Action::RoleRevokePermission
            | Action::UserAdd
            | Action::UserDelete
            | Action::UserGet
            | Action::UserGrantRole
            | Action::UserList
            | Action::UserPasswd
            | Action::UserRevokeRole => self.run_access(invocation, environment),
            Action::AlarmDisarm
            | Action::AlarmList
            | Action::Defrag
            | Action::DowngradeCancel
            | Action::DowngradeEnable
            | Action::DowngradeValidate => self.run_maintenance(invocation, environment),
            Action::SnapshotRestore | Action::SnapshotSave | Action::SnapshotStatus => {
                self.run_snapshot(invocation, environment)
            }
            Action::LeaseGrant
            | Action::LeaseKeepAlive
            | Action::LeaseList
            | Action::LeaseRevoke
            | Action::LeaseTimeToLive => self.run_lease(invocation, environment),
            Action::ClusterStatus => self.cluster_status(invocation, environment),
            Action::EndpointHealth => self.sweep(invocation, environment, Check::Health),
            Action::EndpointStatus => self.sweep(invocation, environment, Check::Status),
            Action::EndpointHashKv => {
                let check = Check::HashKv { revision: invocation.flags.int64("rev") };
                self.sweep(invocation, environment, check)
            }
            Action::CompletionBash
            | Action::CompletionFish
            | Action::CompletionPowershell
            | Action::CompletionZsh => {
                self.output.out(completion::script(invocation.action));
                Ok(())
            }
            Action::Version => {
                self.output.out_line(format!("etcdctl version: {VERSION}"));
                self.output.out_line(format!("API version: {API_VERSION}"));
                Ok(())
            }
            Action::CheckDatascale
            | Action::CheckPerf
            | Action::Elect
            | Action::Lock
            | Action::MakeMirror
            | Action::MemberAdd
            | Action::MoveLeader => self.run_job(invocation, environment),
            _ => self.run_question(invocation, environment),
        }
    }

    /// The same for commands that go on.
    fn run_job(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        let Invocation { flags, args, action, .. } = &invocation;
        let job: Box<dyn Job> = match action {
            Action::CheckDatascale => Box::new(check::Datascale::new(flags)?),
            Action::CheckPerf => Box::new(check::Perf::new(flags)?),
            Action::Elect => elect::job(flags, args)?,
            Action::Lock => Box::new(lock::Locking::job(flags, args)?),
            Action::MakeMirror => Box::new(mirror::Mirroring::new(flags, args)?),
            Action::MemberAdd => Box::new(member::Adding::new(flags, args)?),
            _ => Box::new(move_leader::Search::new(args)?),
        };
        self.connect(invocation, environment)?;
        self.begin_job(job)
    }

    /// The same for what is about keys and members.
    fn run_question(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<(), Exit> {
        let Invocation { flags, args, .. } = &invocation;
        let (answer, request): (Answer, Request) = match invocation.action {
            Action::Get => {
                (Answer::Get(get::Show::from_flags(flags)), get::request(flags, args)?.into())
            }
            Action::Put => {
                let pending = put::Pending::new(flags, args)?;
                let Some(request) = pending.ready()? else {
                    self.plan = Plan::PutFromInput(pending, invocation, environment.clone());
                    return Ok(());
                };
                (Answer::Put, request.into())
            }
            Action::Del => (Answer::Del, del::request(flags, args, &mut self.output)?.into()),
            Action::Compaction => {
                let request = compaction::request(flags, args)?;
                (Answer::Compaction { revision: request.revision }, request.into())
            }
            Action::MemberList => (Answer::MemberList, member::list_request().into()),
            Action::MemberRemove => {
                let request = member::remove_request(args)?;
                (Answer::MemberRemove { id: request.id }, request.into())
            }
            Action::MemberUpdate => {
                let request = member::update_request(flags, args)?;
                (Answer::MemberUpdate { id: request.id }, request.into())
            }
            Action::MemberPromote => {
                let request = member::promote_request(args)?;
                (Answer::MemberPromote { id: request.id }, request.into())
            }
            Action::Txn => {
                let reader = txn::Reader::new(flags, args)?;
                self.connect(invocation, environment)?;
                self.plan = Plan::TxnFromInput(reader);
                return Ok(());
            }
            Action::Watch => {
                let watching = Watching::new(flags, args, &invocation.line, environment)?;
                self.connect(invocation, environment)?;
                return self.go_on_watching(watching, |watching, say| {
                    watching.begin(say);
                    Ok(())
                });
            }
            // The others have ways of their own.
            _ => return Ok(()),
        };
        self.connect(invocation, environment)?;
        self.ask(answer, request);
        Ok(())
    }

    /// Reads environment and global options, as etcdctl does when it makes its client. Returns
    /// whether `--cluster` is set, by one or the other.
    pub(super) fn connect(
        &mut self,
        mut invocation: Invocation,
        environment: &BTreeMap<String, String>,
    ) -> Result<bool, Exit> {
        config::read_environment(&mut invocation, environment, &mut self.output)?;
        config::print_debug(&invocation, &mut self.output);
        self.config = config::read(&invocation)?;
        let exit_code = match invocation.action {
            Action::SnapshotSave => snapshot::INTERRUPTED,
            _ => 2,
        };
        self.login = Login::new(self.config.user.clone(), exit_code);
        self.want_introductions();
        let health = invocation.action == Action::EndpointHealth;
        let cluster = invocation.inherited.contains(&"cluster") && invocation.flags.bool("cluster");
        if self.config.endpoints.is_empty() && (!health || cluster) {
            return Err(Exit::bad_connection("etcdclient: no available endpoints"));
        }
        Ok(cluster)
    }

    fn sweep(
        &mut self,
        invocation: Invocation,
        environment: &BTreeMap<String, String>,
        check: Check,
    ) -> Result<(), Exit> {
        let cluster = self.connect(invocation, environment)?;
        let (sweep, asks) = Sweep::new(check, cluster, &self.config);
        self.go_on(sweep, asks)
    }

    /// Makes the calls that a sweep asks for, and prints once nothing is left to ask.
    pub(super) fn go_on(&mut self, mut sweep: Sweep, asks: Vec<Ask>) -> Result<(), Exit> {
        for Ask { subject, endpoint, request, timeout } in asks {
            let id = self.call(endpoint, request, Some(timeout));
            sweep.on_called(id, subject);
        }
        if sweep.is_finished() {
            return sweep.print(&self.printer(), &mut self.output);
        }
        self.plan = Plan::Sweep(sweep);
        Ok(())
    }
}
