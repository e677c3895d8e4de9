//! Why a store cannot go on.

use std::io;

use super::sectors;

/// Why the store cannot go on. The member must halt: nothing that it could answer would be sound.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk failed.
    #[error("the disk under the store failed: {0}")]
    Io(String),
    /// The bytes on the disk are not what was written.
    #[error(
        "the store is damaged: {0}; remove this member and add it again, or restore a snapshot"
    )]
    Corrupt(String),
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        if sectors::is_damage(&error) {
            Self::Corrupt(error.to_string())
        } else {
            Self::Io(error.to_string())
        }
    }
}

impl From<redb::Error> for StoreError {
    fn from(error: redb::Error) -> Self {
        match error {
            redb::Error::Io(error) => error.into(),
            redb::Error::PreviousIo => Self::Io("it failed before; restart the member".into()),
            redb::Error::DatabaseAlreadyOpen => {
                Self::Io("another process has it open; stop that one first".into())
            }
            // What redb finds wrong with the file, or with how it is used, which is one to a user.
            other => Self::Corrupt(other.to_string()),
        }
    }
}

/// redb has an error type for each of its calls; all of them are parts of `redb::Error`.
macro_rules! parts_of_redb_error {
    ($($part:ident)+) => {
        $(impl From<redb::$part> for StoreError {
            fn from(error: redb::$part) -> Self {
                redb::Error::from(error).into()
            }
        })+
    };
}

parts_of_redb_error! { CommitError CompactionError DatabaseError StorageError TableError TransactionError }
