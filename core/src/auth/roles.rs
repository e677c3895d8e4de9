//! Roles: added, deleted, given permissions and deprived of them, as etcd does it.

use bytes::Bytes;

use super::{Auth, AuthInfo, ROOT, has_role};
use crate::api::authpb::permission::Type;
use crate::api::authpb::{Permission, Role};
use crate::api::{
    AuthRoleAddResponse, AuthRoleDeleteResponse, AuthRoleGetResponse,
    AuthRoleGrantPermissionRequest, AuthRoleGrantPermissionResponse, AuthRoleListResponse,
    AuthRoleRevokePermissionRequest, AuthRoleRevokePermissionResponse, Error,
};
use crate::store::AuthKey;

impl Auth {
    pub(super) fn add_role(&mut self, name: &str) -> Result<AuthRoleAddResponse, Error> {
        if name.is_empty() {
            return Err(Error::ROLE_EMPTY);
        }
        if self.roles.contains_key(name) {
            return Err(Error::ROLE_ALREADY_EXISTS);
        }
        let role = Role { name: Bytes::copy_from_slice(name.as_bytes()), key_permission: vec![] };
        self.put_role(name, role);
        Ok(AuthRoleAddResponse::default())
    }

    pub(super) fn delete_role(&mut self, name: &str) -> Result<AuthRoleDeleteResponse, Error> {
        if self.enabled && name == ROOT {
            return Err(Error::INVALID_AUTH_MANAGEMENT);
        }
        self.roles.remove(name).ok_or(Error::ROLE_NOT_FOUND)?;
        self.changed.insert(AuthKey::Role(name.to_owned()));
        self.take_role(name);
        self.commit();
        Ok(AuthRoleDeleteResponse::default())
    }

    /// Everybody may ask about the roles that he has.
    pub(super) fn get_role(
        &self,
        who: &AuthInfo,
        name: &str,
    ) -> Result<AuthRoleGetResponse, Error> {
        if let Err(error) = self.check_admin(who)
            && !self.users.get(&who.user).is_some_and(|user| has_role(user, name))
        {
            return Err(error);
        }
        let role = self.roles.get(name).ok_or(Error::ROLE_NOT_FOUND)?;
        let perm = if name == ROOT { vec![everything()] } else { role.key_permission.clone() };
        Ok(AuthRoleGetResponse { header: None, perm })
    }

    pub(super) fn list_roles(&self) -> AuthRoleListResponse {
        AuthRoleListResponse { header: None, roles: self.roles.keys().cloned().collect() }
    }

    /// A range that the role has gets another kind, a new one joins the others in order of first keys.
    /// As etcd, it looks at the first range only that begins at this key.
    pub(super) fn grant_permission(
        &mut self,
        request: &AuthRoleGrantPermissionRequest,
    ) -> Result<AuthRoleGrantPermissionResponse, Error> {
        let wanted = request.perm.as_ref().ok_or(Error::PERMISSION_NOT_GIVEN)?;
        if !is_range(&wanted.key, &wanted.range_end) {
            return Err(Error::INVALID_AUTH_MANAGEMENT);
        }
        let mut role = self.roles.get(&request.name).cloned().ok_or(Error::ROLE_NOT_FOUND)?;
        let permissions = &mut role.key_permission;
        let place = permissions.partition_point(|known| known.key < wanted.key);
        match permissions.get_mut(place) {
            Some(known) if known.key == wanted.key && known.range_end == wanted.range_end => {
                known.perm_type = wanted.perm_type;
            }
            _ => {
                let behind = permissions.partition_point(|known| known.key <= wanted.key);
                permissions.insert(behind, copy(wanted));
            }
        }
        self.put_role(&request.name, role);
        Ok(AuthRoleGrantPermissionResponse::default())
    }

    pub(super) fn revoke_permission(
        &mut self,
        request: &AuthRoleRevokePermissionRequest,
    ) -> Result<AuthRoleRevokePermissionResponse, Error> {
        let mut role = self.roles.get(&request.role).cloned().ok_or(Error::ROLE_NOT_FOUND)?;
        let before = role.key_permission.len();
        role.key_permission
            .retain(|known| known.key != request.key || known.range_end != request.range_end);
        if role.key_permission.len() == before {
            return Err(Error::PERMISSION_NOT_GRANTED);
        }
        self.put_role(&request.role, role);
        Ok(AuthRoleRevokePermissionResponse::default())
    }

    fn put_role(&mut self, name: &str, role: Role) {
        self.roles.insert(name.to_owned(), role);
        self.changed.insert(AuthKey::Role(name.to_owned()));
        self.merge_users_of(name);
        self.commit();
    }
}

/// How etcd shows what `root` may do.
fn everything() -> Permission {
    let range_end = Bytes::from_static(b"\0");
    Permission { perm_type: Type::Readwrite as i32, key: Bytes::new(), range_end }
}

/// In memory of its own: a slice of the request would keep the whole receive buffer alive.
fn copy(permission: &Permission) -> Permission {
    Permission {
        perm_type: permission.perm_type,
        key: Bytes::copy_from_slice(&permission.key),
        range_end: Bytes::copy_from_slice(&permission.range_end),
    }
}

/// One key, a range that holds some, or all keys from one on (etcd `isValidPermissionRange`).
fn is_range(key: &[u8], range_end: &[u8]) -> bool {
    let ends = range_end.is_empty() || range_end == b"\0" || key < range_end;
    !key.is_empty() && ends
}
