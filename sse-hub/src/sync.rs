//! What threads share: the types of the standard library, or those of loom.

#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, atomic::AtomicU64};

#[cfg(loom)]
use loom::sync::MutexGuard;
#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, atomic::AtomicU64};

#[cfg(not(loom))]
use std::sync::MutexGuard;
use std::sync::PoisonError;

/// The data is consistent between any two calls, so a panic of another thread does not matter.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
