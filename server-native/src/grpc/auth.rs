//! `etcdserverpb.Auth`: users, roles, and tokens for passwords.

use std::sync::Arc;

use glasshouse_core::api;
use tonic::{Request, Response, Status, async_trait};

use super::etcdserverpb::auth_server::Auth;
use super::unary;
use crate::mailbox::Mailbox;

/// The service.
pub struct AuthService(pub Arc<Mailbox>);

#[async_trait]
impl Auth for AuthService {
    async fn auth_enable(
        &self,
        request: Request<api::AuthEnableRequest>,
    ) -> Result<Response<api::AuthEnableResponse>, Status> {
        unary!(self.0, AuthEnable, request)
    }

    async fn auth_disable(
        &self,
        request: Request<api::AuthDisableRequest>,
    ) -> Result<Response<api::AuthDisableResponse>, Status> {
        unary!(self.0, AuthDisable, request)
    }

    async fn auth_status(
        &self,
        request: Request<api::AuthStatusRequest>,
    ) -> Result<Response<api::AuthStatusResponse>, Status> {
        unary!(self.0, AuthStatus, request)
    }

    async fn authenticate(
        &self,
        request: Request<api::AuthenticateRequest>,
    ) -> Result<Response<api::AuthenticateResponse>, Status> {
        unary!(self.0, Authenticate, request)
    }

    async fn user_add(
        &self,
        request: Request<api::AuthUserAddRequest>,
    ) -> Result<Response<api::AuthUserAddResponse>, Status> {
        unary!(self.0, UserAdd, request)
    }

    async fn user_get(
        &self,
        request: Request<api::AuthUserGetRequest>,
    ) -> Result<Response<api::AuthUserGetResponse>, Status> {
        unary!(self.0, UserGet, request)
    }

    async fn user_list(
        &self,
        request: Request<api::AuthUserListRequest>,
    ) -> Result<Response<api::AuthUserListResponse>, Status> {
        unary!(self.0, UserList, request)
    }

    async fn user_delete(
        &self,
        request: Request<api::AuthUserDeleteRequest>,
    ) -> Result<Response<api::AuthUserDeleteResponse>, Status> {
        unary!(self.0, UserDelete, request)
    }

    async fn user_change_password(
        &self,
        request: Request<api::AuthUserChangePasswordRequest>,
    ) -> Result<Response<api::AuthUserChangePasswordResponse>, Status> {
        unary!(self.0, UserChangePassword, request)
    }

    async fn user_grant_role(
        &self,
        request: Request<api::AuthUserGrantRoleRequest>,
    ) -> Result<Response<api::AuthUserGrantRoleResponse>, Status> {
        unary!(self.0, UserGrantRole, request)
    }

    async fn user_revoke_role(
        &self,
        request: Request<api::AuthUserRevokeRoleRequest>,
    ) -> Result<Response<api::AuthUserRevokeRoleResponse>, Status> {
        unary!(self.0, UserRevokeRole, request)
    }

    async fn role_add(
        &self,
        request: Request<api::AuthRoleAddRequest>,
    ) -> Result<Response<api::AuthRoleAddResponse>, Status> {
        unary!(self.0, RoleAdd, request)
    }

    async fn role_get(
        &self,
        request: Request<api::AuthRoleGetRequest>,
    ) -> Result<Response<api::AuthRoleGetResponse>, Status> {
        unary!(self.0, RoleGet, request)
    }

    async fn role_list(
        &self,
        request: Request<api::AuthRoleListRequest>,
    ) -> Result<Response<api::AuthRoleListResponse>, Status> {
        unary!(self.0, RoleList, request)
    }

    async fn role_delete(
        &self,
        request: Request<api::AuthRoleDeleteRequest>,
    ) -> Result<Response<api::AuthRoleDeleteResponse>, Status> {
        unary!(self.0, RoleDelete, request)
    }

    async fn role_grant_permission(
        &self,
        request: Request<api::AuthRoleGrantPermissionRequest>,
    ) -> Result<Response<api::AuthRoleGrantPermissionResponse>, Status> {
        unary!(self.0, RoleGrantPermission, request)
    }

    async fn role_revoke_permission(
        &self,
        request: Request<api::AuthRoleRevokePermissionRequest>,
    ) -> Result<Response<api::AuthRoleRevokePermissionResponse>, Status> {
        unary!(self.0, RoleRevokePermission, request)
    }
}
