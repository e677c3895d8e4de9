//! Entropy for wasm: none.
//!
//! The raft crate draws election timeouts from an ambient generator, which must be seeded from
//! somewhere when it is built for wasm. What it draws is overwritten before it is read (see this
//! module's page), so zeros do, and nothing has to be imported.

#![allow(unsafe_code)] // The macro exports a symbol for the `getrandom` crate to find.

fn zeros(buffer: &mut [u8]) -> Result<(), getrandom::Error> {
    buffer.fill(0);
    Ok(())
}

getrandom::register_custom_getrandom!(zeros);
