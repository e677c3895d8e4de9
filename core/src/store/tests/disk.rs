//! A disk that lives in memory, loses what was not synced, fails on request, and lets tests reach
//! under it.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    live: Vec<u8>,
    durable: Vec<u8>,
    /// Writes since the last sync.
    unsynced: Vec<(usize, Vec<u8>)>,
    /// Calls until every call fails; `None` for a sound disk.
    fails_in: Option<u64>,
    calls: u64,
}

impl Disk {
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        let disk = Self::default();
        disk.state().live = bytes.clone();
        disk.state().durable = bytes;
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.state().live.clone()
    }

    /// How often the disk was called.
    pub(super) fn calls(&self) -> u64 {
        self.state().calls
    }

    /// From its `calls`-th next call on the disk fails.
    pub(super) fn fail_in(&self, calls: u64) {
        self.state().fails_in = Some(calls);
    }

    /// What is on the disk after a power failure: what was synced, and of the rest of each sector's
    /// writes those that `survives` chooses.
    pub(super) fn after_power_failure(&self, mut survives: impl FnMut() -> bool) -> Vec<u8> {
        let state = self.state();
        let mut bytes = state.durable.clone();
        // A file system journals the length apart from the data.
        if survives() {
            bytes.resize(state.live.len(), 0);
        }
        for (offset, data) in &state.unsynced {
            for (number, sector) in data.chunks(512).enumerate() {
                let begin = offset + number * 512;
                if survives() && begin + sector.len() <= bytes.len() {
                    bytes[begin..begin + sector.len()].copy_from_slice(sector);
                }
            }
        }
        bytes
    }

    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.calls += 1;
        match &mut state.fails_in {
            Some(0) => return Err(io::Error::other("this disk is broken")),
            Some(calls) => *calls -= 1,
            None => {}
        }
        Ok(state)
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.call()?.live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.call()?;
        let offset = usize::try_from(offset).unwrap();
        let bytes = state.live.get(offset..offset + out.len());
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.call()?.live.resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.call()?;
        state.durable = state.live.clone();
        state.unsynced.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.call()?;
        let offset = usize::try_from(offset).unwrap();
        state.live[offset..offset + data.len()].copy_from_slice(data);
        state.unsynced.push((offset, data.to_vec()));
        Ok(())
    }
}
