//! Users: added, deleted, given passwords and roles. Errors, their order, and what counts as a change
//! of the auth revision are etcd's.

use bytes::Bytes;

use super::{Auth, AuthInfo, ROOT, has_role, password};
use crate::api::authpb::{User, UserAddOptions};
use crate::api::{
    AuthUserAddRequest, AuthUserAddResponse, AuthUserChangePasswordRequest,
    AuthUserChangePasswordResponse, AuthUserDeleteResponse, AuthUserGetResponse,
    AuthUserGrantRoleResponse, AuthUserListResponse, AuthUserRevokeRoleResponse, Code, Error,
};
use crate::store::AuthKey;

/// etcd's answer to a password for a user without one. It forgot to give it a code.
pub(crate) const NO_PASSWORD_USER: Error = Error {
    code: Code::Unknown,
    message: std::borrow::Cow::Borrowed(
        "auth: authentication failed, password was given for no password user",
    ),
};

impl Auth {
    pub(super) fn add_user(
        &mut self,
        request: &AuthUserAddRequest,
    ) -> Result<AuthUserAddResponse, Error> {
        if request.name.is_empty() {
            return Err(Error::USER_EMPTY);
        }
        if self.users.contains_key(&request.name) {
            return Err(Error::USER_ALREADY_EXISTS);
        }
        let options = request.options.unwrap_or(UserAddOptions { no_password: false });
        let hash = if options.no_password { Bytes::new() } else { hash(&request.hashed_password)? };
        let user = User {
            name: Bytes::copy_from_slice(request.name.as_bytes()),
            password: hash,
            roles: Vec::new(),
            options: Some(options),
        };
        self.put_user(&request.name, user);
        Ok(AuthUserAddResponse::default())
    }

    pub(super) fn delete_user(&mut self, name: &str) -> Result<AuthUserDeleteResponse, Error> {
        if self.enabled && name == ROOT {
            return Err(Error::INVALID_AUTH_MANAGEMENT);
        }
        self.users.remove(name).ok_or(Error::USER_NOT_FOUND)?;
        self.changed.insert(AuthKey::User(name.to_owned()));
        self.merge(name);
        self.commit();
        Ok(AuthUserDeleteResponse::default())
    }

    pub(super) fn change_password(
        &mut self,
        request: &AuthUserChangePasswordRequest,
    ) -> Result<AuthUserChangePasswordResponse, Error> {
        let mut user = self.users.get(&request.name).cloned().ok_or(Error::USER_NOT_FOUND)?;
        user.password =
            if is_without_password(&user) { Bytes::new() } else { hash(&request.hashed_password)? };
        self.put_user(&request.name, user);
        Ok(AuthUserChangePasswordResponse::default())
    }

    pub(super) fn grant_role(
        &mut self,
        name: &str,
        role: &str,
    ) -> Result<AuthUserGrantRoleResponse, Error> {
        let mut user = self.users.get(name).cloned().ok_or(Error::USER_NOT_FOUND)?;
        // Nobody needs to add the role `root` before it is granted.
        if role != ROOT && !self.roles.contains_key(role) {
            return Err(Error::ROLE_NOT_FOUND);
        }
        if let Err(place) = user.roles.binary_search_by(|known| known.as_str().cmp(role)) {
            user.roles.insert(place, role.to_owned());
            self.put_user(name, user);
        }
        Ok(AuthUserGrantRoleResponse::default())
    }

    pub(super) fn revoke_role(
        &mut self,
        name: &str,
        role: &str,
    ) -> Result<AuthUserRevokeRoleResponse, Error> {
        if self.enabled && name == ROOT && role == ROOT {
            return Err(Error::INVALID_AUTH_MANAGEMENT);
        }
        let mut user = self.users.get(name).cloned().ok_or(Error::USER_NOT_FOUND)?;
        if !has_role(&user, role) {
            return Err(Error::ROLE_NOT_GRANTED);
        }
        user.roles.retain(|known| known != role);
        self.put_user(name, user);
        Ok(AuthUserRevokeRoleResponse::default())
    }

    /// Everybody may ask about himself.
    pub(super) fn get_user(
        &self,
        who: &AuthInfo,
        name: &str,
    ) -> Result<AuthUserGetResponse, Error> {
        if let Err(error) = self.check_admin(who)
            && name != who.user
        {
            return Err(error);
        }
        let user = self.users.get(name).ok_or(Error::USER_NOT_FOUND)?;
        Ok(AuthUserGetResponse { header: None, roles: user.roles.clone() })
    }

    pub(super) fn list_users(&self) -> AuthUserListResponse {
        AuthUserListResponse { header: None, users: self.users.keys().cloned().collect() }
    }

    /// What a password is compared with, at this auth revision.
    pub(crate) fn stored_hash(&self, name: &str) -> Result<Bytes, Error> {
        if !self.enabled {
            return Err(Error::AUTH_NOT_ENABLED);
        }
        let user = self.users.get(name).ok_or(Error::AUTH_FAILED)?;
        if is_without_password(user) {
            return Err(NO_PASSWORD_USER);
        }
        Ok(user.password.clone())
    }

    /// Whether a user whose password was right a moment ago may get a token.
    pub(crate) fn check_authenticate(&self, name: &str) -> Result<(), Error> {
        if !self.enabled {
            return Err(Error::AUTH_NOT_ENABLED);
        }
        let user = self.users.get(name).ok_or(Error::AUTH_FAILED)?;
        if is_without_password(user) { Err(Error::AUTH_FAILED) } else { Ok(()) }
    }

    fn put_user(&mut self, name: &str, user: User) {
        self.users.insert(name.to_owned(), user);
        self.changed.insert(AuthKey::User(name.to_owned()));
        self.merge(name);
        self.commit();
    }

    /// Takes a deleted role from all users.
    pub(super) fn take_role(&mut self, role: &str) {
        let users: Vec<String> = self
            .users
            .iter_mut()
            .filter(|(_, user)| has_role(user, role))
            .map(|(name, user)| {
                user.roles.retain(|known| known != role);
                name.clone()
            })
            .collect();
        for name in users {
            self.merge(&name);
            self.changed.insert(AuthKey::User(name));
        }
    }
}

fn is_without_password(user: &User) -> bool {
    user.options.is_some_and(|options| options.no_password)
}

/// What the proposer made of the password: nothing, when there was none.
fn hash(hashed: &str) -> Result<Bytes, Error> {
    password::from_log(hashed).ok_or(NO_PASSWORD_USER)
}
