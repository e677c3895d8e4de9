//! What the simulator relies on, as one test binary.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod repeat;
#[cfg(test)]
mod run_until;
#[cfg(test)]
mod scenario;
