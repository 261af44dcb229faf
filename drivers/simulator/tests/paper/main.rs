//! Pictures of what the simulated printer prints.

#[cfg(test)]
mod jobs;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod serial;
