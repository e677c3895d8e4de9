//! `etcdserverpb.KV`: keys and values.

use std::sync::Arc;

use glasshouse_core::api::{
    CompactionRequest, CompactionResponse, DeleteRangeRequest, DeleteRangeResponse, PutRequest,
    PutResponse, RangeRequest, RangeResponse, TxnRequest, TxnResponse,
};
use tonic::{Request, Response, Status, async_trait};

use super::etcdserverpb::kv_server::Kv;
use super::unary;
use crate::mailbox::Mailbox;

/// The service.
pub struct KvService(pub Arc<Mailbox>);

#[async_trait]
impl Kv for KvService {
    async fn range(
        &self,
        request: Request<RangeRequest>,
    ) -> Result<Response<RangeResponse>, Status> {
        unary!(self.0, Range, request)
    }

    async fn put(&self, request: Request<PutRequest>) -> Result<Response<PutResponse>, Status> {
        unary!(self.0, Put, request)
    }

    async fn delete_range(
        &self,
        request: Request<DeleteRangeRequest>,
    ) -> Result<Response<DeleteRangeResponse>, Status> {
        unary!(self.0, DeleteRange, request)
    }

    async fn txn(&self, request: Request<TxnRequest>) -> Result<Response<TxnResponse>, Status> {
        unary!(self.0, Txn, request)
    }

    async fn compact(
        &self,
        request: Request<CompactionRequest>,
    ) -> Result<Response<CompactionResponse>, Status> {
        unary!(self.0, Compact, request)
    }
}
