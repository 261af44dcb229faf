//! The queue through its public surface.

mod closings;
mod compared;
mod crash;
mod decide;
mod disk;
mod due;
mod file;
mod group;
mod jobs;
mod journal;
mod lines;
mod list;
mod log;
mod model;
mod payments;
mod restore;
mod returns;
mod support;
