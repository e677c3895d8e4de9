//! What Go's `clientv3/concurrency` makes of transactions, leases and watches, made by the client here.

mod election;
mod mutex;
mod queue;
mod stm;
